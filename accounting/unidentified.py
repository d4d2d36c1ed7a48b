"""What the page of unidentified payments shows: those that wait, with what each may be, and those that were decided on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from access.models import Client
from accounting.hooks import loan_draws
from accounting.models import BankReceipt, Customer, LedgerEntry, ReceiptStatus
from accounting.services.receipt_booking import is_draw

PER_PAGE = 50
MOST_CUSTOMERS = 20
_SAID_NOTHING = frozenset(("as", "asa", "ans", "da", "enk", "sa", "nuf", "og", "the", "ltd", "gmbh", "ab", "aps"))


@dataclass(frozen=True)
class Guess:
    """Whose payment it may be: one open item has exactly the amount. `by_name`: and the payer is called like the customer."""

    customer: Customer
    entry: LedgerEntry
    by_name: bool


@dataclass(frozen=True)
class Waiting:
    """A payment that waits, and what it may be."""

    receipt: BankReceipt
    is_draw: bool
    guess: Guess | None


def waiting_count(client: Client) -> int:
    """How many payments wait. Inside the client's scope."""
    return _waiting(client).count()


def waiting_payments(client: Client, page: int) -> tuple[list[Waiting], int, Decimal]:
    """The payments of this page (from 1), the oldest first; how many there are, and their sum in the client's currency."""
    rows = _waiting(client)
    sums = rows.aggregate(count=Count("pk"), total=Sum("amount", filter=Q(currency=client.base_currency)))
    shown = list(rows.order_by("booked_on", "id")[(page - 1) * PER_PAGE : page * PER_PAGE])
    draws = loan_draws(client) if shown else []
    guesses = _guesses(client, shown)
    listed = []
    for one in shown:
        drawn = is_draw(one, draws)
        listed.append(Waiting(one, drawn, None if drawn else guesses.get(one.pk)))
    return listed, sums["count"], sums["total"] or Decimal("0.00")


def decided_payments(client: Client, page: int) -> tuple[list[BankReceipt], int]:
    """What was set aside, called a loan, recognised as a lump or booked by hand, the latest first; and how many."""
    rows = BankReceipt.objects.for_client(client).filter(
        Q(status__in=[ReceiptStatus.LOAN, ReceiptStatus.DISMISSED, ReceiptStatus.SPECIFIED])
        | Q(status=ReceiptStatus.BOOKED, chosen_by__isnull=False)
    )
    shown = rows.select_related("entry__customer", "chosen_by").order_by("-booked_on", "-id")
    return list(shown[(page - 1) * PER_PAGE : page * PER_PAGE]), rows.count()


def found_customers(client: Client, search: str) -> list[Customer]:
    """Customers whose number, name or organisation number has this in it; at most MOST_CUSTOMERS, those of that number first."""
    text = " ".join(search.replace("\0", "").split())[:100]
    if not text:
        return []
    rows = Customer.objects.for_client(client).filter(
        Q(number__startswith=text) | Q(name__icontains=text) | Q(organisation_number=text.replace(" ", ""))
    )
    return sorted(rows.order_by("number_key")[:MOST_CUSTOMERS], key=lambda one: one.number != text)


def may_be_paid(client: Client, receipt: BankReceipt, customer: Customer) -> tuple[list[LedgerEntry], set[int]]:
    """The customer's open items on the other side, by due date, and the keys of those that this payment seems to pay.

    Those with its KID; else those that it names; else one of exactly the amount.
    """
    rows = LedgerEntry.objects.for_client(client).filter(customer=customer, closed_on__isnull=True)
    rows = rows.filter(amount__gt=0) if receipt.amount > 0 else rows.filter(amount__lt=0)
    items = sorted(rows[:500], key=lambda one: (one.due_date or one.entry_date, one.pk))
    told = set(receipt.invoice_numbers) | set(receipt.text.replace(",", " ").split()) | {receipt.reference}
    by_kid = {one.pk for one in items if one.kid and one.kid == receipt.reference}
    by_number = {one.pk for one in items if one.invoice_number and one.invoice_number in told}
    exact = [one.pk for one in items if _is_exactly(one, receipt)]
    return items, by_kid or by_number or set(exact[:1])


def suggested_search(receipt: BankReceipt) -> str:
    """What to look for first: the longest word of the payer's name."""
    return max(_words(receipt.payer), key=len, default="")


def entry_day(receipt: BankReceipt, first_open: date) -> date:
    """The day on which the payment will stand in the books."""
    return max(receipt.booked_on, first_open)


def _waiting(client: Client) -> QuerySet[BankReceipt]:
    return BankReceipt.objects.for_client(client).filter(status=ReceiptStatus.UNIDENTIFIED)


def _guesses(client: Client, receipts: Sequence[BankReceipt]) -> dict[int, Guess]:
    """By receipt whose it may be, where that is one customer: by amount and name, else by amount alone."""
    paid = [one for one in receipts if one.amount > 0]
    if not paid:
        return {}
    rows = LedgerEntry.objects.for_client(client).filter(
        closed_on__isnull=True, amount__gt=0, open_currency_amount__in={one.amount for one in paid}
    )
    by_amount: dict[tuple[str, Decimal], list[LedgerEntry]] = defaultdict(list)
    for entry in rows.select_related("customer").order_by("due_date", "pk")[:2000]:
        by_amount[entry.currency, entry.open_currency_amount].append(entry)
    found = {}
    for one in paid:
        items = by_amount[one.currency, one.amount]
        named = [item for item in items if _words(one.payer) & _words(item.customer.name)]
        for chosen in (named, items):
            if len({item.customer_id for item in chosen}) == 1:
                found[one.pk] = Guess(chosen[0].customer, chosen[0], by_name=chosen is named)
                break
    return found


def _is_exactly(entry: LedgerEntry, receipt: BankReceipt) -> bool:
    return entry.currency == receipt.currency and entry.open_currency_amount == receipt.amount


def _words(name: str) -> set[str]:
    return {word for word in name.lower().replace(",", " ").replace("/", " ").split() if len(word) > 2} - _SAID_NOTHING
