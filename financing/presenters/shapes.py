"""The small parts that views are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """Something to do next."""

    label: str
    url: str
    method: str = "get"
    new_window: bool = False
    primary: bool = False


@dataclass(frozen=True)
class Step:
    """One line of the way; state is done, current, todo or failed."""

    label: str
    state: str
