"""What a provider of financing must be able to do, in our words, and the two ways it can fail."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol


class ProviderUnavailable(Exception):
    """No answer, or one that says «later»: try again. `retry_after` in seconds, where it is known.

    `down`: nobody would have got an answer, so it counts towards leaving the provider alone. `correlation` is the id that
    the provider's log has of the call too; a page may show it.
    """

    correlation = ""

    def __init__(self, message: str, retry_after: int | None = None, *, down: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.down = down


class LeftAlone(ProviderUnavailable):
    """Not asked at all, because it did not answer lately or wants to be left in peace; `retry_after` says for how long."""


class AccessRefused(ProviderUnavailable):
    """The provider does not take our own credentials. Trying again at once would not help, and may lock us out."""


class AnswerRefused(ProviderUnavailable):
    """An answer that cannot be right (another company, a negative limit …): nothing of it is believed.

    It says nothing of the next company's answer, so it is not `down`, unless something else answered in the provider's place.
    """

    def __init__(self, message: str, *, down: bool = False) -> None:
        super().__init__(message, down=down)


class ProviderRejected(Exception):
    """A no that trying again does not change. `status` is the HTTP status, `onboarding_id` the living one on a 409."""

    correlation = ""

    def __init__(self, message: str, status: int, onboarding_id: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.onboarding_id = onboarding_id


# Entered with the provider's origin around every try; raises LeftAlone, and learns from what is raised inside it.
Gate = Callable[[str], AbstractContextManager[object]]


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
class Security:
    """What the company pledges: its receivables (factoringpant), up to a registered maximum in NOK."""

    type: str
    max_amount: Decimal
    registered_on: date | None


@dataclass(frozen=True)
class Offer:
    """What the provider offers, in its own figures; amounts in `currency`, percentages a year. Stored under these names."""

    limit: Decimal
    currency: str
    annual_interest_percent: Decimal
    effective_annual_percent: Decimal
    limit_commission_percent: Decimal
    establishment_fee: Decimal
    drawing_fee: Decimal
    notice_days: int
    terms_url: str
    security: Security | None
    expires_at: datetime


@dataclass(frozen=True)
class OnboardingState:
    """An onboarding as the provider says it stands. No name in it carries a national identity number."""

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
    authority_basis: str  # signature, procuration, power_of_attorney; empty while it is not known
    missing_signatories: tuple[str, ...]
    offer: Offer | None
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


@dataclass(frozen=True)
class AnalysisLine:
    """A receivable or credit as the provider counted it, or a debtor as a whole; amounts in NOK."""

    receivable_id: str  # empty where the line concerns the debtor as a whole
    debtor: str
    amount: Decimal
    counted: Decimal
    reason: str  # empty where it counts in full


@dataclass(frozen=True)
class OnboardingPage:
    """A page to open: an onboarding that lives goes on there, and the browser comes back with `state`."""

    onboarding_id: str
    return_url: str
    state: str


@dataclass(frozen=True)
class ManagePage:
    """A page to open: the person draws, repays or terminates there."""

    agreement_id: str
    return_url: str


@dataclass(frozen=True)
class NewGrant:
    """A message: a new code, for an onboarding that asked for one or an agreement that lost its access."""

    grant: Grant
    onboarding_id: str = ""
    agreement_id: str = ""


@dataclass(frozen=True)
class Cancelled:
    """A message: the consent was withdrawn before an agreement existed."""

    onboarding_id: str


@dataclass(frozen=True)
class Disconnected:
    """A message: the access to the receivables was withdrawn; the agreement and any debt live on."""

    agreement_id: str


@dataclass(frozen=True)
class ReceivablesChanged:
    """A message without data: the provider may read anew."""

    agreement_id: str


@dataclass(frozen=True)
class Told:
    """What an event tells to read again: an onboarding or an agreement by the provider's id. Nothing of it is believed.

    `object_kind` is empty for a type that we do not know, `object_id` where the event names none. `reference` is our own,
    where it carries one: the answer that would have told us the provider's id may have been lost.
    """

    kind: str
    object_kind: str
    object_id: str
    reference: str


Page = OnboardingPage | ManagePage
Message = NewGrant | Cancelled | Disconnected | ReceivablesChanged


class Provider(Protocol):
    """A provider of financing. Every method raises ProviderUnavailable or ProviderRejected, and nothing else."""

    name: str
    origin: str  # scheme, host and port of its pages, for form-action

    def begin(self, request: OnboardingRequest, *, key: str) -> tuple[OnboardingState, Link]:
        """Begin an onboarding; a repeat with the same key and content answers as the first did."""

    def onboarding(self, onboarding_id: str = "", *, reference: str = "") -> OnboardingState | None:
        """As it stands now; by our own reference where the answer to begin was lost (None: there is none)."""

    def agreement(self, agreement_id: str) -> AgreementState:
        """As it stands now."""

    def changed_agreements(self, changed_since: str) -> Iterator[AgreementPage]:
        """Pages of what changed since, oldest first; empty text: everything."""

    def link(self, page: Page, *, key: str) -> Link:
        """A page to open in a new window."""

    def tell(self, message: Message, *, key: str) -> OnboardingState | AgreementState | None:
        """Tell the provider; what it answers is how the thing stands after, None where it only notes it."""

    def analysis_lines(self, analysis_id: str) -> Iterator[AnalysisLine]:
        """The analysis item by item; the lines add up to its figures."""
