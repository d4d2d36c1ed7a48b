"""`import_ledger`: customers, entries and matches of a company from the ledger CSV."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from accounting.imports.ledger_csv import ENTRIES, MATCHES, FileRefused, Layout
from accounting.services.ledger_import import import_ledger


def _columns(layout: Layout) -> str:
    return f"columns {', '.join(layout.required)}; may have {', '.join(layout.optional)}"


class Command(BaseCommand):
    """Prints one JSON object (INTERFACES: «Management commands»); a refused file ends with exit code 1."""

    help = (
        "Imports customers, entries and matches of a company from CSV files: UTF-8, comma, a header row, columns in any"
        " order. Debits positive, credits negative, in the company's currency."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", metavar="ORGNR", required=True, help="the company's organisation number")
        parser.add_argument("--name", required=True, help="its name, where it is not known yet")
        parser.add_argument("--currency", metavar="NOK", help="what its books are kept in; a new company: NOK")
        parser.add_argument("entries", metavar="ENTRIES.csv", help=_columns(ENTRIES))
        parser.add_argument("matches", metavar="MATCHES.csv", nargs="?", help=_columns(MATCHES))

    def handle(self, *arguments: Any, **given: Any) -> None:
        with translation.override(None):
            try:
                summary = import_ledger(
                    client_orgnr=given["client"],
                    name=given["name"],
                    currency=given["currency"],
                    entries=Path(given["entries"]),
                    matches=Path(given["matches"]) if given["matches"] else None,
                )
            except FileRefused as refusal:
                self.stderr.write(f"error: {refusal.path}:{refusal.line}: {refusal}")
                raise SystemExit(1) from None
        self.stdout.write(json.dumps(summary, ensure_ascii=False, indent=2))
