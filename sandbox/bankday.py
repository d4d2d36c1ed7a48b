"""The bank's clock: its business date and the time, asked here and nowhere else."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F

from sandbox.models import Calendar

OSLO = ZoneInfo("Europe/Oslo")


def now() -> datetime:
    """The real time, in UTC: what is stamped on answers must not lie in the future."""
    return datetime.now(UTC)


def today() -> date:
    """The bank's business date: the day in Oslo, and the days that the console moved it ahead."""
    return now().astimezone(OSLO).date() + timedelta(days=days_ahead())


def days_ahead() -> int:
    """How many days the console moved the business date."""
    return Calendar.objects.filter(pk=1).values_list("days_ahead", flat=True).first() or 0


def business_now() -> datetime:
    """The time of day now on the bank's business date: what offers and onboardings expire by. Never in signatures or tokens."""
    return now() + timedelta(days=days_ahead())


def move(days: int) -> None:
    """Let this many business days pass at once; only the test bank can."""
    Calendar.objects.get_or_create(pk=1)
    Calendar.objects.filter(pk=1).update(days_ahead=F("days_ahead") + days)
