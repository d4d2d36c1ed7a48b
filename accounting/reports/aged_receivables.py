"""«Aldersfordelte kundefordringer»: what each customer owes as of a date, by age, beside the control accounts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar

from access.models import Client
from accounting.reports.options import AgeBy, Currency, Options
from accounting.reports.position import Position, cut, paged
from accounting.reports.query import ZERO, chosen_items, reading_much, status_condition
from accounting.reports.reconciliation import Reconciliation, reconciliation

# Summed per customer before the names are fetched; the columns go between.
#
# The inner ORDER BY is what an index has already, for what is open today: so the groups need no hash table, which would
# spill, and the column is reckoned once for an item instead of once for each sum. A sum of nothing stays NULL: nine in
# ten are, and a NULL costs nothing to send and to read.
_SUMS = """, customer_sum AS {materialized} (
    SELECT {currency} AS report_currency, i.customer_id, count(*) AS items, sum(i.was_open) AS total, {columns}
      FROM (SELECT i.report_currency, i.customer_id, i.was_open, i.column_no
              FROM chosen i WHERE {status} ORDER BY {group}) i
     GROUP BY {group}
)
"""
_ROWS = """
SELECT {keys} c.number, c.name, s.customer_id, s.items, s.total, {names}
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
_ITEMS_AT, _SUMS_FROM = 3, 5


class AgedRow(tuple[Any, ...]):
    """One customer in one currency: how many items are open, and their sums as the report's columns.

    It is the query's own row, and fills what is NULL in it when asked.
    """

    __slots__ = ()
    customer_number: str = property(itemgetter(0))  # type: ignore[assignment]
    customer_name: str = property(itemgetter(1))  # type: ignore[assignment]
    customer_id: int = property(itemgetter(2))  # type: ignore[assignment]
    items: int = property(itemgetter(3))  # type: ignore[assignment]
    total: Decimal = property(itemgetter(4))  # type: ignore[assignment]

    @property
    def amounts(self) -> tuple[Decimal, ...]:
        """A sum for each column, zero where nothing is open."""
        return tuple(ZERO if amount is None else amount for amount in self[_SUMS_FROM:])


class AgedRows(Sequence[AgedRow]):
    """The query's rows, each made an AgedRow when it is read: a report may hold 20,000, and few readers want all."""

    def __init__(self, found: Sequence[tuple[Any, ...]]) -> None:
        self._found = found

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, place: Any) -> Any:
        found = self._found[place]
        return AgedRows(found) if isinstance(place, slice) else AgedRow(found)

    def __iter__(self) -> Iterator[AgedRow]:
        return map(AgedRow, self._found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AgedRows) and self._found == other._found

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class AgedCurrency:
    """The customers with something open in one currency by number, the columns' sums, and their sum.

    Of a page `rows` are the page's; `customers`, `items` and the sums are of everything always.
    """

    rows: AgedRows
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
    original = options.currency == Currency.ORIGINAL
    with reading_much(client, options) as (cursor, settled):
        query, values = _customer_sums(client, options, settled, materialized="")
        query += _ROWS.format(keys="s.report_currency," if original else "", names=_names(options))
        # With one currency not by it too: a text more to send and to sort by for every customer.
        query += f" ORDER BY {', '.join(_KEYS if original else _KEYS[1:])}"
        cursor.execute(query, values)
        found = cursor.fetchall()
    by_currency = {client.base_currency: found}
    if original:
        by_currency = {code: [row[1:] for row in rows] for code, rows in groupby(found, key=itemgetter(0))}
    parts = {}
    for code, rows in by_currency.items():
        totals = [ZERO] * len(options.columns)
        for row in rows:  # once through, most of it NULL: quicker than a sum() for each column
            for no, amount in enumerate(row[_SUMS_FROM:]):
                if amount is not None:
                    totals[no] += amount
        items = sum(map(itemgetter(_ITEMS_AT), rows))
        parts[code] = _currency(client, options, rows, sum(totals, ZERO), tuple(totals), len(rows), items)
    return _report(client, options, parts)


def page_of_aged_receivables(client: Client, options: Options, position: Position | None) -> AgedReceivables:
    """As `aged_receivables`, but only the rows of one page; all sums and counts are of everything."""
    condition, ending, more = paged(position, _KEYS)
    with reading_much(client, options) as (cursor, settled):
        query, values = _customer_sums(client, options, settled, materialized="MATERIALIZED")
        query += _TOTALS.format(sums=", ".join(f"COALESCE(sum(c{no}), 0.00)" for no in range(len(options.columns))))
        lines = _ROWS.format(keys="s.report_currency, c.number_key,", names=_names(options))
        cursor.execute(f"{query} ({lines} WHERE {condition} {ending})", values | more)
        found = cursor.fetchall()
    backwards = position is not None and position.backwards
    rows = sorted((row for row in found if row[1] is not None), key=lambda row: row[:2], reverse=backwards)
    rows, previous, following = cut(rows, position, lambda row: row[:2])
    parts = {}
    sums = sorted((row for row in found if row[1] is None), key=lambda row: row[0])
    for code, _key, _number, _everybody, customers, items, total, *totals in sums:
        mine = [row[2:] for row in rows if row[0] == code]
        parts[code] = _currency(client, options, mine, total, tuple(totals), customers, items)
    everybody = int(sums[0][3]) if sums else 0
    return replace(_report(client, options, parts), customers=everybody, previous=previous, following=following)


def _names(options: Options) -> str:
    return ", ".join(f"s.c{no}" for no in range(len(options.columns)))


def _customer_sums(client: Client, options: Options, settled: bool, *, materialized: str) -> tuple[str, dict[str, Any]]:
    query, values = chosen_items(client, options, settled=settled)
    original = options.currency == Currency.ORIGINAL
    query += _SUMS.format(
        materialized=materialized,
        columns=", ".join(
            f"sum(i.was_open) FILTER (WHERE i.column_no = {no}) AS c{no}" for no in range(len(options.columns))
        ),
        status=status_condition(options),
        currency="i.report_currency" if original else "%(base)s",
        group="i.report_currency, i.customer_id" if original else "i.customer_id",
    )
    return query, values


def _currency(
    client: Client,
    options: Options,
    rows: Sequence[tuple[Any, ...]],
    total: Decimal,
    totals: tuple[Decimal, ...],
    customers: int,
    items: int,
) -> AgedCurrency:
    return AgedCurrency(AgedRows(rows), totals, total, customers, items, reconciliation(client, options, total))


def _report(client: Client, options: Options, parts: dict[str, AgedCurrency]) -> AgedReceivables:
    if options.currency == Currency.BASE and client.base_currency not in parts:
        nothing = (ZERO,) * len(options.columns)
        parts[client.base_currency] = _currency(client, options, [], ZERO, nothing, 0, 0)
    if len(parts) == 1:
        (customers,) = (part.customers for part in parts.values())
    else:
        customers = len({row.customer_id for part in parts.values() for row in part.rows})
    return AgedReceivables(client.organisation_number, options, parts, customers)


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
