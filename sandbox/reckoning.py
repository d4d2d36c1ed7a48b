"""From access to a limit: redeem, read, analyse (ANALYSIS.md), and what follows for the onboarding and the agreement."""

import logging
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.db import transaction

from sandbox import access, account, account_book, applications, bankday, changes, door, present, standing, vault
from sandbox.analysis import Item, Result, analyse
from sandbox.models import ZERO, Access, Agreement, Analysis, Onboarding

log = logging.getLogger(__name__)

OLD = timedelta(days=3)
OFFER_LIFE = timedelta(days=14)
NOTICE_DAYS = 30
PLEDGE_STEP = Decimal(100_000)
KEPT_ANALYSES = 20
READ_QUIETLY = ("offered", "open", "terminating")


def attend(onboarding_id: str) -> None:
    """Redeem what is to be redeemed, read, and reckon anew. What goes wrong outside ends in a status, not an exception."""
    with access.alone_with(onboarding_id):
        one = Onboarding.objects.select_related("access").get(pk=onboarding_id)
        if one.status == "analysing" and _hindered(one.pk):
            return
        agreement = Agreement.objects.filter(onboarding=one).first()
        if not _may_read(one, agreement):
            return
        try:
            changed = _read(one.access)
            fresh = one.status != "analysing" and (agreement is None or agreement.status in READ_QUIETLY)
            if fresh and not changed and one.access.reckoned_on == bankday.today():
                _freshen(one.pk)
            else:
                _reckon(one.pk, bankday.today())
        except access.Lost:
            _lost(one.pk)
        except access.Withdrawn:
            log.info("the access of %s was withdrawn while it was read", one.pk)
        except (door.NoAnswer, KeyError, TypeError, ValueError, InvalidOperation) as error:
            log.warning("the receivables of %s were not read: %s %s", one.pk, type(error).__name__, error)
            _old(one.pk)


@transaction.atomic
def _hindered(onboarding_id: str) -> bool:
    """Whether a standing fact ended the application: then the code is not even redeemed."""
    one = Onboarding.objects.get(pk=onboarding_id)
    reason = standing.obstacle(one) if one.status == "analysing" else ""
    if reason:
        applications.end(one, "rejected", reason=reason)
    return bool(reason)


def _may_read(one: Onboarding, agreement: Agreement | None) -> bool:
    """Only after authority is confirmed, and while there is something to reckon (contract: Grant, Agreement.status)."""
    has_access = bool(one.access.code) or one.access.works
    if agreement is None or agreement.status == "offered":
        return one.status in ("analysing", "offered") and (has_access or not one.needs_grant)
    if agreement.status in ("open", "paused"):
        return has_access or not agreement.needs_grant
    return agreement.status in ("disconnected", "terminating") and has_access


def _read(one: Access) -> bool:
    if one.code:
        try:
            access.redeem(one)
        except access.Lost:
            if not one.works:
                raise
    if not one.works:
        raise access.Lost("no access")
    return access.read(one)


def item(data: dict[str, Any]) -> Item:
    """An open item as the accounting system's API gives it. Raises KeyError, TypeError, ValueError, InvalidOperation."""
    debtor = data["debtor"]
    return Item(
        id=str(data["id"]), debtor=str(debtor["id"]), kind=data["kind"],
        open_amount=Decimal(data["open_amount"]).quantize(ZERO), currency=data["currency"],
        entry_date=date.fromisoformat(data["entry_date"]),
        due_date=date.fromisoformat(data["due_date"]) if data.get("due_date") else None,
        organisation_number=debtor.get("organisation_number"), country=debtor.get("country"),
        private_person=bool(debtor.get("private_person")), in_collection=bool(data.get("in_collection")),
        disputed=bool(data.get("disputed")), assigned=bool(data.get("assigned")),
        related_party=bool(data.get("related_party")),
    )  # fmt: skip


@transaction.atomic
def _reckon(onboarding_id: str, today: date) -> None:
    one = Onboarding.objects.select_related("access").get(pk=onboarding_id)
    agreement = Agreement.objects.filter(onboarding=one).first()
    if not _may_read(one, agreement):
        return  # it ended while we read
    Access.objects.filter(pk=one.access.pk).update(reckoned_on=today)
    if one.access.base_currency != "NOK":
        if one.status == "analysing":
            applications.end(one, "rejected", reason="unsupported_currency")
        elif agreement is not None and agreement.status != "offered":
            account_book.new_limit(agreement, ZERO, today=today)
        return
    rows = one.access.receivables.order_by("item_id").values_list("data", flat=True)
    result = analyse((item(data) for data in rows.iterator()), today)
    _keep(one, result)
    if one.status == "analysing":
        if result.limit == 0:
            applications.end(one, "rejected", reason="too_few_receivables")
        else:
            _offer(one, Agreement(pk=vault.new_id("agr"), onboarding=one), result.limit)
    elif agreement is not None and agreement.status == "offered":
        # A better or a poorer offer takes the former one's place; below the least limit the former one stands.
        if result.limit not in (ZERO, agreement.limit):
            _offer(one, agreement, result.limit)
        else:
            changes.save_agreement(agreement, quietly=True)
    elif agreement is not None:
        account_book.new_limit(agreement, result.limit, today=today)


def _keep(one: Onboarding, result: Result) -> None:
    """Store the analysis; where nothing moved only its time is new."""
    lines = [
        [line.receivable_id, line.debtor, present.amount(line.amount), present.amount(line.counted), line.reason]
        for line in result.lines
    ]
    last = one.analyses.order_by("-created_at").first()
    if last is not None and last.lines == lines and last.limit == result.limit:
        Analysis.objects.filter(pk=last.pk).update(as_of=bankday.now())
        return
    Analysis.objects.create(
        id=vault.new_id("ana"), onboarding=one, as_of=bankday.now(), outstanding=result.outstanding,
        eligible=result.eligible, limit=result.limit, lines=lines,
        exclusions=[
            {"reason": reason, "count": count, "amount": present.amount(amount)}
            for reason, count, amount in result.exclusions
        ],
    )  # fmt: skip
    kept = one.analyses.order_by("-created_at").values_list("pk", flat=True)[:KEPT_ANALYSES]
    one.analyses.exclude(pk__in=list(kept)).delete()


def pledge(limit: Decimal) -> Decimal:
    """The registered maximum of the pledge of receivables: the limit and a fifth, in whole 100,000.00 upwards."""
    return (limit * Decimal("1.2") / PLEDGE_STEP).to_integral_value(ROUND_CEILING) * PLEDGE_STEP


def _offer(one: Onboarding, agreement: Agreement, limit: Decimal) -> None:
    """The terms (ANALYSIS.md: «The account»); the agreement begins with the offer (contract: Onboarding.status)."""
    expires_at = bankday.business_now() + OFFER_LIFE
    one.status, one.needs_grant, one.expires_at = "offered", False, expires_at
    one.offer = {
        "limit": present.amount(limit),
        "currency": "NOK",
        "annual_interest_percent": str(account.ANNUAL_INTEREST),
        "effective_annual_percent": account.effective_annual_percent(),
        "limit_commission_percent": "0",
        "establishment_fee": "0.00",
        "drawing_fee": "0.00",
        "notice_days": NOTICE_DAYS,
        "terms_url": f"{settings.BASE_URL}/vilkar",
        "security": {"type": "factoringpant", "max_amount": present.amount(pledge(limit)), "registered_on": None},
        "expires_at": present.instant(expires_at),
    }
    agreement.limit, agreement.needs_grant = limit, False
    changes.save_agreement(agreement)
    changes.save_onboarding(one)


@transaction.atomic
def _freshen(onboarding_id: str) -> None:
    """Read, and nothing had changed: the figures are as of now."""
    one = Onboarding.objects.get(pk=onboarding_id)
    last = one.analyses.order_by("-created_at").values_list("pk", flat=True).first()
    Analysis.objects.filter(pk=last).update(as_of=bankday.now())
    agreement = Agreement.objects.filter(onboarding=one, status__in=READ_QUIETLY).first()
    if agreement is not None:
        changes.save_agreement(agreement, quietly=True)


@transaction.atomic
def _lost(onboarding_id: str) -> None:
    """No working access: ask for a new grant; an open account is paused (ANALYSIS.md: «The account»)."""
    one = Onboarding.objects.select_related("access").get(pk=onboarding_id)
    if one.access.code:
        return  # a new code came meanwhile
    if not one.is_final and not one.needs_grant:
        one.needs_grant = True
        changes.save_onboarding(one)
    agreement = Agreement.objects.filter(onboarding=one).exclude(status__in=("terminating", "terminated")).first()
    if agreement is not None and not agreement.needs_grant:
        agreement.needs_grant = True
        if agreement.status == "open":
            agreement.status, agreement.reason = "paused", "no_data"
        changes.save_agreement(agreement)


@transaction.atomic
def _old(onboarding_id: str) -> None:
    """Data older than three days: paused, the limit stands."""
    agreement = Agreement.objects.select_related("onboarding__access").filter(onboarding=onboarding_id).first()
    if agreement is None or agreement.status != "open":
        return
    kept = agreement.onboarding.access
    if kept.read_at is None or bankday.now() - kept.read_at > OLD or bankday.today() - kept.reckoned_on > OLD:
        agreement.status, agreement.reason = "paused", "no_data"
        changes.save_agreement(agreement)
