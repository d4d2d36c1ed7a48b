"""What the pages of all three reports share: columns with their colours, addresses, preset dates, what narrows them."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounting.models import Kind
from accounting.reports.filters import EVERYTHING, Status
from accounting.reports.options import NO_DUE_DATE, NOT_DUE, UNALLOCATED, Options
from accounting.reports.position import AFTER, BEFORE, Position
from accounting.reports.words import as_parameters

Text = str | Promise


@dataclass(frozen=True)
class Link:
    """A preset date or a file to fetch."""

    label: Text
    url: str
    current: bool = False


@dataclass(frozen=True)
class Column:
    """A column of the aged report, with the name of its colour (design/README: five ages, five colours)."""

    key: str
    label: Text
    age_class: str


def columns_of(options: Options) -> tuple[Column, ...]:
    """The columns of these options with what stands above them."""
    named: dict[str, tuple[Text, str]] = {
        NOT_DUE: (_("Not due"), "age-not-due"),
        NO_DUE_DATE: (_("Without due date"), "age-none"),
        UNALLOCATED: (_("Open credits"), "age-credit"),
    }
    last = len(options.buckets) - 1
    for no, key in enumerate(options.buckets):
        # The oldest bucket always has the last colour, however many there are.
        named[key] = (key.replace("-", "–"), "age-4" if no == last else f"age-{min(no + 1, 3)}")
    return tuple(Column(key, *named[key]) for key in options.columns)


STATUS_LABELS: dict[Status, Text] = {
    Status.NOT_DUE: _("Not due"),
    Status.OVERDUE: _("Overdue"),
    Status.PARTLY_PAID: _("Partly paid"),
    Status.DISPUTED: _("Disputed"),
    Status.IN_COLLECTION: _("In collection"),
    Status.REMINDED: _("Reminded"),
    Status.POSTPONED: _("Postponed"),
    Status.CREDIT: _("Open credits"),
}


def address(name: str, organisation_number: str, options: Options, **more: str) -> str:
    """The address of a report's page that asks for these options."""
    return f"{reverse(name, args=[organisation_number])}?{urlencode({**as_parameters(options), **more})}"


@dataclass(frozen=True)
class Around:
    """The addresses of the pages before and after this one, and of the first; None where there is none."""

    first: str | None
    previous: str | None
    following: str | None

    def __bool__(self) -> bool:
        return bool(self.previous or self.following)


def around(
    name: str, number: str, options: Options, previous: Position | None, following: Position | None, **more: str
) -> Around:
    """The addresses round a page whose neighbours stand at these positions."""
    return Around(
        address(name, number, options, **more) if previous else None,
        address(name, number, options, **more, **{BEFORE: previous.text()}) if previous else None,
        address(name, number, options, **more, **{AFTER: following.text()}) if following else None,
    )


def narrowed_by(name: str, number: str, options: Options, customer_name: str, **more: str) -> list[Link]:
    """What narrows the report, each in words with the address of the report without it. The status has chips."""
    only = options.only
    customer = f"{only.customers} {customer_name}" if customer_name and only.one_customer else only.customers
    columns = {column.key: column.label for column in columns_of(options)}
    said: list[tuple[str, Text]] = [
        ("customers", format_lazy(_("Customer {which}"), which=customer)),
        ("column", columns.get(only.column, "")),
        ("kind", Kind(only.kind).label if only.kind else ""),
        ("entry_currency", only.entry_currency),
        ("department", format_lazy(_("Department {which}"), which=only.department)),
        ("project", format_lazy(_("Project {which}"), which=only.project)),
        ("credit_balance", _("Customers with a credit balance")),
        ("search", f"«{only.search}»"),
    ]
    return [
        Link(label, address(name, number, replace(options, only=replace(only, **{field: _NOTHING[field]})), **more))
        for field, label in said
        if getattr(only, field)
    ]


_NOTHING = vars(EVERYTHING)


def date_presets(name: str, organisation_number: str, options: Options, today: date, **more: str) -> list[Link]:
    """Today and the last day of the former month, quarter and year, reckoned from `today`; all other options stay."""
    month_start = today.replace(day=1)
    quarter_start = month_start.replace(month=(today.month - 1) // 3 * 3 + 1)
    days: tuple[tuple[Text, date], ...] = (
        (_("Today"), today),
        (_("Last month end"), month_start - timedelta(days=1)),
        (_("Last quarter end"), quarter_start - timedelta(days=1)),
        (_("Last year end"), today.replace(month=1, day=1) - timedelta(days=1)),
    )
    return [
        Link(label, address(name, organisation_number, replace(options, as_of=day), **more), day == options.as_of)
        for label, day in days
    ]
