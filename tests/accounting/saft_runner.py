"""Imports SAF-T files in tests, as the command does, and reads back what the books are."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from access.models import Client
from access.tenancy import client_scope
from accounting.models import ControlAccountMovement, Customer, LedgerEntry, Match


def run(path, *arguments):
    """The summary of a file that is read."""
    out = StringIO()
    call_command("import_saft", str(path), *arguments, stdout=out)
    return json.loads(out.getvalue())


def refused(path, *arguments):
    """What is said of a file that is refused."""
    err = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_saft", str(path), *arguments, stderr=err)
    assert ended.value.code == 1
    return err.getvalue()


def warned(summary, code):
    """Message and place of each warning of a code."""
    return [(one["message"], one["where"]) for one in summary["warnings"] if one["code"] == code]


def books(client):
    """Customers, entries, matches and control accounts by what identifies them, not by when they came."""
    with client_scope(client):
        entries = LedgerEntry.objects.for_client(client).order_by("entry_date", "entry_id")
        matches = Match.objects.for_client(client).order_by("debit__entry_id", "credit__entry_id")
        moves = ControlAccountMovement.objects.for_client(client).order_by("account", "day")
        return {
            "customers": list(Customer.objects.for_client(client).order_by("number").values_list("number", "name")),
            "entries": list(
                entries.values_list(
                    "entry_id", "customer__number", "kind", "amount", "open_amount", "currency", "currency_amount",
                    "open_currency_amount", "entry_date", "due_date", "closed_on", "invoice_number", "kid",
                )
            ),
            "matches": list(
                matches.values_list(
                    "debit__entry_id", "credit__entry_id", "amount", "debit_currency_amount", "credit_currency_amount",
                    "matched_on", "assumed",
                )
            ),
            "control": list(moves.exclude(amount=0).values_list("account", "day", "amount")),
        }  # fmt: skip


def company(number="310000000"):
    return Client.objects.get(organisation_number=number)
