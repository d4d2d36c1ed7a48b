"""What the tests of the log share: lines, the command, and an owner who has gone bad."""

import json
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection, transaction

from access.models import AuditEntry
from access.ownership import as_owner
from access.services import write_audit
from access.tenancy import client_scope


def write(client, *actions):
    with client_scope(client):
        for action in actions:
            write_audit(action=action, client=client, details={"tekst": 'blåbær "x" \\ \n\t€ 😀', "n": [1, 1.50, None]})


def lines(client):
    with client_scope(client):
        return list(AuditEntry.objects.for_client(client).order_by("number"))


def verify(capsys, *options):
    """verify_audit: its exit code, what it printed as JSON, and what it said was wrong."""
    try:
        call_command("verify_audit", *options)
        code = 0
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    return code, json.loads(out), err


@contextmanager
def owner_at_work():
    """A cursor of the owner with the trigger off: whoever has the owner's password can do that."""
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE access_auditentry DISABLE TRIGGER audit_link")
        yield cursor
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE access_auditentry ENABLE TRIGGER audit_link")
