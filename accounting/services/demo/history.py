"""Generated history: settled invoices with their payments, the same ones every time, for a demo that has years behind it."""

from datetime import date, timedelta
from decimal import Decimal

from access.models import Client
from accounting.models import Customer, HeldPeriod, Kind, LedgerEntry, Source
from accounting.services.demo.ledger import ACCOUNT, FILE_NAME, move_control_account, settle

PREFIX = "demo-history-"
AT_ONCE = 5000  # pairs of one statement
TERMS = (14, 30)  # days


def write_history(*, client: Client, count: int) -> None:
    """Add pairs until there are `count`. In the client's scope; a company whose books are not the demo's gets none."""
    period = HeldPeriod.objects.for_client(client).filter(file_name=FILE_NAME).first()
    if period is None:
        return
    held = LedgerEntry.objects.for_client(client).filter(entry_id__startswith=PREFIX, kind=Kind.INVOICE).count()
    customers = list(Customer.objects.for_client(client).filter(country="NO").order_by("number_key"))
    moved = []
    for first in range(held, count, AT_ONCE):
        pairs = [_pair(number, customers, period) for number in range(first, min(first + AT_ONCE, count))]
        LedgerEntry.objects.for_client(client).bulk_create([entry for pair in pairs for entry in pair], batch_size=1000)
        settle(client, [(debit, credit, debit.amount) for debit, credit in pairs])
        moved += [(entry.entry_date, entry.amount) for pair in pairs for entry in pair]
    if moved:
        move_control_account(client, moved)


def _pair(number: int, customers: list[Customer], period: HeldPeriod) -> tuple[LedgerEntry, LedgerEntry]:
    """Invoice and payment number so and so; spread by remainders, so that every run gives the same."""
    customer = customers[number % len(customers)]
    amount = Decimal(500 + number * 7919 % 49_000) + Decimal(number % 4 * 25) / 100
    issued = period.start + timedelta(days=number * 13 % 230)
    due = issued + timedelta(days=TERMS[number % 2])
    paid = due + timedelta(days=number * 5 % 25 - 10)
    voucher = 100_000 + 2 * number
    debit = _entry(customer, f"{number}-invoice", voucher, issued, amount, Kind.INVOICE)
    debit.due_date, debit.invoice_number = due, str(100_000 + number)
    return debit, _entry(customer, f"{number}-payment", voucher + 1, paid, -amount, Kind.PAYMENT)


def _entry(customer: Customer, name: str, voucher: int, on: date, amount: Decimal, kind: Kind) -> LedgerEntry:
    return LedgerEntry(
        customer=customer,
        entry_id=PREFIX + name,
        source=Source.OWN,
        kind=kind,
        account=ACCOUNT,
        voucher_number=str(voucher),
        entry_date=on,
        amount=amount,
        open_amount=amount,
        currency="NOK",
        currency_amount=amount,
        open_currency_amount=amount,
    )
