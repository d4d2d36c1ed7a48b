"""The page of the role matrix, the page that says what a change is before it is made, and the change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.decorators import ClientRequest, administers
from access.matrix import (
    GIVABLE,
    Change,
    Meanwhile,
    NotAMatrix,
    categories,
    category_field,
    category_level,
    category_levels,
    level_field,
    meanwhile,
    people_of,
    read_shown,
    roles_of,
    shown_of,
    wanted_changes,
    written,
)
from access.models import Client, Role, User
from access.privileges import LEVEL_WORDS, PRIVILEGES, Category, Level, Privilege
from access.roles import ChangedMeanwhile, change_roles

Wanted = Mapping[tuple[int, str], Level]


@dataclass(frozen=True)
class Cell:
    """One role's level in one row; `level` None: the parts differ. A `fixed` one can be read only."""

    role: Role
    name: str
    level: Level | None
    before: Level | None
    choices: list[Level]
    fixed: bool

    @property
    def words(self) -> str | Promise:
        return _("Custom") if self.level is None else LEVEL_WORDS[self.level]

    @property
    def words_before(self) -> str | Promise:
        return _("Custom") if self.before is None else LEVEL_WORDS[self.before]

    @property
    def options(self) -> list[tuple[Level, str | Promise]]:
        return [(level, LEVEL_WORDS[level]) for level in self.choices]


@dataclass(frozen=True)
class Row:
    """A privilege across the roles."""

    privilege: Privilege
    cells: list[Cell]


@dataclass(frozen=True)
class Block:
    """A category: its own row of cells where it has several parts, and its parts."""

    category: Category
    parts: list[Row]
    cells: list[Cell] = field(default_factory=list)
    is_open: bool = False


@dataclass(frozen=True)
class RoleChange:
    """What a change is for one role: whose it is, and every level before and after."""

    role: Role
    people: list[User]
    lines: list[tuple[Privilege, Change]]

    @property
    def fields(self) -> list[tuple[str, int]]:
        return [(level_field(self.role.pk, one.privilege), int(one.after)) for _privilege, one in self.lines]


@administers
@require_GET
def role_matrix(request: ClientRequest, client: Client) -> HttpResponse:
    """Every privilege in every role of the company."""
    return _matrix(request, roles_of(client))


@administers
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: ClientRequest, client: Client) -> HttpResponse:
    """What the sent matrix would change, and for whom; nothing is changed yet. With `rediger`: back to the matrix.

    400 for what no page of ours sends; 409 with what changed meanwhile, where the matrix is not as it was shown.
    """
    if request.method != "POST":
        return redirect("admin:roles", client.organisation_number)  # the page was loaded again
    roles = roles_of(client)
    try:
        shown = read_shown(request.POST.get("shown", ""))
        changes = wanted_changes(request.POST, shown)
    except NotAMatrix:
        return _not_understood(request, roles)
    wanted = {(one.role_id, one.privilege): one.after for one in changes}
    if found := meanwhile(shown, shown_of(roles)):
        return _matrix(request, roles, wanted=wanted, found=found, status=409)
    if "rediger" in request.POST:
        return _matrix(request, roles, wanted=wanted)
    if not changes:
        return _matrix(request, roles, nothing=True)
    context = {"changes": _by_role(roles, changes), "shown": written(shown_of(roles)), "levels": LEVEL_WORDS}
    return TemplateResponse(request, "access/administration/review.html", context)


@administers
@require_POST
def save(request: ClientRequest, client: Client) -> HttpResponse:
    """Change what was confirmed, if all still is as it was shown; else 409 with what changed meanwhile, and the wishes kept."""
    try:
        shown = read_shown(request.POST.get("shown", ""))
        changes = wanted_changes(request.POST, shown)
    except NotAMatrix:
        return _not_understood(request, roles_of(client))
    try:
        count = change_roles(client=client, shown=shown, changes=changes, actor=request.user)
    except ChangedMeanwhile as changed:
        wanted = {(one.role_id, one.privilege): one.after for one in changes}
        return _matrix(request, roles_of(client), wanted=wanted, found=changed.found, status=409)
    if count:
        text = ngettext("%(count)d role was changed.", "%(count)d roles were changed.", count) % {"count": count}
        messages.success(request, text + " " + _("It counts from the next page that each of them opens."))
    return redirect("admin:roles", client.organisation_number)


def _not_understood(request: ClientRequest, roles: list[Role]) -> HttpResponse:
    return _matrix(request, roles, not_understood=True, status=400)


def _matrix(
    request: ClientRequest,
    roles: list[Role],
    *,
    wanted: Wanted | None = None,
    found: Iterable[Meanwhile] = (),
    status: int = 200,
    **more: bool,
) -> HttpResponse:
    """The page, with what is wanted of it and not saved, and what has to be said above it."""
    wanted = {(pk, name): to for (pk, name), to in (wanted or {}).items() if pk in {role.pk for role in roles}}
    blocks = _blocks(roles, wanted)
    context: dict[str, Any] = {
        "roles": [(role, people_of(role)) for role in roles],
        "blocks": blocks,
        "shown": written(shown_of(roles)),
        "meanwhile": list(found),
        "levels": LEVEL_WORDS,
        "unsaved": sum(row_cell.level != row_cell.before for b in blocks for row in b.parts for row_cell in row.cells),
        "nothing": False,
        "not_understood": False,
        **more,
    }
    return TemplateResponse(request, "access/administration/matrix.html", context, status=status)


def _blocks(roles: list[Role], wanted: Wanted) -> list[Block]:
    before = {role.pk: role.levels() for role in roles}
    after = {
        role.pk: {name: wanted.get((role.pk, name), level) for name, level in before[role.pk].items()} for role in roles
    }
    found = []
    for category, parts in categories():
        rows = []
        for part in parts:
            cells = [
                Cell(
                    role, level_field(role.pk, part.name), after[role.pk][part.name], before[role.pk][part.name],
                    list(part.levels), role.is_administrator or part.name not in GIVABLE,
                )
                for role in roles
            ]  # fmt: skip
            rows.append(Row(part, cells))
        whole = [
            Cell(
                role, category_field(role.pk, category), category_level(parts, after[role.pk]),
                category_level(parts, before[role.pk]), category_levels(parts), role.is_administrator,
            )
            for role in roles
        ]  # fmt: skip
        changed = any(cell.level != cell.before for row in rows for cell in row.cells)
        found.append(Block(category, rows, whole if len(parts) > 1 else [], changed))
    return found


def _by_role(roles: list[Role], changes: list[Change]) -> list[RoleChange]:
    found = []
    for role in roles:
        lines = [(PRIVILEGES[one.privilege], one) for one in changes if one.role_id == role.pk]
        if lines:
            found.append(RoleChange(role, people_of(role), lines))
    return found
