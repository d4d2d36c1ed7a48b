"""Recognises the lump: one sum on the account whose payments another kind of file tells one by one («spesifisert i OCR»)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from access.models import Client
from accounting.imports.bank_lines import FileKind
from accounting.models import BankReceipt, BankTelling, ReceiptStatus
from accounting.services.receipt_pairing import digest

# The most detailed first: a lump is told payment by payment by a kind before its own.
_DETAIL = {kind: place for place, kind in enumerate(FileKind)}


@dataclass
class _Lump:
    """What one kind of file tells of one entry on an account."""

    kind: str
    key: str
    receipts: set[int] = field(default_factory=set)


@dataclass
class _Told:
    """Of the accounts and days in question: by receipt its kinds and the bank's references, and the lumps."""

    kinds: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    references: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_day: dict[tuple[str, str, Decimal, date], list[_Lump]] = field(default_factory=lambda: defaultdict(list))
    by_reference: dict[tuple[str, str, Decimal, str], list[_Lump]] = field(default_factory=lambda: defaultdict(list))
    of_day: dict[tuple[str, str, date], dict[str, list[Decimal]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )


def specify_lumps(client: Client, waiting: Sequence[BankReceipt]) -> tuple[int, list[BankReceipt]]:
    """Mark those of the waiting that are the sum of what a more detailed kind of file tells; how many, and which still wait.

    By the bank's reference of the entry, else by account, day and sum: of one entry, or of all that a kind tells of the
    day. Inside the client's scope, under its lock.
    """
    if not waiting:
        return 0, []
    told = _told(client, waiting)
    sums = [one for one in waiting if _least_detail(told.kinds[one.pk]) > 0]
    used = set(
        BankReceipt.objects.for_client(client)
        .filter(account__in={one.account for one in sums}, status=ReceiptStatus.SPECIFIED)
        .values_list("specified_by", flat=True)
    )
    marked = []
    # Those with nothing but their sum first, told by the fewest kinds: so a bank books a lump.
    for one in sorted(sums, key=lambda one: (one.booked_on, bool(one.payer), len(told.kinds[one.pk]), one.pk)):
        if found := _of(one, told, used):
            used.add(found)
            one.status, one.specified_by = ReceiptStatus.SPECIFIED, found
            marked.append(one)
    BankReceipt.objects.for_client(client).bulk_update(marked, ["status", "specified_by"], batch_size=2000)
    left = {one.pk for one in marked}
    return len(marked), [one for one in waiting if one.pk not in left]


def _least_detail(kinds: set[str]) -> int:
    return min((_DETAIL[FileKind(one)] for one in kinds), default=0)


def _told(client: Client, waiting: Sequence[BankReceipt]) -> _Told:
    rows = BankTelling.objects.for_client(client).filter(
        receipt__account__in={one.account for one in waiting},
        booked_on__range=(min(one.booked_on for one in waiting), max(one.booked_on for one in waiting)),
    )
    told = _Told()
    lumps: dict[tuple[str, str], _Lump] = {}
    for kind, key, day, total, reference, receipt, account, currency in rows.values_list(
        "kind", "lump", "booked_on", "lump_total", "lump_reference", "receipt_id", "receipt__account",
        "receipt__currency",
    ):  # fmt: skip
        told.kinds[receipt].add(kind)
        if reference:
            told.references[receipt].add(reference)
        if (kind, key) not in lumps:
            lump = lumps[kind, key] = _Lump(kind, key)
            told.by_day[account, currency, total, day].append(lump)
            told.by_reference[account, currency, total, reference].append(lump)
            told.of_day[account, currency, day][kind].append(total)
        lumps[kind, key].receipts.add(receipt)
    # What is waiting was perhaps told as another day's.
    missing = [one.pk for one in waiting if one.pk not in told.kinds]
    for receipt, kind in (
        BankTelling.objects.for_client(client).filter(receipt__in=missing).values_list("receipt_id", "kind")
    ):
        told.kinds[receipt].add(kind)
    return told


def _of(receipt: BankReceipt, told: _Told, used: set[str]) -> str | None:
    """What this receipt is the sum of, by its key; None for nothing that is not some other receipt's."""
    detail = _least_detail(told.kinds[receipt.pk])
    place = (receipt.account, receipt.currency)

    def free(lumps: list[_Lump]) -> str | None:
        fit = [
            one.key
            for one in lumps
            if _DETAIL[FileKind(one.kind)] < detail and receipt.pk not in one.receipts and one.key not in used
        ]
        return min(fit, default=None)

    for reference in sorted(told.references[receipt.pk]):
        if found := free(told.by_reference[(*place, receipt.amount, reference)]):
            return found
    if receipt.reference.rstrip("-").isdigit():  # a payment by KID is a lump only where the bank itself says so
        return None
    if found := free(told.by_day[(*place, receipt.amount, receipt.booked_on)]):
        return found
    for kind, totals in sorted(told.of_day[(*place, receipt.booked_on)].items()):
        key = digest("day", kind, *place, str(receipt.booked_on))
        if _DETAIL[FileKind(kind)] < detail and len(totals) > 1 and key not in used and sum(totals) == receipt.amount:
            return key
    return None
