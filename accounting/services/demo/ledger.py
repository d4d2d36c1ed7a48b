"""Writes a demo company's books: customers, entries, matches, and what its general ledger says of them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from access.models import Client
from accounting.models import ControlAccountMovement, Customer, HeldPeriod, Kind, LedgerEntry, Match, Source
from accounting.services.demo.companies import DRAWN_FOR, OPENED, Buyer, Company, Item
from accounting.services.demo.large import Books
from accounting.services.demo.names import kid
from accounting.services.demo.stories import Line
from accounting.services.statistics import analyse_ledger
from accounting.signals import ledger_changed

ACCOUNT = "1500"
FILE_NAME = "seed_demo"
# So long the general ledger counts as held after the last entry; without it the comparison with the control account
# would be gone the day after the demo was made.
HELD_ON = timedelta(days=365)
AT_ONCE = 2000  # entries of one statement


def write_books(*, client: Client, company: Company, today: date) -> None:
    """Fill an empty ledger, every date moved so that the day the figures were drawn for is `today`. In the client's scope."""
    move = today - DRAWN_FOR
    by_number = _write_customers(client, company.customers)
    entries: list[LedgerEntry] = []
    matches: list[Match] = []
    for item in company.items:
        debit = _drawn_entry(item, by_number[item.customer], move)
        entries.append(debit)
        rest = debit.amount
        for payment in item.payments:
            amount = Decimal(payment.amount) if payment.amount else rest
            rest -= amount
            paid = Item(item.customer, payment.voucher, payment.on, str(-amount), Kind.PAYMENT)
            entries.append(_drawn_entry(paid, by_number[item.customer], move))
            matches.append(_match(debit, entries[-1], amount, amount))
    _write_ledger(client, entries, matches)
    moved = [(one.entry_date, one.amount) for one in entries]
    if company.difference:
        moved.append((date.fromisoformat(company.difference_on) + move, -Decimal(company.difference)))
    _write_general_ledger(client, date.fromisoformat(OPENED) + move, today, moved)


def write_invented(*, client: Client, books: Books, today: date) -> None:
    """Fill an empty ledger with books that were invented for `today`. In the client's scope."""
    by_number = _write_customers(client, books.buyers)
    entries = {line: _invented_entry(line, by_number[line.payer.buyer.number]) for line in books.lines}
    matches = (
        _match(entries[one.debit], entries[one.credit], one.amount, one.currency_amount) for one in books.settlements
    )
    _write_ledger(client, entries.values(), matches)
    _write_general_ledger(client, books.start, today, [(line.on, line.amount) for line in books.lines])


def _write_customers(client: Client, buyers: Iterable[Buyer]) -> dict[str, Customer]:
    customers = Customer.objects.for_client(client).bulk_create(
        Customer(
            number=one.number,
            name=one.name,
            organisation_number=one.organisation_number,
            country=one.country,
            private_person=one.private_person,
            related_party=one.related_party,
        )
        for one in buyers
    )
    return {one.number: one for one in customers}


def _write_ledger(client: Client, entries: Iterable[LedgerEntry], matches: Iterable[Match]) -> None:
    """The entries first: `matches` may be made only then, when they have their keys."""
    stored = LedgerEntry.objects.for_client(client).bulk_create(entries, batch_size=AT_ONCE)
    Match.objects.for_client(client).bulk_create(matches)
    ledger_changed.send(sender=None, client=client)
    analyse_ledger(len(stored))


def _write_general_ledger(client: Client, start: date, today: date, moved: Iterable[tuple[date, Decimal]]) -> None:
    """The control account's movement of each day, and the period that is held."""
    sums: dict[date, Decimal] = defaultdict(Decimal)
    for day, amount in moved:
        sums[day] += amount
    ControlAccountMovement.objects.for_client(client).bulk_create(
        ControlAccountMovement(account=ACCOUNT, day=day, amount=amount) for day, amount in sums.items()
    )
    HeldPeriod.objects.for_client(client).create(start=start, end=today + HELD_ON, file_name=FILE_NAME)


def _match(debit: LedgerEntry, credit: LedgerEntry, amount: Decimal, currency_amount: Decimal) -> Match:
    """From the later of their dates on; `currency_amount` in the currency that both are in."""
    return Match(
        debit=debit,
        credit=credit,
        amount=amount,
        debit_currency_amount=currency_amount,
        credit_currency_amount=currency_amount,
        matched_on=max(debit.entry_date, credit.entry_date),
    )


def _drawn_entry(item: Item, customer: Customer, move: timedelta) -> LedgerEntry:
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
        kid=kid(customer.number + invoice) if invoice and item.kind == Kind.INVOICE else "",
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


def _invented_entry(line: Line, customer: Customer) -> LedgerEntry:
    return LedgerEntry(
        customer=customer,
        entry_id=f"demo-{line.voucher}-{line.part}",
        source=Source.OWN,
        kind=line.kind,
        account=ACCOUNT,
        voucher_number=str(line.voucher),
        invoice_number=line.invoice_number,
        kid=line.kid,
        cross_reference=line.cross_reference,
        entry_date=line.on,
        due_date=line.due,
        amount=line.amount,
        open_amount=line.amount,
        currency=line.payer.currency,
        currency_amount=line.currency_amount,
        open_currency_amount=line.currency_amount,
        department=line.payer.department,
        project=line.project,
        disputed=line.disputed,
        in_collection=line.in_collection,
    )
