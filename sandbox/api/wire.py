"""Onboardings, agreements and transactions as the contract writes them."""

from datetime import datetime
from typing import Any

from sandbox import account
from sandbox.models import Access, Agreement, Analysis, Onboarding, Transaction, kroner


def time(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.isoformat().replace("+00:00", "Z")


def needs_grant(access: Access, *, over: bool) -> bool:
    """Whether the bank holds no working access: no tokens, and no code that could still be redeemed."""
    return not over and not access.works and not access.can_redeem


def onboarding(row: Onboarding) -> dict[str, Any]:
    """Contract: Onboarding."""
    last = row.analyses.order_by("-as_of").first()
    agreement = Agreement.objects.filter(onboarding=row).first()
    return {
        "id": row.pk,
        "reference": row.reference,
        "organisation_number": row.organisation_number,
        "status": row.status,
        "reason": row.reason,
        "retry_after": row.retry_after.isoformat() if row.retry_after else None,
        "expires_at": time(row.expires_at),
        "identified_as": row.identified_as,
        "authority_basis": row.authority_basis,
        "missing_signatories": row.missing_signatories,
        "needs_grant": needs_grant(row.access, over=row.is_final),
        "offer": row.offer,
        "analysis": last.summary if last else None,
        "agreement_id": agreement.pk if agreement else None,
        "sequence": row.sequence,
    }


def agreement(row: Agreement) -> dict[str, Any]:
    """Contract: Agreement."""
    used, limit = kroner(row.used), kroner(row.limit)
    pending = kroner(0)
    last: Analysis | None = row.onboarding.analyses.order_by("-as_of").first()
    due = {"amount": str(kroner(row.due_amount)), "date": row.due_date.isoformat()} if row.due_date else None
    return {
        "id": row.pk,
        "onboarding_id": row.onboarding_id,
        "organisation_number": row.onboarding.organisation_number,
        "status": row.status,
        "reason": row.reason,
        "account_number": row.account_number,
        "needs_grant": needs_grant(row.onboarding.access, over=row.status == "terminated"),
        "credit": {
            "currency": "NOK",
            "limit": str(limit),
            "used": str(used),
            "available": str(account.available(limit, used, pending, is_open=row.status == "open")),
            "pending": str(pending),
        },
        "analysis": last.summary if last else None,
        "due": due,
        "as_of": time(row.as_of),
        "sequence": row.sequence,
    }


def transaction(row: Transaction) -> dict[str, Any]:
    """Contract: Transaction."""
    return {
        "id": str(row.pk),
        "agreement_id": row.agreement_id,
        "kind": row.kind,
        "amount": str(kroner(row.amount)),
        "balance_after": str(kroner(row.balance_after)),
        "booked_on": row.booked_on.isoformat(),
        "value_date": row.booked_on.isoformat(),
        "text": row.text,
    }
