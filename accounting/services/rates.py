"""The company's table of exchange rates: what stands in it for a day, and how a rate is entered."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction

from access.models import Client, User
from access.services import write_audit
from accounting.models import ExchangeRate

# Over Christmas and Easter no central bank quotes for up to five days; an older rate than a week is somebody's guess.
OLDEST = timedelta(days=7)
PLACES = Decimal("0.00000001")
LARGEST = Decimal(10) ** 9


class RateMissing(Exception):
    """No rate is known for a currency on a day; it is never guessed."""

    def __init__(self, currency: str, day: date) -> None:
        super().__init__(f"no rate for {currency} on {day}: give it with add_rate")
        self.currency, self.day = currency, day


class RateImpossible(ValueError):
    """A rate that cannot be: not positive, too large, or of the company's own currency. The message says which."""


def rate_on(client: Client, currency: str, day: date) -> Decimal:
    """What one unit costs in the client's currency: the day's rate, else the last of the week before it.

    1 for the client's own currency. Inside its scope. Raises RateMissing.
    """
    if currency == client.base_currency:
        return Decimal(1)
    rows = ExchangeRate.objects.for_client(client).filter(currency=currency, day__range=(day - OLDEST, day))
    found = rows.order_by("-day").values_list("rate", flat=True).first()
    if found is None:
        raise RateMissing(currency, day)
    return Decimal(found)


def in_base(amount: Decimal, rate: Decimal) -> Decimal:
    """The amount at this rate, half up, once."""
    return (amount * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)


@transaction.atomic
def set_rate(
    *, client: Client, currency: str, day: date, rate: Decimal, actor: User | None = None
) -> ExchangeRate | None:
    """Enter the rate of a day, or another one in its place; None where it stands there already. Inside the scope.

    Entries that are booked keep what they were booked at. One audit line, with the rate before. Raises RateImpossible.
    """
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    if currency == client.base_currency:
        raise RateImpossible(f"{currency} is what the company keeps its books in: its rate is always 1")
    if not (rate.is_finite() and 0 < rate < LARGEST) or (rate := rate.quantize(PLACES, ROUND_HALF_UP)) <= 0:
        raise RateImpossible("a rate is more than 0 and less than a milliard, for one unit, as 11.7425")
    found = ExchangeRate.objects.for_client(client).filter(currency=currency, day=day).first()
    if found and found.rate == rate:
        return None
    before = str(found.rate) if found else ""
    if found is None:
        found = ExchangeRate(client=client, currency=currency, day=day)
    found.rate = rate
    found.save()
    details = {"currency": currency, "day": str(day), "before": before, "after": str(rate)}
    write_audit(action="rate.entered", client=client, actor=actor, about=found, details=details)
    return found
