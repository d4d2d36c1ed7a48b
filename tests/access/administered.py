"""Short ways through the admin site for its tests."""

import re

from django.test import Client as Browser

from access.matrix import level_field
from access.models import AuditEntry, Role
from access.privileges import FINANCING, IMPORT, INVOICES, LOCK, REPORTS, ROLES
from access.services import known_person
from access.tenancy import client_scope

PRIVILEGE = {
    "financing": FINANCING, "invoices": INVOICES, "reports": REPORTS, "import": IMPORT, "lock": LOCK, "roles": ROLES,
}  # fmt: skip


def as_person(subject, **options):
    browser = Browser(**options)
    browser.force_login(known_person(subject=subject))
    return browser


def matrix_of(browser, own):
    """The page of the role matrix under `own`."""
    page = browser.get(own + "roller/")
    assert page.status_code == 200
    return page


def sent(page, changed=None):
    """What the browser would send of this page: every level as it stands, but for {(role key, privilege): level}."""
    data = {"shown": page.context["shown"]}
    for block in page.context["blocks"]:
        cells = [cell for row in block.parts for cell in row.cells] + block.cells
        data |= {cell.name: "" if cell.level is None else int(cell.level) for cell in cells if not cell.fixed}
    client = page.context["client"]
    for (key, privilege), level in (changed or {}).items():
        role = Role.objects.get(client=client, key=key)
        data[level_field(role.pk, PRIVILEGE[privilege])] = level
    return data


def level_lines(client, action="role.changed"):
    with client_scope(client):
        return list(AuditEntry.objects.for_client(client).filter(action=action).order_by("at"))


def role_of(client, key="regnskapsforer"):
    return Role.objects.get(client=client, key=key)


def plain(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))
