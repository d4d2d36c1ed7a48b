"""Standing facts of a company that end an application: bankruptcy, pledge, another factoring, the account, its credit."""

from datetime import date, timedelta
from typing import Any

from sandbox import register
from sandbox.models import Company, Onboarding
from sandbox.register import Authority

# Days until it makes sense to try again; a reason that is not here has no date (contract: retry_after).
RETRY_DAYS = {"too_few_receivables": 30, "already_pledged": 30, "factoring_active": 30, "credit_check": 90}


def of(organisation_number: str) -> Company:
    """What the console set, or a company of which nothing is known."""
    found = Company.objects.filter(pk=organisation_number).first()
    return found or Company(organisation_number=organisation_number)


def looked_up(organisation_number: str) -> dict[str, Any] | None:
    """The register's answer as it stands now; it is asked anew every time, since nobody tells when it changes."""
    return register.answer(organisation_number, of(organisation_number).register_case)


def authority(one: Onboarding, sub: str) -> Authority:
    """What the register says now of this person, together with those who signed the application."""
    return register.authority(looked_up(one.organisation_number), set(one.signed), sub)


def obstacle(one: Onboarding) -> str:
    """Why the bank says no before it reads anything (contract: Onboarding.reason), or nothing."""
    facts = of(one.organisation_number)
    checks = (
        ("bankruptcy_registered", register.is_closed(looked_up(one.organisation_number))),
        ("payout_account_not_owned", bool(facts.own_accounts) and one.payout_account not in facts.own_accounts),
        ("already_pledged", facts.is_pledged),
        ("factoring_active", facts.has_factoring),
        ("credit_check", facts.is_poor_credit),
    )
    return next((reason for reason, holds in checks if holds), "")


def retry_after(reason: str, today: date) -> date | None:
    """From when a new check makes sense, by the bank's date."""
    days = RETRY_DAYS.get(reason)
    return today + timedelta(days=days) if days else None
