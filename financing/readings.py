"""What a provider read of a company, as people look at it: by month, by day, and one reading with its rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Count, IntegerField, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from access.models import Client
from accounting.models import LedgerEntry
from financing.models import DataAccess


@dataclass(frozen=True)
class Day:
    """The readings of one day in Norway: how many, how many brought rows, and how many rows that was."""

    day: date
    readings: int
    with_rows: int
    rows: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Line:
    """One reading that brought rows; or several in a row that brought none, which is a reading each minute on a quiet day.

    `count` is of readings of the receivables, `company` of those of the company's name, number and currency.
    """

    count: int
    company: int
    first_at: datetime
    last_at: datetime
    reading: DataAccess | None = None


@dataclass(frozen=True)
class Month:
    """A month with its days, newest first, and the neighbouring months in which something was read."""

    first: date
    days: list[Day]
    earlier: date | None
    later: date | None

    @property
    def readings(self) -> int:
        return sum(one.readings for one in self.days)


def month_of_readings(client: Client, first: date | None) -> Month | None:
    """The month that begins on `first`, or the last one in which something was read; None where nothing ever was."""
    mine = DataAccess.objects.for_client(client)
    if first is None:
        newest = mine.order_by("-at").values_list("at", flat=True).first()
        if newest is None:
            return None
        first = timezone.localtime(newest).date().replace(day=1)
    begin, end = _span(first, _next_month(first))
    earlier = mine.filter(at__lt=begin).order_by("-at").values_list("at", flat=True).first()
    later = mine.filter(at__gte=end).order_by("at").values_list("at", flat=True).first()
    return Month(first, _days(mine.filter(at__gte=begin, at__lt=end)), _month_of(earlier), _month_of(later))


def lines_of_day(client: Client, day: date) -> list[Line]:
    """The day's readings, newest first; those without rows that follow one another are one line."""
    begin, end = _span(day, day + timedelta(days=1))
    found = DataAccess.objects.for_client(client).filter(at__gte=begin, at__lt=end).order_by("-at", "-id")
    lines: list[Line] = []
    for quiet, some in groupby(found.defer("item_ids").iterator(), key=lambda one: not _brought_rows(one)):
        if quiet:
            folded = list(some)
            company = sum(one.resource == "company" for one in folded)
            lines.append(Line(len(folded) - company, company, folded[-1].at, folded[0].at))
        else:
            lines += [Line(1, 0, one.at, one.at, one) for one in some]
    return lines


def rows_of(client: Client, ids: list[str]) -> list[LedgerEntry]:
    """The entries of these ids as they are now, in the order they were read; one that is gone is left out."""
    keys = [int(one) for one in ids if one.isdigit()]
    found = LedgerEntry.objects.for_client(client).filter(pk__in=keys).select_related("customer").in_bulk()
    return [found[key] for key in keys if key in found]


def lines_of_file(client: Client, first: date) -> Iterator[list[Any]]:
    """The month's readings for a file, oldest first: a head, then one row each, with the ids of what was read."""
    begin, end = _span(first, _next_month(first))
    yield ["at", "resource", "changed_since", "item_count", "last_page", "consent", "item_ids"]
    for one in DataAccess.objects.for_client(client).filter(at__gte=begin, at__lt=end).order_by("at", "id").iterator():
        yield [
            one.at.isoformat(), one.resource, one.changed_since, one.item_count, str(one.last_page).lower(),
            one.consent_id, " ".join(one.item_ids),
        ]  # fmt: skip


def _days(readings: QuerySet[DataAccess]) -> list[Day]:
    brought = Q(resource="receivables", item_count__gt=0)
    found = readings.annotate(day=TruncDate("at")).values("day").annotate(
        readings=Count("id"),
        with_rows=Count("id", filter=brought),
        rows=Coalesce(Sum("item_count", filter=brought), 0, output_field=IntegerField()),
        first_at=Min("at"),
        last_at=Max("at"),
    )  # fmt: skip
    return [Day(**one) for one in found.order_by("-day")]


def _brought_rows(reading: DataAccess) -> bool:
    return reading.resource == "receivables" and reading.item_count > 0


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _month_of(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date().replace(day=1) if moment else None


def _span(begin: date, end: date) -> tuple[datetime, datetime]:
    zone = timezone.get_default_timezone()
    return datetime.combine(begin, time.min, zone), datetime.combine(end, time.min, zone)
