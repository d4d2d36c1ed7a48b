"""The bank's clock: its business date and the time, asked here and nowhere else."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The bank's business date (Europe/Oslo)."""
    return now().astimezone(OSLO).date()
