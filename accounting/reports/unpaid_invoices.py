"""«Ubetalte fakturaer»: the invoices with something left to pay as of a date, the longest overdue first."""

from typing import ClassVar

from access.models import Client
from accounting.reports.item_report import ItemReport
from accounting.reports.items import UNPAID_INVOICES, Listing
from accounting.reports.options import Options


class UnpaidInvoices(ItemReport):
    """By due date (the entry date where there is none), customer number and voucher number. Instalments are rows."""

    listing: ClassVar[Listing] = UNPAID_INVOICES


def unpaid_invoices(client: Client, options: Options) -> UnpaidInvoices:
    """Debits of kind `invoice` open as of `options.as_of` (inclusive), in one query inside the client's scope."""
    return UnpaidInvoices.of(client, options)
