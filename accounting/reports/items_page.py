"""Open items and unpaid invoices as their pages show them: labels, status, the customers' groups and sums."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.utils.translation import gettext_lazy as _

from accounting.models import Kind
from accounting.reports.items import ZERO, Item, ItemReport
from accounting.reports.open_items import OpenItems
from accounting.reports.pages import Column, Text, address, columns_of


@dataclass(frozen=True)
class Line:
    """One item. `currency` and `currency_amount` are the entry's own, the other amounts the report's."""

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


@dataclass(frozen=True)
class Group:
    """One customer's items and their sum."""

    customer_number: str
    customer_name: str
    organisation_number: str
    items: tuple[Line, ...]
    total: Decimal

    @property
    def item_count(self) -> int:
        """How many items are open."""
        return len(self.items)


@dataclass(frozen=True)
class ItemsPart:
    """One currency of a report of items: as one list, and open items also grouped by customer."""

    code: str
    items: tuple[Line, ...]
    groups: tuple[Group, ...]
    total: Decimal
    overdue_total: Decimal

    @property
    def item_count(self) -> int:
        """How many items are open."""
        return len(self.items)


@dataclass(frozen=True)
class ItemsPage:
    """What the pages of open items and of unpaid invoices show. `filtered_by`: the figure they are behind, in words."""

    as_of: date
    currency_mode: str
    currencies: tuple[ItemsPart, ...]
    filtered_by: tuple[Text, ...]
    unfiltered_url: str
    customer_count: int
    item_count: int


def items_page(name: str, report: ItemReport) -> ItemsPage:
    """The view of open items or unpaid invoices, whose page has this URL name."""
    options = report.options
    grouped = isinstance(report, OpenItems)
    columns = {column.key: column for column in columns_of(options)}
    parts = tuple(
        _items_part(code, tuple((item, _line(item, columns[item.column])) for item in part.items), part.total, grouped)
        for code, part in report.currencies.items()
    )
    items = [item for part in report.currencies.values() for item in part.items]
    filtered_by: list[Text] = []
    if options.customer:
        filtered_by.append(f"{items[0].customer_number} {items[0].customer_name}" if items else options.customer)
    if options.column:
        filtered_by.append(columns[options.column].label)
    return ItemsPage(
        as_of=options.as_of,
        currency_mode=options.currency.value,
        currencies=parts,
        filtered_by=tuple(filtered_by),
        unfiltered_url=address(name, report.client, replace(options, customer=None, column=None)),
        customer_count=len({item.customer_number for item in items}),
        item_count=len(items),
    )


def _items_part(code: str, found: tuple[tuple[Item, Line], ...], total: Decimal, grouped: bool) -> ItemsPart:
    groups = []
    for _number, pairs in groupby(found if grouped else (), key=lambda pair: pair[0].customer_number):
        mine = tuple(pairs)
        first, lines = mine[0][0], tuple(line for _item, line in mine)
        groups.append(
            Group(
                first.customer_number,
                first.customer_name,
                first.organisation_number,
                lines,
                sum((line.open_amount for line in lines), ZERO),
            )
        )
    overdue = sum((item.open_amount for item, _line in found if (item.days_overdue or 0) > 0), ZERO)
    return ItemsPart(code, tuple(line for _item, line in found), tuple(groups), total, overdue)


def _line(item: Item, column: Column) -> Line:
    label, color = _status(item)
    return Line(
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
    )


def _status(item: Item) -> tuple[Text, str]:
    partly = item.amount != item.open_amount
    if item.in_collection:
        return _("In collection"), "danger"
    if item.disputed:
        return _("Disputed"), "warning"
    if item.amount < 0:
        return (_("Partly used"), "info") if partly else (_("Not used"), "neutral")
    if partly:
        return _("Partly paid"), "info"
    if item.days_overdue is None:
        return _("Without due date"), "neutral"
    return (_("Overdue"), "warning") if item.days_overdue > 0 else (_("Not due"), "neutral")
