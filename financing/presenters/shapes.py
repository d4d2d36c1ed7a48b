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
    quiet: bool = False  # a way out, or a second best
    consequence: str = ""  # what follows; where it is said, a second click is asked for
    confirmed_label: str = ""  # of that second click


@dataclass(frozen=True)
class Step:
    """One line of the way; state is done, current, todo or failed."""

    label: str
    state: str


@dataclass(frozen=True)
class Fact:
    """A line of a list: what it is, and how it stands."""

    label: str
    value: str
    note: str = ""
