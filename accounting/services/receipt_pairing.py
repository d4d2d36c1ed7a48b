"""Puts the lines of bank files together into receipts: one for each payment, in whatever order the files come.

A known line changes nothing. Another is paired with a receipt that is alike and of which its kind of file has not told yet:
so the number of receipts is the most that any kind tells of, whichever came first. docs/decisions/0027.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from access.models import Client
from access.redaction import without_identity_numbers
from accounting.imports.bank_lines import BankLine, FileKind
from accounting.kid import reference_key
from accounting.models import BankReceipt, BankTelling, ReceiptStatus

NEAR = timedelta(days=5)  # how far the days may differ on which two kinds of file tell of one payment
BATCH = 2000

_LEARNED = ["value_on", "payer", "text", "invoice_numbers", "status", "specified_by"]
_Key = tuple[str, str, Decimal, str]


class Told(NamedTuple):
    """A line and the name of the file in which it stands."""

    line: BankLine
    file_name: str


@dataclass
class Paired:
    """What became of the lines: by each line's digest its receipt; how many receipts are new, how many lines were known."""

    receipts: dict[str, BankReceipt] = field(default_factory=dict)
    created: int = 0
    known: int = 0


@dataclass(eq=False)
class _Slot:
    """A receipt and by which kinds of file, each on which day, it was told."""

    receipt: BankReceipt
    tellings: dict[str, BankTelling] = field(default_factory=dict)
    is_new: bool = False


def digest(*parts: str) -> str:
    """What an identity is kept as: of one length, and with nothing of it to be read."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def digest_of(line: BankLine) -> str:
    """The line's identity as it is kept."""
    return digest(line.kind, line.identity)


def pair_lines(client: Client, told: Iterable[Told]) -> Paired:
    """Store what is new of the lines. Inside the client's scope, under its lock."""
    lines = {digest_of(one.line): one for one in told}
    held = _held(client, list(lines))
    result = Paired(receipts=held, known=len(held))
    new = {key: one for key, one in lines.items() if key not in held}
    if not new:
        return result
    work = _Pairing(client, [one.line for one in new.values()])
    for kind in FileKind:
        work.take_all({key: one for key, one in new.items() if one.line.kind == kind})
    work.store()
    result.created = len(work.created)
    result.receipts |= {key: slot.receipt for key, slot in work.placed.items() if key in new}
    return result


def _held(client: Client, identities: list[str]) -> dict[str, BankReceipt]:
    rows = BankTelling.objects.for_client(client).select_related("receipt")
    return {
        one.identity: one.receipt
        for part in _parts(identities)
        for one in rows.filter(identity__in=part)
    }  # fmt: skip


class _Pairing:
    """The receipts near the lines' days, and what is put to them."""

    def __init__(self, client: Client, lines: list[BankLine]) -> None:
        self.client = client
        self.slots: dict[_Key, list[_Slot]] = defaultdict(list)
        self.created: list[_Slot] = []
        self.changed: dict[int, BankReceipt] = {}
        self.tellings: list[BankTelling] = []
        self.moved: list[BankTelling] = []
        self.placed: dict[str, _Slot] = {}
        days = [one.booked_on for one in lines]
        rows = BankReceipt.objects.for_client(client).filter(
            account__in={one.account for one in lines}, booked_on__range=(min(days) - NEAR, max(days) + NEAR)
        )
        by_pk = {one.pk: _Slot(one) for one in rows.order_by("booked_on", "pk")}
        for one in by_pk.values():
            self.slots[_key_of(one.receipt)].append(one)
        for telling in BankTelling.objects.for_client(client).filter(receipt__in=rows):
            by_pk[telling.receipt_id].tellings[telling.kind] = telling

    def take_all(self, lines: dict[str, Told]) -> None:
        """All new lines of one kind: first those that find their day, then the others."""
        placed = sorted(lines.items(), key=lambda one: (one[1].line.booked_on, one[0]))
        rest = []
        displaced: list[tuple[_Slot, BankTelling]] = []
        for key, told in placed:
            slot = self._of_day(told.line, displaced)
            if slot is None:
                rest.append((key, told))
            else:
                self._put(slot, key, told)
        for key, told in rest:
            near = self._near(told.line.booked_on, told.line.kind, self.slots[_key(told.line)])
            self._put(near if near and told.line.reference else self._new(told.line), key, told)
        for before, telling in displaced:
            self._place_again(before, telling)

    def _of_day(self, line: BankLine, displaced: list[tuple[_Slot, BankTelling]]) -> _Slot | None:
        """A receipt of that day which this kind has not told of; or has told of as another day's, which then makes room."""
        of_day = [one for one in self.slots[_key(line)] if one.receipt.booked_on == line.booked_on]
        free = [one for one in of_day if line.kind not in one.tellings]
        if free:
            return min(free, key=lambda one: one.receipt.status == ReceiptStatus.SPECIFIED)
        for one in of_day:
            telling = one.tellings[line.kind]
            if telling.booked_on != line.booked_on:
                displaced.append((one, telling))
                del one.tellings[line.kind]
                return one
        return None

    def _near(self, day: date, kind: str, slots: list[_Slot]) -> _Slot | None:
        near = [one for one in slots if kind not in one.tellings and abs(one.receipt.booked_on - day) <= NEAR]
        return min(near, key=lambda one: (abs(one.receipt.booked_on - day), one.receipt.booked_on), default=None)

    def _place_again(self, before: _Slot, telling: BankTelling) -> None:
        """A telling that had been put to another day's receipt goes to one of its own day, or near, or gets its own."""
        receipt = before.receipt
        slots = self.slots[_key_of(receipt)]
        slot = self._near(telling.booked_on, telling.kind, slots)
        if slot is None:
            slot = self._add(
                BankReceipt(
                    client=self.client, account=receipt.account, booked_on=telling.booked_on, amount=receipt.amount,
                    currency=receipt.currency, reference=receipt.reference, invoice_numbers=receipt.invoice_numbers,
                    payer=receipt.payer, text=receipt.text,
                )
            )  # fmt: skip
        slot.tellings[telling.kind] = telling
        telling.receipt = slot.receipt
        self.placed[telling.identity] = slot
        if telling.pk:
            self.moved.append(telling)

    def _new(self, line: BankLine) -> _Slot:
        return self._add(
            BankReceipt(
                client=self.client, account=line.account, booked_on=line.booked_on, value_on=line.value_on,
                amount=line.amount, currency=line.currency, reference=_reference(line.reference),
                invoice_numbers=[_kept(one, 140) for one in line.invoice_numbers[:20]],
                payer=_kept(line.payer, 300), text=_kept(line.text, 500),
            )
        )  # fmt: skip

    def _add(self, receipt: BankReceipt) -> _Slot:
        slots = self.slots[_key_of(receipt)]
        numbers = [
            one.receipt.number
            for one in slots
            if one.receipt.booked_on == receipt.booked_on and one.receipt.reference == receipt.reference
        ]
        receipt.number = max(numbers, default=0) + 1
        slot = _Slot(receipt, is_new=True)
        slots.append(slot)
        self.created.append(slot)
        return slot

    def _put(self, slot: _Slot, key: str, told: Told) -> None:
        line, receipt = told.line, slot.receipt
        telling = BankTelling(
            client=self.client, receipt=receipt, kind=line.kind, identity=key, booked_on=line.booked_on,
            lump=digest(line.kind, line.lump.key), lump_total=line.lump.total, lump_reference=line.lump.reference,
            file_name=told.file_name[:300],
        )  # fmt: skip
        slot.tellings[line.kind] = telling
        self.tellings.append(telling)
        self.placed[key] = slot
        if not slot.is_new and _learn(receipt, line):
            self.changed[receipt.pk] = receipt
        if receipt.status == ReceiptStatus.SPECIFIED and not receipt.chosen_by_id:
            # Told of anew, it may be a payment after all: it is looked at again.
            receipt.status, receipt.specified_by = ReceiptStatus.UNIDENTIFIED, ""
            self.changed[receipt.pk] = receipt

    def store(self) -> None:
        """Write it all."""
        BankReceipt.objects.for_client(self.client).bulk_create([one.receipt for one in self.created], batch_size=BATCH)
        for telling in (*self.tellings, *self.moved):
            telling.receipt_id = telling.receipt.pk
        BankTelling.objects.for_client(self.client).bulk_create(self.tellings, batch_size=BATCH)
        BankTelling.objects.for_client(self.client).bulk_update(self.moved, ["receipt"], batch_size=BATCH)
        BankReceipt.objects.for_client(self.client).bulk_update(self.changed.values(), _LEARNED, batch_size=BATCH)


def _key(line: BankLine) -> _Key:
    return line.account, line.currency, line.amount, reference_key(line.reference)


def _key_of(receipt: BankReceipt) -> _Key:
    return receipt.account, receipt.currency, receipt.amount, reference_key(receipt.reference)


def _learn(receipt: BankReceipt, line: BankLine) -> bool:
    """Fill in what no file had told yet; whether there was anything."""
    told = {
        "value_on": line.value_on, "payer": _kept(line.payer, 300), "text": _kept(line.text, 500),
        "invoice_numbers": [_kept(one, 140) for one in line.invoice_numbers[:20]],
    }  # fmt: skip
    learned = {name: value for name, value in told.items() if value and not getattr(receipt, name)}
    for name, value in learned.items():
        setattr(receipt, name, value)
    return bool(learned)


def _kept(text: str, length: int) -> str:
    return without_identity_numbers(text.replace("\0", ""))[:length]


def _reference(text: str) -> str:
    """A KID is the company's own number, and no person's, whatever it looks like."""
    return text if text.isdigit() else _kept(text, 140)


def _parts(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]
