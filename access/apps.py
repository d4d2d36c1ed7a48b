"""The app `access`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    """Clients, people, roles, sign-in, audit."""

    name = "access"
    verbose_name = _("Users and roles")

    def ready(self) -> None:
        # Register the start-up checks and the log's words.
        from access import audit_actions, checks  # noqa: F401
