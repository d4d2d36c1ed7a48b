"""Short ways to put customers, entries and matches into a company's ledger, inside its scope."""

from datetime import date
from decimal import Decimal

from access.tenancy import client_scope
from accounting.models import ControlAccountMovement, Customer, HeldPeriod, LedgerEntry, Match


def day(text):
    return date.fromisoformat(text) if isinstance(text, str) else text


class Books:
    """The ledger of one company: `books.invoice("10000", "2026-01-01", "100.00", due="2026-01-31")` and so on."""

    def __init__(self, client):
        self.client, self.customers, self.count = client, {}, 0

    def customer(self, number, name=None, **values):
        if number not in self.customers:
            with client_scope(self.client):
                self.customers[number] = Customer.objects.for_client(self.client).create(
                    number=number, name=name or f"Kunde {number}", **values
                )
        return self.customers[number]

    def entry(self, number, on, amount, *, kind="invoice", due=None, currency=None, currency_amount=None, **values):
        customer, self.count = self.customer(number), self.count + 1
        amount = Decimal(amount)
        in_currency = amount if currency_amount is None else Decimal(currency_amount)
        values = {"entry_id": f"e{self.count}", "voucher_number": str(self.count), "source": "own"} | values
        with client_scope(self.client):
            return LedgerEntry.objects.for_client(self.client).create(
                customer=customer, kind=kind, entry_date=day(on), due_date=day(due), amount=amount, open_amount=amount,
                currency=currency or self.client.base_currency, currency_amount=in_currency,
                open_currency_amount=in_currency, closed_on=None if amount else day(on), **values,
            )  # fmt: skip

    def invoice(self, number, on, amount, **values):
        return self.entry(number, on, amount, kind="invoice", **values)

    def payment(self, number, on, amount, **values):
        """`amount` positive; it stands as a credit."""
        return self.entry(number, on, -Decimal(amount), kind="payment", **values)

    def credit_note(self, number, on, amount, **values):
        """`amount` positive; it stands as a credit."""
        return self.entry(number, on, -Decimal(amount), kind="credit_note", **values)

    def match(self, debit, credit, amount, on=None, debit_currency=None, credit_currency=None):
        with client_scope(self.client):
            return Match.objects.for_client(self.client).create(
                debit=debit, credit=credit, amount=Decimal(amount),
                debit_currency_amount=Decimal(debit_currency or amount),
                credit_currency_amount=Decimal(credit_currency or amount),
                matched_on=day(on) or max(debit.entry_date, credit.entry_date),
            )  # fmt: skip

    def paid(self, debit, on, amount=None):
        """A payment of `amount` (all of it) on a day, matched that day."""
        credit = self.payment(debit.customer.number, on, amount or debit.amount)
        self.match(debit, credit, amount or debit.amount)
        return credit

    def period(self, start, end):
        with client_scope(self.client):
            return HeldPeriod.objects.for_client(self.client).create(start=day(start), end=day(end))

    def control(self, account, on, amount):
        with client_scope(self.client):
            return ControlAccountMovement.objects.for_client(self.client).create(
                account=account, day=day(on), amount=Decimal(amount)
            )

    def report(self, function, as_of, **options):
        """The report's JSON as of a date, read inside a scope that may only SELECT."""
        from accounting.reports.options import Options

        with client_scope(self.client, read_only=True):
            return function(self.client, Options(as_of=day(as_of), **options)).as_json()
