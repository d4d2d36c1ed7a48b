"""The picture of limit and used over time: steps, because a figure stands until the bank says another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from financing.models import CreditSnapshot

WIDTH, HEIGHT = 340, 168  # of the drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 26, 24
GRID = 3  # lines above zero


@dataclass(frozen=True)
class Chart:
    """Coordinates and paths ready to draw; `grid` is (y, thousands), the ends are where the present figures stand."""

    limit_path: str
    used_area: str
    used_path: str
    grid: tuple[tuple[float, str], ...]
    first: datetime
    last: datetime
    limit: Decimal
    used: Decimal
    limit_y: float
    used_y: float
    limit_label_y: float
    used_label_y: float
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def within_a_day(self) -> bool:
        """Then the ends are told apart by the time of day."""
        return timezone.localdate(self.first) == timezone.localdate(self.last)


def chart_of(points: Sequence[CreditSnapshot], now: datetime) -> Chart | None:
    """Drawing only; None before there are two figures to draw a line between."""
    if len(points) < 2:
        return None
    first, span = points[0].recorded_at, max((now - points[0].recorded_at).total_seconds(), 1)
    step = _step(max(max(one.limit, one.used) for one in points))
    top = step * GRID

    def x(at: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (at - first).total_seconds() / span, 1)

    def y(amount: Decimal) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * float(amount / top), 1)

    limit = _steps([(x(one.recorded_at), y(one.limit)) for one in points], x(now))
    used = _steps([(x(one.recorded_at), y(one.used)) for one in points], x(now))
    last = points[-1]
    # The words stand over the right half of the lines, above their highest point there.
    near = [one for one in points if x(one.recorded_at) > WIDTH / 2] or [last]
    near = [*points[: len(points) - len(near)][-1:], *near]
    limit_label = y(max(one.limit for one in near)) - 7
    used_label = y(max(one.used for one in near)) - 7
    if abs(limit_label - used_label) < 14:  # the words would lie on one another: the lower one goes under its line
        if used_label >= limit_label:
            used_label = min(y(min(one.used for one in near)) + 14, HEIGHT - BOTTOM - 4)
        else:
            limit_label = y(min(one.limit for one in near)) + 14
    return Chart(
        limit, f"{used}V{HEIGHT - BOTTOM}H{x(first)}Z", used,
        tuple((y(step * no), _thousands(step * no)) for no in range(GRID + 1)),
        first, now, last.limit, last.used, y(last.limit), y(last.used), round(limit_label, 1), round(used_label, 1),
    )  # fmt: skip


def _steps(points: list[tuple[float, float]], end: float) -> str:
    (x, y), rest = points[0], points[1:]
    return f"M{x} {y}" + "".join(f"H{one[0]}V{one[1]}" for one in rest) + f"H{end}"


def _thousands(amount: Decimal) -> str:
    return f"{(amount / 1000).normalize():f}".replace(".", ",")


def _step(highest: Decimal) -> Decimal:
    """The round thousands between two lines, so that GRID of them hold the highest figure."""
    size = Decimal(1000)
    while True:
        for times in ("1", "2", "2.5", "3", "4", "5", "7.5"):
            if size * Decimal(times) * GRID >= highest:
                return size * Decimal(times)
        size *= 10
