"""The words of access's own actions in the log: people, roles, sign-in, the log itself."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from access.audit_words import FILES, PEOPLE, Details, Told, changes, fact, move, one_of, register
from access.privileges import PRIVILEGES, Level

LEVELS = {Level.NONE: _("No access"), Level.READ: _("Read access"), Level.FULL: _("Full access")}
_PRIVILEGES = {name: one.label for name, one in PRIVILEGES.items()}


def _people(details: Details) -> Iterable[Told]:
    """For how many people a role changed."""
    count = int(details["members"])
    yield Told(_("Concerns"), ngettext("%(count)d person", "%(count)d people", count) % {"count": count})


def _member_added(details: Details) -> Iterable[Told]:
    yield Told(_("Role"), str(details["after"]))


def _given(details: Details) -> Iterable[Told]:
    """The rights of a role that came or went; those that it did not have are not told."""
    for name, level in details["levels"].items():
        if level:
            yield Told(_PRIVILEGES.get(name, name), str(LEVELS.get(level, level)))


register(
    PEOPLE,
    {
        "client.created": (_("Company created"),),
        "member.added": (_("Member added"), fact("person", _("Person")), _member_added),
        "member.moved": (_("Member given another role"), fact("person", _("Person")), move(_("Role"))),
        "role.changed": (
            _("Role changed"),
            fact("role", _("Role")),
            changes(_PRIVILEGES, one_of(LEVELS)),
            _people,
        ),
        "role.created": (_("Role created"), fact("role", _("Role")), _given),
        "role.renamed": (_("Role renamed"), move(_("Name"))),
        "role.deleted": (_("Role deleted"), fact("role", _("Role")), _given),
        "access.refused": (
            _("Tried something without the right to it"),
            fact("privilege", _("Right"), one_of(_PRIVILEGES)),
            fact("page", _("Page")),
        ),
        "sign_in": (_("Signed in"),),
        "sign_in.refused": (_("Sign-in refused"), fact("why", _("Reason"))),
        "sign_out": (_("Signed out"),),
        "operator.added": (_("Operator added"),),
        "person.moved": (_("Person moved to another identity provider"), move(_("Issuer"), before="from", after="to")),
    },
)
register(
    FILES,
    {"log.exported": (_("Log exported"), fact("lines", _("Lines")), fact("narrowed", _("Narrowed to")))},
)
