"""What was open as of a date: the one piece of SQL that all three reports stand on, and its rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, ClassVar, NamedTuple, Self

from django.db import connection

from access.models import Client
from accounting.reports.options import NO_DUE_DATE, AgeBy, Credits, Currency, Options

ZERO = Decimal("0.00")

# Open as of D is what is open today and what was matched after D: entries that were closed on or before D need not be
# looked at, and neither need the matches up to D. A match is never dated before either of its entries (a trigger
# sees to it), and `closed_on` is the date of an entry's last match.
OPEN_AS_OF = """
WITH candidate AS (
    SELECT * FROM accounting_ledgerentry
     WHERE client_id = %(client)s AND entry_date <= %(as_of)s AND closed_on IS NULL
    UNION ALL
    SELECT * FROM accounting_ledgerentry
     WHERE client_id = %(client)s AND entry_date <= %(as_of)s AND closed_on > %(as_of)s
), matched_later AS (
    SELECT entry_id, sum(amount) AS amount, sum(currency_amount) AS currency_amount
      FROM (SELECT debit_id AS entry_id, amount, debit_currency_amount AS currency_amount
              FROM accounting_match WHERE client_id = %(client)s AND matched_on > %(as_of)s
            UNION ALL
            SELECT credit_id, -amount, -credit_currency_amount
              FROM accounting_match WHERE client_id = %(client)s AND matched_on > %(as_of)s) AS side
     GROUP BY entry_id
), item AS (
    SELECT e.*,
           e.amount < 0 AS is_credit,
           CASE WHEN %(original)s THEN e.currency ELSE %(base)s END AS report_currency,
           CASE WHEN %(original)s THEN e.currency_amount ELSE e.amount END AS report_amount,
           e.open_currency_amount + COALESCE(m.currency_amount, 0) AS was_open_in_currency,
           CASE WHEN %(original)s THEN e.open_currency_amount + COALESCE(m.currency_amount, 0)
                ELSE e.open_amount + COALESCE(m.amount, 0) END AS was_open,
           CASE WHEN %(separate)s AND e.amount < 0 THEN %(unallocated)s
                WHEN e.kind = 'opening_balance' THEN %(no_due_date)s
                ELSE width_bucket(%(as_of)s - CASE WHEN %(by_entry_date)s THEN e.entry_date
                                                   WHEN e.amount < 0 AND e.kind <> 'credit_note' THEN e.entry_date
                                                   ELSE COALESCE(e.due_date, e.entry_date) END,
                                  %(thresholds)s) END AS column_no
      FROM candidate e LEFT JOIN matched_later m ON m.entry_id = e.id
)
"""

_ITEMS = """
SELECT i.entry_id, c.number, c.name, c.organisation_number, c.private_person, c.country, i.kind, i.kind_inferred,
       i.voucher_number, i.invoice_number, i.kid, i.entry_date, i.due_date, i.due_date_assumed,
       CASE WHEN NOT i.is_credit AND i.kind <> 'opening_balance'
            THEN %(as_of)s - COALESCE(i.due_date, i.entry_date) END AS days_overdue,
       (%(columns)s)[i.column_no + 1] AS column_name,
       i.report_currency, i.report_amount, i.was_open, i.currency, i.currency_amount, i.was_open_in_currency,
       i.disputed, i.in_collection
  FROM item i JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = i.customer_id
 WHERE i.was_open <> 0
   AND (%(column_no)s IS NULL OR i.column_no = %(column_no)s)
   AND (%(customer)s IS NULL OR c.number = %(customer)s)
"""
_VOUCHER = """CASE WHEN i.voucher_number ~ '^[0-9]{1,20}$' THEN lpad(i.voucher_number, 20, '0')
                   ELSE '~' || i.voucher_number END COLLATE "C", i.entry_id COLLATE "C" """
BY_CUSTOMER = f"ORDER BY i.report_currency, c.number_key, i.due_date NULLS LAST, {_VOUCHER}"
INVOICES_BY_DUE_DATE = f"""
   AND i.kind = 'invoice' AND NOT i.is_credit
 ORDER BY i.report_currency, COALESCE(i.due_date, i.entry_date), c.number_key, {_VOUCHER}"""


class Item(NamedTuple):
    """One entry with something open as of the report's date; a named tuple, since a report may hold 100,000 of them.

    `amount` and `open_amount` are in `currency`, that of the report: the client's own or, with Currency.ORIGINAL, the
    entry's, which `original_currency` and its amounts always hold. Debits are positive. `days_overdue` is negative
    before the due date and None for credits and opening balances; `column` is the one it stands in when aged.
    """

    entry_id: str
    customer_number: str
    customer_name: str
    organisation_number: str
    private_person: bool
    country: str
    kind: str
    kind_inferred: bool
    voucher_number: str
    invoice_number: str
    kid: str
    entry_date: date
    due_date: date | None
    due_date_assumed: bool
    days_overdue: int | None
    column: str
    currency: str
    amount: Decimal
    open_amount: Decimal
    original_currency: str
    original_amount: Decimal
    original_open_amount: Decimal
    disputed: bool
    in_collection: bool

    def as_json(self) -> dict[str, Any]:
        """The item as INTERFACES names it: amounts as strings, what is absent as null."""
        return {
            "entry_id": self.entry_id,
            "customer_number": self.customer_number,
            "customer_name": self.customer_name,
            "kind": self.kind,
            "voucher_number": self.voucher_number or None,
            "invoice_number": self.invoice_number or None,
            "kid": self.kid or None,
            "entry_date": self.entry_date.isoformat(),
            "due_date": self.due_date.isoformat() if self.due_date else None,
            "due_date_assumed": self.due_date_assumed,
            "days_overdue": self.days_overdue,
            "currency": self.currency,
            "amount": str(self.amount),
            "open_amount": str(self.open_amount),
        }


ITEM_FIELDS = (
    "entry_id", "customer_number", "customer_name", "kind", "voucher_number", "invoice_number", "kid", "entry_date",
    "due_date", "due_date_assumed", "days_overdue", "currency", "amount", "open_amount",
)  # fmt: skip


@dataclass(frozen=True)
class ItemsOfCurrency:
    """The items of one currency in the report's order, and the sum of what is open of them."""

    items: tuple[Item, ...]
    total: Decimal


@dataclass(frozen=True)
class ItemReport:
    """A report that lists items. `currencies` holds the client's own, or each that something is open in."""

    name: ClassVar[str]
    client: str
    options: Options
    currencies: dict[str, ItemsOfCurrency]

    def as_json(self) -> dict[str, Any]:
        """The report as INTERFACES writes it («JSON of `open-items` and `unpaid-invoices`»)."""
        return {
            "report": self.name,
            "client": self.client,
            "as_of": self.options.as_of.isoformat(),
            "currencies": {
                code: {"items": [item.as_json() for item in part.items], "total": str(part.total)}
                for code, part in self.currencies.items()
            },
        }

    def table(self) -> tuple[tuple[str, ...], Iterator[Iterable[Any]]]:
        """Header and rows, one per item, without a total."""
        return ITEM_FIELDS, (item.as_json().values() for part in self.currencies.values() for item in part.items)

    @classmethod
    def of(cls, client: Client, options: Options, ending: str) -> Self:
        """Reads the items in one query, which `ending` narrows and orders. Needs the client's scope to be open."""
        with connection.cursor() as cursor:
            cursor.execute(OPEN_AS_OF + _ITEMS + ending, parameters(client, options))
            items = [Item._make(row) for row in cursor.fetchall()]
        parts = {code: tuple(part) for code, part in groupby(items, key=lambda item: item.currency)}
        if options.currency == Currency.BASE:
            parts.setdefault(client.base_currency, ())
        sums = {
            code: ItemsOfCurrency(part, sum((one.open_amount for one in part), ZERO)) for code, part in parts.items()
        }
        return cls(client=client.organisation_number, options=options, currencies=sums)


def parameters(client: Client, options: Options) -> dict[str, Any]:
    """What OPEN_AS_OF and the queries that begin with it are bound to."""
    columns = options.columns
    return {
        "client": client.pk,
        "as_of": options.as_of,
        "base": client.base_currency,
        "original": options.currency == Currency.ORIGINAL,
        "separate": options.credits == Credits.SEPARATE,
        "by_entry_date": options.age_by == AgeBy.ENTRY_DATE,
        "unallocated": len(columns) - 1,
        "no_due_date": columns.index(NO_DUE_DATE),
        "thresholds": list(options.thresholds),
        "columns": list(columns),
        "column_no": columns.index(options.column) if options.column else None,
        "customer": options.customer,
    }
