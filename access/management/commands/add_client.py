"""An empty company."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from access.models import Client
from access.services import create_client


class Command(BaseCommand):
    """add_client NUMBER --name NAME [--country NO] [--currency NOK]"""

    help = "Make an empty company with its five standard roles."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="organisation number; its check digit is required for NO")
        parser.add_argument("--name", required=True)
        parser.add_argument("--country", default="NO")
        parser.add_argument("--currency", default="NOK")

    def handle(self, *args: Any, **options: Any) -> None:
        number, currency = options["number"], options["currency"].upper()
        if Client.objects.filter(organisation_number=number).exists():
            raise CommandError(f"the company {number} is there already")
        if not (len(currency) == 3 and currency.isalpha() and currency.isascii()):
            raise CommandError(f"{currency} is not a currency: give three letters, for instance NOK")
        if not options["name"].strip():
            raise CommandError("--name is empty: give the company's name")
        try:
            client = create_client(
                organisation_number=number, name=options["name"], country=options["country"], base_currency=currency
            )
        except ValidationError as error:
            raise CommandError(error.messages[0]) from None
        self.stdout.write(f"{client.organisation_number}: {client.name}")
