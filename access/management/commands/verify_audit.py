"""Verifies the log's chains."""

import json
import logging
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from access.audit_chain import (
    Anchor,
    Verified,
    keep_verified,
    read_anchors,
    verify_company,
    verify_lines_without_company,
)
from access.models import Client

log = logging.getLogger("access.audit")


class Command(BaseCommand):
    """verify_audit [--anchor] [--anchors FILE]; a line that does not fit ends with exit code 1 and `error: line …`."""

    help = "Walk every chain of the log and name the first line of each that does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anchor", action="store_true", help="write the end of each chain into the system's log")
        parser.add_argument(
            "--anchors", type=Path, help="a kept log: what was written there must still be in the chains"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        anchors = {}
        if options["anchors"]:
            try:
                with open(options["anchors"], encoding="utf-8", errors="replace") as file:
                    anchors = read_anchors(file)
            except OSError as error:
                self.stderr.write(f"error: --anchors: {options['anchors']} cannot be read: {error.strerror}")
                raise SystemExit(1) from None
        found: list[Verified] = []
        for client in Client.objects.order_by("organisation_number").iterator():
            found.append(verify_company(client, anchors.pop(client.organisation_number, ())))
            keep_verified(client, found[-1], timezone.now())
        found.append(verify_lines_without_company(anchors.pop("-", ())))
        faults = [one.fault for one in found if one.fault]
        told = {
            "chains": sum(bool(one.rows) for one in found),
            "rows": sum(one.rows for one in found),
            "faults": [
                {"company": one.company, "number": one.number, "id": one.id, "what": one.what} for one in faults
            ],
        }
        self.stdout.write(json.dumps(told))
        for one in found:
            if options["anchor"] and one.rows and not one.fault:
                log.info("%s", Anchor(one.company, one.rows, one.hash))
        # Of a company that is gone altogether nothing is left in the database that could tell.
        lost = [f"error: the company {company} is gone, and its log with it" for company in anchors]
        for message in [f"error: {one}" for one in faults] + lost:
            self.stderr.write(message)
        if faults or lost:
            raise SystemExit(1)
