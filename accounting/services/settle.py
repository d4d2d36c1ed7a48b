"""Makes matches between entries that are named, with the differences that come of it, and undoes them."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from access.models import Client, User
from access.services import write_audit
from accounting.matching import ZERO
from accounting.models import How, Kind, LedgerEntry, LedgerSettings, Match, Source
from accounting.services.locking import PeriodLocked, first_open_day, locked_through
from accounting.settling import Difference, NotMatchable, Side, Taken, settle_chosen, settle_pair
from accounting.signals import ledger_changed

# What a person may call a small difference, and the choice of the company that bounds it.
SMALL_DIFFERENCES = (Kind.ROUNDING, Kind.BANK_FEE, Kind.CASH_DISCOUNT)
DIFFERENCES = (*SMALL_DIFFERENCES, Kind.EXCHANGE_DIFFERENCE)


class Pair(NamedTuple):
    """A debit and a credit to be matched, for `amount` (in their common foreign currency, else the client's) or for all.

    `round_off`: what is left over of one of them in the end becomes a rounding, where the company calls it that small.
    """

    debit_id: int
    credit_id: int
    amount: Decimal | None = None
    round_off: bool = False


@dataclass
class Settled:
    """What was done: the act (of an import the last pair's), the matches, and the entries made for differences."""

    act: uuid.UUID
    matches: list[Match] = field(default_factory=list)
    differences: list[LedgerEntry] = field(default_factory=list)


class BeyondTolerance(Exception):
    """What is left over is more than the company calls a small difference. `left` and `most` in the client's currency."""

    def __init__(self, left: Decimal, most: Decimal) -> None:
        super().__init__(f"{left} is left over, at most {most} is a small difference")
        self.left, self.most = left, most


def settle(*, client: Client, pairs: Sequence[Pair], how: How, assumed: bool = False) -> Settled:
    """Match each pair in turn, as far as both are open; for imports, which write the audit line and send the signal.

    Inside the client's scope and a transaction that holds the client's row. What is used up meanwhile is passed over.
    A match counts from the later of the two entry dates, or the first open day. Every pair is an act of its own: undone
    by itself, with its differences. Raises NotMatchable.
    """
    work = _Work(client, how, assumed)
    sides = work.read({one for pair in pairs for one in pair[:2]})
    done: list[tuple[Pair, uuid.UUID]] = []
    for pair in pairs:
        debit, credit = sides[pair.debit_id], sides[pair.credit_id]
        if not (debit.open_amount and credit.open_amount):
            continue
        work.begin_act()
        taken, difference = settle_pair(debit, credit, base_currency=client.base_currency, amount=pair.amount)
        work.add([taken], [difference] if difference else [])
        done.append((pair, work.settled.act))
    # Not before all are matched: what is left of one pair may be what another one pays.
    for pair, act in done:
        if pair.round_off:
            work.round_off(sides[pair.debit_id], sides[pair.credit_id], act)
    return work.store()


@transaction.atomic
def match_entries(
    *,
    client: Client,
    entry_ids: Iterable[int],
    amount: Decimal | None = None,
    difference: Kind | None = None,
    actor: User,
) -> Settled:
    """Match the chosen entries of one customer with each other, as a person asks for it. Inside the client's scope.

    `amount` is a part, where exactly one debit and one credit are chosen. `difference` enters what is left over of one
    item as a rounding, bank fee or cash discount. Raises NotMatchable, BeyondTolerance. One audit line.
    """
    Client.objects.select_for_update().get(pk=client.pk)
    work = _Work(client, How.HAND, assumed=False)
    sides = work.read(set(entry_ids))
    debits = [one for one in sides.values() if one.is_debit and one.open_amount]
    credits = [one for one in sides.values() if not one.is_debit and one.open_amount]
    if not debits or not credits:
        raise NotMatchable("sides", "choose at least one debit and one credit that are open")
    if len({one.customer_id for one in sides.values()}) > 1:
        raise NotMatchable("customers", "items of two customers cannot be matched")
    if amount is not None:
        if len(debits) != 1 or len(credits) != 1:
            raise NotMatchable("part", "a part of an amount is matched between one debit and one credit")
        taken, rated = settle_pair(debits[0], credits[0], base_currency=client.base_currency, amount=amount)
        work.add([taken], [rated] if rated else [])
    else:
        work.add(*settle_chosen(debits, credits, base_currency=client.base_currency))
    if difference is not None:
        work.add_small_difference([*debits, *credits], difference)
    settled = work.store()
    write_audit(action="ledger.matched", client=client, actor=actor, details=_told(settled, work.names))
    ledger_changed.send(sender=None, client=client)
    return settled


@transaction.atomic
def undo_matches(*, client: Client, entry_id: int, with_id: int | None = None, actor: User) -> int:
    """Undo all matches of this entry, or those with one other; how many. Inside the client's scope.

    A difference that was entered for one of them is taken back by its opposite of the same day. So every figure of every
    report is, on every date, what it was before the match. Raises PeriodLocked where one is dated in a closed period.
    """
    Client.objects.select_for_update().get(pk=client.pk)
    details = unmatch(client, entry_id, with_id)
    if details:
        write_audit(action="ledger.unmatched", client=client, actor=actor, details=details)
        ledger_changed.send(sender=None, client=client)
    return len(details.get("matches", ()))


def unmatch(client: Client, entry_id: int, with_id: int | None = None) -> dict[str, Any]:
    """As undo_matches, for a service that holds the client's row and writes the audit line; what is to stand there."""
    rows = Match.objects.for_client(client)
    chosen = rows.filter(Q(debit_id=entry_id) | Q(credit_id=entry_id))
    if with_id is not None:
        chosen = chosen.filter(Q(debit_id=with_id) | Q(credit_id=with_id))
    found = {one.pk: one for one in chosen}
    entered = _differences_of(client, {one.act for one in found.values() if one.act})
    for one in rows.filter(Q(debit__in=entered) | Q(credit__in=entered)):
        found[one.pk] = one
    if not found:
        return {}
    if (
        LedgerEntry.objects.for_client(client)
        .filter(Q(reverses=entry_id) | Q(pk=entry_id, reverses__isnull=False))
        .exists()
    ):
        raise NotMatchable("taken_back", "a difference that was taken back stays so")
    locked = locked_through(client)
    if locked and any(one.matched_on <= locked for one in found.values()):
        raise PeriodLocked(locked)
    names = _entry_names(client, {key for one in found.values() for key in (one.debit_id, one.credit_id)})
    rows.filter(pk__in=found).delete()
    for one in entered:
        take_back(client, one)
    return {
        "matches": [_match_told(one, names) for one in found.values()],
        "taken_back": [one.entry_id for one in entered],
    }


def settings_of(client: Client) -> LedgerSettings:
    """The company's choices, the defaults where it has made none. Inside the client's scope."""
    return LedgerSettings.objects.for_client(client).first() or LedgerSettings(client=client)


def most_difference(client: Client, kind: Kind, of: Decimal) -> Decimal:
    """How much may be left over as this kind, in the client's currency; `of` is the item's whole amount there."""
    chosen = settings_of(client)
    if kind == Kind.ROUNDING:
        return chosen.rounding_tolerance
    if kind == Kind.BANK_FEE:
        return chosen.bank_fee_tolerance
    return (of * chosen.cash_discount_percent / 100).quantize(Decimal("0.01"))


class _Work:
    """Entries under lock, what was taken of them so far, and the rows to be written for it."""

    def __init__(self, client: Client, how: How, assumed: bool) -> None:
        self.client, self.how, self.assumed = client, how, assumed
        self.first_open = first_open_day(client)
        self.settled = Settled(uuid.uuid4())
        self.sides: dict[int, Side] = {}
        self.names: dict[int, str] = {}
        self.entry_dates: dict[int, date] = {}
        self.taken: list[tuple[Taken, How, uuid.UUID]] = []
        self._tolerance: Decimal | None = None

    def begin_act(self, act: uuid.UUID | None = None) -> None:
        """What is noted from here on is undone apart from what was noted before."""
        self.settled.act = act or uuid.uuid4()

    def read(self, entry_ids: set[int]) -> dict[int, Side]:
        """The entries, locked in the order of their keys. Raises NotMatchable where one is not this client's."""
        rows = LedgerEntry.objects.for_client(self.client).select_for_update().filter(pk__in=entry_ids).order_by("pk")
        for one in rows:
            self.entry_dates[one.pk], self.names[one.pk] = one.entry_date, one.entry_id
            self.sides[one.pk] = Side(
                pk=one.pk, customer_id=one.customer_id, entry_date=one.entry_date, currency=one.currency,
                is_debit=one.amount > 0, amount=abs(one.amount), currency_amount=abs(one.currency_amount),
                open_amount=abs(one.open_amount), open_currency_amount=abs(one.open_currency_amount),
            )  # fmt: skip
        if missing := entry_ids - self.sides.keys():
            raise NotMatchable("unknown", f"entry {min(missing)} is not in these books")
        return self.sides

    def add(self, taken: list[Taken], differences: list[Difference]) -> None:
        """Note matches that were reckoned, and enter what the rates left."""
        self.taken += [(one, self.how, self.settled.act) for one in taken]
        for side, amount in differences:
            met = next(one for one in reversed(self.taken) if side.pk in one[0][:2])[0]
            self._enter(side, amount, Kind.EXCHANGE_DIFFERENCE, ZERO, self._day(met.debit, met.credit))

    def round_off(self, debit: Side, credit: Side, act: uuid.UUID) -> None:
        """Enter as a rounding what is left over of one of the two, if it is that small; in their act."""
        left = [one for one in (debit, credit) if one.open_amount]
        if self._tolerance is None:
            self._tolerance = settings_of(self.client).rounding_tolerance
        if len(left) != 1 or left[0].open_amount > self._tolerance:
            return
        side = left[0]
        amount, in_currency = side.open_amount, side.open_currency_amount
        side.take(amount, in_currency)
        self.begin_act(act)
        self._enter(side, amount, Kind.ROUNDING, in_currency, self._day(debit.pk, credit.pk))

    def add_small_difference(self, chosen: list[Side], kind: Kind) -> None:
        """Enter what is left over of the one item that is not closed. Raises NotMatchable, BeyondTolerance."""
        if kind not in SMALL_DIFFERENCES:
            raise NotMatchable("kind", f"{kind} is no small difference")
        left = [one for one in chosen if one.open_amount]
        if len(left) != 1:
            raise NotMatchable("difference", "a difference is entered where exactly one item is not closed")
        side = left[0]
        most = most_difference(self.client, kind, side.amount)
        if side.open_amount > most:
            raise BeyondTolerance(side.open_amount, most)
        met = [key for one, *_ in self.taken for key in one[:2]]
        amount, in_currency = side.open_amount, side.open_currency_amount
        side.take(amount, in_currency)
        self._enter(side, amount, kind, in_currency, self._day(*met))

    def store(self) -> Settled:
        """Write the matches; the trigger keeps what is open."""
        rows = [
            Match(
                client=self.client, debit_id=one.debit, credit_id=one.credit, amount=one.amount,
                debit_currency_amount=one.debit_share, credit_currency_amount=one.credit_share,
                matched_on=self._day(one.debit, one.credit), assumed=self.assumed, how=how, act=act,
            )
            for one, how, act in self.taken
        ]  # fmt: skip
        self.settled.matches = Match.objects.for_client(self.client).bulk_create(rows)
        return self.settled

    def _day(self, *entries: int) -> date:
        return max(self.first_open, *(self.entry_dates[one] for one in entries))

    def _enter(self, side: Side, amount: Decimal, kind: Kind, in_currency: Decimal, day: date) -> None:
        """An entry on the other side of the item, matched with it."""
        sign = -1 if side.is_debit else 1
        entry = _own_entry(
            self.client, side.customer_id, kind, day, sign * amount, side.currency, sign * in_currency,
            f"settles {self.names[side.pk]}",
        )  # fmt: skip
        self.entry_dates[entry.pk], self.names[entry.pk] = day, entry.entry_id
        self.settled.differences.append(entry)
        debit, credit = (side.pk, entry.pk) if side.is_debit else (entry.pk, side.pk)
        share = Taken(debit, credit, amount, in_currency, in_currency)
        self.taken.append((share, How.DIFFERENCE, self.settled.act))


def _own_entry(
    client: Client, customer_id: int, kind: Kind, day: date, amount: Decimal, currency: str, in_currency: Decimal,
    description: str, reverses: LedgerEntry | None = None,
) -> LedgerEntry:  # fmt: skip
    return LedgerEntry.objects.for_client(client).create(
        customer_id=customer_id, entry_id=f"own:{uuid.uuid4()}", source=Source.OWN, kind=kind, entry_date=day,
        amount=amount, open_amount=amount, currency=currency, currency_amount=in_currency,
        open_currency_amount=in_currency, description=description[:300], reverses=reverses,
        registered_at=timezone.now(),
    )  # fmt: skip


def _differences_of(client: Client, acts: set[uuid.UUID]) -> list[LedgerEntry]:
    """The entries that were made for differences in these acts and still stand."""
    if not acts:
        return []
    in_act = Match.objects.for_client(client).filter(act__in=acts, how=How.DIFFERENCE)
    keys = {key for one in in_act for key in (one.debit_id, one.credit_id)}
    # The other side of such a match may be an item that was made here too, and is no difference.
    rows = LedgerEntry.objects.for_client(client).filter(pk__in=keys, source=Source.OWN, kind__in=DIFFERENCES)
    return list(rows.filter(reverses__isnull=True, reversed_by__isnull=True).order_by("pk"))


def take_back(client: Client, entry: LedgerEntry) -> None:
    """The opposite entry of the same day, matched with it: neither is open on any day. The entry stands unmatched."""
    opposite = _own_entry(
        client, entry.customer_id, Kind(entry.kind), entry.entry_date, -entry.amount, entry.currency,
        -entry.currency_amount, f"takes back {entry.entry_id}", entry,
    )  # fmt: skip
    debit, credit = (entry, opposite) if entry.amount > 0 else (opposite, entry)
    Match.objects.for_client(client).create(
        debit=debit, credit=credit, amount=abs(entry.amount), debit_currency_amount=abs(entry.currency_amount),
        credit_currency_amount=abs(entry.currency_amount), matched_on=entry.entry_date, how=How.DIFFERENCE,
    )  # fmt: skip


def _entry_names(client: Client, keys: set[int]) -> dict[int, str]:
    return dict(LedgerEntry.objects.for_client(client).filter(pk__in=keys).values_list("pk", "entry_id"))


def _match_told(one: Match, names: dict[int, str]) -> list[str]:
    return [names[one.debit_id], names[one.credit_id], str(one.amount), str(one.matched_on)]


def _told(settled: Settled, names: dict[int, str]) -> dict[str, Any]:
    return {
        "act": str(settled.act),
        "matches": [_match_told(one, names) for one in settled.matches],
        "differences": [[one.entry_id, str(one.kind), str(one.amount)] for one in settled.differences],
    }
