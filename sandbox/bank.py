"""What the bank decides: identity, authority, analysis, offer, the account. Each step is one short transaction."""

import logging
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sandbox import account, books
from sandbox.analysis import ADVANCE_PERCENT, Item, Result, analyse
from sandbox.models import Access, Agreement, Analysis, Onboarding, Transaction, kroner, new_id, ore
from sandbox.people import PEOPLE, authority

log = logging.getLogger(__name__)

OFFER_DAYS = 14
OLD_DATA = timedelta(days=3)


class NotAllowed(Exception):
    """The account does not take it; the text is for the person."""


def today() -> date:
    """The bank's business date, in Europe/Oslo."""
    return timezone.localdate()


def identify(onboarding_id: str, sub: str) -> Onboarding:
    """BankID succeeded: keep who it is, and see what the register of signatories says. Then, where it is enough, analyse."""
    with transaction.atomic():
        onboarding = Onboarding.objects.get(pk=onboarding_id)
        if onboarding.status not in ("created", "authority_missing", "awaiting_cosigner"):
            return onboarding
        onboarding.identified_as = PEOPLE[sub].name
        if onboarding.status != "awaiting_cosigner":
            onboarding.status = "identified"
            onboarding.save()
        found = authority(onboarding.organisation_number, set(onboarding.signed), sub)
        if not found.enough and not found.missing:
            onboarding.status = "authority_missing" if not onboarding.signed else onboarding.status
        else:
            onboarding.signed = sorted({*onboarding.signed, sub})
            onboarding.authority_basis = "signature"
            onboarding.missing_signatories = list(found.missing)
            onboarding.status = "analysing" if found.enough else "awaiting_cosigner"
        onboarding.save()
    if onboarding.status == "analysing":
        go_on(onboarding.pk)
        onboarding.refresh_from_db()
    return onboarding


def go_on(onboarding_id: str) -> None:
    """From authority to an answer: redeem the code, read the receivables, reckon. Waits where there is no access."""
    onboarding = Onboarding.objects.select_related("access").get(pk=onboarding_id)
    if onboarding.status != "analysing":
        return
    try:
        if not onboarding.access.works:
            books.redeem(onboarding.access)
        company = books.read_company(onboarding.access)
        books.read_receivables(onboarding.access)
    except books.NoAccess:
        onboarding.save()  # needs_grant is told by a new sequence
        return
    except books.NoAnswer as error:
        log.warning("onboarding %s waits: %s", onboarding.pk, error)
        return
    with transaction.atomic():
        onboarding = Onboarding.objects.get(pk=onboarding_id)
        if onboarding.status != "analysing":
            return
        if company["base_currency"] != "NOK":
            _reject(onboarding, "unsupported_currency")
            return
        result = reckon(onboarding)
        keep_analysis(onboarding, result)
        if result.limit == 0:
            _reject(onboarding, "too_few_receivables")
            return
        onboarding.status, onboarding.offer = "offered", offer(result)
        onboarding.save()
        Agreement(id=new_id("agr"), onboarding=onboarding, limit=ore(result.limit)).save()


def reckon(onboarding: Onboarding) -> Result:
    """The analysis of our copy of the receivables, today."""
    return analyse((item(row.data) for row in onboarding.receivables.order_by("pk")), today())


def item(data: dict[str, Any]) -> Item:
    """An item of the accounting system's answer."""
    debtor = data["debtor"]
    return Item(
        id=data["id"], debtor=debtor["id"], kind=data["kind"], open_amount=Decimal(data["open_amount"]),
        currency=data["currency"], entry_date=date.fromisoformat(data["entry_date"]),
        due_date=date.fromisoformat(data["due_date"]) if data["due_date"] else None,
        organisation_number=debtor["organisation_number"], country=debtor["country"],
        private_person=debtor["private_person"], in_collection=data["in_collection"], disputed=data["disputed"],
        assigned=data["assigned"], related_party=data["related_party"],
    )  # fmt: skip


def keep_analysis(onboarding: Onboarding, result: Result) -> Analysis:
    """Store it whole, as the contract gives it."""
    now = timezone.now()
    identity = new_id("ana")
    summary = {
        "id": identity, "as_of": now.isoformat().replace("+00:00", "Z"), "outstanding": str(result.outstanding),
        "eligible": str(result.eligible), "advance_rate_percent": ADVANCE_PERCENT, "limit": str(result.limit),
        "exclusions": [
            {"reason": reason, "count": count, "amount": str(amount)} for reason, count, amount in result.exclusions
        ],
    }  # fmt: skip
    lines = [
        {
            "receivable_id": line.receivable_id, "debtor": line.debtor, "amount": str(line.amount),
            "counted": str(line.counted), "reason": line.reason,
        }
        for line in result.lines
    ]  # fmt: skip
    return Analysis.objects.create(id=identity, onboarding=onboarding, as_of=now, summary=summary, lines=lines)


def offer(result: Result) -> dict[str, Any]:
    """The terms (ANALYSIS.md: «The account»)."""
    expires = timezone.now() + timedelta(days=OFFER_DAYS)
    return {
        "limit": str(result.limit), "currency": "NOK", "annual_interest_percent": str(account.ANNUAL_INTEREST),
        "effective_annual_percent": account.effective_annual_percent(), "limit_commission_percent": "0",
        "establishment_fee": "0.00", "drawing_fee": "0.00", "notice_days": 30,
        "terms_url": settings.BASE_URL + "/vilkar", "security": None,
        "expires_at": expires.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip


@transaction.atomic
def accept(onboarding_id: str) -> Onboarding:
    """The company says yes: the account is opened."""
    onboarding = Onboarding.objects.get(pk=onboarding_id)
    if onboarding.status != "offered":
        return onboarding
    onboarding.status = "accepted"
    onboarding.save()
    agreement = onboarding.agreement
    agreement.status = "open"
    agreement.account_number = account.account_number(Agreement.objects.exclude(account_number=None).count() + 10_000)
    agreement.interest_until = today()
    agreement.save()
    return onboarding


@transaction.atomic
def end(onboarding_id: str, status: str) -> Onboarding:
    """Declined, cancelled or expired; an agreement that was only offered is over."""
    onboarding = Onboarding.objects.get(pk=onboarding_id)
    if onboarding.is_final:
        return onboarding
    onboarding.status = status
    onboarding.save()
    Access.objects.filter(onboarding=onboarding).update(code="", access_token="", refresh_token="")
    agreement = Agreement.objects.filter(onboarding=onboarding).first()
    if agreement:
        agreement.status, agreement.limit = "terminated", 0
        agreement.save()
    return onboarding


@transaction.atomic
def draw(agreement_id: str, amount: Decimal) -> None:
    """Money to the company. Raises NotAllowed above what is available."""
    agreement = Agreement.objects.get(pk=agreement_id)
    free = account.available(
        kroner(agreement.limit), kroner(agreement.used), Decimal(0), is_open=agreement.status == "open"
    )
    if amount <= 0 or amount > free:
        raise NotAllowed("Beløpet er større enn det som er tilgjengelig.")
    book(agreement, "draw", ore(amount), "Overført til bedriften")


@transaction.atomic
def repay(agreement_id: str, amount: Decimal) -> None:
    """Money from the company. Raises NotAllowed above what is used."""
    agreement = Agreement.objects.get(pk=agreement_id)
    if amount <= 0 or amount > kroner(agreement.used):
        raise NotAllowed("Beløpet er større enn det som er benyttet.")
    book(agreement, "repayment", -ore(amount), "Tilbakebetaling")


def book(agreement: Agreement, kind: str, amount: int, text: str) -> None:
    """One transaction in øre, and what follows for `due` and the agreement's end."""
    Transaction.objects.create(
        agreement=agreement,
        kind=kind,
        amount=amount,
        balance_after=agreement.used + amount,
        booked_on=today(),
        text=text,
    )
    settle(agreement)


def settle(agreement: Agreement) -> None:
    """`due` and status as limit and used now say, and the new sequence."""
    used, limit = kroner(agreement.used), kroner(agreement.limit)
    before = account.Due(kroner(agreement.due_amount), agreement.due_date) if agreement.due_date else None
    if agreement.status in ("terminating", "disconnected"):
        due = account.at_the_end(used, before, today())
        if agreement.status == "terminating" and used == 0:
            agreement.status = "terminated"
    else:
        due = account.over_limit(limit, used, before, today())
    agreement.due_amount, agreement.due_date = (ore(due.amount), due.on) if due else (None, None)
    agreement.save()


@transaction.atomic
def terminate(agreement_id: str) -> None:
    """Over, or, with debt, on the way there."""
    agreement = Agreement.objects.get(pk=agreement_id)
    if agreement.status in ("terminating", "terminated"):
        return
    agreement.status, agreement.limit, agreement.reason = "terminating", 0, None
    agreement.due_amount = agreement.due_date = None
    settle(agreement)


@transaction.atomic
def disconnect(agreement_id: str) -> Agreement:
    """The access was withdrawn: limit 0, what is used is due; the agreement and any debt live on."""
    agreement = Agreement.objects.select_related("onboarding").get(pk=agreement_id)
    if agreement.status == "offered":
        end(agreement.onboarding_id, "cancelled")
        agreement.refresh_from_db()
        return agreement
    Access.objects.filter(onboarding=agreement.onboarding).update(access_token="", refresh_token="", refused=True)
    if agreement.status in ("open", "paused"):
        agreement.status, agreement.limit, agreement.reason = "disconnected", 0, None
        agreement.due_amount = agreement.due_date = None
        settle(agreement)
    return agreement


def reanalyse(agreement_id: str) -> None:
    """Read what changed and reckon anew; the agreement moves only where limit or status do."""
    agreement = Agreement.objects.select_related("onboarding__access").get(pk=agreement_id)
    access = agreement.onboarding.access
    if agreement.status not in ("offered", "open", "paused") or not (access.works or access.can_redeem):
        return
    try:
        if access.can_redeem:
            books.redeem(access)
        books.read_receivables(access)
    except books.NoAccess:
        with transaction.atomic():
            _pause(agreement_id)
        return
    except books.NoAnswer as error:
        log.warning("agreement %s was not read: %s", agreement.pk, error)
        if access.read_at and timezone.now() - access.read_at > OLD_DATA:
            with transaction.atomic():
                _pause(agreement_id)
        return
    with transaction.atomic():
        agreement = Agreement.objects.select_related("onboarding").get(pk=agreement_id)
        if agreement.status == "offered":
            return  # an offer stands as it was made
        result = reckon(agreement.onboarding)
        last = agreement.onboarding.analyses.order_by("-as_of").first()
        comparable = {"id", "as_of"}
        before = {key: value for key, value in (last.summary if last else {}).items() if key not in comparable}
        kept = keep_analysis(agreement.onboarding, result)
        after = {key: value for key, value in kept.summary.items() if key not in comparable}
        if agreement.status == "paused" and agreement.reason == "no_data":
            agreement.status, agreement.reason = "open", None
        elif before == after:
            kept.delete()
            return
        agreement.limit = ore(result.limit)
        settle(agreement)


def book_interest(agreement_id: str) -> None:
    """At a new month: interest for the days since the last booking, added to what is used."""
    with transaction.atomic():
        agreement = Agreement.objects.get(pk=agreement_id)
        start, end_day = agreement.interest_until, today().replace(day=1)
        if start is None or start >= end_day:
            return
        balances = [(start, Decimal(0))]
        for row in agreement.transactions.order_by("pk"):
            balances.append((max(row.booked_on, start), kroner(row.balance_after)))
        amount = account.interest(balances, start, end_day)
        agreement.interest_until = end_day
        if amount > 0:
            book(agreement, "interest", ore(amount), "Renter")
        else:
            Agreement.objects.filter(pk=agreement_id).update(interest_until=end_day)


def _reject(onboarding: Onboarding, reason: str) -> None:
    onboarding.status, onboarding.reason = "rejected", reason
    onboarding.retry_after = today() + timedelta(days=30)
    onboarding.save()


def _pause(agreement_id: str) -> None:
    agreement = Agreement.objects.get(pk=agreement_id)
    if agreement.status == "open":
        agreement.status, agreement.reason = "paused", "no_data"
    agreement.save()
