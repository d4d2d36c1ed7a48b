"""`add_rate`: a rate for invoices in other currencies."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from access.models import Client
from access.tenancy import client_scope
from accounting.services.rates import RateImpossible, set_rate


class Command(BaseCommand):
    """add_rate CURRENCY DATE RATE --client ORGNR; wrong input ends with exit code 1 and `error: …`."""

    help = (
        "Enter what one unit of a currency costs in the company's own on a day. It counts for that day and, until the"
        " next one is entered, for the seven days after it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("currency", metavar="CURRENCY", help="three letters, as EUR")
        parser.add_argument("date", metavar="DATE", help="as 2026-01-31")
        parser.add_argument("rate", metavar="RATE", help="for one unit, as 11.7425")
        parser.add_argument("--client", metavar="ORGNR", required=True, help="the company's organisation number")

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(None):
            currency = options["currency"].upper()
            if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
                self._refuse(f"{options['currency'][:40]} is not a currency: give three letters, for instance EUR")
            client = Client.objects.filter(organisation_number=options["client"]).first()
            if client is None:
                self._refuse(f"there is no company {options['client'][:40]}: make it with add_client")
            day, rate = self._day(options["date"]), self._rate(options["rate"])
            with client_scope(client):
                try:
                    entered = set_rate(client=client, currency=currency, day=day, rate=rate)
                except RateImpossible as fault:
                    self._refuse(str(fault))
        said = f"1 {currency} = {rate:f} {client.base_currency} on {day}"
        self.stdout.write(said if entered else f"{said}; it was there already")

    def _day(self, written: str) -> date:
        try:
            if len(written) == 10:
                return date.fromisoformat(written)
        except ValueError:
            pass
        self._refuse(f"{written[:40]} is not a date: write it as 2026-01-31")

    def _rate(self, written: str) -> Decimal:
        try:
            if written.isascii() and len(written) <= 30:
                return Decimal(written)
        except InvalidOperation:
            pass
        self._refuse(f"{written[:40]} is not a rate: write it as 11.7425")

    def _refuse(self, message: str) -> NoReturn:
        self.stderr.write(f"error: {message}")
        raise SystemExit(1)
