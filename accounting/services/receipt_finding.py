"""Finds which customer's debits a payment pays: by KID, else by invoice number and amount. Reads, and decides nothing.

A reference that names several customers, an invoice number whose amount does not fit: nobody is guessed.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import CharField, F, Func, Q, Value

from access.models import Client
from accounting.kid import is_kid, reference_key
from accounting.models import BankReceipt, How, LedgerEntry
from accounting.services.settle import settings_of

ZERO = Decimal("0.00")
_NUMBER = re.compile(r"[\w/-]{3,40}")
MOST_NUMBERS = 40  # words of one text that may be invoice numbers


@dataclass
class Fit:
    """Whose payment it is, how that was found, and which of her debits it pays, in turn (what is open of them)."""

    customer_id: int
    how: How
    debits: list[LedgerEntry] = field(default_factory=list)


class Finder:
    """What is known of the references and numbers that some receipts bear; read once for all of them."""

    def __init__(self, client: Client, receipts: Sequence[BankReceipt]) -> None:
        chosen = settings_of(client)
        self._check, self._length = chosen.kid_check, chosen.kid_length
        references = {one.reference for one in receipts if self.may_be_kid(one.reference)}
        keys = {reference_key(one) for one in references}
        entries = LedgerEntry.objects.for_client(client).filter(amount__gt=0)
        self._by_kid: dict[str, list[LedgerEntry]] = defaultdict(list)
        entry_of: dict[int, LedgerEntry] = {}  # one object for each, which is used up as receipts are booked
        bare = Func(F("kid"), Value("0"), function="LTRIM", output_field=CharField())
        called = entries.exclude(kid="").annotate(bare=bare).filter(Q(kid__in=references) | Q(bare__in=keys))
        for one in called.order_by("due_date", "entry_date", "pk"):
            self._by_kid[reference_key(one.kid)].append(entry_of.setdefault(one.pk, one))
        # Only of those that their reference does not settle.
        rest = [one for one in receipts if one.amount > 0 and self.by_reference(one) is None]
        self._numbers = {one.pk: _numbers(one) for one in rest}
        wanted = {number for found in self._numbers.values() for number in found}
        self._by_number: dict[str, list[LedgerEntry]] = defaultdict(list)
        named = entries.filter(invoice_number__in=wanted, closed_on__isnull=True) if wanted else entries.none()
        for one in named.order_by("due_date", "entry_date", "pk"):
            self._by_number[one.invoice_number].append(entry_of.setdefault(one.pk, one))

    def may_be_kid(self, reference: str) -> bool:
        """By the company's agreement; of a reference with letters (as RF18…) no agreement speaks."""
        if not reference:
            return False
        if not reference.rstrip("-").isdigit():
            return True
        whole = reference.zfill(self._length) if self._length else reference  # zeros in front may have been left out
        return is_kid(whole, check=self._check, length=self._length)

    def by_reference(self, receipt: BankReceipt) -> Fit | None:
        """By a KID that is that of an entry, of one customer."""
        if not self.may_be_kid(receipt.reference):
            return None
        found = self._by_kid.get(reference_key(receipt.reference), [])
        if len({one.customer_id for one in found}) != 1:
            return None
        how = How.KID if receipt.reference.rstrip("-").isdigit() else How.REFERENCE
        return Fit(found[0].customer_id, how, [one for one in found if one.open_amount])

    def by_number(self, receipt: BankReceipt) -> Fit | None:
        """By the numbers of open invoices of one customer, if the amount is exactly what is open of them."""
        named = [number for number in self._numbers.get(receipt.pk, ()) if number in self._by_number]
        told = [number for number in named if number in receipt.invoice_numbers] or named
        fits: list[Fit] = []
        every = [one for number in told for one in self._by_number[number] if one.open_amount]
        if len(told) > 1 and (all_of_them := _exact(every, receipt)):
            return all_of_them
        for number in told:
            by_customer: dict[int, list[LedgerEntry]] = defaultdict(list)
            for one in self._by_number[number]:
                if not one.open_amount:
                    continue
                by_customer[one.customer_id].append(one)
            for rows in by_customer.values():
                if (fit := _exact(rows, receipt)) or (fit := _one_of(rows, receipt)):
                    fits.append(fit)
        return fits[0] if len(fits) == 1 else None


def _numbers(receipt: BankReceipt) -> list[str]:
    """What may be an invoice's number: what the bank calls one, the reference, and words of the text with a digit."""
    words = [word for word in _NUMBER.findall(receipt.text) if any(sign.isdigit() for sign in word)]
    told = [*receipt.invoice_numbers, receipt.reference, *words[:MOST_NUMBERS]]
    return list(dict.fromkeys(one for one in told if one))


def _open(entries: Iterable[LedgerEntry], currency: str) -> Decimal | None:
    """What is open of them in this currency; None where one is in another."""
    total = ZERO
    for one in entries:
        if one.currency != currency:
            return None
        total += one.open_currency_amount
    return total


def _exact(entries: list[LedgerEntry], receipt: BankReceipt) -> Fit | None:
    if len({one.customer_id for one in entries}) != 1 or _open(entries, receipt.currency) != receipt.amount:
        return None
    return Fit(entries[0].customer_id, How.INVOICE_NUMBER, list(entries))


def _one_of(entries: list[LedgerEntry], receipt: BankReceipt) -> Fit | None:
    """An instalment: the first that is due of those that are as large."""
    for one in entries:
        if one.currency == receipt.currency and one.open_currency_amount == receipt.amount:
            return Fit(one.customer_id, How.INVOICE_NUMBER, [one])
    return None
