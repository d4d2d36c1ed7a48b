"""The aged report as its page shows it: every figure with a link to the open items behind it, shares, a bar."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlencode

from accounting.reports.aged_receivables import AgedCurrency, AgedReceivables
from accounting.reports.items import ZERO
from accounting.reports.pages import Column, Text, address, columns_of
from accounting.reports.reconciliation import AccountBalance

BAR_WIDTH = 1000


@dataclass(frozen=True)
class Cell:
    """One figure; `url` is None for zero. `share` is percent of the total with one decimal, on totals only."""

    amount: Decimal
    url: str | None
    column: Column
    share: Decimal | None = None


@dataclass(frozen=True)
class Row:
    """One customer's line."""

    customer_number: str
    customer_name: str
    cells: tuple[Cell, ...]
    total: Decimal
    total_url: str


@dataclass(frozen=True)
class Compared:
    """The sub-ledger beside the control accounts."""

    accounts: tuple[AccountBalance, ...]
    balance: Decimal
    difference: Decimal
    subledger: Decimal

    @property
    def agrees(self) -> bool:
        """Whether the two are the same to the øre."""
        return self.difference == 0


@dataclass(frozen=True)
class Segment:
    """One piece of the bar, in units of a viewBox of 1000 by 16."""

    age_class: str
    label: Text
    x: int
    width: int


@dataclass(frozen=True)
class AgedPart:
    """One currency. `overdue` is None by entry date; shares are percent, None unless the total is positive."""

    code: str
    rows: tuple[Row, ...]
    totals: tuple[Cell, ...]
    total: Decimal
    overdue: Decimal | None
    overdue_share: Decimal | None
    reconciliation: Compared | None
    bar: tuple[Segment, ...]


@dataclass(frozen=True)
class AgedPage:
    """What the page of the aged report shows."""

    as_of: date
    age_by: str
    credits: str
    currency_mode: str
    bucket_days: tuple[int, ...]
    columns: tuple[Column, ...]
    currencies: tuple[AgedPart, ...]
    customer_count: int
    item_count: int


def aged_page(report: AgedReceivables) -> AgedPage:
    """The view of the aged report; every figure leads to the open items behind it."""
    options, columns = report.options, columns_of(report.options)
    parts = tuple(_aged_part(report, code, part, columns) for code, part in report.currencies.items())
    return AgedPage(
        as_of=options.as_of,
        age_by=options.age_by.value,
        credits=options.credits.value,
        currency_mode=options.currency.value,
        bucket_days=options.bucket_days,
        columns=columns,
        currencies=parts,
        customer_count=len({row.customer_number for part in report.currencies.values() for row in part.rows}),
        item_count=sum(part.items for part in report.currencies.values()),
    )


def _aged_part(report: AgedReceivables, code: str, part: AgedCurrency, columns: tuple[Column, ...]) -> AgedPart:
    base = address("report_open_items", report.client, replace(report.options, customer=None, column=None))

    def url(amount: Decimal, **narrowed: str) -> str | None:
        return f"{base}&{urlencode(narrowed)}" if amount else None

    rows = tuple(
        Row(
            row.customer_number,
            row.customer_name,
            tuple(
                Cell(amount, url(amount, kunde=row.customer_number, kolonne=column.key), column)
                for amount, column in zip(row.amounts, columns, strict=True)
            ),
            row.total,
            f"{base}&{urlencode({'kunde': row.customer_number})}",
        )
        for row in part.rows
    )
    named = tuple(zip(part.totals, columns, strict=True))
    overdue, found = report.overdue(code), part.reconciliation
    return AgedPart(
        code=code,
        rows=rows,
        totals=tuple(
            Cell(sum_, url(sum_, kolonne=column.key), column, _share(sum_, part.total)) for sum_, column in named
        ),
        total=part.total,
        overdue=overdue,
        overdue_share=None if overdue is None else _share(overdue, part.total),
        reconciliation=Compared(found.accounts, found.balance, found.difference, part.total) if found else None,
        bar=tuple(_bar([(amount, column) for amount, column in named if amount > 0])),
    )


def _share(amount: Decimal, total: Decimal) -> Decimal | None:
    # A share of nothing, or of a debt to the customers, says nothing.
    return (amount * 100 / total).quantize(Decimal("0.1"), ROUND_HALF_UP) if total > 0 else None


def _bar(positive: list[tuple[Decimal, Column]]) -> Iterator[Segment]:
    whole, so_far, x = sum((amount for amount, _column in positive), ZERO), ZERO, 0
    for amount, column in positive:
        so_far += amount
        end = int((so_far * BAR_WIDTH / whole).quantize(Decimal(1), ROUND_HALF_UP))
        yield Segment(column.age_class, column.label, x, end - x)
        x = end
