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
            "--entries", type=int, default=20_000, metavar="N",
            help="ledger entries of the large company (20000); 0: it is not made",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if options["entries"] < 0:
            raise CommandError("--entries is a number of ledger entries: give 0 or more")
        for one in seed_demo(today=timezone.localdate(), entries=options["entries"]):
            self.stdout.write(json.dumps(asdict(one), ensure_ascii=False))
