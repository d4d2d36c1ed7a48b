"""What a person decides about a payment that waits: whose it is, that it is a loan, that it is no customer's; and undoing it."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from access.models import Client, User
from access.redaction import without_identity_numbers
from access.services import write_audit
from accounting.models import BankReceipt, Customer, How, LedgerEntry, ReceiptStatus
from accounting.services.locking import PeriodLocked, first_open_day, locked_through
from accounting.services.receipt_booking import entry_of
from accounting.services.settle import NotMatchable, Pair, settle
from accounting.services.undo import take_back, unmatch
from accounting.signals import ledger_changed


class AlreadyDecided(Exception):
    """Somebody or something has decided about the payment meanwhile, or taken the decision back."""


class ReversedSince(Exception):
    """The bank has taken the payment back, and that stands in the books: take that back first."""


class ReasonMissing(Exception):
    """A payment is set aside, and nobody said why."""


@transaction.atomic
def book_receipt(
    *, client: Client, receipt_id: int, customer_id: int, entry_ids: Iterable[int] = (), actor: User
) -> LedgerEntry:
    """Book the payment on this customer and match it with the chosen entries, the oldest first. Inside the scope.

    Dated as the bank booked it, or the first open day after a closed period. Raises AlreadyDecided, NotMatchable,
    RateMissing; LookupError for a customer who is not this company's.
    """
    receipt = _locked(client, receipt_id, ReceiptStatus.UNIDENTIFIED)
    customer = Customer.objects.for_client(client).filter(pk=customer_id).first()
    if customer is None:
        raise LookupError(customer_id)
    entry = entry_of(client, receipt, customer.pk, max(receipt.booked_on, first_open_day(client)))
    entry.save()
    chosen = list(LedgerEntry.objects.for_client(client).filter(pk__in=set(entry_ids)))
    if {one.customer_id for one in chosen} - {customer.pk} or len(chosen) != len(set(entry_ids)):
        raise NotMatchable("customers", "items of two customers cannot be matched")
    pairs = [
        Pair(one.pk, entry.pk, round_off=True) if entry.amount < 0 else Pair(entry.pk, one.pk)
        for one in sorted(chosen, key=lambda one: (one.due_date or one.entry_date, one.pk))
    ]
    settled = settle(client=client, pairs=pairs, how=How.HAND)
    receipt.entry, receipt.times_booked = entry, receipt.times_booked + 1
    _decide(receipt, ReceiptStatus.BOOKED, actor)
    details = {
        **_told(receipt), "customer": customer.number, "entry": entry.entry_id, "dated": str(entry.entry_date),
        "matched": [[one.entry_id for one in chosen], len(settled.matches)],
    }  # fmt: skip
    write_audit(action="payment.booked", client=client, actor=actor, about=receipt, details=details)
    ledger_changed.send(sender=None, client=client)
    return entry


@transaction.atomic
def call_loan(*, client: Client, receipt_id: int, actor: User) -> None:
    """Say that the payment is a draw from the company's credit. Inside the client's scope. Raises AlreadyDecided."""
    receipt = _locked(client, receipt_id, ReceiptStatus.UNIDENTIFIED)
    _decide(receipt, ReceiptStatus.LOAN, actor)
    write_audit(action="payment.called_loan", client=client, actor=actor, about=receipt, details=_told(receipt))


@transaction.atomic
def dismiss_receipt(*, client: Client, receipt_id: int, reason: str, actor: User) -> None:
    """Say that no customer paid this, and why. Inside the client's scope. Raises AlreadyDecided, ReasonMissing."""
    reason = without_identity_numbers(" ".join(reason.split()))[:300]
    if not reason:
        raise ReasonMissing
    receipt = _locked(client, receipt_id, ReceiptStatus.UNIDENTIFIED)
    receipt.reason = reason
    _decide(receipt, ReceiptStatus.DISMISSED, actor)
    details = {**_told(receipt), "reason": reason}
    write_audit(action="payment.dismissed", client=client, actor=actor, about=receipt, details=details)


@transaction.atomic
def undo_choice(*, client: Client, receipt_id: int, actor: User) -> None:
    """Let the payment wait again, whoever decided about it. Inside the client's scope.

    An entry of it is taken back by its opposite of the same day, and its matches are undone. What was booked or recognised
    by itself is not decided by itself again. Raises AlreadyDecided, ReversedSince, PeriodLocked.
    """
    receipt = _locked(client, receipt_id)
    before, entry = receipt.status, receipt.entry
    if before == ReceiptStatus.UNIDENTIFIED:
        raise AlreadyDecided
    if BankReceipt.objects.for_client(client).filter(reverses=receipt).exists():
        raise ReversedSince
    details: dict[str, Any] = {**_told(receipt), "before": before}
    if entry is not None:
        locked = locked_through(client)
        if locked and entry.entry_date <= locked:
            raise PeriodLocked(locked)
        details |= {"entry": entry.entry_id, "undone": unmatch(client, entry.pk)}
        entry.refresh_from_db()
        take_back(client, entry)
    receipt.entry = receipt.reverses = None
    receipt.specified_by = receipt.reason = ""
    by_hand = before in (ReceiptStatus.BOOKED, ReceiptStatus.SPECIFIED)
    _decide(receipt, ReceiptStatus.UNIDENTIFIED, actor if by_hand else None)
    write_audit(action="payment.waits_again", client=client, actor=actor, about=receipt, details=details)
    if entry is not None:
        ledger_changed.send(sender=None, client=client)


def _locked(client: Client, receipt_id: int, status: ReceiptStatus | None = None) -> BankReceipt:
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    receipt = BankReceipt.objects.for_client(client).select_related("entry").filter(pk=receipt_id).first()
    if receipt is None or (status and receipt.status != status):
        raise AlreadyDecided
    return receipt


def _decide(receipt: BankReceipt, status: ReceiptStatus, actor: User | None) -> None:
    receipt.status = status
    receipt.chosen_by, receipt.chosen_at = actor, timezone.now() if actor else None
    receipt.save()


def _told(receipt: BankReceipt) -> dict[str, str]:
    return {
        "account": receipt.account, "booked_on": str(receipt.booked_on), "amount": str(receipt.amount),
        "currency": receipt.currency, "reference": receipt.reference,
    }  # fmt: skip
