"""What two items take of each other when they are matched, in both their currencies; pure.

INTERFACES «Ledger CSV» (pro rata, half up, the last match takes the rest) for items in different currencies. Two items in
one foreign currency are matched in that currency: what the rates make of it in the client's own is an exchange difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from accounting.matching import ORE, ZERO, currency_share


class NotMatchable(Exception):
    """These items cannot settle each other. `code` says why, in one word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Side:
    """An item and what is still open of it, all amounts positive; used up as it is matched."""

    pk: int
    customer_id: int
    entry_date: date
    currency: str
    is_debit: bool
    amount: Decimal
    currency_amount: Decimal
    open_amount: Decimal
    open_currency_amount: Decimal

    def take(self, base: Decimal, currency: Decimal) -> None:
        """Less is open by this."""
        self.open_amount -= base
        self.open_currency_amount -= currency


class Taken(NamedTuple):
    """One match: `amount` in the client's currency, each side's share in its own. Positive."""

    debit: int
    credit: int
    amount: Decimal
    debit_share: Decimal
    credit_share: Decimal


class Difference(NamedTuple):
    """What the rates leave of one item: to be entered on its other side and matched with it. Positive."""

    side: Side
    amount: Decimal


def settle_pair(
    debit: Side, credit: Side, *, base_currency: str, amount: Decimal | None = None
) -> tuple[Taken, Difference | None]:
    """Match the two for `amount`, or for as much as is open of both, and use it up of them.

    `amount` is in their common currency where it is a foreign one, else in the client's. Raises NotMatchable.
    """
    if debit.customer_id != credit.customer_id:
        raise NotMatchable("customers", "items of two customers cannot be matched")
    if not debit.is_debit or credit.is_debit:
        raise NotMatchable("sides", "a debit is matched with a credit")
    in_one = debit.currency == credit.currency != base_currency
    # What other books left open in the client's currency alone can be settled there only.
    if in_one and debit.open_currency_amount and credit.open_currency_amount:
        return _in_their_currency(debit, credit, amount)
    return _in_base(debit, credit, amount), None


def settle_chosen(
    debits: Sequence[Side], credits: Sequence[Side], *, base_currency: str
) -> list[tuple[Taken, Difference | None]]:
    """Match the chosen items of one customer with each other, the oldest first, for all that is open of them.

    Items in one currency meet before items in different ones. Each match with the difference that it left. Two of which
    the smaller is worth nothing pass each other by. Raises NotMatchable.
    """
    met: list[tuple[Taken, Difference | None]] = []
    for same_currency in (True, False):
        for debit in sorted(debits, key=_age):
            for credit in sorted(credits, key=_age):
                if debit.open_amount and credit.open_amount and (debit.currency == credit.currency) is same_currency:
                    try:
                        met.append(settle_pair(debit, credit, base_currency=base_currency))
                    except NotMatchable as fault:
                        if fault.code != "closed":
                            raise
    return met


def _in_base(debit: Side, credit: Side, amount: Decimal | None) -> Taken:
    met = min(debit.open_amount, credit.open_amount)
    if amount is not None:
        met = _within(amount, met)
    if met <= ZERO:
        raise NotMatchable("closed", "nothing is open of one of the two")
    shares = [_share(side, met) for side in (debit, credit)]
    debit.take(met, shares[0])
    credit.take(met, shares[1])
    return Taken(debit.pk, credit.pk, met, *shares)


def _share(side: Side, met: Decimal) -> Decimal:
    return currency_share(
        matched=met, amount=side.amount, currency_amount=side.currency_amount, left=side.open_currency_amount,
        last=met == side.open_amount,
    )  # fmt: skip


def _in_their_currency(debit: Side, credit: Side, amount: Decimal | None) -> tuple[Taken, Difference | None]:
    met = min(debit.open_currency_amount, credit.open_currency_amount)
    if amount is not None:
        met = _within(amount, met)
    # In the client's currency: all that is left where the currency closes, else at the item's own rate.
    worth = [_worth(side, met) for side in (debit, credit)]
    base = min(worth)
    if met <= ZERO or base <= ZERO:
        raise NotMatchable("closed", "nothing is open of one of the two")
    debit.take(base, met)
    credit.take(base, met)
    more, side = (worth[0] - base, debit) if worth[0] > base else (worth[1] - base, credit)
    if more:
        side.take(more, ZERO)
    return Taken(debit.pk, credit.pk, base, met, met), Difference(side, more) if more else None


def _worth(side: Side, met: Decimal) -> Decimal:
    if met == side.open_currency_amount:
        return side.open_amount
    rated = (side.amount * met / side.currency_amount).quantize(ORE, ROUND_HALF_UP)
    return min(rated, side.open_amount)


def _within(amount: Decimal, most: Decimal) -> Decimal:
    if amount <= ZERO:
        raise NotMatchable("amount", "an amount to match is positive")
    if amount > most:
        raise NotMatchable("amount", f"only {most} can be matched")
    return amount


def _age(side: Side) -> tuple[date, int]:
    return side.entry_date, side.pk
