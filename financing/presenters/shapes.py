"""The small parts that views are made of."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse

from access.models import Client


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


@dataclass(frozen=True)
class Row:
    """A name with an amount or a day beside it. `signed`: a difference, written with its plus or minus."""

    label: str
    amount: Decimal | None = None
    day: date | None = None
    signed: bool = False


@dataclass(frozen=True)
class Note:
    """What is told beside the figures: in one colour of Designsystemet's, with what it is made of and where to read on."""

    color: str
    heading: str
    text: str = ""
    rows: tuple[Row, ...] = ()
    link: Action | None = None
    rising: bool | None = None  # of a limit that changed: up or down


def address(name: str, client: Client) -> str:
    """Of a page of this company."""
    return reverse(name, args=[client.organisation_number])
