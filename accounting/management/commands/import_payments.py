"""`import_payments`: customer payments of a company from OCR giro, camt.053 and camt.054 files."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from access.models import Client
from accounting.imports.ledger_csv import FileRefused
from accounting.services.payment_import import import_payments


class Command(BaseCommand):
    """Prints one JSON object (INTERFACES: «Management commands»); a refused file ends with exit code 1."""

    help = "Imports customer payments from bank files: OCR giro, camt.053, camt.054, recognised by their content."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", metavar="ORGNR", required=True, help="the company's organisation number")
        parser.add_argument("files", metavar="FILE", nargs="+")

    def handle(self, *arguments: Any, **given: Any) -> None:
        with translation.override(None):
            client = Client.objects.filter(organisation_number=given["client"]).first()
            if client is None:
                self.stderr.write(
                    f"error: the company {given['client']} is not known: import its books or make it with add_client"
                )
                raise SystemExit(1)
            try:
                summary = import_payments(client=client, paths=[Path(one) for one in given["files"]])
            except FileRefused as refusal:
                self.stderr.write(f"error: {refusal.path}:{refusal.line}: {refusal}")
                raise SystemExit(1) from None
        self.stdout.write(json.dumps(summary, ensure_ascii=False, indent=2))
