"""The Buffer account: opened, drawn on, repaid, closed day by day, disconnected, terminated. Amounts in NOK."""

from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from sandbox import access, account, changes, present, standing, vault
from sandbox.models import ZERO, Agreement, PendingDraw, Transaction

DRAWN = "Overført til bedriften"
WITH_ACCOUNT = ("open", "paused", "disconnected", "terminating")


class NotAllowed(Exception):
    """The account does not take it; the text is for the person."""


def open_account(one: Agreement, *, today: date) -> None:
    """Give it a number and the status `open`; the caller saves it."""
    one.status = "open"
    one.account_number = account.account_number(Agreement.objects.exclude(account_number="").count())
    one.interest_from, one.closed_to = today, today - timedelta(days=1)


def new_limit(one: Agreement, limit: Decimal, *, today: date) -> None:
    """What an analysis says; the data is there again, so that `disconnected` and `paused` for want of it are over."""
    with transaction.atomic():
        told = _close_days(one, today)
        before = (one.limit, one.status, one.needs_grant, one.due_amount)
        one.limit, one.needs_grant = limit if one.status != "terminating" else ZERO, False
        if one.status == "disconnected" or (one.status == "paused" and one.reason == "no_data"):
            one.status, one.reason = "open", ""
        _settle(one, today)
        changes.save_agreement(
            one, quietly=not told and before == (one.limit, one.status, one.needs_grant, one.due_amount)
        )


@transaction.atomic
def draw(agreement_id: str, amount: Decimal, *, form: str, today: date) -> Agreement:
    """Money to the company, booked at once, or only ordered where the company's draws wait. Raises NotAllowed above what
    is available; a form counts once."""
    one = _locked(agreement_id)
    if Transaction.objects.filter(form=form).exists() or PendingDraw.objects.filter(form=form).exists():
        return one
    _close_days(one, today)
    free = present.available(one)
    if one.status != "open":
        raise NotAllowed("Kontoen er ikke åpen for uttak nå.")
    if amount > free:
        raise NotAllowed("Beløpet er større enn det som er tilgjengelig.")
    if standing.of(one.onboarding.organisation_number).draws_wait:
        PendingDraw.objects.create(agreement=one, amount=amount, ordered_on=today, form=form)
        one.pending += amount
    else:
        _book(one, "draw", amount, DRAWN, today, form=form)
        _settle(one, today)
    changes.save_agreement(one)
    return one


@transaction.atomic
def book_pending(agreement_id: str, *, today: date) -> int:
    """Book the draws that were ordered, on this day; how many there were."""
    one = _locked(agreement_id)
    _close_days(one, today)
    booked = _book_ordered(one, one.pending_draws.all(), today)
    if booked:
        _settle(one, today)
        changes.save_agreement(one)
    return booked


@transaction.atomic
def charge(agreement_id: str, amount: Decimal, *, today: date) -> None:
    """A fee, which the price list does not have; the console books it, so that one can be seen. Raises NotAllowed."""
    one = _locked(agreement_id)
    if one.status not in WITH_ACCOUNT:
        raise NotAllowed("Det er ingen konto å belaste.")
    _close_days(one, today)
    _book(one, "fee", amount, "Gebyr", today)
    _settle(one, today)
    changes.save_agreement(one)


@transaction.atomic
def repay(agreement_id: str, amount: Decimal, *, form: str, today: date) -> Agreement:
    """Money from the company. Raises NotAllowed above what is used; a form counts once.

    Where the agreement is terminated and all is paid, the interest since the last booking comes on top first.
    """
    one = _locked(agreement_id)
    if Transaction.objects.filter(form=form).exists():
        return one
    if one.status not in WITH_ACCOUNT:
        raise NotAllowed("Avtalen er avsluttet.")
    _close_days(one, today)
    if amount > one.used:
        raise NotAllowed("Beløpet er større enn det som er benyttet.")
    if one.status == "terminating" and amount == one.used:
        _book_interest(one, today, booked_on=today)
    _book(one, "repayment", -amount, "Tilbakebetaling", today, form=form)
    _settle(one, today)
    changes.save_agreement(one)
    return one


@transaction.atomic
def terminate(agreement_id: str, *, today: date) -> Agreement:
    """Over, or with debt `terminating`: limit 0.00, all that is used is due 30 days later. A second time nothing changes."""
    one = _locked(agreement_id)
    if one.status in ("terminating", "terminated"):
        return one
    if one.status not in WITH_ACCOUNT:
        raise NotAllowed("Det er ingen konto å si opp.")
    _close_days(one, today)
    _book_interest(one, today, booked_on=today)
    _call_off(one)
    one.status, one.reason, one.limit, one.needs_grant = "terminating", "", ZERO, False
    _settle(one, today)
    changes.save_agreement(one)
    return one


@transaction.atomic
def disconnect(one: Agreement, *, today: date) -> None:
    """The company withdrew the access (contract: disconnect). The agreement and any debt live on."""
    from sandbox import applications

    if one.status == "offered":
        applications.end(one.onboarding, "cancelled")
        one.refresh_from_db()
        return
    access.forget(one.onboarding)
    if one.status not in ("open", "paused"):
        return
    _close_days(one, today)
    _call_off(one)
    one.status, one.reason, one.limit, one.needs_grant = "disconnected", "", ZERO, False
    _settle(one, today)
    changes.save_agreement(one)


@transaction.atomic
def close_days(agreement_id: str, *, today: date) -> None:
    """Close the business days that ended since: monthly interest, and `due` where the day ended above the limit."""
    one = _locked(agreement_id)
    if _close_days(one, today):
        changes.save_agreement(one)


@transaction.atomic
def pause(agreement_id: str) -> None:
    """The bank's own decision: no new draws, the limit stands (contract: paused)."""
    one = _locked(agreement_id)
    if one.status in ("open", "paused"):
        one.status, one.reason = "paused", "bank_decision"
        changes.save_agreement(one)


@transaction.atomic
def resume(agreement_id: str) -> None:
    """The bank's decision is over; where the data is missing it stays paused for that."""
    one = _locked(agreement_id)
    if one.status == "paused" and one.reason == "bank_decision":
        one.status, one.reason = ("paused", "no_data") if one.needs_grant else ("open", "")
        changes.save_agreement(one)


def _locked(agreement_id: str) -> Agreement:
    """As it stands now; the transaction is the file's only writer (transaction_mode IMMEDIATE)."""
    return Agreement.objects.select_related("onboarding").get(pk=agreement_id)


def _close_days(one: Agreement, today: date) -> bool:
    if one.status not in WITH_ACCOUNT or one.closed_to is None:
        return False
    told = False
    while one.closed_to < today - timedelta(days=1):
        day = one.closed_to = one.closed_to + timedelta(days=1)
        if account.is_last_of_month(day):
            told |= _book_interest(one, day + timedelta(days=1), booked_on=day)
        before = (one.due_amount, one.due_date)
        _settle(one, day, closing=day)
        told |= before != (one.due_amount, one.due_date)
        told |= _book_ordered(one, one.pending_draws.filter(ordered_on__lte=day), day + timedelta(days=1)) > 0
        Agreement.objects.filter(pk=one.pk).update(closed_to=day)
    return told


def _book_ordered(one: Agreement, ordered: QuerySet[PendingDraw], day: date) -> int:
    """The draws that wait become transactions of this day; how many."""
    waiting = list(ordered.order_by("pk"))
    for each in waiting:
        one.pending -= each.amount
        _book(one, "draw", each.amount, DRAWN, day, form=each.form)
        each.delete()
    return len(waiting)


def _call_off(one: Agreement) -> None:
    """Draws that were ordered and not booked come to nothing when the credit ends: no money has left."""
    one.pending_draws.all().delete()
    one.pending = ZERO


def _book_interest(one: Agreement, until: date, *, booked_on: date) -> bool:
    """Interest from the last booking up to `until`, without it; added to what is used. True where there was any."""
    balances: list[tuple[date, Decimal]] = []
    for row in one.transactions.order_by("serial"):
        balances.append((row.booked_on, row.balance_after))
    amount = account.interest(balances, one.interest_from or until, until) if balances else ZERO
    one.interest_from = max(until, one.interest_from or until)
    if amount <= 0:
        Agreement.objects.filter(pk=one.pk).update(interest_from=one.interest_from)
        return False
    _book(one, "interest", amount, "Renter", booked_on)
    return True


def _book(one: Agreement, kind: str, amount: Decimal, text: str, day: date, *, form: str | None = None) -> None:
    one.used += amount
    row = Transaction.objects.create(
        id=vault.new_id("trn"), agreement=one, kind=kind, amount=amount, balance_after=one.used, booked_on=day,
        value_date=day, text=text, form=form,
    )  # fmt: skip
    changes.tell_of_transaction(row)


def _settle(one: Agreement, today: date, *, closing: date | None = None) -> None:
    """`due` and the end, as status, limit and used say now."""
    before = account.Due(one.due_amount, one.due_date) if one.due_amount is not None and one.due_date else None
    if one.status in ("terminating", "disconnected"):
        due = account.at_the_end(one.used, before, today)
    else:
        due = account.over_limit(one.limit, one.used, before, closing=closing)
    one.due_amount, one.due_date = (due.amount, due.on) if due else (None, None)
    if one.status == "terminating" and one.used == 0:
        one.status = "terminated"
        access.forget(one.onboarding)
