"""The app `accounting`."""

from django.apps import AppConfig


class AccountingConfig(AppConfig):
    """Customers, ledger, reports."""

    name = "accounting"

    def ready(self) -> None:
        from accounting import audit_actions  # noqa: F401  registers the log's words
