"""Writes a demo company's books: customers, entries, matches, and what its general ledger says of them."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from stdnum import luhn

from access.models import Client
from accounting.models import ControlAccountMovement, Customer, HeldPeriod, Kind, LedgerEntry, Match, Source
from accounting.services.demo.companies import DRAWN_FOR, OPENED, Company, Item

ACCOUNT = "1500"
FILE_NAME = "seed_demo"
# So long the general ledger counts as held after the last entry; without it the comparison with the control account
# would be gone the day after the demo was made.
HELD_ON = timedelta(days=365)


def write_books(*, client: Client, company: Company, today: date) -> None:
    """Fill an empty ledger, every date moved so that the day the figures were drawn for is `today`. In the client's scope."""
    move = today - DRAWN_FOR
    customers = Customer.objects.for_client(client).bulk_create(
        Customer(
            number=one.number,
            name=one.name,
            organisation_number=one.organisation_number,
            country=one.country,
            private_person=one.private_person,
        )
        for one in company.customers
    )
    by_number = {one.number: one for one in customers}

    entries: list[LedgerEntry] = []
    pairs: list[tuple[LedgerEntry, LedgerEntry, Decimal]] = []
    for item in company.items:
        debit = _entry(item, by_number[item.customer], move)
        entries.append(debit)
        for payment in item.payments:
            rest = debit.amount - sum((pair[2] for pair in pairs if pair[0] is debit), Decimal(0))
            amount = Decimal(payment.amount) if payment.amount else rest
            credit = _entry(
                Item(item.customer, payment.voucher, payment.on, str(-amount), Kind.PAYMENT),
                by_number[item.customer],
                move,
            )
            entries.append(credit)
            pairs.append((debit, credit, amount))
    LedgerEntry.objects.for_client(client).bulk_create(entries)
    settle(client, pairs)

    opened = date.fromisoformat(OPENED) + move
    HeldPeriod.objects.for_client(client).create(start=opened, end=today + HELD_ON, file_name=FILE_NAME)
    moved = [(one.entry_date, one.amount) for one in entries]
    if company.difference:
        moved.append((date.fromisoformat(company.difference_on) + move, -Decimal(company.difference)))
    move_control_account(client, moved)


def settle(client: Client, pairs: list[tuple[LedgerEntry, LedgerEntry, Decimal]]) -> None:
    """Match each debit with its credit for an amount, both in the client's currency, from the later date on."""
    Match.objects.for_client(client).bulk_create(
        Match(
            debit=debit,
            credit=credit,
            amount=amount,
            debit_currency_amount=amount,
            credit_currency_amount=amount,
            matched_on=max(debit.entry_date, credit.entry_date),
        )
        for debit, credit, amount in pairs
    )


def move_control_account(client: Client, moved: list[tuple[date, Decimal]]) -> None:
    """Add amounts to the control account's movements of their days."""
    sums: dict[date, Decimal] = defaultdict(Decimal)
    for day, amount in moved:
        sums[day] += amount
    movements = ControlAccountMovement.objects.for_client(client).filter(account=ACCOUNT)
    there = {one.day: one for one in movements.filter(day__in=sums)}
    for day, one in there.items():
        one.amount += sums.pop(day)
    movements.bulk_update(there.values(), ["amount"], batch_size=1000)
    movements.bulk_create(
        ControlAccountMovement(account=ACCOUNT, day=day, amount=amount) for day, amount in sums.items()
    )


def _entry(item: Item, customer: Customer, move: timedelta) -> LedgerEntry:
    amount = Decimal(item.amount)
    in_currency = Decimal(item.currency_amount) if item.currency_amount else amount
    invoice = item.invoice
    return LedgerEntry(
        customer=customer,
        entry_id=f"demo-{item.voucher}",
        source=Source.OWN,
        kind=item.kind,
        account=ACCOUNT,
        voucher_number=str(item.voucher),
        invoice_number=invoice,
        kid=_kid(customer.number + invoice) if invoice and item.kind == Kind.INVOICE else "",
        entry_date=date.fromisoformat(item.on) + move,
        due_date=date.fromisoformat(item.due) + move if item.due else None,
        amount=amount,
        open_amount=amount,
        currency=item.currency,
        currency_amount=in_currency,
        open_currency_amount=in_currency,
        disputed=item.disputed,
        in_collection=item.in_collection,
    )


def _kid(digits: str) -> str:
    """A customer identification number with its mod 10 check digit, which the customer pays with."""
    return digits + luhn.calc_check_digit(digits)
