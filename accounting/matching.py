"""Which debits and credits of one customer settle each other, where the source does not say; pure and in order.

The rule is INTERFACES «SAF-T: how it is read»: entry by entry, a debit as well as a credit, against what then stands open
on the other side: by reference, else an open item of exactly the amount, else the oldest first.
"""

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import heappop, heappush


@dataclass
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
        """What it refers to."""
        return {self.kid, self.invoice_number, self.cross_reference} - {""}


@dataclass(frozen=True)
class Found:
    """A debit and a credit, how much of each, and whether it is only assumed. `amount` is positive."""

    debit: Hashable
    credit: Hashable
    amount: Decimal
    assumed: bool


@dataclass
class _Side:
    """What stands open on one side, oldest first, found by name and by amount. Used-up items are dropped when met."""

    order: deque[Item] = field(default_factory=deque)
    by_amount: dict[Decimal, list[tuple[int, Decimal]]] = field(default_factory=lambda: defaultdict(list))  # heaps
    by_name: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    by_reference: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    position: dict[Hashable, int] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)

    def add(self, item: Item) -> None:
        self.position[item.key] = len(self.items)
        self.items.append(item)
        self.order.append(item)
        self.note_amount(item)
        for name in item.names:
            self.by_name[name].append(item)
        for name in item.refers:
            self.by_reference[name].append(item)

    def note_amount(self, item: Item) -> None:
        heappush(self.by_amount[abs(item.open_amount)], (self.position[item.key], item.open_amount))

    def referred(self, item: Item) -> list[Item]:
        """Open items that `item` refers to or that refer to it, oldest first."""
        found: dict[Hashable, Item] = {}
        for index, names in ((self.by_name, item.refers), (self.by_reference, item.names)):
            for name in names:
                alive = [one for one in index.get(name, ()) if one.open_amount]
                if name in index:
                    index[name] = alive
                found.update((one.key, one) for one in alive)
        return sorted(found.values(), key=lambda one: self.position[one.key])

    def exact(self, amount: Decimal) -> Item | None:
        """The oldest open item of exactly this amount."""
        waiting = self.by_amount.get(amount)
        while waiting:
            position, noted = waiting[0]
            if self.items[position].open_amount == noted:
                return self.items[position]
            heappop(waiting)  # its rest has changed since; it stands noted under its new amount
        return None

    def oldest(self) -> Item | None:
        while self.order and not self.order[0].open_amount:
            self.order.popleft()
        return self.order[0] if self.order else None


def match_customer(open_before: Iterable[Item], new: Iterable[Item]) -> list[Found]:
    """Matches for `new`, in its order, against `open_before` (oldest first) and among themselves.

    Both are used up as they are matched: afterwards `open_amount` is what stands open.
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
        named = other.referred(item)
        for one in named:
            _settle(item, one, other, found, assumed=False)
        if not named:
            if exact := other.exact(abs(item.open_amount)):
                _settle(item, exact, other, found, assumed=True)
            while item.open_amount and (one := other.oldest()):
                _settle(item, one, other, found, assumed=True)
        if item.open_amount:
            own.add(item)
    return found


def _settle(item: Item, one: Item, side: _Side, found: list[Found], *, assumed: bool) -> None:
    amount = min(abs(item.open_amount), abs(one.open_amount))
    if not amount:
        return
    sign = 1 if item.open_amount > 0 else -1
    item.open_amount -= amount * sign
    one.open_amount += amount * sign
    if one.open_amount:
        side.note_amount(one)
    debit, credit = (item, one) if sign > 0 else (one, item)
    found.append(Found(debit.key, credit.key, amount, assumed))
