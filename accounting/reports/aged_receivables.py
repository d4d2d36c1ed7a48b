"""«Aldersfordelte kundefordringer»: what each customer owes as of a date, by age, beside the control accounts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any, ClassVar, NamedTuple

from django.db import connection

from access.models import Client
from accounting.reports.options import AgeBy, Currency, Options
from accounting.reports.position import Position, cut, paged
from accounting.reports.query import ZERO, chosen_items, status_condition
from accounting.reports.reconciliation import Reconciliation, reconciliation

# Summed per customer before the names are fetched; the columns go between.
_SUMS = """, customer_sum AS {materialized} (
    SELECT i.report_currency, i.customer_id, count(*) AS items, sum(i.was_open) AS total, {columns}
      FROM chosen i WHERE {status} GROUP BY i.report_currency, i.customer_id
)
"""
_ROWS = """
SELECT s.report_currency, c.number_key, c.number, c.name, s.customer_id, s.items, s.total, {names}
  FROM customer_sum s JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = s.customer_id
"""
# In the name's place: how many customers there are over all currencies.
_TOTALS = """
SELECT report_currency, NULL, NULL, (SELECT count(DISTINCT customer_id) FROM customer_sum)::text,
       count(*), sum(items)::bigint, sum(total), {sums}
  FROM customer_sum GROUP BY report_currency
UNION ALL
"""
_KEYS = ('s.report_currency COLLATE "C"', 'c.number_key COLLATE "C"')


class AgedRow(NamedTuple):
    """One customer in one currency: how many items are open, and their sums as the report's columns."""

    customer_number: str
    customer_name: str
    customer_id: int
    items: int
    total: Decimal
    amounts: tuple[Decimal, ...]


@dataclass(frozen=True)
class AgedCurrency:
    """The customers with something open in one currency by number, the columns' sums, and their sum.

    Of a page `rows` are the page's; `customers`, `items` and the sums are of everything always.
    """

    rows: tuple[AgedRow, ...]
    totals: tuple[Decimal, ...]
    total: Decimal
    customers: int
    items: int
    reconciliation: Reconciliation | None


@dataclass(frozen=True)
class AgedReceivables:
    """The aged report. `currencies` holds the client's own, or each that something is open in.

    `customers`: how many there are over all currencies. `previous` and `following`: where the pages beside this one
    stand; None for the report as a whole.
    """

    name: ClassVar[str] = "aged-receivables"
    client: str
    options: Options
    currencies: dict[str, AgedCurrency]
    customers: int
    previous: Position | None = None
    following: Position | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of every row's amounts."""
        return self.options.columns

    def overdue(self, code: str) -> Decimal | None:
        """What is past its due date in this currency; None by entry date, where nothing is known of that."""
        if self.options.age_by == AgeBy.ENTRY_DATE:
            return None
        named = zip(self.columns, self.currencies[code].totals, strict=True)
        return sum((amount for column, amount in named if column in self.options.buckets), ZERO)

    def as_json(self) -> dict[str, Any]:
        """The report as INTERFACES writes it («JSON of `aged-receivables`»)."""
        return {
            "report": self.name,
            "client": self.client,
            "as_of": self.options.as_of.isoformat(),
            "age_by": self.options.age_by.value,
            "credits": self.options.credits.value,
            "bucket_days": list(self.options.bucket_days),
            "columns": list(self.columns),
            "currencies": {code: _as_json(part) for code, part in self.currencies.items()},
        }

    def table(self) -> tuple[tuple[str, ...], Iterator[Iterable[Any]]]:
        """Header and rows, one per customer and currency, without a total."""
        header = ("customer_number", "customer_name", "currency", *self.columns, "total")
        return header, (
            (row.customer_number, row.customer_name, code, *row.amounts, row.total)
            for code, part in self.currencies.items()
            for row in part.rows
        )


def aged_receivables(client: Client, options: Options) -> AgedReceivables:
    """What every customer owes as of `options.as_of` (inclusive), by age, in the client's currency or per currency.

    Two queries inside the client's scope: the sums, and in the client's own currency the control accounts. Customers
    with nothing open are left out; one whose open items sum to zero is not.
    """
    numbers = range(len(options.columns))
    query, values = _customer_sums(client, options, materialized="")
    query += _ROWS.format(names=_names(numbers)) + f" ORDER BY {', '.join(_KEYS)}"
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found = cursor.fetchall()
    parts = {}
    for code, group in groupby(found, key=lambda row: row[0]):
        rows = [AgedRow._make((*row[2:7], row[7:])) for row in group]
        totals = tuple(sum(column, ZERO) for column in zip(*(row.amounts for row in rows), strict=True))
        items = sum(row.items for row in rows)
        parts[code] = _currency(client, options, rows, sum(totals, ZERO), totals, len(rows), items)
    return _report(client, options, parts)


def page_of_aged_receivables(client: Client, options: Options, position: Position | None) -> AgedReceivables:
    """As `aged_receivables`, but only the rows of one page; all sums and counts are of everything."""
    numbers = range(len(options.columns))
    condition, ending, more = paged(position, _KEYS)
    query, values = _customer_sums(client, options, materialized="MATERIALIZED")
    query += _TOTALS.format(sums=", ".join(f"sum(c{no})" for no in numbers))
    query += f"({_ROWS.format(names=_names(numbers))} WHERE {condition} {ending})"
    with connection.cursor() as cursor:
        cursor.execute(query, values | more)
        found = cursor.fetchall()
    backwards = position is not None and position.backwards
    rows = sorted((row for row in found if row[1] is not None), key=lambda row: row[:2], reverse=backwards)
    rows, previous, following = cut(rows, position, lambda row: row[:2])
    parts = {}
    sums = sorted((row for row in found if row[1] is None), key=lambda row: row[0])
    for code, _key, _number, _everybody, customers, items, total, *totals in sums:
        mine = [AgedRow._make((*row[2:7], row[7:])) for row in rows if row[0] == code]
        parts[code] = _currency(client, options, mine, total, tuple(totals), customers, items)
    everybody = int(sums[0][3]) if sums else 0
    return replace(_report(client, options, parts), customers=everybody, previous=previous, following=following)


def _names(numbers: range) -> str:
    return ", ".join(f"s.c{no}" for no in numbers)


def _customer_sums(client: Client, options: Options, *, materialized: str) -> tuple[str, dict[str, Any]]:
    query, values = chosen_items(client, options)
    columns = ", ".join(
        f"COALESCE(sum(i.was_open) FILTER (WHERE i.column_no = {no}), 0.00) AS c{no}"
        for no in range(len(options.columns))
    )
    return query + _SUMS.format(materialized=materialized, columns=columns, status=status_condition(options)), values


def _currency(
    client: Client,
    options: Options,
    rows: list[AgedRow],
    total: Decimal,
    totals: tuple[Decimal, ...],
    customers: int,
    items: int,
) -> AgedCurrency:
    return AgedCurrency(tuple(rows), totals, total, customers, items, reconciliation(client, options, total))


def _report(client: Client, options: Options, parts: dict[str, AgedCurrency]) -> AgedReceivables:
    if options.currency == Currency.BASE and client.base_currency not in parts:
        nothing = (ZERO,) * len(options.columns)
        parts[client.base_currency] = _currency(client, options, [], ZERO, nothing, 0, 0)
    everybody = {row.customer_id for part in parts.values() for row in part.rows}
    return AgedReceivables(client.organisation_number, options, parts, len(everybody))


def _as_json(part: AgedCurrency) -> dict[str, Any]:
    return {
        "rows": [
            {
                "customer_number": row.customer_number,
                "customer_name": row.customer_name,
                "amounts": [str(amount) for amount in row.amounts],
                "total": str(row.total),
            }
            for row in part.rows
        ],
        "totals": [str(amount) for amount in part.totals],
        "total": str(part.total),
        "reconciliation": part.reconciliation.as_json() if part.reconciliation else None,
    }
