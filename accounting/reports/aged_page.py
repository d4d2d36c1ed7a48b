"""The aged report as its page shows it: every figure with a link to the open items behind it, shares, a bar."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from access.models import Client
from accounting.models import SignOff
from accounting.reports.aged_receivables import AgedCurrency, AgedReceivables, page_of_aged_receivables
from accounting.reports.filters import EVERYTHING
from accounting.reports.options import Currency, Options
from accounting.reports.pages import Around, Column, Link, Text, address, around, columns_of, narrowed_by
from accounting.reports.paid_after import PaidAfter, paid_after
from accounting.reports.position import Position
from accounting.reports.query import ZERO
from accounting.reports.reconciliation import AccountBalance, Reconciliation
from accounting.selectors import last_sign_off

BAR_WIDTH = 1000
MOST_COLUMNS, MOST_DIGITS = 8, 76  # the sums of a row together


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
    paid_after: Decimal | None


@dataclass(frozen=True)
class Compared:
    """The sub-ledger beside the control accounts."""

    accounts: tuple[AccountBalance, ...]
    balance: Decimal
    difference: Decimal
    subledger: Decimal

    @classmethod
    def of(cls, found: Reconciliation, sub_ledger: Decimal) -> "Compared":
        """The reconciliation with the sub-ledger that it was made for."""
        return cls(found.accounts, found.balance, found.difference, sub_ledger)

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
    """One currency. `rows` are the page's, all sums of everything.

    `overdue` is None by entry date; shares are percent, None unless the total is positive. `paid_after` is None but on a
    past date.
    """

    code: str
    rows: tuple[Row, ...]
    totals: tuple[Cell, ...]
    total: Decimal
    overdue: Decimal | None
    overdue_share: Decimal | None
    reconciliation: Compared | None
    bar: tuple[Segment, ...]
    customers: int
    paid_after: Decimal | None


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
    paid_after: bool
    filtered_by: tuple[Link, ...]
    unfiltered_url: str
    narrowed: bool
    signed: SignOff | None  # of the date, where the whole is shown in the client's currency
    around: Around

    @property
    def wide(self) -> bool:
        """Whether there are more columns, or more digits in the sums, than a page of 1280 has room for."""
        if len(self.columns) + self.paid_after > MOST_COLUMNS:
            return True
        sums = ([*(cell.amount for cell in part.totals), part.total, part.paid_after] for part in self.currencies)
        return any(sum(len(str(amount)) for amount in row if amount) > MOST_DIGITS for row in sums)


NAME = "report_aged_receivables"


def aged_page(client: Client, options: Options, position: Position | None) -> AgedPage:
    """One page of the aged report; every figure leads to the open items behind it. Inside the client's scope."""
    report, paid = page_of_aged_receivables(client, options, position), paid_after(client, options)
    options = replace(options, paid_after=False)  # the date alone tells it in an address
    columns = columns_of(options)
    parts = tuple(_aged_part(report, code, part, columns, paid) for code, part in report.currencies.items())
    first = next((row for part in report.currencies.values() for row in part.rows), None)
    number = client.organisation_number
    return AgedPage(
        as_of=options.as_of,
        age_by=options.age_by.value,
        credits=options.credits.value,
        currency_mode=options.currency.value,
        bucket_days=options.bucket_days,
        columns=columns,
        currencies=parts,
        customer_count=report.customers,
        item_count=sum(part.items for part in report.currencies.values()),
        paid_after=paid is not None,
        filtered_by=tuple(narrowed_by(NAME, number, options, first.customer_name if first else "")),
        unfiltered_url=address(NAME, number, replace(options, only=EVERYTHING)),
        narrowed=bool(options.only),
        signed=last_sign_off(client, options.as_of) if options.currency == Currency.BASE and not options.only else None,
        around=around(NAME, number, options, report.previous, report.following),
    )


def _aged_part(
    report: AgedReceivables, code: str, part: AgedCurrency, columns: tuple[Column, ...], paid: PaidAfter | None
) -> AgedPart:
    options = replace(report.options, paid_after=False)

    def behind(**narrowed: Any) -> str:
        return address("report_open_items", report.client, replace(options, only=replace(options.only, **narrowed)))

    def url(amount: Decimal, **narrowed: str) -> str | None:
        return behind(**narrowed) if amount else None

    rows = tuple(
        Row(
            row.customer_number,
            row.customer_name,
            tuple(
                Cell(amount, url(amount, customers=row.customer_number, column=column.key), column)
                for amount, column in zip(row.amounts, columns, strict=True)
            ),
            row.total,
            behind(customers=row.customer_number),
            paid.of(code, row.customer_id) if paid else None,
        )
        for row in part.rows
    )
    named = tuple(zip(part.totals, columns, strict=True))
    overdue, found = report.overdue(code), part.reconciliation
    return AgedPart(
        code=code,
        rows=rows,
        totals=tuple(
            Cell(sum_, url(sum_, column=column.key), column, share(sum_, part.total)) for sum_, column in named
        ),
        total=part.total,
        overdue=overdue,
        overdue_share=None if overdue is None else share(overdue, part.total),
        reconciliation=Compared.of(found, part.total) if found else None,
        bar=tuple(_bar([(amount, column) for amount, column in named if amount > 0])),
        customers=part.customers,
        paid_after=paid.total(code) if paid else None,
    )


def share(amount: Decimal, total: Decimal) -> Decimal | None:
    """Percent of the total with one decimal; None unless the total is positive."""
    # A share of nothing, or of a debt to the customers, says nothing.
    return (amount * 100 / total).quantize(Decimal("0.1"), ROUND_HALF_UP) if total > 0 else None


def _bar(positive: list[tuple[Decimal, Column]]) -> Iterator[Segment]:
    whole, so_far, x = sum((amount for amount, _column in positive), ZERO), ZERO, 0
    for amount, column in positive:
        so_far += amount
        end = int((so_far * BAR_WIDTH / whole).quantize(Decimal(1), ROUND_HALF_UP))
        yield Segment(column.age_class, column.label, x, end - x)
        x = end
