"""Times two ways in turn, so that what disturbs the machine disturbs both, and keeps the medians."""

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One line of the bench: milliseconds of ours and of what it is held against; `goal` is the largest ratio, or None."""

    name: str
    size: int
    ms: float
    reference: str
    reference_ms: float
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """How many times the reference ours takes."""
        return self.ms / self.reference_ms

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        return None if self.goal is None else self.ratio <= self.goal

    def as_json(self) -> dict[str, Any]:
        """As INTERFACES names it («Make»)."""
        rounded = {"ms": round(self.ms, 2), "reference_ms": round(self.reference_ms, 2), "ratio": round(self.ratio, 3)}
        return {**asdict(self), **rounded, "met": self.met}


def in_turn(runs: int, *ways: Callable[[], object]) -> list[float]:
    """The median milliseconds of each way over so many runs of all of them, after one that is not counted.

    Which goes first changes from run to run, and each begins with nothing for Python's collector to do.
    """
    taken: list[list[float]] = [[] for _ in ways]
    for run in range(runs + 1):
        order = list(enumerate(ways))
        for place, way in order if run % 2 else reversed(order):
            gc.collect()
            began = time.perf_counter()
            way()
            took = (time.perf_counter() - began) * 1000
            if run:
                taken[place].append(took)
    return [median(one) for one in taken]
