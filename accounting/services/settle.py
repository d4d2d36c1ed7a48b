"""Makes matches between entries that are named, with the differences that come of it."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.db import transaction

from access.models import Client, User
from access.services import write_audit
from accounting.matching import ORE, ZERO
from accounting.models import How, Kind, LedgerEntry, LedgerSettings, Match
from accounting.services.locking import first_open_day
from accounting.services.undo import SMALL_DIFFERENCES, match_told, own_entry, release, tell_released, touching
from accounting.settling import Difference, NotMatchable, Side, Taken, settle_chosen, settle_pair
from accounting.signals import ledger_changed


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
    A match counts from the later of the two entry dates, or the first open day. Every pair is an act of its own. Raises
    NotMatchable.
    """
    work = _Work(client, how, assumed)
    sides = work.read({one for pair in pairs for one in pair[:2]})
    done: list[tuple[Pair, uuid.UUID]] = []
    for pair in pairs:
        debit, credit = sides[pair.debit_id], sides[pair.credit_id]
        if not (debit.open_amount and credit.open_amount):
            continue
        try:
            met = settle_pair(debit, credit, base_currency=client.base_currency, amount=pair.amount)
        except NotMatchable as fault:
            if fault.code != "closed":  # what is open of the one is worth nothing of the other
                raise
            continue
        work.begin_act(uuid.uuid4())
        work.add([met])
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
    replace_assumed: bool = False,
    actor: User,
) -> Settled:
    """Match the chosen entries of one customer with each other, as a person asks for it. Inside the client's scope.

    `amount` is a part, where exactly one debit and one credit are chosen. `difference` enters what is left over of one
    item as a rounding, bank fee or cash discount. With `replace_assumed` their matches that were only assumed are undone
    first. Raises NotMatchable, BeyondTolerance, and PeriodLocked where what is to be replaced is dated in a closed
    period. One audit line, and one more for what was replaced.
    """
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    chosen = set(entry_ids)
    if replace_assumed:
        released = release(client, Match.objects.for_client(client).filter(touching(chosen), assumed=True))
        tell_released(client, released, actor)
    work = _Work(client, How.HAND, assumed=False)
    sides = work.read(chosen)
    debits, credits = two_sides(sides.values())
    if amount is not None:
        if len(debits) != 1 or len(credits) != 1:
            raise NotMatchable("part", "a part of an amount is matched between one debit and one credit")
        work.add([settle_pair(debits[0], credits[0], base_currency=client.base_currency, amount=amount)])
    else:
        work.add(settle_chosen(debits, credits, base_currency=client.base_currency))
    if not work.taken:
        raise NotMatchable("closed", "nothing is open of one of the two")
    if difference is not None:
        work.add_small_difference([*debits, *credits], difference)
    settled = work.store()
    write_audit(action="ledger.matched", client=client, actor=actor, details=_told(settled, work.names))
    ledger_changed.send(sender=None, client=client)
    return settled


def two_sides(sides: Iterable[Side]) -> tuple[list[Side], list[Side]]:
    """The chosen debits and credits. Raises NotMatchable where they cannot be matched with each other."""
    chosen = list(sides)
    if len({one.customer_id for one in chosen}) > 1:
        raise NotMatchable("customers", "items of two customers cannot be matched")
    if any(not one.open_amount for one in chosen):
        raise NotMatchable("closed", "of one that is chosen nothing is open any more")
    debits = [one for one in chosen if one.is_debit]
    credits = [one for one in chosen if not one.is_debit]
    if not debits or not credits:
        raise NotMatchable("sides", "choose at least one debit and one credit")
    return debits, credits


def settings_of(client: Client) -> LedgerSettings:
    """The company's choices, the defaults where it has made none. Inside the client's scope."""
    return LedgerSettings.objects.for_client(client).first() or LedgerSettings(client=client)


def most_difference(chosen: LedgerSettings, kind: Kind, side: Side) -> Decimal:
    """How much may be left over of this item as this kind, in the client's currency.

    A fee or a discount is what a debit lacks; more paid than owed is neither.
    """
    if kind == Kind.ROUNDING:
        return chosen.rounding_tolerance
    if not side.is_debit:
        return ZERO
    if kind == Kind.BANK_FEE:
        return chosen.bank_fee_tolerance
    return (side.amount * chosen.cash_discount_percent / 100).quantize(ORE, ROUND_HALF_UP)


def side_of(entry: LedgerEntry) -> Side:
    """The entry as settling sees it."""
    return Side(
        pk=entry.pk, customer_id=entry.customer_id, entry_date=entry.entry_date, currency=entry.currency,
        is_debit=entry.amount > 0, amount=abs(entry.amount), currency_amount=abs(entry.currency_amount),
        open_amount=abs(entry.open_amount), open_currency_amount=abs(entry.open_currency_amount),
    )  # fmt: skip


class _Work:
    """Entries under lock, what was taken of them so far, and the rows to be written for it."""

    def __init__(self, client: Client, how: How, assumed: bool) -> None:
        self.client, self.how, self.assumed = client, how, assumed
        self.first_open = first_open_day(client)
        self.settled = Settled(uuid.uuid4())
        self.sides: dict[int, Side] = {}
        self.names: dict[int, str] = {}
        self.entry_dates: dict[int, date] = {}
        self.taken: list[tuple[Taken, How, uuid.UUID | None, uuid.UUID]] = []
        self._tolerance: Decimal | None = None

    def begin_act(self, act: uuid.UUID) -> None:
        """What is noted from here on bears this act."""
        self.settled.act = act

    def read(self, entry_ids: set[int]) -> dict[int, Side]:
        """The entries, locked in the order of their keys. Raises NotMatchable where one is not this client's."""
        rows = LedgerEntry.objects.for_client(self.client).select_for_update().filter(pk__in=entry_ids).order_by("pk")
        for one in rows:
            self.entry_dates[one.pk], self.names[one.pk] = one.entry_date, one.entry_id
            self.sides[one.pk] = side_of(one)
        if missing := entry_ids - self.sides.keys():
            raise NotMatchable("unknown", f"entry {min(missing)} is not in these books")
        return self.sides

    def add(self, met: Iterable[tuple[Taken, Difference | None]]) -> None:
        """Note matches that were reckoned, each with what the rates left of it, dated as the match."""
        for taken, difference in met:
            pair = uuid.uuid4() if difference else None
            self.taken.append((taken, self.how, pair, self.settled.act))
            if difference:
                day = self._day(taken.debit, taken.credit)
                self._enter(difference.side, difference.amount, Kind.EXCHANGE_DIFFERENCE, ZERO, day, pair)

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
        self._enter(side, amount, Kind.ROUNDING, in_currency, self._day(debit.pk, credit.pk), None)

    def add_small_difference(self, chosen: list[Side], kind: Kind) -> None:
        """Enter what is left over of the one item that is not closed. Raises NotMatchable, BeyondTolerance."""
        if kind not in SMALL_DIFFERENCES:
            raise NotMatchable("kind", f"{kind} is no small difference")
        left = [one for one in chosen if one.open_amount]
        if len(left) != 1:
            raise NotMatchable("difference", "a difference is entered where exactly one item is not closed")
        side = left[0]
        most = most_difference(settings_of(self.client), kind, side)
        if side.open_amount > most:
            raise BeyondTolerance(side.open_amount, most)
        # From the day on which nothing else is open of it.
        met = [one for one, *_ in self.taken if side.pk in one[:2]] or [one for one, *_ in self.taken]
        amount, in_currency = side.open_amount, side.open_currency_amount
        side.take(amount, in_currency)
        day = self._day(*(key for one in met for key in one[:2]))
        self._enter(side, amount, kind, in_currency, day, None)

    def store(self) -> Settled:
        """Write the matches; the trigger keeps what is open."""
        rows = [
            Match(
                client=self.client, debit_id=one.debit, credit_id=one.credit, amount=one.amount,
                debit_currency_amount=one.debit_share, credit_currency_amount=one.credit_share,
                matched_on=self._day(one.debit, one.credit), assumed=self.assumed, how=how, act=act, pair=pair,
            )
            for one, how, pair, act in self.taken
        ]  # fmt: skip
        self.settled.matches = Match.objects.for_client(self.client).bulk_create(rows)
        return self.settled

    def _day(self, *entries: int) -> date:
        return max(self.first_open, *(self.entry_dates[one] for one in entries))

    def _enter(
        self, side: Side, amount: Decimal, kind: Kind, in_currency: Decimal, day: date, pair: uuid.UUID | None
    ) -> None:
        """An entry on the other side of the item, matched with it."""
        sign = -1 if side.is_debit else 1
        day = max(day, self.entry_dates[side.pk])
        entry = own_entry(
            self.client, side.customer_id, kind, day, sign * amount, side.currency, sign * in_currency,
            f"settles {self.names[side.pk]}",
        )  # fmt: skip
        self.entry_dates[entry.pk], self.names[entry.pk] = day, entry.entry_id
        self.settled.differences.append(entry)
        debit, credit = (side.pk, entry.pk) if side.is_debit else (entry.pk, side.pk)
        self.taken.append(
            (Taken(debit, credit, amount, in_currency, in_currency), How.DIFFERENCE, pair, self.settled.act)
        )


def _told(settled: Settled, names: dict[int, str]) -> dict[str, Any]:
    return {
        "act": str(settled.act),
        "matches": [match_told(one, names) for one in settled.matches],
        "differences": [[one.entry_id, str(one.kind), str(one.amount)] for one in settled.differences],
    }
