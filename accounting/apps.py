"""The app `accounting`."""

from django.apps import AppConfig


class AccountingConfig(AppConfig):
    """Customers, ledger, reports."""

    name = "accounting"
