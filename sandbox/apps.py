"""The bank's only app."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Everything of the stand-in bank."""

    name = "sandbox"
    default_auto_field = "django.db.models.BigAutoField"
