"""Reads the bank's answers strictly (contract: components/schemas); what cannot be right raises AnswerRefused."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from financing.providers.base import (
    AgreementState,
    Analysis,
    AnalysisLine,
    AnswerRefused,
    Exclusion,
    Link,
    OnboardingState,
)

_AMOUNT = re.compile(r"-?\d{1,16}\.\d{2}", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,4})?", re.ASCII)
_REASON = re.compile(r"[a-z_]{1,60}", re.ASCII)

ONBOARDING_STATUSES = frozenset(
    (
        "created", "identified", "authority_missing", "authority_unresolved", "awaiting_cosigner", "analysing", "offered",
        "declined", "rejected", "accepted", "cancelled", "expired",
    )
)  # fmt: skip
AGREEMENT_STATUSES = frozenset(("offered", "open", "paused", "disconnected", "terminating", "terminated"))


class Fields:
    """One object of an answer, read field by field."""

    def __init__(self, value: Any, name: str) -> None:
        if not isinstance(value, dict):
            raise AnswerRefused(f"{name} is not an object")
        self.value, self.name = value, name

    def _refuse(self, field: str, why: str) -> AnswerRefused:
        return AnswerRefused(f"{self.name}.{field} {why}")

    def text(self, field: str, *, optional: bool = False, limit: int = 200) -> str:
        """A text; empty where it may be absent or null and is."""
        found = self.value.get(field)
        if found is None and optional:
            return ""
        if not isinstance(found, str) or not (found or optional) or len(found) > limit or "\x00" in found:
            raise self._refuse(field, "is not a text")
        return found

    def one_of(self, field: str, allowed: frozenset[str]) -> str:
        found = self.text(field)
        if found not in allowed:
            raise self._refuse(field, f"is unknown: {found[:40]}")
        return found

    def amount(self, field: str, *, negative: bool = False) -> Decimal:
        """An amount with two places; refused below zero unless it may be."""
        found = self.value.get(field)
        if not isinstance(found, str) or not _AMOUNT.fullmatch(found):
            raise self._refuse(field, "is not an amount")
        if found.startswith("-") and not negative:
            raise self._refuse(field, "is negative")
        return Decimal(found)

    def percent(self, field: str) -> Decimal:
        found = self.value.get(field)
        if not isinstance(found, str) or not _PERCENT.fullmatch(found):
            raise self._refuse(field, "is not a percentage")
        return Decimal(found)

    def number(self, field: str) -> int:
        found = self.value.get(field)
        if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 2**62:
            raise self._refuse(field, "is not a whole number")
        return found

    def flag(self, field: str) -> bool:
        found = self.value.get(field)
        if not isinstance(found, bool):
            raise self._refuse(field, "is neither true nor false")
        return found

    def time(self, field: str) -> datetime:
        try:
            found = datetime.fromisoformat(self.text(field))
        except ValueError:
            raise self._refuse(field, "is not a time") from None
        if found.tzinfo is None:
            raise self._refuse(field, "has no time zone")
        return found.astimezone(UTC)

    def day(self, field: str) -> date | None:
        found = self.text(field, optional=True)
        try:
            return date.fromisoformat(found) if found else None
        except ValueError:
            raise self._refuse(field, "is not a date") from None

    def part(self, field: str) -> "Fields | None":
        """An object inside; None where it is null or absent."""
        found = self.value.get(field)
        return None if found is None else Fields(found, f"{self.name}.{field}")

    def items(self, field: str, limit: int = 1000) -> list[Any]:
        found = self.value.get(field)
        if not isinstance(found, list) or len(found) > limit:
            raise self._refuse(field, "is not a list")
        return found


def link(value: Any, origin: str) -> Link:
    """A page to open. Refused unless it lies at the bank's own origin."""
    fields = Fields(value, "link")
    url = fields.text("url", limit=2000)
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" != origin or any(ord(sign) <= 32 for sign in url):
        raise AnswerRefused("link.url does not lie at the bank")
    return Link(url, fields.time("expires_at"))


def analysis(fields: Fields | None) -> Analysis | None:
    """How a limit came about; refused where the exclusions do not add up to what is left out."""
    if fields is None:
        return None
    exclusions = tuple(
        Exclusion(one.text("reason"), one.number("count"), one.amount("amount", negative=True))
        for one in (Fields(value, "exclusion") for value in fields.items("exclusions"))
    )
    found = Analysis(
        id=fields.text("id"),
        as_of=fields.time("as_of"),
        outstanding=fields.amount("outstanding", negative=True),
        eligible=fields.amount("eligible"),
        advance_rate_percent=fields.percent("advance_rate_percent"),
        limit=fields.amount("limit"),
        exclusions=exclusions,
    )
    if found.outstanding != found.eligible + sum(one.amount for one in exclusions):
        raise AnswerRefused("analysis: the exclusions do not add up")
    return found


def analysis_line(value: Any) -> AnalysisLine:
    """A line of an analysis; `counted` may be negative where it takes something back from a debtor as a whole."""
    fields = Fields(value, "line")
    return AnalysisLine(
        receivable_id=fields.text("receivable_id", optional=True),
        debtor=fields.text("debtor"),
        amount=fields.amount("amount", negative=True),
        counted=fields.amount("counted", negative=True),
        reason=fields.text("reason", optional=True, limit=60),
    )


def onboarding(value: Any) -> OnboardingState:
    """An onboarding. An offer without a limit above zero in NOK is refused."""
    fields = Fields(value, "onboarding")
    offer = fields.part("offer")
    if offer is not None:
        if offer.amount("limit") <= 0 or offer.text("currency") != "NOK":
            raise AnswerRefused("offer: its limit is not an amount in NOK above zero")
        offer.time("expires_at")
        for percentage in ("annual_interest_percent", "effective_annual_percent", "limit_commission_percent"):
            offer.percent(percentage)
        for fee in ("establishment_fee", "drawing_fee"):
            offer.amount(fee)
        offer.number("notice_days")
        offer.text("terms_url", limit=2000)
        security = offer.part("security")
        if security is not None:
            security.amount("max_amount")
            security.day("registered_on")
    reason = fields.text("reason", optional=True)
    if reason and not _REASON.fullmatch(reason):
        raise AnswerRefused("onboarding.reason is not a code")
    names = fields.value.get("missing_signatories") or []
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise AnswerRefused("onboarding.missing_signatories is not a list of names")
    return OnboardingState(
        id=fields.text("id", limit=100),
        reference=fields.text("reference"),
        organisation_number=fields.text("organisation_number"),
        status=fields.one_of("status", ONBOARDING_STATUSES),
        sequence=fields.number("sequence"),
        expires_at=fields.time("expires_at"),
        needs_grant=fields.flag("needs_grant"),
        reason=reason,
        retry_after=fields.day("retry_after"),
        identified_as=fields.text("identified_as", optional=True),
        missing_signatories=tuple(name[:200] for name in names[:20]),
        offer=offer.value if offer else None,
        analysis=analysis(fields.part("analysis")),
        agreement_id=fields.text("agreement_id", optional=True, limit=100),
    )


def agreement(value: Any, now: datetime) -> AgreementState:
    """An agreement. Refused: another currency than NOK, an amount below zero, figures from the future."""
    fields = Fields(value, "agreement")
    credit = fields.part("credit")
    if credit is None:
        raise AnswerRefused("agreement.credit is missing")
    if credit.text("currency") != "NOK":
        raise AnswerRefused("agreement.credit.currency is not NOK")
    due = fields.part("due")
    as_of = fields.time("as_of")
    if as_of > now + timedelta(minutes=5):
        raise AnswerRefused("agreement.as_of lies in the future")
    return AgreementState(
        id=fields.text("id", limit=100),
        onboarding_id=fields.text("onboarding_id", limit=100),
        organisation_number=fields.text("organisation_number"),
        status=fields.one_of("status", AGREEMENT_STATUSES),
        sequence=fields.number("sequence"),
        reason=fields.text("reason", optional=True, limit=60),
        account_number=fields.text("account_number", optional=True, limit=40),
        needs_grant=fields.flag("needs_grant"),
        currency="NOK",
        limit=credit.amount("limit"),
        used=credit.amount("used"),
        available=credit.amount("available"),
        pending=credit.amount("pending"),
        due_amount=due.amount("amount") if due else None,
        due_date=due.day("date") if due else None,
        analysis=analysis(fields.part("analysis")),
        as_of=as_of,
    )
