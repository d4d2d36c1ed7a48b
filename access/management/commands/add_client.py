"""An empty company."""

from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.db import IntegrityError

from access.models import Client, is_organisation_number
from access.services import create_client


class Command(BaseCommand):
    """add_client NUMBER --name NAME [--country NO] [--currency NOK]; wrong input ends with exit code 1 and `error: …`."""

    help = "Make an empty company with its five standard roles."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="organisation number; its check digit is required for NO")
        parser.add_argument("--name", required=True)
        parser.add_argument("--country", default="NO", help="two letters, default NO")
        parser.add_argument("--currency", default="NOK", help="three letters, default NOK")

    def handle(self, *args: Any, **options: Any) -> None:
        number, name = options["number"], options["name"].strip()
        country, currency = options["country"].upper(), options["currency"].upper()
        if Client.objects.filter(organisation_number=number).exists():
            self._refuse(f"the company {number} is there already; nothing was changed")
        if not _letters(country, 2):
            self._refuse(f"{country} is not a country: give two letters, for instance NO")
        if not _letters(currency, 3):
            self._refuse(f"{currency} is not a currency: give three letters, for instance NOK")
        if not 1 <= len(name) <= 200:
            self._refuse("--name: give the company's name, at most 200 characters")
        if not is_organisation_number(number, country):
            wanted = "nine digits with a right check digit" if country == "NO" else "2 to 20 letters and digits"
            self._refuse(f"{number} is not an organisation number in {country}: give {wanted}, without spaces")
        try:
            client = create_client(organisation_number=number, name=name, country=country, base_currency=currency)
        except IntegrityError:
            self._refuse(f"the company {number} is there already; nothing was changed")
        self.stdout.write(f"{client.organisation_number}: {client.name}")

    def _refuse(self, message: str) -> NoReturn:
        self.stderr.write(f"error: {message}")
        raise SystemExit(1)


def _letters(text: str, count: int) -> bool:
    return len(text) == count and text.isascii() and text.isalpha()
