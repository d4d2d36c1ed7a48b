"""Reads the bank's answers strictly (contract: components/schemas); what cannot be right raises AnswerRefused."""

import logging
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import SplitResult, urlsplit

from stdnum.no import fodselsnummer

from financing.providers.base import (
    AgreementState,
    Analysis,
    AnalysisLine,
    AnswerRefused,
    Exclusion,
    Link,
    Offer,
    OnboardingState,
    Security,
)

log = logging.getLogger(__name__)

_AMOUNT = re.compile(r"-?\d{1,16}\.\d{2}", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,4})?", re.ASCII)
_CODE = re.compile(r"[a-z_]{1,60}", re.ASCII)
_NUMBER = re.compile(r"\d{9}", re.ASCII)
_IDENTITY = re.compile(r"[!-~]*[0-9A-Za-z][!-~]*", re.ASCII)  # goes into an address: a name of dots alone would climb
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)  # RFC 3339
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_YEARS = range(2000, 2200)  # beyond them a time zone or a calendar may give way
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # what PostgreSQL cannot keep, or a line cannot show
# As people write it; access/redaction.py knows the same forms, but what knows a provider knows no room.
_ELEVEN = re.compile(r"(?<!\d)\d\d[ .]?\d\d[ .]?\d\d[ .:-]?\d{5}(?!\d)", re.ASCII)
CLOCKS_DIFFER = timedelta(minutes=5)

ONBOARDING_STATUSES = frozenset(
    (
        "created", "identified", "authority_missing", "authority_unresolved", "awaiting_cosigner", "analysing", "offered",
        "declined", "rejected", "accepted", "cancelled", "expired",
    )
)  # fmt: skip
AGREEMENT_STATUSES = frozenset(("offered", "open", "paused", "disconnected", "terminating", "terminated"))
SECURITIES = frozenset(("factoringpant",))
AUTHORITIES = frozenset(("signature", "procuration", "power_of_attorney"))


class Fields:
    """One object of an answer, read field by field."""

    def __init__(self, value: Any, name: str) -> None:
        if not isinstance(value, dict):
            raise AnswerRefused(f"{name} is not an object")
        self.value, self.about = value, name

    def _refuse(self, field: str, why: str) -> AnswerRefused:
        return AnswerRefused(f"{self.about}.{field} {why}")

    def text(self, field: str, *, optional: bool = False, limit: int = 200) -> str:
        """A text; empty where it may be absent or null and is. Refused with a national identity number in it."""
        found = self._text(field, optional, limit)
        if _without_identity_number(found) != found:
            raise self._refuse(field, "carries a national identity number")
        return found

    def name(self, field: str) -> str:
        """A person's name, empty where it is absent; a national identity number is cut out of it and the rest kept."""
        return _name(self._text(field, True, 200))

    def names(self, field: str) -> tuple[str, ...]:
        """Persons' names, none where the list is absent."""
        found = self.value.get(field)
        if found is None:
            return ()
        if not isinstance(found, list) or len(found) > 100:
            raise self._refuse(field, "is not a list of names")
        return tuple(Fields({"name": one}, f"{self.about}.{field}").name("name") for one in found)

    def identity(self, field: str, *, optional: bool = False) -> str:
        """An id of the bank's, which goes into addresses."""
        found = self.text(field, optional=optional, limit=100)
        if found and not _IDENTITY.fullmatch(found):
            raise self._refuse(field, "is not an id")
        return found

    def organisation_number(self, field: str) -> str:
        found = self.text(field)
        if not _NUMBER.fullmatch(found):
            raise self._refuse(field, "is not nine digits")
        return found

    def account(self, field: str) -> str:
        """An account number, empty where it is absent; eleven digits, which may look like a person's by chance."""
        return self._text(field, True, 40)

    def code(self, field: str, *, optional: bool = False) -> str:
        """A word of the bank's that explains; a new one is no reason to stop believing the figures."""
        found = self.text(field, optional=optional, limit=60)
        if found and not _CODE.fullmatch(found):
            raise self._refuse(field, "is not a code")
        return found

    def one_of(self, field: str, allowed: frozenset[str], *, optional: bool = False) -> str:
        """A word that decides something: one that we do not know is refused."""
        found = self.code(field, optional=optional)
        if found and found not in allowed:
            raise self._refuse(field, f"is unknown: {found}")
        return found

    def _text(self, field: str, optional: bool, limit: int) -> str:
        found = self.value.get(field)
        if found is None and optional:
            return ""
        if not isinstance(found, str) or not (found or optional) or len(found) > limit or _NOT_TEXT.search(found):
            raise self._refuse(field, "is not a text")
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

    def number(self, field: str, *, most: int = 2**62) -> int:
        """A whole number, not below zero."""
        found = self.value.get(field)
        if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= most:
            raise self._refuse(field, "is not a whole number")
        return found

    def flag(self, field: str) -> bool:
        found = self.value.get(field)
        if not isinstance(found, bool):
            raise self._refuse(field, "is neither true nor false")
        return found

    def time(self, field: str) -> datetime:
        """A time of RFC 3339, in UTC."""
        found = self.text(field)
        try:
            if _TIME.fullmatch(found) and int(found[:4]) in _YEARS:
                return datetime.fromisoformat(found.upper()).astimezone(UTC)
        except ValueError:
            pass
        raise self._refuse(field, "is not a time")

    def day(self, field: str, *, optional: bool = False) -> date | None:
        found = self.text(field, optional=optional)
        try:
            if not found:
                return None
            if _DAY.fullmatch(found) and int(found[:4]) in _YEARS:
                return date.fromisoformat(found)
        except ValueError:
            pass
        raise self._refuse(field, "is not a date")

    def part(self, field: str) -> "Fields | None":
        """An object inside; None where it is null or absent."""
        found = self.value.get(field)
        return None if found is None else Fields(found, f"{self.about}.{field}")

    def required_part(self, field: str) -> "Fields":
        """An object inside."""
        return Fields(self.value.get(field), f"{self.about}.{field}")

    def items(self, field: str, limit: int = 1000) -> list[Any]:
        found = self.value.get(field)
        if not isinstance(found, list) or len(found) > limit:
            raise self._refuse(field, "is not a list")
        return found


def known_id(value: Any) -> str:
    """The id of an object that is refused, where that can be believed; else empty."""
    try:
        return Fields(value, "object").identity("id")
    except AnswerRefused:
        return ""


def link(value: Any, origin: str) -> Link:
    """A page to open. Refused unless it lies at the bank's own origin."""
    fields = Fields(value, "link")
    found, parts = _address(fields, "url")
    if f"{parts.scheme}://{parts.netloc}" != origin:
        raise AnswerRefused("link.url does not lie at the bank")
    return Link(found, fields.time("expires_at"))


def _address(fields: Fields, field: str) -> tuple[str, SplitResult]:
    found = fields.text(field, limit=2000)
    try:
        parts = urlsplit(found)
        hostname = parts.hostname
    except ValueError:
        raise AnswerRefused(f"{fields.about}.{field} is not an address") from None
    if not re.fullmatch(r"[!-~]+", found, re.ASCII) or "\\" in found or "@" in parts.netloc or not hostname:
        raise AnswerRefused(f"{fields.about}.{field} is not an address")
    return found, parts


def analysis(fields: Fields | None) -> Analysis | None:
    """How a limit came about; refused where the exclusions do not add up to what is left out."""
    if fields is None:
        return None
    exclusions = tuple(
        Exclusion(one.code("reason"), one.number("count"), one.amount("amount", negative=True))
        for one in (Fields(value, "exclusion") for value in fields.items("exclusions"))
    )
    found = Analysis(
        id=fields.identity("id"),
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
        reason=fields.code("reason", optional=True),
    )


def offer(fields: Fields | None, origin: str) -> Offer | None:
    """What the bank offers; refused without a limit above zero in NOK. Its terms lie on https, wherever the bank keeps them."""
    if fields is None:
        return None
    terms_url, parts = _address(fields, "terms_url")
    # A stand-in on this machine has its terms there too.
    if parts.scheme != "https" and not (origin.startswith("http:") and parts.hostname == urlsplit(origin).hostname):
        raise AnswerRefused("offer.terms_url is not https")
    found = Offer(
        limit=fields.amount("limit"),
        currency=_nok(fields, "currency"),
        annual_interest_percent=fields.percent("annual_interest_percent"),
        effective_annual_percent=fields.percent("effective_annual_percent"),
        limit_commission_percent=fields.percent("limit_commission_percent"),
        establishment_fee=fields.amount("establishment_fee"),
        drawing_fee=fields.amount("drawing_fee"),
        notice_days=fields.number("notice_days", most=3660),
        terms_url=terms_url,
        security=_security(fields.part("security")),
        expires_at=fields.time("expires_at"),
    )  # fmt: skip
    if found.limit <= 0:
        raise AnswerRefused("offer.limit is not above zero")
    return found


def _security(fields: Fields | None) -> Security | None:
    if fields is None:
        return None
    return Security(
        type=fields.one_of("type", SECURITIES),
        max_amount=fields.amount("max_amount"),
        registered_on=fields.day("registered_on", optional=True),
    )


def onboarding(value: Any, origin: str) -> OnboardingState:
    """An onboarding. `origin` is the bank's own."""
    fields = Fields(value, "onboarding")
    return OnboardingState(
        id=fields.identity("id"),
        reference=fields.text("reference", limit=64),
        organisation_number=fields.organisation_number("organisation_number"),
        status=fields.one_of("status", ONBOARDING_STATUSES),
        sequence=fields.number("sequence"),
        expires_at=fields.time("expires_at"),
        needs_grant=fields.flag("needs_grant"),
        reason=fields.code("reason", optional=True),
        retry_after=fields.day("retry_after", optional=True),
        identified_as=fields.name("identified_as"),
        authority_basis=fields.one_of("authority_basis", AUTHORITIES, optional=True),
        missing_signatories=fields.names("missing_signatories"),
        offer=offer(fields.part("offer"), origin),
        analysis=analysis(fields.part("analysis")),
        agreement_id=fields.identity("agreement_id", optional=True),
    )


def agreement(value: Any, now: datetime) -> AgreementState:
    """An agreement. Refused: another currency than NOK, an amount below zero, figures from the future or against each other."""
    fields = Fields(value, "agreement")
    credit = fields.required_part("credit")
    due = fields.part("due")
    found = AgreementState(
        id=fields.identity("id"),
        onboarding_id=fields.identity("onboarding_id"),
        organisation_number=fields.organisation_number("organisation_number"),
        status=fields.one_of("status", AGREEMENT_STATUSES),
        sequence=fields.number("sequence"),
        reason=fields.code("reason", optional=True),
        account_number=fields.account("account_number"),
        needs_grant=fields.flag("needs_grant"),
        currency=_nok(credit, "currency"),
        limit=credit.amount("limit"),
        used=credit.amount("used"),
        available=credit.amount("available"),
        pending=credit.amount("pending"),
        due_amount=due.amount("amount") if due else None,
        due_date=due.day("date") if due else None,
        analysis=analysis(fields.part("analysis")),
        as_of=fields.time("as_of"),
    )
    if found.as_of > now + CLOCKS_DIFFER:
        raise AnswerRefused("agreement.as_of lies in the future")
    # Less than the contract reckons is the bank's caution; more would be money that nobody has promised.
    most = max(Decimal(0), found.limit - found.used - found.pending) if found.status == "open" else Decimal(0)
    if found.available > most:
        raise AnswerRefused("agreement.credit.available is more than the limit leaves")
    return found


def _nok(fields: Fields, field: str) -> str:
    if fields.text(field) != "NOK":
        raise AnswerRefused(f"{fields.about}.{field} is not NOK")
    return "NOK"


def _name(found: str) -> str:
    kept = _without_identity_number(found)
    if kept == found:
        return found
    log.error("the bank sent a national identity number in a name; it was cut out")
    return " ".join(kept.split()).strip(" ,;:()-")


def _without_identity_number(text: str) -> str:
    return _ELEVEN.sub(lambda one: "" if fodselsnummer.is_valid(re.sub(r"\D", "", one[0])) else one[0], text)
