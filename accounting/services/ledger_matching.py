"""Matches a company's new entries, customer by customer, against what stands open, and stores the matches."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import connection

from access.models import Client
from accounting.matching import ZERO, Found, Item, currency_share, match_customer
from accounting.models import LedgerEntry
from accounting.services.staging import analyse, copy_rows, make_table

BATCH = 5000  # matches in memory
STATEMENT = 50_000  # matches stored at once: what is open is then reckoned anew a few times only
_FIELDS = (
    "pk", "customer_id", "entry_date", "amount", "open_amount", "currency_amount", "open_currency_amount", "kid",
    "invoice_number", "cross_reference",
)  # fmt: skip
_COLUMNS = {
    "debit_id": "bigint", "credit_id": "bigint", "amount": "numeric(18,2)", "debit_currency_amount": "numeric(18,2)",
    "credit_currency_amount": "numeric(18,2)", "matched_on": "date", "assumed": "boolean",
}  # fmt: skip
_INSERT = """
INSERT INTO accounting_match
       (client_id, debit_id, credit_id, amount, debit_currency_amount, credit_currency_amount, matched_on, assumed,
        registered_at)
SELECT %(client)s, debit_id, credit_id, amount, debit_currency_amount, credit_currency_amount, matched_on, assumed, now()
  FROM ledger_match
"""


class Matched(NamedTuple):
    """How many matches were stored, and how many of them are assumed."""

    created: int
    assumed: int


class _Row:
    """An entry as it is read here; what is open of it is used up as it is matched."""

    __slots__ = ("amount", "currency_amount", "customer_id", "entry_date", "item", "open_currency_amount", "pk")

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.pk: int = values[0]
        self.customer_id: int = values[1]
        self.entry_date: date = values[2]
        self.amount: Decimal = values[3]
        self.currency_amount: Decimal = values[5]
        self.open_currency_amount: Decimal = values[6]
        self.item = Item(self.pk, values[4], values[7], values[8], values[9])


def match_entries_after(client: Client, last_pk: int) -> Matched:
    """Match the entries whose key is above `last_pk`, within each customer in the order of entry date and key.

    Inside the client's scope. The rule is accounting/matching.py; a match counts from the later of the two entry dates.
    Memory grows with what is open of one customer only.
    """
    created = assumed = staged = 0
    make_table("ledger_match", _COLUMNS)
    matches = _matches(client, last_pk)
    while batch := list(islice(matches, BATCH)):
        copy_rows("ledger_match", batch)
        created += len(batch)
        assumed += sum(match[-1] for match in batch)
        staged += len(batch)
        if staged >= STATEMENT:
            _store(client)
            staged = 0
    _store(client)
    return Matched(created, assumed)


def _store(client: Client) -> None:
    """Put what is staged into the ledger."""
    analyse("ledger_match")
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {"client": client.pk})
        cursor.execute("TRUNCATE ledger_match")


def _matches(client: Client, last_pk: int) -> Iterator[tuple[Any, ...]]:
    """The matches, in the order of _COLUMNS."""
    entries = LedgerEntry.objects.for_client(client)
    # A list and not a subquery: for a cursor, on tables without statistics, that would be joined row by row.
    touched = list(entries.filter(pk__gt=last_pk).order_by().values_list("customer_id", flat=True).distinct())
    # A cursor of the server: it does not see what is matched while it is read, and one customer is read to the end first.
    rows = (
        entries.filter(closed_on__isnull=True, customer_id__in=touched)
        .order_by("customer_id", "entry_date", "pk")
        .values_list(*_FIELDS)
        .iterator(chunk_size=2000)
    )
    for _, of_one in groupby(map(_Row, rows), key=attrgetter("customer_id")):
        known = {row.pk: row for row in of_one}
        amounts = {pk: abs(row.item.open_amount) for pk, row in known.items()}
        before = [row.item for pk, row in known.items() if pk <= last_pk]
        new = [row.item for pk, row in known.items() if pk > last_pk]
        for found in match_customer(before, new):
            yield _match(found, known, amounts)


def _match(found: Found, known: dict[int, _Row], left: dict[int, Decimal]) -> tuple[Any, ...]:
    debit, credit = known[found.debit], known[found.credit]  # type: ignore[index]
    shares = _take(debit, found.amount, left), _take(credit, found.amount, left)
    return debit.pk, credit.pk, found.amount, *shares, max(debit.entry_date, credit.entry_date), found.assumed


def _take(row: _Row, amount: Decimal, left: dict[int, Decimal]) -> Decimal:
    """Take the matched amount off what is left of the row (the database keeps its own); its share in the row's currency."""
    share = currency_share(
        matched=amount,
        amount=abs(row.amount),
        currency_amount=abs(row.currency_amount),
        left=abs(row.open_currency_amount),
        last=left[row.pk] == amount,
    )
    left[row.pk] -= amount
    row.open_currency_amount -= share if row.amount > ZERO else -share
    return share
