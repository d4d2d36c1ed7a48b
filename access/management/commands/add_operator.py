"""Makes a person operator of the installation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.services import known_person, write_audit


class Command(BaseCommand):
    """add_operator --subject SUB"""

    help = "Make a person operator (superuser): the admin site only, no company's pages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--subject", required=True, help="the person's `sub` at the identity provider")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["subject"].strip():
            raise CommandError("--subject is empty: give the person's `sub` at the identity provider")
        user = known_person(subject=options["subject"], is_superuser=True)
        write_audit(action="operator.added", about=user)
        self.stdout.write(f"{options['subject']}: operator")
