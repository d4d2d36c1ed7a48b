"""Writes what a SAF-T file says: customers, entries and control accounts' movements, in bulk, and only what is new."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max, Min, Sum
from django.utils import timezone

from access.models import Client
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_file import Header
from accounting.models import ControlAccountMovement, Customer, HeldPeriod, LedgerEntry

BATCH = 2000
ZERO = Decimal("0.00")
DAY = timedelta(days=1)

Movements = dict[tuple[str, date], Decimal]


@dataclass(frozen=True)
class Coverage:
    """What is held already, and how a file's period stands to it. Inclusive dates, as stored (moved)."""

    start: date
    end: date
    held_first: date | None
    held_last: date | None

    @property
    def is_first(self) -> bool:
        """The company's first file: the only one whose opening balances become entries."""
        return self.held_first is None

    @property
    def overlaps(self) -> bool:
        """Days of the file are held already."""
        return self.held_last is not None and self.start <= self.held_last

    @property
    def extends(self) -> bool:
        """The file brings days that are not held."""
        return self.held_last is None or self.end > self.held_last


def coverage(client: Client, header: Header, shift: timedelta) -> Coverage:
    """The file's period beside those held. Raises ImportRefused at a gap, and before the first period held."""
    start, end = header.start + shift, header.end + shift
    held = HeldPeriod.objects.for_client(client).aggregate(first=Min("start"), last=Max("end"))
    first, last = held["first"], held["last"]
    if first is not None and start < first:
        told = f"the file begins {start}, before the first period that is held ({first}): older periods cannot be added"
        raise ImportRefused(told, header.line)
    if last is not None and start > last + DAY:
        raise ImportRefused(f"the period {last + DAY} to {start - DAY} is missing: import it first", header.line)
    return Coverage(start, end, first, last)


def hold_period(client: Client, covered: Coverage, file_name: str) -> None:
    """Note that the period is held, where the file brings days that were not."""
    if covered.extends:
        HeldPeriod.objects.for_client(client).create(start=covered.start, end=covered.end, file_name=file_name[:300])


class Customers:
    """The company's customers by number, created and updated as a file names them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.keys: dict[str, int] = {}
        self.counts = {"created": 0, "updated": 0, "unchanged": 0}
        self._seen: set[str] = set()

    def store(self, given: Iterable[dict[str, Any]], *, update: bool) -> None:
        """Create those not held; with `update` the others take what the file says, without it they stay as they are."""
        held = {one.number: one for one in Customer.objects.for_client(self.client)}
        new, changed = [], []
        names: set[str] = set()
        for values in given:
            self._seen.add(values["number"])
            one = held.get(values["number"])
            if one is None:
                new.append(Customer(**values))
            elif update and any(getattr(one, name) != value for name, value in values.items()):
                for name, value in values.items():
                    setattr(one, name, value)
                one.changed_at = timezone.now()
                changed.append(one)
                names |= values.keys() - {"number"}
            else:
                self.counts["unchanged"] += 1
        self._create(new)
        if changed:
            rows = Customer.objects.for_client(self.client)
            rows.bulk_update(changed, [*sorted(names), "changed_at"], batch_size=BATCH)
        self.counts["updated"] += len(changed)
        self.keys |= {number: one.pk for number, one in held.items()}

    def add_unknown(self, numbers: Iterable[str]) -> None:
        """Those whom only lines name: created under their number where not held."""
        unseen = dict.fromkeys(number for number in numbers if number not in self._seen)
        self._seen |= unseen.keys()
        self.counts["unchanged"] += sum(number in self.keys for number in unseen)
        self._create([Customer(number=number, name=number) for number in unseen if number not in self.keys])

    def _create(self, new: list[Customer]) -> None:
        Customer.objects.for_client(self.client).bulk_create(new, batch_size=BATCH)
        self.counts["created"] += len(new)
        self.keys |= {one.number: one.pk for one in new}


def store_entries(client: Client, entries: list[LedgerEntry], lines: list[int]) -> set[str]:
    """Save what is not held, in this order; the ids of those held already.

    `lines` are the entries' lines in the file. Raises ImportRefused where a held one has another amount, account,
    customer or date (INTERFACES: posted books do not change).
    """
    wanted = [one.entry_id for one in entries]
    held = {
        row["entry_id"]: row
        for row in LedgerEntry.objects.for_client(client)
        .filter(entry_id__in=wanted)
        .values("entry_id", "amount", "account", "customer_id", "entry_date", "customer__number")
    }
    for entry, line in zip(entries, lines, strict=True):
        if row := held.get(entry.entry_id):
            _refuse_changed(entry, row, line)
    LedgerEntry.objects.for_client(client).bulk_create([one for one in entries if one.entry_id not in held])
    return set(held)


def _refuse_changed(entry: LedgerEntry, row: dict[str, Any], line: int) -> None:
    for name, word in (
        ("amount", "amount"),
        ("account", "account"),
        ("customer_id", "customer"),
        ("entry_date", "date"),
    ):
        if row[name] != getattr(entry, name):
            was = row["customer__number"] if name == "customer_id" else row[name]
            told = (
                f"{entry.entry_id} is held with another {word} ({was}): posted books do not change, "
                "so correct it by a new voucher and export anew"
            )
            raise ImportRefused(told, line)


def balances(client: Client, day: date) -> dict[str, Decimal]:
    """What each customer owes at the end of `day`, by number, in the client's currency."""
    found = LedgerEntry.objects.for_client(client).filter(entry_date__lte=day).values("customer__number")
    return {one["customer__number"]: one["total"] for one in found.annotate(total=Sum("amount")).order_by()}


def opening_ids(client: Client, wanted: list[str]) -> int:
    """How many of these opening balances are held as entries."""
    return sum(
        LedgerEntry.objects.for_client(client).filter(entry_id__in=wanted[at : at + BATCH]).count()
        for at in range(0, len(wanted), BATCH)
    )


def followed_accounts(client: Client) -> frozenset[str]:
    """The control accounts whose movements are held."""
    rows = ControlAccountMovement.objects.for_client(client).values_list("account", flat=True)
    return frozenset(rows.order_by().distinct())


def store_movements(
    client: Client, covered: Coverage, movements: Movements, openings: dict[str, Decimal], followed: frozenset[str]
) -> None:
    """Store what the control accounts moved. `openings`: the file's opening balance of each account it can be known of.

    Of an account not yet followed the opening balance stands on the day before the file. Where days overlap, only those
    not yet held are taken, and they replace a stray line dated there; where the file joins on, its lines are all new and
    add to what is held.
    """
    if not covered.extends:
        return
    rows = ControlAccountMovement.objects.for_client(client)
    new: Movements = {}
    for account, amount in openings.items():
        if account not in followed:
            new[account, covered.start - DAY] = amount
    for (account, day), amount in movements.items():
        if account in followed and covered.overlaps and covered.held_last is not None and day <= covered.held_last:
            continue
        if account in followed or account in openings:
            new[account, day] = new.get((account, day), ZERO) + amount
    if covered.overlaps:
        rows.filter(account__in=followed, day__gt=covered.held_last).delete()
    else:
        days = {day for _, day in new}
        for one in rows.filter(account__in=followed, day__in=days):
            new[one.account, one.day] = new.get((one.account, one.day), ZERO) + one.amount
        rows.filter(account__in=followed, day__in=days).delete()
    rows.bulk_create(
        [ControlAccountMovement(account=account, day=day, amount=amount) for (account, day), amount in new.items()],
        batch_size=BATCH,
    )
