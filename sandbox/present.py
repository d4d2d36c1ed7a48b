"""The bank's objects as the contract's JSON."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox import account
from sandbox.analysis import ADVANCE_PERCENT
from sandbox.models import Agreement, Analysis, Onboarding, Transaction

ORE = Decimal("0.01")


def amount(value: Decimal) -> str:
    """A decimal string with two places; never «-0.00»."""
    return f"{value.quantize(ORE) + 0:f}" if value else "0.00"


def instant(value: datetime) -> str:
    """RFC 3339 in UTC."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def analysis(one: Analysis | None) -> dict[str, Any] | None:
    """Contract: Analysis."""
    if one is None:
        return None
    return {
        "id": one.id,
        "as_of": instant(one.as_of),
        "outstanding": amount(one.outstanding),
        "eligible": amount(one.eligible),
        "advance_rate_percent": ADVANCE_PERCENT,
        "limit": amount(one.limit),
        "exclusions": one.exclusions,
    }


def line(values: list[Any]) -> dict[str, Any]:
    """Contract: AnalysisLine."""
    return dict(zip(("receivable_id", "debtor", "amount", "counted", "reason"), values, strict=True))


def latest_analysis(onboarding: Onboarding) -> Analysis | None:
    """The analysis that the company's figures rest on."""
    return onboarding.analyses.defer("lines").order_by("-created_at").first()


def onboarding(one: Onboarding) -> dict[str, Any]:
    """Contract: Onboarding."""
    agreement_id = Agreement.objects.filter(onboarding=one).values_list("pk", flat=True).first()
    return {
        "id": one.id,
        "reference": one.reference,
        "organisation_number": one.organisation_number,
        "status": one.status,
        "reason": one.reason or None,
        "retry_after": one.retry_after.isoformat() if one.retry_after else None,
        "expires_at": instant(one.expires_at),
        "identified_as": one.identified_as or None,
        "authority_basis": one.authority_basis or None,
        "missing_signatories": one.missing_signatories,
        "needs_grant": one.needs_grant,
        "offer": one.offer,
        "analysis": analysis(latest_analysis(one)),
        "agreement_id": agreement_id,
        "sequence": one.sequence,
    }


def available(one: Agreement) -> Decimal:
    """What may be drawn now, in NOK."""
    return account.available(one.limit, one.used, one.pending, is_open=one.status == "open")


def agreement(one: Agreement) -> dict[str, Any]:
    """Contract: Agreement."""
    due = None
    if one.due_amount is not None and one.due_date is not None:
        due = {"amount": amount(one.due_amount), "date": one.due_date.isoformat()}
    return {
        "id": one.id,
        "onboarding_id": one.onboarding_id,
        "organisation_number": one.onboarding.organisation_number,
        "status": one.status,
        "reason": one.reason or None,
        "account_number": one.account_number or None,
        "needs_grant": one.needs_grant,
        "credit": {
            "currency": "NOK",
            "limit": amount(one.limit),
            "used": amount(one.used),
            "available": amount(available(one)),
            "pending": amount(one.pending),
        },
        "analysis": analysis(latest_analysis(one.onboarding)),
        "due": due,
        "as_of": instant(one.as_of),
        "sequence": one.sequence,
    }


def transaction(one: Transaction) -> dict[str, Any]:
    """Contract: Transaction."""
    return {
        "id": one.id,
        "agreement_id": one.agreement_id,
        "kind": one.kind,
        "amount": amount(one.amount),
        "balance_after": amount(one.balance_after),
        "booked_on": one.booked_on.isoformat(),
        "value_date": one.value_date.isoformat(),
        "text": one.text,
    }
