"""Books the payments that wait and whose customer is now known, and takes back those that the bank reversed.

Nothing here looks at the order in which files came: it looks at what waits, at what each account's files tell, and at the
books. docs/decisions/0027.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q

from access.models import Client
from accounting.hooks import Draw, loan_draws
from accounting.imports.bank_lines import FileKind
from accounting.models import BankReceipt, BankTelling, How, Kind, LedgerEntry, ReceiptStatus, Source
from accounting.services.locking import PeriodLocked, locked_through
from accounting.services.rates import RateMissing, in_base, rate_on
from accounting.services.receipt_finding import Finder, Fit
from accounting.services.receipt_lumps import specify_lumps
from accounting.services.receipt_pairing import digest
from accounting.services.settle import Pair, settle
from accounting.services.undo import unmatch

ZERO = Decimal("0.00")
BATCH = 2000
# A draw is on the account the same day or some days later.
DRAW_ARRIVES = timedelta(days=5)


@dataclass
class Booked:
    """What was done: receipts that were booked, entries and matches made, lumps that were recognised."""

    receipts: list[BankReceipt] = field(default_factory=list)
    entries: int = 0
    matches: int = 0
    specified: int = 0
    undone: list[list[str]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether the customer ledger is another than before."""
        return bool(self.receipts)


def take_up_waiting(client: Client, *, refuse: Callable[[BankReceipt, Exception], None] | None = None) -> Booked:
    """Book every waiting payment whose customer can be known, and match it. Inside the client's scope, under its lock.

    For every import that brings invoices, at its end; the caller writes the audit line and sends `ledger_changed`. What
    is dated in a closed period, or needs a rate that is not known, goes on waiting; `refuse` is told of it first.
    """
    done = Booked()
    waiting = list(_waiting(client))
    if not waiting:
        return done
    done.specified, waiting = specify_lumps(client, waiting)
    kinds = _kinds_of(client, waiting)
    waiting = [one for one in waiting if _is_for_booking(one, kinds)]
    draws = loan_draws(client) if waiting else []
    finder = Finder(client, waiting)
    work = _Booking(client, finder, done, refuse)
    payments = [one for one in waiting if one.amount > 0]
    rest = [one for one in payments if not work.try_to_book(one, finder.by_reference(one))]
    for one in rest:
        if not is_draw(one, draws):
            work.try_to_book(one, finder.by_number(one))
    work.store()
    reversals = [one for one in waiting if one.amount < 0]
    if reversals:
        _take_back(client, reversals, work)
    return done


def is_draw(receipt: BankReceipt, draws: Iterable[Draw]) -> bool:
    """Whether the payment equals a draw from the company's credit: a loan, and never a customer's payment."""
    return any(
        one.amount == receipt.amount
        and one.currency == receipt.currency
        and -timedelta(days=1) <= receipt.booked_on - one.day <= DRAW_ARRIVES
        for one in draws
    )


def entry_of(client: Client, receipt: BankReceipt, customer_id: int, on: date) -> LedgerEntry:
    """The entry that books this payment (a credit) or its reversal (a debit), not stored. Raises RateMissing."""
    amount = in_base(receipt.amount, rate_on(client, receipt.currency, receipt.booked_on))
    is_reversal = receipt.amount < 0
    identity = digest(
        receipt.account, str(receipt.booked_on), receipt.currency, str(receipt.amount), receipt.reference,
        str(receipt.number),
    )  # fmt: skip
    again = f":{receipt.times_booked + 1}" if receipt.times_booked else ""
    return LedgerEntry(
        client=client, customer_id=customer_id, entry_id=f"bank:{identity[:40]}{again}", source=Source.BANK,
        kind=Kind.REFUND if is_reversal else Kind.PAYMENT, voucher_number=f"{receipt.booked_on:%y%m%d}-{identity[:5]}",
        kid=receipt.reference[:100], entry_date=on, posting_date=receipt.booked_on if on != receipt.booked_on else None,
        amount=-amount, open_amount=-amount, currency=receipt.currency, currency_amount=-receipt.amount,
        open_currency_amount=-receipt.amount,
    )  # fmt: skip


def _waiting(client: Client) -> Iterable[BankReceipt]:
    """What nobody has decided on, in an order that does not depend on how it came."""
    rows = BankReceipt.objects.for_client(client).filter(status=ReceiptStatus.UNIDENTIFIED, chosen_by__isnull=True)
    return rows.order_by("booked_on", "account", "reference", "amount", "number")


def _kinds_of(client: Client, waiting: Sequence[BankReceipt]) -> dict[str | int, set[str]]:
    """By which kinds each of these receipts was told, and which kinds have come for each account."""
    found: dict[str | int, set[str]] = defaultdict(set)
    tellings = BankTelling.objects.for_client(client)
    of_accounts = tellings.filter(receipt__account__in={one.account for one in waiting})
    for account, kind in of_accounts.values_list("receipt__account", "kind").distinct():
        found[account].add(kind)
    of_waiting = tellings.filter(receipt__status=ReceiptStatus.UNIDENTIFIED)
    for pk, kind in of_waiting.values_list("receipt_id", "kind"):
        found[pk].add(kind)
    return found


def _is_for_booking(receipt: BankReceipt, kinds: dict[str | int, set[str]]) -> bool:
    """Whether a file has told of it that books payments to its account: one kind does, the most detailed that has come.

    OCR tells only of what has a KID; without one camt.054 does, where it comes, else camt.053.
    """
    has_kid = receipt.reference.rstrip("-").isdigit()
    order = [FileKind.OCR, FileKind.CAMT054, FileKind.CAMT053] if has_kid else [FileKind.CAMT054, FileKind.CAMT053]
    books = next((one for one in order if one in kinds[receipt.account]), None)
    return books is None or books in kinds[receipt.pk]


class _Booking:
    """Entries and pairs that are gathered and then stored together."""

    def __init__(
        self, client: Client, finder: Finder, done: Booked, refuse: Callable[[BankReceipt, Exception], None] | None
    ) -> None:
        self.client, self.finder, self.done, self.refuse = client, finder, done, refuse
        self.locked = locked_through(client)
        self.entries: list[tuple[BankReceipt, LedgerEntry]] = []
        self.pairs: list[tuple[How, LedgerEntry, LedgerEntry]] = []  # debit, credit; stored in this order

    def try_to_book(self, receipt: BankReceipt, fit: Fit | None) -> bool:
        """Note the payment for booking, and what it pays; False where nobody is found, or it may not be booked."""
        if fit is None or (entry := self.entry(receipt, fit.customer_id)) is None:
            return False
        left = -entry.currency_amount
        for debit in fit.debits:
            if not debit.open_amount or left <= ZERO:
                continue
            self.pairs.append((fit.how, debit, entry))
            if debit.currency == receipt.currency:
                met = min(left, debit.open_currency_amount)
                debit.open_currency_amount -= met
                if not debit.open_currency_amount:
                    debit.open_amount = ZERO
                left -= met
        return True

    def entry(self, receipt: BankReceipt, customer_id: int) -> LedgerEntry | None:
        """The receipt's entry, noted; None where its day is closed or its rate is not known, after `refuse` was told."""
        try:
            if self.locked and receipt.booked_on <= self.locked:
                raise PeriodLocked(self.locked)
            entry = entry_of(self.client, receipt, customer_id, receipt.booked_on)
        except (PeriodLocked, RateMissing) as why:
            if self.refuse:
                self.refuse(receipt, why)
            return None
        self.entries.append((receipt, entry))
        return entry

    def store(self) -> None:
        """Write entries, receipts and matches; what is stored is no longer noted."""
        receipts = [receipt for receipt, _ in self.entries]
        rows = [entry for _, entry in self.entries]
        LedgerEntry.objects.for_client(self.client).bulk_create(rows, batch_size=BATCH)
        for receipt, entry in self.entries:
            receipt.entry, receipt.status = entry, ReceiptStatus.BOOKED
            receipt.times_booked += 1
        fields = ["entry", "status", "times_booked", "reverses"]
        BankReceipt.objects.for_client(self.client).bulk_update(receipts, fields, batch_size=BATCH)
        by_how: dict[How, list[Pair]] = defaultdict(list)
        for how, debit, credit in self.pairs:
            by_how[how].append(Pair(debit.pk, credit.pk, round_off=how != How.REFERENCE))
        for how, pairs in by_how.items():
            settled = settle(client=self.client, pairs=pairs, how=how)
            self.done.matches += len(settled.matches)
            self.done.entries += len(settled.differences)
        self.done.receipts += receipts
        self.done.entries += len(rows)
        self.entries, self.pairs = [], []


def _take_back(client: Client, reversals: list[BankReceipt], work: _Booking) -> None:
    """Book each reversal whose payment is booked: the payment's matches are undone, and it is matched with the reversal.

    So the invoice is open again from the day on which it had been paid, and the payment is none. Where a match lies in a
    closed period, it stays, and the reversal stands open as what the customer owes.
    """
    originals = _originals(client, reversals)
    freed: set[str] = set()
    for one in reversals:
        original = originals.get(one.pk)
        if original is None or (entry := work.entry(one, original.entry.customer_id)) is None:  # type: ignore[union-attr]
            continue
        one.reverses = original
        paid = original.entry
        assert paid is not None
        work.pairs.append((How.REFERENCE, entry, paid))
        try:
            undone = unmatch(client, paid.pk)
        except PeriodLocked:
            work.pairs.pop()
        else:
            work.done.undone += undone.get("matches", [])
            if paid.kid:
                freed.add(paid.kid)
    work.store()
    _match_freed(client, freed, work)


def _originals(client: Client, reversals: list[BankReceipt]) -> dict[int, BankReceipt]:
    """By each reversal the payment that it takes back: of the same account, amount and reference, the last before it."""
    booked = BankReceipt.objects.for_client(client).select_related("entry").filter(
        status=ReceiptStatus.BOOKED, reversed_by__isnull=True, amount__gt=0,
        account__in={one.account for one in reversals}, reference__in={one.reference for one in reversals} - {""},
    )  # fmt: skip
    by_key: dict[tuple[str, str, Decimal, str], list[BankReceipt]] = defaultdict(list)
    for one in booked.order_by("booked_on", "number"):
        by_key[one.account, one.currency, one.amount, one.reference].append(one)
    found: dict[int, BankReceipt] = {}
    for one in reversals:
        stack = by_key[one.account, one.currency, -one.amount, one.reference]
        before = [place for place, payment in enumerate(stack) if payment.booked_on <= one.booked_on]
        if before:
            found[one.pk] = stack.pop(before[-1])
    return found


def _match_freed(client: Client, kids: set[str], work: _Booking) -> None:
    """What a reversal left open is paid by what the customer has paid since, with the same KID."""
    if not kids:
        return
    rows = LedgerEntry.objects.for_client(client).filter(kid__in=kids, closed_on__isnull=True)
    rows = rows.filter(
        Q(amount__gt=0, kind__in=[Kind.INVOICE, Kind.OPENING_BALANCE]) | Q(amount__lt=0, source=Source.BANK)
    )
    sides: dict[tuple[str, int], tuple[list[LedgerEntry], list[LedgerEntry]]] = defaultdict(lambda: ([], []))
    for one in rows.order_by("entry_date", "pk"):
        sides[one.kid, one.customer_id][one.amount < 0].append(one)
    for debits, credits in sides.values():
        work.pairs += [(How.KID, debit, credit) for debit in debits for credit in credits]
    work.store()
