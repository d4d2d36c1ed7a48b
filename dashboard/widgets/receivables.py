"""The widget «Kundefordringer»: what customers owe today, by age, as a picture that leads to the report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from access.privileges import REPORTS
from accounting.reports.aged_receivables import AgedReceivables, page_of_aged_receivables
from accounting.reports.options import UNALLOCATED, Options
from accounting.reports.pages import Column, address, columns_of
from accounting.selectors import ledger_pulse
from dashboard.widgets.base import Asked, Widget


@dataclass(frozen=True)
class Line:
    """What is open in one column of the report; `url` is None for zero."""

    column: Column
    amount: Decimal
    url: str | None


@dataclass(frozen=True)
class Piece:
    """A piece of the bar, `width` percent of it; what the company owes stands `apart` from what it is owed."""

    column: Column
    amount: Decimal
    width: Decimal
    apart: bool


def _receivables(asked: Asked) -> dict[str, Any]:
    """In the client's currency, entries in others at the rate they were booked at, as the report has it."""
    options = Options(as_of=asked.today)
    report = page_of_aged_receivables(asked.client, options, None)  # the sums are of everything
    code, part = next(iter(report.currencies.items()))
    lines = tuple(_lines(report, options, part.totals))
    overdue = report.overdue(code) or Decimal(0)
    return {
        "as_of": asked.today,
        "currency": code,
        "customers": part.customers,
        "total": part.total,
        "lines": lines,
        "bar": tuple(_bar(lines)),
        "overdue": overdue,
        # Credits may make the sum smaller than what is overdue: then the share says nothing.
        "has_share": 0 < overdue <= part.total,
        "report_url": address("report_aged_receivables", report.client, options),
    }


def _lines(report: AgedReceivables, options: Options, totals: Sequence[Decimal]) -> Iterator[Line]:
    for column, amount in zip(columns_of(options), totals, strict=True):
        behind = replace(options, only=replace(options.only, column=column.key))
        yield Line(column, amount, address("report_open_items", report.client, behind) if amount else None)


def _bar(lines: Sequence[Line]) -> Iterator[Piece]:
    """Every piece by its size, whichever way it counts: the bar is right also where credits outweigh the rest."""
    drawn = [one for one in lines if one.amount > 0 or (one.amount < 0 and one.column.key == UNALLOCATED)]
    whole = sum(abs(one.amount) for one in drawn)
    for one in drawn:
        width = (abs(one.amount) * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)
        yield Piece(one.column, one.amount, width, one.amount < 0)


RECEIVABLES_WIDGET = Widget(
    key="receivables",
    title=_("Receivables"),
    about=_("What customers owe the company today, by age."),
    privilege=REPORTS,
    template="dashboard/_receivables.html",
    context=_receivables,
    pulse=ledger_pulse,
)
