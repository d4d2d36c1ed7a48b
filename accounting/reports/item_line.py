"""One open item as a line of a page: labels, status, colour of its age."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounting.models import Kind, LedgerEntry
from accounting.reports.items import Item
from accounting.reports.pages import Column, Text

# How far the customer was reminded, by the stage that an entry holds; short enough for a column.
REMINDER_SHORT: tuple[Text, ...] = ("", _("Reminder 1"), _("Reminder 2"), pgettext_lazy("of debt collection", "Notice"))


@dataclass(frozen=True)
class Line:
    """One item. `currency` and `currency_amount` are the entry's own, the other amounts the report's.

    `reminder` is how far the customer was reminded, in words; `agreed_date` a later day of payment that is not yet past;
    `notes` how many of them the reader may see.
    """

    pk: int
    entry_id: str
    customer_number: str
    customer_name: str
    kind: str
    kind_label: Text
    kind_inferred: bool
    voucher_number: str
    invoice_number: str
    kid: str
    entry_date: date
    due_date: date | None
    due_date_assumed: bool
    days_overdue: int | None
    age_class: str
    currency: str
    amount: Decimal
    open_amount: Decimal
    currency_amount: Decimal
    partly: bool
    status_label: Text
    status_color: str
    paid_after: Decimal | None
    settled_after: Decimal | None
    assumed: bool
    department: str
    project: str
    reminder: Text
    agreed_date: date | None
    notes: int


@dataclass(frozen=True)
class Group:
    """One customer's items on this page; `item_count` and `total` are of all that are open, `others` the rest of them."""

    customer_number: str
    customer_name: str
    organisation_number: str
    private_person: bool
    country: str
    items: tuple[Line, ...]
    item_count: int
    total: Decimal

    @property
    def others(self) -> int:
        """How many of the customer's items stand on other pages."""
        return self.item_count - len(self.items)


def line_of(item: Item, column: Column, as_of: date, notes: int = 0) -> Line:
    """The item as its line shows it, with the colour of its column."""
    label, color = status_as_of(item, as_of)
    return Line(
        pk=item.pk,
        entry_id=item.entry_id,
        customer_number=item.customer_number,
        customer_name=item.customer_name,
        kind=item.kind,
        kind_label=Kind(item.kind).label,
        kind_inferred=item.kind_inferred,
        voucher_number=item.voucher_number,
        invoice_number=item.invoice_number,
        kid=item.kid,
        entry_date=item.entry_date,
        due_date=item.due_date,
        due_date_assumed=item.due_date_assumed,
        days_overdue=item.days_overdue,
        age_class=column.age_class,
        currency=item.original_currency,
        amount=item.amount,
        open_amount=item.open_amount,
        currency_amount=item.original_amount,
        partly=item.amount != item.open_amount,
        status_label=label,
        status_color=color,
        paid_after=item.paid_after,
        settled_after=item.settled_after,
        assumed=item.assumed,
        department=item.department,
        project=item.project,
        reminder=REMINDER_SHORT[item.reminder_stage],
        agreed_date=item.agreed_date if _is_postponed(item, as_of) else None,
        notes=notes,
    )


def status_as_of(item: Item, as_of: date) -> tuple[Text, str]:
    """How an item of a report stands in words, and the colour of that."""
    return status_of(item, item.days_overdue, postponed=_is_postponed(item, as_of))


def _is_postponed(item: Item, as_of: date) -> bool:
    return item.agreed_date is not None and item.agreed_date >= as_of


def status_of(item: Item | LedgerEntry, days_overdue: int | None, *, postponed: bool) -> tuple[Text, str]:
    """How an open item stands in words, and the colour of that."""
    partly = item.amount != item.open_amount
    if item.in_collection:
        return _("In collection"), "danger"
    if item.disputed:
        return _("Disputed"), "warning"
    if item.amount < 0:
        return (_("Partly used"), "info") if partly else (_("Not used"), "neutral")
    if postponed:
        return _("Postponed"), "info"
    if partly:
        return _("Partly paid"), "info"
    if days_overdue is None:
        return _("Without due date"), "neutral"
    return (_("Overdue"), "warning") if days_overdue > 0 else (_("Not due"), "neutral")
