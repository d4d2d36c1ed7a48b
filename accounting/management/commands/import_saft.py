"""Imports a SAF-T Financial file."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from accounting.imports.refusal import ImportRefused
from accounting.services.saft_import import import_saft


class Command(BaseCommand):
    """import_saft FILE [--client ORGNR] [--shift-days N]"""

    help = "Import a company, its customers and its customer ledger from a SAF-T Financial file (1.10 to 1.40)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--client", help="organisation number, for a file that carries none or a wrong one")
        parser.add_argument("--shift-days", type=int, default=0, help="move every date; for demos with old files")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            summary = import_saft(path=path, client_number=options["client"], shift_days=options["shift_days"])
        except ImportRefused as refusal:
            self.stderr.write(f"error: {path.name}:{refusal.line}: {refusal}")
            sys.exit(1)
        self.stdout.write(json.dumps(summary, ensure_ascii=False))
