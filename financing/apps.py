"""The app `financing`."""

from typing import Any

from django.apps import AppConfig


class FinancingConfig(AppConfig):
    """Consent, onboarding, agreement and credit."""

    name = "financing"

    def ready(self) -> None:
        """Hear of it when the books change, tell them of loans that were paid out; put the inbox into the admin site."""
        from accounting.hooks import register_loan_draws
        from accounting.signals import ledger_changed

        # Register the admin pages, the start-up checks and the log's words.
        from financing import admin, audit_actions, checks  # noqa: F401

        ledger_changed.connect(_tell_of_ledger, dispatch_uid="financing.ledger_changed")
        register_loan_draws("financing", _draws)


def _tell_of_ledger(*, client: Any, **_signal: Any) -> None:
    from django.utils import timezone

    from financing.services.messages import tell_of_ledger

    tell_of_ledger(client=client, now=timezone.now())


def _draws(client: Any) -> Any:
    from financing.draws import draws

    return draws(client)
