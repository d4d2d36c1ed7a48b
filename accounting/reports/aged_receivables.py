"""«Aldersfordelte kundefordringer»: what each customer owes as of a date, by age, beside the control accounts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any, ClassVar, NamedTuple

from django.db import connection

from access.models import Client
from accounting.reports.items import OPEN_AS_OF, ZERO, parameters
from accounting.reports.options import AgeBy, Currency, Options
from accounting.reports.reconciliation import Reconciliation, reconciliation

# Summed per customer before the names are fetched; the columns go between.
_SUMS = """, customer_sum AS (
    SELECT report_currency, customer_id, count(*) AS items, sum(was_open) AS total, {columns}
      FROM item WHERE was_open <> 0 GROUP BY report_currency, customer_id
)
SELECT s.report_currency, c.number, c.name, s.items, s.total, {names}
  FROM customer_sum s JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = s.customer_id
 ORDER BY s.report_currency, c.number_key
"""


class AgedRow(NamedTuple):
    """One customer in one currency: how many items are open, and their sums as the report's columns."""

    customer_number: str
    customer_name: str
    items: int
    total: Decimal
    amounts: tuple[Decimal, ...]


@dataclass(frozen=True)
class AgedCurrency:
    """The customers with something open in one currency by number, the columns' sums, and their sum."""

    rows: tuple[AgedRow, ...]
    totals: tuple[Decimal, ...]
    total: Decimal
    reconciliation: Reconciliation | None

    @property
    def items(self) -> int:
        """How many items are open."""
        return sum(row.items for row in self.rows)


@dataclass(frozen=True)
class AgedReceivables:
    """The aged report. `currencies` holds the client's own, or each that something is open in."""

    name: ClassVar[str] = "aged-receivables"
    client: str
    options: Options
    currencies: dict[str, AgedCurrency]

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
    query = OPEN_AS_OF + _SUMS.format(
        columns=", ".join(f"COALESCE(sum(was_open) FILTER (WHERE column_no = {no}), 0.00) AS c{no}" for no in numbers),
        names=", ".join(f"s.c{no}" for no in numbers),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, parameters(client, options))
        found = cursor.fetchall()
    by_currency = {
        code: tuple(AgedRow._make((*row[1:5], row[5:])) for row in rows)
        for code, rows in groupby(found, key=lambda row: row[0])
    }
    if options.currency == Currency.BASE:
        by_currency.setdefault(client.base_currency, ())
    parts = {}
    for code, rows in by_currency.items():
        total = sum((row.total for row in rows), ZERO)
        totals = tuple(sum((row.amounts[no] for row in rows), ZERO) for no in numbers)
        parts[code] = AgedCurrency(rows, totals, total, reconciliation(client, options, total))
    return AgedReceivables(client=client.organisation_number, options=options, currencies=parts)


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
