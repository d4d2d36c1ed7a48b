"""The app `financing`."""

from django.apps import AppConfig


class FinancingConfig(AppConfig):
    """Consent, onboarding, agreement and credit."""

    name = "financing"

    def ready(self) -> None:
        from financing import checks  # noqa: F401  register the start-up checks
