"""The app `access`."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Clients, people, roles, sign-in, audit."""

    name = "access"

    def ready(self) -> None:
        from access import checks  # noqa: F401  registers the start-up checks
