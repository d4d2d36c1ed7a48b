"""The app `access`."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Clients, people, roles, sign-in, audit."""

    name = "access"

    def ready(self) -> None:
        from access import admin, checks  # noqa: F401  register the admin pages and the start-up checks
