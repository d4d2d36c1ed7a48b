"""The app `financing`."""

from django.apps import AppConfig


class FinancingConfig(AppConfig):
    """Consent, onboarding, agreement and credit."""

    name = "financing"
