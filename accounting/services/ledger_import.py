"""Imports a ledger CSV: a company's customers, their entries, and the matches between them."""

import re
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from access.models import Client, User, is_organisation_number
from access.services import create_client, write_audit
from access.tenancy import client_scope
from accounting.imports.counted import Told, untold
from accounting.imports.ledger_csv import FileRefused
from accounting.models import LedgerEntry
from accounting.services.held_twice import warn_of_held_twice
from accounting.services.ledger_entries import store_entries
from accounting.services.ledger_matches import store_matches
from accounting.services.payment_import import book_waiting
from accounting.services.receipt_booking import Booked
from accounting.services.saft_checks import Warnings
from accounting.services.statistics import analyse_ledger, plan_for_many_rows
from accounting.signals import ledger_changed

LONGEST_NAME = 200


def import_ledger(
    *,
    client_orgnr: str,
    name: str,
    entries: Path,
    matches: Path | None = None,
    currency: str | None = None,
    actor: User | None = None,
    progress: Told = untold,
) -> dict[str, Any]:
    """Read the files and store them whole, or nothing; the summary of INTERFACES «Management commands», amounts as strings.

    A company that is not known is created with `name` and `currency` (NOK where none is given). Raises FileRefused.
    `progress` is told how many bytes of the entries were read. The rules: INTERFACES «Ledger CSV».
    """
    with transaction.atomic():
        warnings = Warnings()
        client = _client(entries, client_orgnr, name, currency, warnings, actor)
        with client_scope(client):
            plan_for_many_rows()
            last_pk = LedgerEntry.objects.for_client(client).aggregate(last=Max("pk"))["last"] or 0
            stored = store_entries(client, entries, warnings, progress)
            warn_of_held_twice(client, last_pk, warnings)
            matched = store_matches(client, matches) if matches else 0
            taken_up = book_waiting(client, actor) if stored.created else Booked()
            customers = stored.customers
            if stored.created or stored.restated or matched or customers["created"] or customers["updated"]:
                details = {
                    "file": entries.name, "matches_file": matches.name if matches else "", "entries": stored.created,
                    "restated": stored.restated, "matches": matched,
                }  # fmt: skip
                write_audit(action="ledger.imported", client=client, actor=actor, details=details)
                ledger_changed.send(sender=None, client=client)
            analyse_ledger(stored.created + matched + taken_up.entries)
            return {
                "client": client.organisation_number,
                "customers": customers,
                "entries": {"created": stored.created + taken_up.entries, "unchanged": stored.unchanged},
                "matches": {"created": matched + taken_up.matches},
                "totals": {client.base_currency: stored.totals},
                "warnings": warnings.listed(),
            }


def _client(path: Path, number: str, name: str, currency: str | None, warnings: Warnings, actor: User | None) -> Client:
    """The company, locked until the import ends; created where it is not known. Raises FileRefused."""
    known = Client.objects.select_for_update(no_key=True).filter(organisation_number=number)
    client = known.first()
    if client is None:
        _refuse_wrong(path, number, name, currency or "NOK")
        try:
            with transaction.atomic():
                return create_client(
                    organisation_number=number, name=name, base_currency=currency or "NOK", actor=actor
                )
        except IntegrityError:  # the same new company in another import at once, which has ended by now
            client = known.get()
    if currency and client.base_currency != currency:
        told = f"the company keeps its books in {client.base_currency}, not in {currency}: give its own with --currency"
        raise FileRefused(path, told)
    if client.name != name:
        warnings.add("company_name_differs", f"the company is known as {client.name}: that name stays", number)
    return client


def _refuse_wrong(path: Path, number: str, name: str, currency: str) -> None:
    """Raise FileRefused for what no new company can have."""
    if not is_organisation_number(number):
        told = (
            f"{number[:40]} is not an organisation number, its check digit is wrong: give the right one with --client"
        )
        raise FileRefused(path, told)
    if not name.strip() or len(name) > LONGEST_NAME:
        raise FileRefused(path, f"a company's name has 1 to {LONGEST_NAME} characters: give such a one with --name")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise FileRefused(
            path, f"{currency[:40]} is no code of three capital letters: give one with --currency, as NOK"
        )
