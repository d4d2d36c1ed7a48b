"""Which debits and credits of one customer settle each other, where the source does not say; pure and in order.

The rule is INTERFACES «SAF-T: how it is read»: entry by entry, a debit as well as a credit, against what then stands open
on the other side: by reference, else an open item of exactly the amount, else the oldest first.
"""

import heapq
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

ORE = Decimal("0.01")
ZERO = Decimal("0.00")


@dataclass(eq=False)
class Item:
    """An entry as matching sees it. `open_amount` signed, debits positive, in the client's currency; it is used up here."""

    key: Hashable
    open_amount: Decimal
    kid: str = ""
    invoice_number: str = ""
    cross_reference: str = ""

    @property
    def names(self) -> set[str]:
        """What it can be referred to by."""
        return {self.kid, self.invoice_number} - {""}

    @property
    def refers(self) -> set[str]:
        """What it refers to; what it is called itself is among it, for two lines with one reference belong together."""
        return {self.kid, self.invoice_number, self.cross_reference} - {""}


@dataclass(frozen=True)
class Found:
    """A debit and a credit, how much of each, and whether it is only assumed. `amount` is positive."""

    debit: Hashable
    credit: Hashable
    amount: Decimal
    assumed: bool


# Its place in the order of age, and the item.
_Placed = tuple[int, Item]


@dataclass
class _Side:
    """What stands open on one side, found by age, by amount and by name. Used-up items are dropped when they are met.

    Every index gives its oldest first, so that each item leaves each of them once: nothing here is quadratic.
    """

    count: int = 0
    by_age: deque[_Placed] = field(default_factory=deque)
    # Heaps: what is left of an old item comes to its new amount after younger ones, and still goes first.
    by_amount: dict[Decimal, list[_Placed]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[str, deque[_Placed]] = field(default_factory=lambda: defaultdict(deque))
    by_reference: dict[str, deque[_Placed]] = field(default_factory=lambda: defaultdict(deque))

    def add(self, item: Item) -> None:
        placed = (self.count, item)
        self.count += 1
        self.by_age.append(placed)
        self.note_amount(placed)
        for name in item.names:
            self.by_name[name].append(placed)
        for name in item.refers:
            self.by_reference[name].append(placed)

    def note_amount(self, placed: _Placed) -> None:
        heapq.heappush(self.by_amount[abs(placed[1].open_amount)], placed)

    def referred(self, item: Item) -> _Placed | None:
        """The oldest open item that `item` refers to or that refers to it."""
        found: list[_Placed] = []
        for index, names in ((self.by_name, item.refers), (self.by_reference, item.names)):
            for name in names:
                if name in index and (placed := _oldest(index[name])):
                    found.append(placed)
        return min(found, key=lambda placed: placed[0], default=None)

    def exact(self, amount: Decimal) -> _Placed | None:
        """The oldest open item of exactly this amount."""
        waiting = self.by_amount.get(amount)
        while waiting:
            if abs(waiting[0][1].open_amount) == amount:
                return waiting[0]
            heapq.heappop(waiting)  # less is left of it since; it stands noted under that
        return None

    def oldest(self) -> _Placed | None:
        return _oldest(self.by_age)


def match_customer(open_before: Iterable[Item], new: Iterable[Item]) -> list[Found]:
    """Matches for `new`, in its order, against `open_before` (oldest first) and among themselves.

    Both are used up as they are matched: afterwards `open_amount` is what stands open. What is left of an item that
    found something by reference stays open: it said what it was for. Going on from what one call left open gives the
    same as one call with everything.
    """
    debits, credits = _Side(), _Side()
    for item in open_before:
        if item.open_amount:
            (debits if item.open_amount > 0 else credits).add(item)
    found: list[Found] = []
    for item in new:
        if not item.open_amount:
            continue
        own, other = (debits, credits) if item.open_amount > 0 else (credits, debits)
        if placed := other.referred(item):
            while item.open_amount and placed:
                found.append(_settle(item, placed, other, assumed=False))
                placed = other.referred(item)
        elif placed := other.exact(abs(item.open_amount)):
            found.append(_settle(item, placed, other, assumed=True))
        else:
            while item.open_amount and (placed := other.oldest()):
                found.append(_settle(item, placed, other, assumed=True))
        if item.open_amount:
            own.add(item)
    return found


def currency_share(
    *, matched: Decimal, amount: Decimal, currency_amount: Decimal, left: Decimal, last: bool
) -> Decimal:
    """How much of an entry's amount in its own currency a match of `matched` takes: pro rata, half up, never beyond `left`.

    All are positive; `amount` and `matched` in the client's currency, the others in the entry's. The last match takes the
    rest (INTERFACES: «Ledger CSV»).
    """
    if last:
        return left
    return min((currency_amount * matched / amount).quantize(ORE, ROUND_HALF_UP), left)


def _oldest(queue: deque[_Placed]) -> _Placed | None:
    while queue and not queue[0][1].open_amount:
        queue.popleft()
    return queue[0] if queue else None


def _settle(item: Item, placed: _Placed, side: _Side, *, assumed: bool) -> Found:
    one = placed[1]
    amount = min(abs(item.open_amount), abs(one.open_amount))
    sign = 1 if item.open_amount > 0 else -1
    item.open_amount -= amount * sign
    one.open_amount += amount * sign
    if one.open_amount:
        side.note_amount(placed)
    debit, credit = (item, one) if sign > 0 else (one, item)
    return Found(debit.key, credit.key, amount, assumed)
