"""Matches a company's new entries, customer by customer, against what stands open, and stores the matches."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from access.models import Client
from accounting.matching import ZERO, Found, Item, currency_share, match_customer
from accounting.models import LedgerEntry, Match

BATCH = 10_000
_FIELDS = (
    "pk", "customer_id", "entry_date", "amount", "open_amount", "currency_amount", "open_currency_amount", "kid",
    "invoice_number", "cross_reference",
)  # fmt: skip


class Matched(NamedTuple):
    """How many matches were stored, and how many of them are assumed."""

    created: int
    assumed: int


def match_entries_after(client: Client, last_pk: int) -> Matched:
    """Match the entries whose key is above `last_pk`, within each customer in the order of entry date and key.

    Inside the client's scope. The rule is accounting/matching.py; a match counts from the later of the two entry dates.
    Memory grows with what is open of one customer only.
    """
    created = assumed = 0
    batch: list[Match] = []
    for match in _matches(client, last_pk):
        created += 1
        assumed += match.assumed
        batch.append(match)
        if len(batch) == BATCH:
            Match.objects.for_client(client).bulk_create(batch)
            batch = []
    Match.objects.for_client(client).bulk_create(batch)
    return Matched(created, assumed)


def _matches(client: Client, last_pk: int) -> Iterator[Match]:
    entries = LedgerEntry.objects.for_client(client)
    # A list and not a subquery: for a cursor, on tables without statistics, that would be joined row by row.
    touched = list(entries.filter(pk__gt=last_pk).order_by().values_list("customer_id", flat=True).distinct())
    # A cursor of the server: it does not see what is matched while it is read, and one customer is read to the end first.
    rows = (
        entries.filter(closed_on__isnull=True, customer_id__in=touched)
        .order_by("customer_id", "entry_date", "pk")
        .only(*_FIELDS)
        .iterator(chunk_size=2000)
    )
    for _, of_one in groupby(rows, key=attrgetter("customer_id")):
        known = {row.pk: row for row in of_one}
        before = [_item(row) for pk, row in known.items() if pk <= last_pk]
        new = [_item(row) for pk, row in known.items() if pk > last_pk]
        for found in match_customer(before, new):
            yield _match(found, known)


def _item(row: LedgerEntry) -> Item:
    return Item(row.pk, row.open_amount, row.kid, row.invoice_number, row.cross_reference)


def _match(found: Found, known: dict[int, LedgerEntry]) -> Match:
    debit, credit = known[found.debit], known[found.credit]  # type: ignore[index]
    return Match(
        debit_id=debit.pk,
        credit_id=credit.pk,
        amount=found.amount,
        debit_currency_amount=_take(debit, found.amount),
        credit_currency_amount=_take(credit, found.amount),
        matched_on=max(debit.entry_date, credit.entry_date),
        assumed=found.assumed,
    )


def _take(row: LedgerEntry, amount: Decimal) -> Decimal:
    """Take the matched amount off the row in memory (the database keeps its own); its share in the row's currency."""
    share = currency_share(
        matched=amount,
        amount=abs(row.amount),
        currency_amount=abs(row.currency_amount),
        left=abs(row.open_currency_amount),
        last=abs(row.open_amount) == amount,
    )
    sign = 1 if row.open_amount > ZERO else -1
    row.open_amount -= amount * sign
    row.open_currency_amount -= share * sign
    return share
