"""Ledger CSV files out of short rows, and the commands that read them and report."""

import csv
import json
from contextlib import redirect_stderr
from io import StringIO

import pytest
from django.core.management import call_command

from access.models import Client
from access.tenancy import client_scope
from accounting.imports.ledger_csv import ENTRIES, MATCHES
from accounting.models import LedgerEntry, Match

NUMBER, NAME = "310000000", "Furuly Lys AS"


def entry(entry_id, amount, on="2026-01-10", **values):
    """One row of ENTRIES.csv; `number` and `name` of the customer."""
    number = values.pop("number", "1001")
    given = {
        "entry_id": entry_id, "customer_number": number, "customer_name": values.pop("name", f"Kunde {number}"),
        "kind": values.pop("kind", "invoice" if not amount.startswith("-") else "payment"), "voucher_number": entry_id,
        "entry_date": on, "due_date": values.pop("due", ""), "amount": amount,
    }  # fmt: skip
    return dict.fromkeys(ENTRIES.required, "") | given | values


def match(debit, credit, amount, on="", **values):
    """One row of MATCHES.csv."""
    return {
        "debit_entry_id": debit, "credit_entry_id": credit, "amount": amount, "matched_on": on,
        "debit_currency_amount": "", "credit_currency_amount": "",
    } | values  # fmt: skip


def write(path, rows, columns=None):
    """The rows as a file; its columns are those of the first row, or the required ones."""
    names = columns or list(rows[0] if rows else ENTRIES.required)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


class Folder:
    """Files of one company in a folder, imported and reported by the commands."""

    def __init__(self, folder, number=NUMBER, name=NAME):
        self.folder, self.number, self.name = folder, number, name

    def entries(self, *rows):
        return write(self.folder / "entries.csv", rows)

    def matches(self, *rows):
        return write(self.folder / "matches.csv", rows, [*MATCHES.limits])

    def run(self, *paths, **options):
        """The summary of an import of these files."""
        return json.loads(self._call("import_ledger", *map(str, paths), name=self.name, **options))

    def load(self, entries, matches=None, **options):
        """The summary of an import of these rows."""
        files = [self.entries(*entries)] + ([self.matches(*matches)] if matches is not None else [])
        return self.run(*files, **options)

    def refused(self, *paths, **options):
        """What stands on standard error of an import that ends with exit code 1."""
        err = StringIO()
        with redirect_stderr(err), pytest.raises(SystemExit) as ended:
            self._call("import_ledger", *map(str, paths), name=self.name, stderr=err, **options)
        assert ended.value.code == 1
        return err.getvalue()

    def report(self, name, as_of, **options):
        """The JSON of a report."""
        return json.loads(self._call("report", name, as_of=as_of, **options))

    def _call(self, command, *arguments, **options):
        out = StringIO()
        call_command(command, *arguments, client=self.number, stdout=out, **options)
        return out.getvalue()

    def company(self):
        return Client.objects.get(organisation_number=self.number)

    def books(self):
        """Entries and matches by what identifies them, not by when they came."""
        client = self.company()
        with client_scope(client):
            entries = LedgerEntry.objects.for_client(client).order_by("entry_id")
            matches = Match.objects.for_client(client)
            return (
                list(entries.values_list(
                    "entry_id", "customer__number", "customer__name", "kind", "entry_date", "due_date", "amount",
                    "open_amount", "currency", "currency_amount", "open_currency_amount", "closed_on",
                )),
                sorted(matches.values_list(
                    "debit__entry_id", "credit__entry_id", "amount", "matched_on", "debit_currency_amount",
                    "credit_currency_amount",
                )),
            )  # fmt: skip


def codes(summary):
    return {one["code"] for one in summary["warnings"]}
