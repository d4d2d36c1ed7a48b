"""Which state the widget and the agreement's page are in: one table, the first that fits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from financing.models import Agreement, Consent, Onboarding
from financing.services.credit import STALE_AFTER
from financing.services.seen import SinceLast

OFFER_SOON = timedelta(days=7)  # before its end an offer is said to end soon
SHOWN_AFTER_THE_END = timedelta(days=14)


@dataclass(frozen=True)
class Facts:
    """All that the state is decided by; `read_at` is the time of the figures."""

    agreement: Agreement
    onboarding: Onboarding
    consent: Consent | None
    read_at: datetime
    now: datetime
    since: SinceLast | None = None

    @property
    def stale(self) -> bool:
        """Older than half an hour: said over whatever state they show (TRUST: S7)."""
        return self.agreement.status != "terminated" and self.now - self.read_at > STALE_AFTER

    @property
    def offer_ends(self) -> datetime | None:
        return offer_ends(self.onboarding)

    @property
    def overdue(self) -> bool:
        due = self.agreement.due_date
        return due is not None and bool(self.agreement.due_amount) and due < timezone.localdate(self.now)

    @property
    def lapsed(self) -> bool:
        """By time alone; nobody has ended it."""
        return self.consent is not None and self.consent.ended_at is None and self.consent.valid_until <= self.now


def offer_ends(onboarding: Onboarding) -> datetime | None:
    """When the offer ends, by the bank; else when the onboarding does."""
    return parse_datetime((onboarding.offer or {}).get("expires_at") or "") or onboarding.expires_at


def _offered(facts: Facts) -> bool:
    return facts.agreement.status == "offered"


def _within(facts: Facts, time: timedelta) -> bool:
    return facts.offer_ends is not None and facts.offer_ends - facts.now <= time


def _status(*names: str) -> Callable[[Facts], bool]:
    return lambda facts: facts.agreement.status in names


def _paused(*reasons: str) -> Callable[[Facts], bool]:
    return lambda facts: facts.agreement.status == "paused" and (not reasons or facts.agreement.reason in reasons)


# From top to bottom, the first that fits. What must be paid stands above what may not be done, and that above what is new.
# Figures that are old are not a state of their own: whatever state they show, they are greyed and said to be old.
PRECEDENCE: tuple[tuple[str, Callable[[Facts], bool]], ...] = (
    ("terminated", _status("terminated")),
    ("no_account", lambda facts: _offered(facts) and facts.onboarding.status == "accepted"),
    ("offer_expired", lambda facts: _offered(facts) and _within(facts, timedelta(0))),
    ("offer_soon", lambda facts: _offered(facts) and _within(facts, OFFER_SOON)),
    ("offer_replaced", lambda facts: _offered(facts) and facts.onboarding.replaced_offer is not None),
    ("offer", _offered),
    ("overdue", lambda facts: facts.overdue),
    ("terminating", _status("terminating")),
    ("disconnected_debt", lambda facts: facts.agreement.status == "disconnected" and facts.agreement.used > 0),
    ("disconnected", _status("disconnected")),
    ("over", lambda facts: facts.agreement.used > facts.agreement.limit),
    ("paused_no_data", _paused("no_data")),
    ("paused_by_bank", _paused("bank_decision")),
    ("paused", _paused()),
    ("lapsed", lambda facts: facts.lapsed),
    ("withdrawn", lambda facts: facts.consent is not None and facts.consent.ended_at is not None),
    ("pending", lambda facts: facts.agreement.pending > 0),
    ("changed", lambda facts: facts.since is not None),
    ("full", lambda facts: facts.agreement.used > 0 and facts.agreement.available == 0),
    ("unused", lambda facts: facts.agreement.used == 0),
    ("partly", lambda facts: True),
)  # fmt: skip


def state_of(facts: Facts) -> str:
    """The first of PRECEDENCE that fits."""
    return next(name for name, fits in PRECEDENCE if fits(facts))
