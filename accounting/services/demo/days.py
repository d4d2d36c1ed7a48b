"""The days of a generated history: which ones it holds, how much is invoiced on each, and when banks work."""

from bisect import bisect_left
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random

from accounting.services.demo import shape

DAY = timedelta(days=1)


class Days:
    """From the first of a month, `shape.FULL_MONTHS` whole months before the one of `today`, to `today`."""

    def __init__(self, today: date) -> None:
        months = today.year * 12 + today.month - 1 - shape.FULL_MONTHS
        self.today = today
        self.start = date(months // 12, months % 12 + 1, 1)
        self.all = [self.start + DAY * number for number in range((today - self.start).days + 1)]
        self._upto = [0, *accumulate(self._weight(number, day) for number, day in enumerate(self.all))]

    def _weight(self, number: int, day: date) -> int:
        if (day.month, day.day) in shape.CLOSED:
            return 0
        ends = (day + DAY * shape.MONTH_END_DAYS).month != day.month
        growth = 100 + shape.GROWTH * number // len(self.all)
        return shape.SEASON[day.month] * shape.WEEKDAY[day.weekday()] * (shape.MONTH_END if ends else 100) * growth

    def draw(self, rng: Random, *, oldest: int, youngest: int) -> date:
        """A day on which something is invoiced, so many days before `today` at most and at least."""
        last = max(len(self.all) - youngest, 1)
        first = min(max(len(self.all) - oldest - 1, 0), last - 1)
        low, high = self._upto[first], self._upto[last]
        return self.all[bisect_left(self._upto, rng.randint(low + 1, max(high, low + 1))) - 1]


def working(day: date) -> date:
    """The day itself, or the next one on which banks work (movable feasts are taken for working days)."""
    while day.weekday() > 4 or (day.month, day.day) in shape.CLOSED:
        day += DAY
    return day


def euro_rate(day: date) -> Decimal:
    """Kroner for one euro, four places; invented."""
    first, after = shape.EURO[day.month - 1], shape.EURO[day.month % 12]
    return (first + (after - first) * (day.day - 1) / 31).quantize(Decimal("0.0001"))
