"""What the pages of all three reports share: columns with their colours, addresses, preset dates."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounting.reports.options import NO_DUE_DATE, NOT_DUE, UNALLOCATED, Options, as_parameters

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


def address(name: str, organisation_number: str, options: Options, **more: str) -> str:
    """The address of a report's page that asks for these options."""
    return f"{reverse(name, args=[organisation_number])}?{urlencode({**as_parameters(options), **more})}"


def date_presets(name: str, organisation_number: str, options: Options, today: date) -> list[Link]:
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
        Link(label, address(name, organisation_number, replace(options, as_of=day)), day == options.as_of)
        for label, day in days
    ]
