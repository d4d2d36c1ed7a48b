"""The arithmetic of the Buffer account (ANALYSIS.md: «The account»), pure; amounts in NOK."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice

from sandbox.analysis import ORE, ZERO

ANNUAL_INTEREST = Decimal("12.5")  # percent
DAYS_TO_PAY_OVER_LIMIT = 14
DAYS_TO_PAY_AT_THE_END = 30


@dataclass(frozen=True)
class Due:
    """What must be repaid, and by when."""

    amount: Decimal
    on: date


def available(limit: Decimal, used: Decimal, pending: Decimal, *, is_open: bool) -> Decimal:
    """max(0, limit − used − pending), and 0.00 unless the account is open (contract: Agreement.credit)."""
    return max(ZERO, limit - used - pending) if is_open else ZERO


def over_limit(limit: Decimal, used: Decimal, before: Due | None, *, closing: date | None = None) -> Due | None:
    """What is used above the limit. It begins when a day is closed (`closing`), 14 days later, never in the middle of
    one; the date never moves later, the amount follows, and it goes when used ≤ limit."""
    if used <= limit:
        return None
    if before is not None:
        return Due(used - limit, before.on)
    return None if closing is None else Due(used - limit, closing + timedelta(days=DAYS_TO_PAY_OVER_LIMIT))


def at_the_end(used: Decimal, before: Due | None, today: date) -> Due | None:
    """All that is used, 30 days after the agreement was terminated or disconnected."""
    if used <= 0:
        return None
    return Due(used, before.on if before else today + timedelta(days=DAYS_TO_PAY_AT_THE_END))


def interest(balances: list[tuple[date, Decimal]], start: date, end: date) -> Decimal:
    """Interest from `start` up to but not with `end`, actual days / 365, half up.

    `balances` are (day, used from that day on), oldest first, the first on or before `start`.
    """
    total = ZERO
    for index, (day, used) in enumerate(balances):
        until = balances[index + 1][0] if index + 1 < len(balances) else end
        days = (min(until, end) - max(day, start)).days
        if days > 0:
            total += used * days
    return (total * ANNUAL_INTEREST / 100 / 365).quantize(ORE, ROUND_HALF_UP)


def effective_annual_percent() -> str:
    """12.5 % booked monthly, as a yearly rate with two places."""
    rate = ((1 + ANNUAL_INTEREST / 100 / 12) ** 12 - 1) * 100
    return str(rate.quantize(Decimal("0.01"), ROUND_HALF_UP))


def is_last_of_month(day: date) -> bool:
    """Interest is booked when such a day is closed."""
    return (day + timedelta(days=1)).day == 1


def account_number(serial: int) -> str:
    """The bank's account number for the serial-th account (from 0), with a right check digit (mod 11)."""
    return next(islice(_account_numbers(), serial, None))


def _account_numbers() -> Iterator[str]:
    weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    for candidate in range(10**6):
        first = f"3624{candidate:06d}"
        digit = (11 - sum(int(sign) * weight for sign, weight in zip(first, weights, strict=True)) % 11) % 11
        if digit != 10:
            yield f"{first}{digit}"
