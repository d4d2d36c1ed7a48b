"""The app `dashboard`."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Widgets."""

    name = "dashboard"
