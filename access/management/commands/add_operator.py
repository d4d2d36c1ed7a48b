"""Makes a person operator of the installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from access.models import User
from access.services import known_person, write_audit


class Command(BaseCommand):
    """add_operator --subject SUB; wrong input ends with exit code 1 and `error: …`."""

    help = "Make a person operator (superuser): the admin site only, no company's pages."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--subject", required=True, help="the person's `sub` at the identity provider")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        subject = options["subject"]
        if not (subject.strip() and len(subject) <= 255):
            self.stderr.write(
                "error: --subject: give the person's `sub` at the identity provider, at most 255 characters"
            )
            raise SystemExit(1)
        was = set(User.objects.filter(is_superuser=True).values_list("pk", flat=True))
        user = known_person(subject=subject, is_superuser=True)
        if user.pk not in was:
            write_audit(action="operator.added", about=user)
        self.stdout.write(f"{subject}: operator")
