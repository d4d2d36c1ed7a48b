"""The role matrix: what every role of a company may do, what somebody wants of it, and what changed meanwhile.

Says nothing to the database but to read; `access.roles` changes. Levels of a category follow PowerOffice Go: one level for
all of it, or «Egendefinert» where its parts differ (docs/decisions/0029-the-admin-site-belongs-to-companies.md).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from access.models import Client, Role
from access.privileges import PRIVILEGES, ROLES, Category, Level, Privilege

GIVABLE = tuple(name for name in PRIVILEGES if name != ROLES)  # that of deciding over roles is the administrator's


class NotAMatrix(Exception):
    """A form that said what was shown, or what is wanted, in a way that no page of ours does."""


@dataclass(frozen=True)
class Change:
    """One privilege of one role: before and after."""

    role_id: int
    privilege: str
    before: Level
    after: Level


@dataclass(frozen=True)
class Shown:
    """What a page said of one role: its name, its levels, and whose it is (primary keys of people)."""

    name: str
    levels: Mapping[str, Level]
    people: tuple[int, ...] = ()


@dataclass(frozen=True)
class Meanwhile:
    """One thing that is not as it was shown. `kind`: level, renamed, deleted, added or people."""

    kind: str
    role: str
    now: str = ""
    privilege: Privilege | None = None
    before: Level = Level.NONE
    after: Level = Level.NONE


def roles_of(client: Client) -> list[Role]:
    """The roles in the order they were made, the administrator's first; with grants and people, three queries."""
    found = Role.objects.filter(client=client).prefetch_related("grants", "memberships__user")
    return sorted(found, key=lambda role: (not role.is_administrator, role.pk))


def people_of(role: Role) -> list[Any]:
    """Who has the role, by name; whoever was deactivated too, since she has it again when she is let in."""
    return sorted((one.user for one in role.memberships.all()), key=lambda user: (str(user).casefold(), user.pk))


def shown_of(roles: Iterable[Role]) -> dict[int, Shown]:
    """What the matrix says of these roles; the administrator's is left out, since nothing of it can be changed."""
    return {
        role.pk: Shown(role.name, role.levels(), tuple(sorted(user.pk for user in people_of(role))))
        for role in roles
        if not role.is_administrator
    }


def written(shown: Mapping[int, Shown]) -> str:
    """As a hidden field carries it; `read_shown` takes it back."""
    return json.dumps(
        {
            str(pk): [one.name, {k: int(v) for k, v in one.levels.items()}, list(one.people)]
            for pk, one in shown.items()
        },
        separators=(",", ":"),
    )


def read_shown(text: str) -> dict[int, Shown]:
    """What `written` wrote. Raises NotAMatrix on anything else; what it claims is compared, never believed."""
    try:
        return {
            int(pk): Shown(str(name), {k: Level(v) for k, v in levels.items()}, tuple(int(one) for one in people))
            for pk, (name, levels, people) in json.loads(text).items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError) as fault:
        raise NotAMatrix("shown") from fault


def meanwhile(shown: Mapping[int, Shown], now: Mapping[int, Shown], *, people: Iterable[int] = ()) -> list[Meanwhile]:
    """What is otherwise than shown; whose the role is counts for the roles in `people`."""
    found = []
    counted = set(people)
    for pk, before in shown.items():
        after = now.get(pk)
        if after is None:
            found.append(Meanwhile("deleted", before.name))
            continue
        if after.name != before.name:
            found.append(Meanwhile("renamed", before.name, after.name))
        for name, privilege in PRIVILEGES.items():
            was, is_ = before.levels.get(name, Level.NONE), after.levels[name]
            if was != is_:
                found.append(Meanwhile("level", after.name, privilege=privilege, before=was, after=is_))
        if pk in counted and before.people != after.people:
            found.append(Meanwhile("people", after.name))
    return found + [Meanwhile("added", one.name) for pk, one in now.items() if pk not in shown]


# Categories


def categories() -> list[tuple[Category, list[Privilege]]]:
    """Every category with its privileges, in the order of the list."""
    found: dict[Category, list[Privilege]] = {}
    for privilege in PRIVILEGES.values():
        found.setdefault(privilege.category, []).append(privilege)
    return list(found.items())


def projected(level: Level, privilege: Privilege) -> Level:
    """What a category's level gives one of its parts: itself, or nothing where the part does not know it.

    Reading is never rounded up to «Full tilgang» (PRODUCT 2: of what only knows none and full, reading gives nothing).
    """
    return level if level in privilege.levels else Level.NONE


def category_level(parts: Iterable[Privilege], levels: Mapping[str, Level]) -> Level | None:
    """The one level that all parts have; None where they differ («Egendefinert»)."""
    parts = list(parts)
    for level in (Level.NONE, Level.FULL, Level.READ):
        if all(levels[part.name] == projected(level, part) for part in parts):
            return level
    return None


def category_levels(parts: Iterable[Privilege]) -> list[Level]:
    """What can be chosen for the whole category: every level that one of its parts knows."""
    return sorted({level for part in parts for level in part.levels})


# What is wanted


def level_field(role_id: int, privilege: str) -> str:
    """The form field of one role's privilege: dots are no part of a field's name."""
    return f"level_{role_id}_{privilege.replace('.', '_')}"


def category_field(role_id: int, category: Category) -> str:
    """The form field of one role's category."""
    return f"category_{role_id}_{category.key}"


def wanted_changes(data: Mapping[str, str], shown: Mapping[int, Shown]) -> list[Change]:
    """What a sent matrix asks for against what was shown. Raises NotAMatrix on a level that is not offered.

    A part that was set by itself stands; a category that was set gives its level to its other parts. So it comes out the
    same whether a script set the parts at once, or the form was sent without scripts.
    """
    found = []
    for pk, role in shown.items():
        for category, parts in categories():
            parts = [part for part in parts if part.name in GIVABLE]
            whole = _chosen(data.get(category_field(pk, category), ""), category_levels(parts))
            if whole == category_level(parts, role.levels) if parts else True:
                whole = None
            for part in parts:
                before = role.levels.get(part.name, Level.NONE)
                after = _chosen(data.get(level_field(pk, part.name), ""), part.levels)
                if after is None or (after == before and whole is not None):
                    after = before if whole is None else projected(whole, part)
                if after != before:
                    found.append(Change(pk, part.name, before, after))
    return found


def _chosen(text: str, offered: Iterable[Level]) -> Level | None:
    """None for nothing chosen, which is also what «Egendefinert» sends."""
    if text == "":
        return None
    for level in offered:
        if text == str(int(level)):
            return level
    raise NotAMatrix(text[:20])
