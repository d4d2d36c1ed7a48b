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


@dataclass(frozen=True)
class Step:
    """One line of the way; state is done, current, todo or failed."""

    label: str
    state: str


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
