"""What new invoices and credit notes settle: what they call prepaid, payments with their KID, and what they credit."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from access.models import Client
from accounting.imports.ehf_file import EhfDocument
from accounting.kid import reference_key
from accounting.matching import ZERO
from accounting.models import How, Kind, LedgerEntry
from accounting.services.settle import Pair, settle

# What may have been paid before the invoice came. A credit note is no payment, and a difference is somebody's already.
PAID = (Kind.PAYMENT, Kind.OPENING_BALANCE, Kind.JOURNAL)
# Between the numbers of several invoices that one credit note is about.
SEPARATOR = "; "


def joined(references: Sequence[str]) -> str:
    """As they are kept on the entry: as many as there is room for."""
    kept = list(references)
    while len(found := SEPARATOR.join(kept)) > 100:
        kept.pop()
    return found


class Prepaid:
    """Open credits that documents may call prepaid: each is given away once."""

    def __init__(self, client: Client, customers: set[int]) -> None:
        self._client = client
        self._open: dict[int, list[LedgerEntry]] = defaultdict(list)
        rows = _open_entries(client, customers).filter(amount__lt=0, kind__in=PAID)
        for one in rows.order_by("entry_date", "pk"):
            self._open[one.customer_id].append(one)

    def take(self, customer_id: int | None, document: EhfDocument) -> LedgerEntry | None:
        """The open credit of exactly that size: with the invoice's own KID, else with none; the oldest of several.

        One with another KID is another invoice's, though that one may not have come yet. None where there is none.
        """
        found = [
            one
            for one in self._open.get(customer_id or 0, [])
            if one.currency == document.currency and -one.open_currency_amount == document.prepaid
        ]
        own = reference_key(document.kid)
        found = [one for one in found if reference_key(one.kid) in ("", own)]
        if not found:
            return None
        taken = min(found, key=lambda one: one.kid == "" and own != "")
        self._open[taken.customer_id].remove(taken)
        return taken


def settle_new(client: Client, new: Sequence[LedgerEntry], prepaid: Sequence[tuple[LedgerEntry, LedgerEntry]]) -> int:
    """Match the new entries; how many matches. In a fixed order, whatever the order in which they came.

    `prepaid`: the invoice and the credit of exactly that size. Inside the scope and the client's lock.
    """
    pairs = [Pair(invoice.pk, credit.pk) for invoice, credit in prepaid]
    created = len(settle(client=client, pairs=pairs, how=How.PREPAID).matches) if pairs else 0
    for find, how in ((_by_kid, How.KID), (_by_reference, How.BILLING_REFERENCE)):
        if pairs := find(client, new):
            created += len(settle(client=client, pairs=pairs, how=how).matches)
    return created


def _by_kid(client: Client, new: Sequence[LedgerEntry]) -> list[Pair]:
    """New invoices with the payments that came before them, the oldest first."""
    asking = [one for one in new if one.kid and one.amount > 0]
    credits: dict[tuple[int, str], list[int]] = defaultdict(list)
    rows = _open_entries(client, {one.customer_id for one in asking}).filter(amount__lt=0, kind__in=PAID)
    for one in rows.exclude(kid="").order_by("entry_date", "pk"):
        credits[one.customer_id, reference_key(one.kid)].append(one.pk)
    return [
        Pair(one.pk, credit)
        for one in sorted(asking, key=_age)
        for credit in credits.get((one.customer_id, reference_key(one.kid)), [])
    ]


def _by_reference(client: Client, new: Sequence[LedgerEntry]) -> list[Pair]:
    """Credit notes with the invoices that they name, of the same customer, where one of the two is new."""
    fresh = {one.pk for one in new}
    rows = _open_entries(client, {one.customer_id for one in new})
    notes = sorted(rows.filter(amount__lt=0, kind=Kind.CREDIT_NOTE).exclude(cross_reference=""), key=_age)
    named = {name for one in notes for name in one.cross_reference.split(SEPARATOR)}
    invoices: dict[tuple[int, str], list[LedgerEntry]] = defaultdict(list)
    for one in sorted(rows.filter(amount__gt=0, kind=Kind.INVOICE, invoice_number__in=named), key=_age):
        invoices[one.customer_id, one.invoice_number].append(one)
    return [
        Pair(invoice.pk, note.pk)
        for note in notes
        for name in note.cross_reference.split(SEPARATOR)
        for invoice in invoices.get((note.customer_id, name), [])
        if note.pk in fresh or invoice.pk in fresh
    ]


def _open_entries(client: Client, customers: set[int]) -> Any:
    rows = LedgerEntry.objects.for_client(client).filter(closed_on__isnull=True).exclude(open_amount=ZERO)
    return rows.filter(customer_id__in=customers)


def _age(one: LedgerEntry) -> tuple[date, str]:
    return one.entry_date, one.entry_id
