"""Who there is and who may do what: clients, people, roles, memberships, and the log of what was done."""

import secrets
import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from stdnum.no import kontonr, orgnr

from access.privileges import PRIVILEGES, Level, privilege
from access.tenancy import ClientOwned


def check_bank_account(value: str) -> None:
    """Raise ValidationError unless `value` is a Norwegian account number: 11 digits, mod 11."""
    # python-stdnum also takes the seven digits of an old giro account.
    if not (len(value) == 11 and kontonr.is_valid(value)):
        raise ValidationError(_("The account number must have 11 digits and a right check digit."))


def is_organisation_number(value: str, country: str = "NO") -> bool:
    """Whether `value` can be a company's number in that country; the check digit is required in Norway."""
    if country == "NO":
        return len(value) == 9 and value.isdigit() and orgnr.is_valid(value)
    return value.isalnum() and 2 <= len(value) <= 20


class Client(models.Model):
    """A company whose books are kept here. Public on purpose: it is needed before a scope can be opened."""

    organisation_number = models.CharField(_("organisation number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(max_length=2, default="NO")
    base_currency = models.CharField(max_length=3, default="NOK")
    bank_account = models.CharField(max_length=11, blank=True, validators=[check_bank_account])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("company"), _("companies")
        constraints = [
            models.CheckConstraint(
                name="client_bank_account_digits",
                condition=Q(bank_account="") | Q(bank_account__regex=r"^\d{11}$"),
            ),
            models.CheckConstraint(name="client_currency_code", condition=Q(base_currency__regex=r"^[A-Z]{3}$")),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.organisation_number})"

    def clean(self) -> None:
        if not is_organisation_number(self.organisation_number, self.country):
            raise ValidationError({"organisation_number": _("The check digit of the organisation number is wrong.")})


def _session_key() -> str:
    return secrets.token_urlsafe(24)


class UserManager(BaseUserManager["User"]):
    """People are known by issuer and subject; nobody is found by e-mail."""

    def with_identity(self, issuer: str, subject: str) -> "models.QuerySet[User]":
        """None or one."""
        return self.filter(issuer=issuer, subject=subject)


class User(AbstractBaseUser):
    """A person, identified by an OpenID Connect issuer and its `sub`, for ever. There are no passwords."""

    password = None  # type: ignore[assignment]
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    is_superuser = models.BooleanField(default=False, help_text=_("Operator of the installation: the admin site only."))
    session_key = models.CharField(max_length=40, default=_session_key, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "uuid"
    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="user_identity_unique"),
            models.CheckConstraint(name="user_subject_given", condition=~Q(subject="") & ~Q(issuer="")),
        ]

    def __str__(self) -> str:
        return self.name or self.subject

    def get_full_name(self) -> str:
        return str(self)

    @property
    def given_name(self) -> str:
        """How she is greeted."""
        return str(self).split(" ")[0]

    @property
    def initials(self) -> str:
        """At most two letters."""
        words = str(self).split()
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()

    @property
    def is_staff(self) -> bool:
        """Whether the admin site opens at all; what it shows is decided there, per company."""
        return self.is_superuser or self.memberships.filter(role__is_administrator=True).exists()

    def get_session_auth_hash(self) -> str:
        """Changing `session_key` ends every session of this person."""
        return self.session_key

    def get_session_auth_fallback_hash(self) -> Any:
        yield from ()

    def rights(self, client: Client) -> "Rights | None":
        """What she may do in this company; None for a stranger. An inactive person is one, and so is the operator."""
        if not self.is_active or self.is_superuser:
            return None
        of_same_person = Membership.objects.filter(user=OuterRef("user")).values("user").values(count=Count("pk"))
        membership = (
            Membership.objects.filter(user=self, client=client)
            .annotate(clients=Subquery(of_same_person))  # the frame of every page asks how many
            .select_related("role")
            .prefetch_related("role__grants")
            .first()
        )
        return Rights(membership) if membership else None

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """With a client: whether her role there has the privilege, reading at least. Without: never.

        Raises UnknownPrivilege.
        """
        privilege(perm)
        rights = self.rights(obj) if isinstance(obj, Client) else None
        return bool(rights and perm in rights)

    def has_perms(self, perms: list[str], obj: Any = None) -> bool:
        return all(self.has_perm(one, obj) for one in perms)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


class Role(models.Model):
    """A named set of privileges in one company."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="roles", verbose_name=_("company"))
    key = models.CharField(max_length=30, blank=True, help_text=_("The standard role it was created as, if any."))
    name = models.CharField(_("name"), max_length=100)
    is_administrator = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("role"), _("roles")
        constraints = [
            models.UniqueConstraint(fields=["client", "name"], name="role_name_unique_per_client"),
            models.UniqueConstraint(fields=["client", "id"], name="role_client_id_unique"),
            models.UniqueConstraint(fields=["client", "key"], name="role_key_unique_per_client", condition=~Q(key="")),
        ]

    def __str__(self) -> str:
        return self.name

    def levels(self) -> dict[str, Level]:
        """The level of every privilege. An administrator's role has everything and cannot be cut down."""
        if self.is_administrator:
            return dict.fromkeys(PRIVILEGES, Level.FULL)
        granted = {grant.privilege: Level(grant.level) for grant in self.grants.all()}
        return {name: granted.get(name, Level.NONE) for name in PRIVILEGES}


class RolePrivilege(models.Model):
    """That a role has a privilege, and how far. No row: no access."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="grants")
    privilege = models.CharField(max_length=60, choices=[(name, one.label) for name, one in PRIVILEGES.items()])
    level = models.SmallIntegerField(
        choices=[(Level.READ.value, _("Read access")), (Level.FULL.value, _("Full access"))]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "privilege"], name="role_privilege_unique"),
            models.CheckConstraint(name="role_privilege_level", condition=Q(level__in=[1, 2])),
            models.CheckConstraint(name="role_privilege_known", condition=Q(privilege__in=sorted(PRIVILEGES))),
        ]


class Membership(models.Model):
    """That a person belongs to a company, in one role."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("company"))
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("person"))
    role = models.ForeignKey(
        Role, on_delete=models.PROTECT, related_name="memberships", db_constraint=False, verbose_name=_("role")
    )
    created_at = models.DateTimeField(_("member since"), auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("member"), _("members")
        constraints = [models.UniqueConstraint(fields=["client", "user"], name="membership_unique")]

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"


class Rights:
    """What one person may do in one company; loaded once per request. `"name" in rights` is true from «Lesetilgang» up."""

    def __init__(self, membership: Membership) -> None:
        self.membership = membership
        self.levels = membership.role.levels()

    def __contains__(self, name: str) -> bool:
        return self.levels[privilege(name).name] >= Level.READ

    def full(self, name: str) -> bool:
        """Whether she may also change what the privilege is about."""
        return self.levels[privilege(name).name] >= Level.FULL


_SHA256 = r"^[0-9a-f]{64}$"


class AuditEntry(ClientOwned):
    """One thing that was done or refused. Append-only by database privilege; a refused sign-in has no client.

    Each line is chained to the one before it of its company, or of those without one.
    """

    # Made here: PostgreSQL's RETURNING would read the row, which the policy refuses with no scope open.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(  # type: ignore[assignment]  # the one table where it may be empty
        Client, on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    actor_name = models.CharField(max_length=200, blank=True)
    actor_role = models.CharField(max_length=100, blank=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)
    # The chain (access/audit_chain.py): set by the database at every insert, whatever is given here.
    number = models.BigIntegerField(default=0, editable=False)
    previous_hash = models.CharField(max_length=64, default="", editable=False)
    hash = models.CharField(max_length=64, default="", editable=False)

    class Meta(ClientOwned.Meta):
        abstract = False
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["client", "-at"], name="audit_client_at")]
        constraints = [
            models.UniqueConstraint(fields=["client", "number"], name="audit_number_unique_per_client"),
            models.UniqueConstraint(
                fields=["number"], name="audit_number_unique_without_client", condition=Q(client=None)
            ),
            models.CheckConstraint(name="audit_line_is_chained", condition=Q(number__gte=1) & Q(hash__regex=_SHA256)),
        ]


class AuditChain(ClientOwned):
    """How far the log of one company goes, or the one of no company: kept by the database; and when it was last verified."""

    id = models.BigIntegerField(primary_key=True, editable=False)  # the client's, or 0
    client = models.ForeignKey(  # type: ignore[assignment]  # empty for the lines of no company
        Client, on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    number = models.BigIntegerField(editable=False)
    hash = models.CharField(max_length=64, editable=False)
    # The only columns that the application may write.
    verified_at = models.DateTimeField(null=True)
    verified_number = models.BigIntegerField(null=True)
    fault_number = models.BigIntegerField(null=True)
    fault = models.CharField(max_length=20, blank=True, db_default="")

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [models.CheckConstraint(name="audit_chain_is_the_clients", condition=Q(id=Coalesce("client", 0)))]
