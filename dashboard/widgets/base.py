"""What a widget is, and what it is asked with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise

from access.models import Client, Rights, User


@dataclass(frozen=True)
class Asked:
    """Of which company, by whom with which rights there, when; `choices` are what the address says (request.GET)."""

    client: Client
    user: User
    rights: Rights
    today: date
    now: datetime
    choices: Mapping[str, str]


@dataclass(frozen=True)
class Widget:
    """One card of the dashboard.

    `key` stands in addresses and in what people stored: it is never changed. `about` says in «Dashboard oppsett» what
    the card shows, and when, if not always. `context` is what the template finds as `widget`, or None where there is
    nothing to show, which only a widget with `may_be_absent` may say. `seconds`: how often an open dashboard asks anew.
    `wide`: it holds lines of text, and takes more room beside others. `pulse` is a cheap text that changes when what
    the card shows may have: an open dashboard asks for it every few seconds, and anew for the card when it is another.
    """

    key: str
    title: str | Promise
    about: str | Promise
    privilege: str
    template: str
    context: Callable[[Asked], dict[str, Any] | None]
    may_be_absent: bool = False
    wide: bool = False
    seconds: int = 60
    pulse: Callable[[Client], str] | None = None
