"""What is done to clients, people and roles: each a verb and a noun, in one transaction, with its audit line."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from access.models import AuditEntry, Client, Membership, Role, RolePrivilege, User, is_organisation_number
from access.privileges import ROLES, STANDARD_ROLES, Level, privilege
from access.tenancy import client_scope


class RoleNotEditable(Exception):
    """The administrator's role has every right and cannot be changed."""


class LevelNotOffered(Exception):
    """A privilege was given a level that it does not know, or that only the administrator's role has."""


def write_audit(
    *,
    action: str,
    client: Client | None = None,
    actor: User | None = None,
    role_name: str = "",
    about: Any = None,
    details: dict[str, Any] | None = None,
) -> AuditEntry:
    """Add one line to the log. With a client, inside its scope; without, anywhere. Never put a secret in `details`.

    Who does something in a company is written with her role of that moment. The line holds the log of its company until the
    transaction ends: write it late (docs/decisions/0028-audit-chain.md).
    """
    if actor and client and not role_name:
        hers = Membership.objects.filter(client=client, user=actor)
        role_name = hers.values_list("role__name", flat=True).first() or ""
    entry = AuditEntry(
        client=client,
        at=timezone.now(),
        actor=actor,
        actor_name=str(actor) if actor else "",
        actor_role=role_name,
        action=action,
        object_type=about._meta.model_name if about is not None else "",
        object_id=str(about.pk) if about is not None else "",
        details=details or {},
    )
    entry.save(force_insert=True)
    return entry


@transaction.atomic
def create_client(
    *,
    organisation_number: str,
    name: str,
    country: str = "NO",
    base_currency: str = "NOK",
    bank_account: str = "",
    actor: User | None = None,
) -> Client:
    """A new company with its five standard roles. Raises ValidationError on a wrong number, IntegrityError on a known one."""
    if not is_organisation_number(organisation_number, country):
        raise ValidationError(f"{organisation_number} is not an organisation number: its check digit is wrong")
    client = Client.objects.create(
        organisation_number=organisation_number,
        name=name,
        country=country,
        base_currency=base_currency,
        bank_account=bank_account,
    )
    for standard in STANDARD_ROLES:
        role = Role.objects.create(
            client=client, key=standard.key, name=standard.name, is_administrator=standard.is_administrator
        )
        RolePrivilege.objects.bulk_create(
            RolePrivilege(role=role, privilege=one, level=level) for one, level in standard.levels.items()
        )
    with client_scope(client):
        write_audit(action="client.created", client=client, actor=actor, about=client)
    return client


def known_person(*, subject: str, name: str = "", issuer: str | None = None, is_superuser: bool = False) -> User:
    """The person with this `sub` at our identity provider, created where not yet known (the name is told at sign-in)."""
    user, _ = User.objects.get_or_create(
        issuer=issuer or settings.OIDC_OP_ISSUER, subject=subject, defaults={"name": name, "is_superuser": is_superuser}
    )
    if is_superuser and not user.is_superuser:
        user.is_superuser = True
        user.save(update_fields=["is_superuser"])
    return user


@transaction.atomic
def add_member(*, client: Client, user: User, role_key: str, actor: User | None = None) -> Membership:
    """Make a person a member in the role of that key, or move her to it. Raises Role.DoesNotExist."""
    role = Role.objects.get(client=client, key=role_key)
    membership, created = Membership.objects.get_or_create(client=client, user=user, defaults={"role": role})
    before = membership.role.name
    if not created and membership.role_id != role.pk:
        membership.role = role
        membership.save(update_fields=["role"])
    if created or before != role.name:
        with client_scope(client):
            write_audit(
                action="member.added" if created else "member.moved",
                client=client,
                actor=actor,
                about=membership,
                details={"person": str(user), "before": None if created else before, "after": role.name},
            )
    return membership


@transaction.atomic
def change_role(*, role: Role, levels: dict[str, Level], actor: User) -> dict[str, list[int]]:
    """Set the levels of a role's privileges; what is not named stays. Effective on the next request of whoever has it.

    Returns {privilege: [before, after]} of what changed; one audit line where anything did.
    Raises RoleNotEditable, LevelNotOffered, UnknownPrivilege.
    """
    role = Role.objects.select_for_update().get(pk=role.pk)
    if role.is_administrator:
        raise RoleNotEditable(role.name)
    before, changes = role.levels(), {}
    for name, level in levels.items():
        if level not in privilege(name).levels:
            raise LevelNotOffered(f"{name}: {level}")
        if before[name] == level:
            continue
        if name == ROLES and level != Level.NONE:
            raise LevelNotOffered(f"{name}: only the administrator's role has it")
        changes[name] = [int(before[name]), int(level)]
        if level == Level.NONE:
            RolePrivilege.objects.filter(role=role, privilege=name).delete()
        else:
            RolePrivilege.objects.update_or_create(role=role, privilege=name, defaults={"level": level})
    if changes:
        acting = Membership.objects.filter(client=role.client_id, user=actor).select_related("role").first()
        with client_scope(role.client_id):
            write_audit(
                action="role.changed",
                client=role.client,
                actor=actor,
                role_name=acting.role.name if acting else "",
                about=role,
                details={"role": role.name, "changes": changes, "members": role.memberships.count()},
            )
    return changes
