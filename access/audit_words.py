"""What each action of the log is called and how its details are told: a registry that every room fills with its own.

access knows no room to its right: `access/audit_actions.py`, and the file of that name in each room, register from the
room's AppConfig. An action that nobody registered is shown by its own name (a test finds those that the code writes).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
Details = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """One thing that a line tells: `label: value`, or with `before` that it was that and became `value`."""

    label: Text
    value: str
    before: str | None = None


Telling = Callable[[Details], Iterable[Told]]
NOTHING = "–"


@dataclass(frozen=True)
class Action:
    """How one action is called, the group that it is found in, and what of its details is told in words."""

    group: str
    label: Text
    tellings: tuple[Telling, ...] = ()


PEOPLE, BOOKS, FINANCING, FILES, OTHER = (
    "personer",
    "bokforing",
    "finansiering",
    "filer",
    "annet",
)  # words in an address
GROUPS: dict[str, Text] = {
    PEOPLE: _("People and roles"),
    BOOKS: _("Books"),
    FINANCING: _("Invoice financing"),
    FILES: _("Files in and out"),
    OTHER: _("Other"),
}
ACTIONS: dict[str, Action] = {}


def register(group: str, actions: Mapping[str, tuple[Any, ...]]) -> None:
    """Add a room's actions: {name: (label, telling, …)}. Raises ValueError where one is registered twice."""
    for name, (label, *tellings) in actions.items():
        if name in ACTIONS:
            raise ValueError(f"{name} has words already")
        ACTIONS[name] = Action(group, label, tuple(tellings))


def action_of(name: str) -> Action:
    """The words of an action; its own name where nobody gave it any."""
    return ACTIONS.get(name) or Action(OTHER, name)


def told_of(name: str, details: Any) -> list[Told]:
    """What a line says in words. Nothing where the details have not the shape that was registered: they are shown as they are."""
    if not isinstance(details, dict):
        return []
    try:
        return [one for telling in action_of(name).tellings for one in telling(details)]
    except (TypeError, ValueError, KeyError, AttributeError):
        return []


def actions_named(group: str = "", text: str = "") -> list[str]:
    """The actions of a group whose label holds the text, in the reader's language and whatever the case."""
    return [
        name
        for name, one in ACTIONS.items()
        if (not group or one.group == group) and text.casefold() in str(one.label).casefold()
    ]


# How a value is written.


def plain(value: Any) -> str:
    """As it is; the parts of a list with commas; NOTHING for nothing."""
    if isinstance(value, list):
        return ", ".join(plain(one) for one in value) or NOTHING
    return NOTHING if value in (None, "") else str(value)


def day(value: Any) -> str:
    """`2026-11-24` as 24.11.2026."""
    return date.fromisoformat(value).strftime("%d.%m.%Y") if value else NOTHING


def one_of(words: Mapping[Any, Text]) -> Callable[[Any], str]:
    """The word for a code; the code itself where there is none."""
    return lambda value: str(words.get(value, plain(value)))


# What is told of the details.


def fact(key: str, label: Text, write: Callable[[Any], str] = plain) -> Telling:
    """`label: value`, where there is one."""
    return lambda details: [Told(label, write(details[key]))] if details.get(key) not in (None, "", [], {}) else []


def move(label: Text, write: Callable[[Any], str] = plain, before: str = "before", after: str = "after") -> Telling:
    """`label: before → after`."""
    return lambda details: [Told(label, write(details.get(after)), write(details.get(before)))]


def changes(labels: Mapping[str, Text], write: Callable[[Any], str] = plain, key: str = "changes") -> Telling:
    """Of {name: [before, after]} each as `label: before → after`."""

    def tell(details: Details) -> Iterable[Told]:
        for name, (before, after) in details[key].items():
            yield Told(labels.get(name, name), write(after), write(before))

    return tell
