"""The columns of the two reports of items: what stands above each, and what stands in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounting.exports.table import Column, Kind
from accounting.models import Kind as EntryKind
from accounting.reports.item_line import status_as_of
from accounting.reports.items import Item
from accounting.reports.options import Options
from accounting.reports.shown import ItemColumn, shown_columns


@dataclass(frozen=True)
class Read:
    """What stands in a column for an item, and whether the report's sum of it means something."""

    of: Callable[[Item], Any]
    summed: bool = False

    def __call__(self, item: Item) -> Any:
        return self.of(item)


def labels() -> dict[ItemColumn, str]:
    """What stands above each column, in the active language."""
    return {
        ItemColumn.VOUCHER: _("Voucher"),
        ItemColumn.KIND: _("Kind"),
        ItemColumn.INVOICE: _("Invoice no."),
        ItemColumn.ENTRY_DATE: _("Entry date"),
        ItemColumn.DUE_DATE: _("Due date"),
        ItemColumn.DAYS: _("Days overdue"),
        ItemColumn.KID: _("KID"),
        ItemColumn.STATUS: _("Status"),
        ItemColumn.DEPARTMENT: _("Department"),
        ItemColumn.PROJECT: _("Project"),
        ItemColumn.CURRENCY: _("Currency"),
        ItemColumn.CURRENCY_AMOUNT: _("Currency amount"),
        ItemColumn.AMOUNT: _("Amount"),
        ItemColumn.OPEN_AMOUNT: _("Open amount"),
    }


_READ: dict[ItemColumn, tuple[Kind, int, Read]] = {
    ItemColumn.VOUCHER: (Kind.TEXT, 12, Read(lambda item: item.voucher_number)),
    ItemColumn.KIND: (Kind.TEXT, 16, Read(lambda item: str(EntryKind(item.kind).label))),
    ItemColumn.INVOICE: (Kind.TEXT, 12, Read(lambda item: item.invoice_number)),
    ItemColumn.ENTRY_DATE: (Kind.DATE, 11, Read(lambda item: item.entry_date)),
    ItemColumn.DUE_DATE: (Kind.DATE, 11, Read(lambda item: item.due_date)),
    ItemColumn.DAYS: (Kind.NUMBER, 8, Read(lambda item: item.days_overdue)),
    ItemColumn.KID: (Kind.TEXT, 26, Read(lambda item: item.kid)),
    ItemColumn.STATUS: (Kind.TEXT, 14, Read(lambda item: "")),  # told as of the report's date, below
    ItemColumn.DEPARTMENT: (Kind.TEXT, 12, Read(lambda item: item.department)),
    ItemColumn.PROJECT: (Kind.TEXT, 12, Read(lambda item: item.project)),
    ItemColumn.CURRENCY: (Kind.TEXT, 7, Read(lambda item: item.original_currency)),
    ItemColumn.CURRENCY_AMOUNT: (Kind.MONEY, 14, Read(lambda item: item.original_amount)),
    ItemColumn.AMOUNT: (Kind.MONEY, 14, Read(lambda item: item.amount, summed=True)),
    ItemColumn.OPEN_AMOUNT: (Kind.MONEY, 14, Read(lambda item: item.open_amount, summed=True)),
}


def item_columns(report: str, options: Options, *, with_customer: bool) -> list[tuple[Column, Read]]:
    """The columns of the report of this name, in its order; the open amount, or what was paid after it, stands last."""
    found: list[tuple[Column, Read]] = []
    if with_customer:
        found += [
            (Column("kundenr", _("Customer no."), Kind.TEXT, 10), Read(lambda item: item.customer_number)),
            (Column("kunde", _("Customer"), Kind.TEXT, 32), Read(lambda item: item.customer_name)),
        ]
    said = labels()
    for column in shown_columns(report, options.shown):
        kind, width, read = _READ[column]
        if column == ItemColumn.STATUS:
            read = Read(lambda item: str(status_as_of(item, options.as_of)[0]))
        found.append((Column(column.value, said[column], kind, width), read))
    if options.paid_after:
        found += [
            (Column("innbetalt", _("Paid after"), Kind.MONEY, 14), Read(lambda item: item.paid_after, summed=True)),
            (
                Column("annet", _("Otherwise settled after"), Kind.MONEY, 14),
                Read(lambda item: item.settled_after, summed=True),
            ),
        ]
    return found
