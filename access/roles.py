"""What is done to roles from the role matrix: made, copied, renamed, deleted, and changed as it was shown."""

import unicodedata
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from access.matrix import Change, Meanwhile, Shown, meanwhile, people_of, roles_of, shown_of
from access.models import Client, Membership, Role, RolePrivilege, User
from access.privileges import ROLES, Level
from access.services import RoleNotEditable, change_role, write_audit
from access.tenancy import client_scope

MOST_ROLES = 30  # of one company: a matrix that nobody can read decides nothing


class ChangedMeanwhile(Exception):
    """What somebody saw is not what there is; `found` says the differences."""

    def __init__(self, found: list[Meanwhile]) -> None:
        super().__init__(f"{len(found)} differences")
        self.found = found


class RoleNameRefused(Exception):
    """No name, too long a one, or one that the company has; the message says which, in the reader's language."""


class RoleInUse(Exception):
    """Somebody has the role; `people` says who."""

    def __init__(self, people: list[User]) -> None:
        super().__init__(", ".join(str(one) for one in people))
        self.people = people


class TooManyRoles(Exception):
    """The company has MOST_ROLES."""


@transaction.atomic
def change_roles(*, client: Client, shown: Mapping[int, Shown], changes: Iterable[Change], actor: User) -> int:
    """Set these levels, if every role still is as it was shown; one audit line per role. Returns how many roles changed.

    Raises ChangedMeanwhile, also where somebody else has got or lost a role that is changed: what was confirmed was for
    so many people. RoleNotEditable, LevelNotOffered and UnknownPrivilege as `change_role`.
    """
    roles = _locked(client)
    by_role: dict[int, dict[str, Level]] = {}
    for change in changes:
        by_role.setdefault(change.role_id, {})[change.privilege] = change.after
    _as_shown(shown, roles, people=by_role)
    known = {role.pk: role for role in roles}
    return sum(bool(change_role(role=known[pk], levels=by_role[pk], actor=actor)) for pk in sorted(by_role))


@transaction.atomic
def create_role(*, client: Client, name: str, actor: User) -> Role:
    """A role that may do nothing yet. Raises RoleNameRefused, TooManyRoles."""
    return _add(_locked(client), client, name, {}, actor, {})


@transaction.atomic
def copy_role(*, role: Role, shown: Mapping[int, Shown], name: str, actor: User) -> Role:
    """A role of another name with the same levels, but for the right over roles, which is the administrator's alone.

    Raises ChangedMeanwhile, RoleNameRefused, TooManyRoles.
    """
    source, roles = _held(role, shown)
    levels = {one: level for one, level in source.levels().items() if level != Level.NONE and one != ROLES}
    return _add(roles, role.client, name, levels, actor, {"copied_from": source.name})


@transaction.atomic
def rename_role(*, role: Role, shown: Mapping[int, Shown], name: str, actor: User) -> Role:
    """The role under another name. Raises RoleNotEditable, ChangedMeanwhile, RoleNameRefused."""
    role, roles = _held(role, shown)
    if role.is_administrator:
        raise RoleNotEditable(role.name)
    before, role.name = role.name, _checked_name(name, [one for one in roles if one.pk != role.pk])
    if role.name != before:
        role.save(update_fields=["name"])
        _note("role.renamed", role, actor, {"before": before, "after": role.name})
    return role


@transaction.atomic
def delete_role(*, role: Role, shown: Mapping[int, Shown], actor: User) -> None:
    """Take the role away, for good; what it gave stands in the log. Raises RoleNotEditable, RoleInUse, ChangedMeanwhile."""
    role, _roles = _held(role, shown)
    if role.is_administrator:
        raise RoleNotEditable(role.name)
    if people := people_of(role):
        raise RoleInUse(people)
    levels = {name: int(level) for name, level in role.levels().items() if level != Level.NONE}
    _note("role.deleted", role, actor, {"role": role.name, "levels": levels})
    role.delete()


def _locked(client: Client) -> list[Role]:
    """The company's roles as they are now, under a lock that every change of roles takes first."""
    Client.objects.select_for_update().get(pk=client.pk)
    list(Role.objects.select_for_update().filter(client=client).order_by("pk").values_list("pk"))
    return roles_of(client)


def _held(role: Role, shown: Mapping[int, Shown]) -> tuple[Role, list[Role]]:
    """One role, locked and as it was shown, and all of its company's. Raises ChangedMeanwhile."""
    roles = _locked(role.client)
    hers = [one for one in roles if one.pk == role.pk]
    _as_shown(shown, hers)
    if not hers:
        raise ChangedMeanwhile([Meanwhile("deleted", role.name)])
    return hers[0], roles


def _as_shown(shown: Mapping[int, Shown], roles: list[Role], *, people: Iterable[int] = ()) -> None:
    """Raise ChangedMeanwhile unless these roles are as they were shown."""
    if found := meanwhile(shown, shown_of(roles), people=people):
        raise ChangedMeanwhile(found)


def _add(
    roles: list[Role], client: Client, name: str, levels: Mapping[str, Level], actor: User, details: dict[str, str]
) -> Role:
    if len(roles) >= MOST_ROLES:
        raise TooManyRoles(MOST_ROLES)
    role = Role.objects.create(client=client, name=_checked_name(name, roles))
    RolePrivilege.objects.bulk_create(RolePrivilege(role=role, privilege=one, level=to) for one, to in levels.items())
    given = {one: int(level) for one, level in levels.items()}
    _note("role.created", role, actor, {"role": role.name, **details, "levels": given})
    return role


def _checked_name(name: str, others: list[Role]) -> str:
    """One line, composed, without signs that are not seen; and no other role may be read as the same."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise RoleNameRefused(_("Give the role a name."))
    if len(name) > 100:
        raise RoleNameRefused(_("The name can be 100 characters at most. Write a shorter one."))
    if any(unicodedata.category(sign)[0] == "C" for sign in name):
        raise RoleNameRefused(_("The name contains characters that are not seen. Write it anew."))
    alike = unicodedata.normalize("NFKC", name).casefold()
    if any(unicodedata.normalize("NFKC", one.name).casefold() == alike for one in others):
        raise RoleNameRefused(_("The company already has a role of that name. Choose another."))
    return name


def _note(action: str, role: Role, actor: User, details: dict[str, object]) -> None:
    acting = Membership.objects.filter(client=role.client_id, user=actor).select_related("role").first()
    with client_scope(role.client_id):
        write_audit(
            action=action,
            client=role.client,
            actor=actor,
            role_name=acting.role.name if acting else "",
            about=role,
            details=dict(details),
        )
