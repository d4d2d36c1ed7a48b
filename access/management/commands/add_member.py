"""Makes a person a member of a company."""

from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from access.models import Client, Role
from access.privileges import STANDARD_ROLES
from access.services import add_member, known_person


class Command(BaseCommand):
    """add_member --client ORGNR --subject SUB --role NAME; wrong input ends with exit code 1 and `error: …`."""

    help = "Make a person (by the identity provider's `sub`) a member of a company, or move her to another role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, help="organisation number")
        parser.add_argument("--subject", required=True, help="the person's `sub` at the identity provider")
        parser.add_argument("--role", required=True, help=", ".join(one.key for one in STANDARD_ROLES))

    def handle(self, *args: Any, **options: Any) -> None:
        subject, wanted = options["subject"], options["role"]
        client = Client.objects.filter(organisation_number=options["client"]).first()
        if client is None:
            self._refuse(f"there is no company {options['client']}: import its books, or make it with add_client")
        keys = Role.objects.filter(client=client).exclude(key="").order_by("pk").values_list("key", flat=True)
        if wanted not in keys:
            self._refuse(f"there is no role {wanted}: use one of {', '.join(keys)}")
        if not (subject.strip() and len(subject) <= 255):
            self._refuse("--subject: give the person's `sub` at the identity provider, at most 255 characters")
        with transaction.atomic():
            membership = add_member(client=client, user=known_person(subject=subject), role_key=wanted)
        self.stdout.write(f"{subject}: {membership.role.name}, {client.name}")

    def _refuse(self, message: str) -> NoReturn:
        self.stderr.write(f"error: {message}")
        raise SystemExit(1)
