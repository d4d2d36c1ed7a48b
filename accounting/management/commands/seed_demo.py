"""The demo companies, their books and their people."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounting.services.demo import seed_demo


class Command(BaseCommand):
    """seed_demo [--entries N]"""

    help = (
        "Make the demo companies, people and roles; what is there stays. One JSON line per company says what was added."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--entries", type=int, default=0, metavar="N",
            help="settled invoices, each with its payment, that the first company shall have behind it",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if options["entries"] < 0:
            raise CommandError("--entries is a number of invoices: give 0 or more")
        for one in seed_demo(today=timezone.localdate(), history=options["entries"]):
            self.stdout.write(json.dumps(asdict(one), ensure_ascii=False))
