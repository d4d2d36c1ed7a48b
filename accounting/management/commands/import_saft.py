"""`import_saft`: a company, its customers and its customer ledger from a SAF-T Financial file (1.10 to 1.40)."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from accounting.imports.refusal import ImportRefused
from accounting.services.saft_import import import_saft


class Command(BaseCommand):
    """Prints one JSON object (INTERFACES: «Management commands»); a refused file ends with exit code 1."""

    help = "Imports a company, its customers and its customer ledger from a SAF-T Financial file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument(
            "--client", metavar="ORGNR", help="for a file that carries no company number or a wrong one"
        )
        parser.add_argument("--shift-days", type=int, default=0, metavar="N", help="moves every date; for demos")

    def handle(self, *arguments: Any, **given: Any) -> None:
        with translation.override(None):
            try:
                summary = import_saft(
                    path=Path(given["file"]), client_orgnr=given["client"], shift_days=given["shift_days"]
                )
            except ImportRefused as refusal:
                self.stderr.write(f"error: {given['file']}:{refusal.line}: {refusal}")
                raise SystemExit(1) from None
        self.stdout.write(json.dumps(summary, ensure_ascii=False, indent=2))
