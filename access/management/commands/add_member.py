"""Makes a person a member of a company."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.models import Client, Role
from access.services import add_member, known_person


class Command(BaseCommand):
    """add_member --client ORGNR --subject SUB --role NAME"""

    help = "Make a person (by the identity provider's `sub`) a member of a company, or move her to another role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--client", required=True, help="organisation number")
        parser.add_argument("--subject", required=True, help="the person's `sub` at the identity provider")
        parser.add_argument(
            "--role", required=True, help="administrator, daglig_leder, regnskapsforer, revisor, standard"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        client = Client.objects.filter(organisation_number=options["client"]).first()
        if client is None:
            raise CommandError(f"there is no company {options['client']}: import it, or use add_client")
        keys = Role.objects.filter(client=client).exclude(key="").values_list("key", flat=True)
        if options["role"] not in keys:
            raise CommandError(f"there is no role {options['role']}: use one of {', '.join(sorted(keys))}")
        if not options["subject"].strip():
            raise CommandError("--subject is empty: give the person's `sub` at the identity provider")
        user = known_person(subject=options["subject"])
        membership = add_member(client=client, user=user, role_key=options["role"])
        self.stdout.write(f"{options['subject']}: {membership.role.name}, {client.name}")
