"""`import_invoices`: EHF / PEPPOL BIS Billing 3 invoices and credit notes that a company issued."""

import json
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from access.models import Client
from accounting.imports.refusal import FileRefused
from accounting.services.invoice_import import import_invoices


class Command(BaseCommand):
    """Prints one JSON object (INTERFACES: «Management commands»); a refused file ends with exit code 1."""

    help = (
        "Imports EHF / PEPPOL BIS Billing 3 invoices and credit notes that the company has issued: all of the files, or none"
        " where one of them is refused."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", metavar="ORGNR", required=True, help="the company's organisation number")
        parser.add_argument("--any-supplier", action="store_true", help="whoever issued them; for tests")
        parser.add_argument("files", metavar="FILE", nargs="+")

    def handle(self, *arguments: Any, **given: Any) -> None:
        paths = [Path(one) for one in given["files"]]
        with translation.override(None):
            client = Client.objects.filter(organisation_number=given["client"]).first()
            if client is None:
                self._refuse(paths[0], 1, f"there is no company {given['client'][:40]}: make it with add_client")
            try:
                summary = import_invoices(client=client, paths=paths, any_supplier=given["any_supplier"])
            except FileRefused as refusal:
                self._refuse(refusal.path, refusal.line, str(refusal))
        self.stdout.write(json.dumps(summary, ensure_ascii=False, indent=2))

    def _refuse(self, path: Path, line: int, message: str) -> NoReturn:
        self.stderr.write(f"error: {path}:{line}: {message}")
        raise SystemExit(1) from None
