"""What a provider of financing must be able to do, in our words, and the two ways it can fail."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol


class ProviderUnavailable(Exception):
    """No answer, or one that says «later»: try again. `retry_after` in seconds, where the provider said it."""

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AnswerRefused(ProviderUnavailable):
    """An answer that cannot be right (another company, a negative limit …): nothing of it is believed."""


class ProviderRejected(Exception):
    """A no that trying again does not change. `status` is the HTTP status, `onboarding_id` the living one on a 409."""

    def __init__(self, message: str, status: int, onboarding_id: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.onboarding_id = onboarding_id


@dataclass(frozen=True)
class Link:
    """A page at the provider: single use, for a few minutes."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class Grant:
    """The single-use code with which the provider fetches its tokens; never through a browser."""

    code: str
    expires_at: datetime
    token_url: str
    api_base_url: str


@dataclass(frozen=True)
class OnboardingRequest:
    """What the provider is told about the company to begin."""

    reference: str
    organisation_number: str
    organisation_name: str
    payout_account: str | None
    return_url: str
    state: str
    webhook_url: str
    grant: Grant


@dataclass(frozen=True)
class Exclusion:
    """Receivables that do not count, by reason; amount in NOK."""

    reason: str
    count: int
    amount: Decimal


@dataclass(frozen=True)
class Analysis:
    """How a limit came about; amounts in NOK. outstanding = eligible + the sum of the exclusions."""

    id: str
    as_of: datetime
    outstanding: Decimal
    eligible: Decimal
    advance_rate_percent: Decimal
    limit: Decimal
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True)
class OnboardingState:
    """An onboarding as the provider says it stands. `offer` is kept as it was said, its limit and expiry checked."""

    id: str
    reference: str
    organisation_number: str
    status: str
    sequence: int
    expires_at: datetime
    needs_grant: bool
    reason: str
    retry_after: date | None
    identified_as: str
    missing_signatories: tuple[str, ...]
    offer: dict[str, Any] | None
    analysis: Analysis | None
    agreement_id: str


@dataclass(frozen=True)
class AgreementState:
    """An agreement as the provider says it stands; amounts in `currency`."""

    id: str
    onboarding_id: str
    organisation_number: str
    status: str
    sequence: int
    reason: str
    account_number: str
    needs_grant: bool
    currency: str
    limit: Decimal
    used: Decimal
    available: Decimal
    pending: Decimal
    due_amount: Decimal | None
    due_date: date | None
    analysis: Analysis | None
    as_of: datetime


@dataclass(frozen=True)
class Refused:
    """An item of a list that could not be believed; the rest of the list stands."""

    id: str
    why: str


@dataclass(frozen=True)
class AgreementPage:
    """One page of what changed. `next_changed_since` is for the next reading, once this one is complete."""

    items: tuple[AgreementState | Refused, ...]
    next_cursor: str | None
    next_changed_since: str


class Provider(Protocol):
    """A provider of financing. Every method raises ProviderUnavailable or ProviderRejected, and nothing else."""

    name: str
    origin: str  # scheme, host and port of its pages, for form-action

    def begin_onboarding(self, request: OnboardingRequest, *, key: str) -> tuple[OnboardingState, Link]:
        """Begin; a repeat with the same key and content answers as the first did."""

    def find_onboarding(self, reference: str) -> OnboardingState | None:
        """By our own reference, where the answer to begin was lost."""

    def read_onboarding(self, onboarding_id: str) -> OnboardingState:
        """As it stands now."""

    def onboarding_link(self, onboarding_id: str, *, return_url: str, state: str, key: str) -> Link:
        """A new page of an onboarding that lives."""

    def renew_grant(self, onboarding_id: str, grant: Grant, *, key: str) -> OnboardingState:
        """Send a new code where the provider asked for one."""

    def cancel_onboarding(self, onboarding_id: str, *, key: str) -> OnboardingState:
        """Before an agreement exists."""

    def read_agreement(self, agreement_id: str) -> AgreementState:
        """As it stands now."""

    def changed_agreements(self, changed_since: str) -> Iterator[AgreementPage]:
        """Pages of what changed since, oldest first; empty text: everything."""

    def manage_link(self, agreement_id: str, *, return_url: str, key: str) -> Link:
        """A page where the person draws, repays or terminates."""
