"""What the widget «Fakturafinansiering» shows a person, and what the agreement's page shows with the same figures."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from access.models import Client, User
from financing.models import Agreement, Onboarding, ProviderSync
from financing.presenters.analysis import ChangeRow, change_by_sums
from financing.presenters.credit import CreditView, credit_view
from financing.presenters.states import SHOWN_AFTER_THE_END, Facts
from financing.presenters.waiting import waiting_view
from financing.providers.registry import DEFAULT
from financing.selectors import latest_consent, latest_onboarding
from financing.selectors_credit import (
    agreement_to_show,
    analysis_of_limit,
    ended_at,
    missing_numbers,
)
from financing.services.analysis_lines import kept_change
from financing.services.credit import figures_from
from financing.services.seen import note_seen, seen_by, since_last


def financing_widget(client: Client, user: User, now: datetime) -> CreditView | None:
    """The card in the state that applies; None where there is nothing to show. Inside the client's scope.

    What she sees of the limit is kept once the page's transaction is over, so that a change can be told of next time.
    """
    agreement = agreement_to_show(client, DEFAULT)
    if agreement is not None and agreement.status != "terminated":
        return living_view(client, user, agreement, now)
    onboarding = latest_onboarding(client, DEFAULT)
    if onboarding is None:
        return None
    if agreement is not None and agreement.onboarding_id == onboarding.pk and onboarding.status == "accepted":
        return _ended_view(client, user, agreement, now)
    missing = missing_numbers(client) if onboarding.status == "rejected" else None
    return waiting_view(client, onboarding, now, missing)


def living_view(client: Client, user: User, agreement: Agreement, now: datetime) -> CreditView:
    """An agreement that lives, as this person sees it: with what changed since she last saw it."""
    facts, sync = facts_of(client, agreement, now)
    change = None
    if agreement.status != "offered":
        seen = seen_by(client, user, agreement)
        if not facts.stale:  # old figures are not seen as the present ones
            note_seen(client=client, user=user, agreement=agreement, seen=seen, now=now)
        facts = replace(facts, since=since_last(seen, agreement.limit, now))
        change = change_since(client, agreement, facts.since.before) if facts.since else None
    return credit_view(client, facts, change, tried_at(agreement, sync))


def facts_of(client: Client, agreement: Agreement, now: datetime) -> tuple[Facts, ProviderSync | None]:
    """Agreement, consent and the time of the figures; and how the reading of the bank's list goes."""
    sync = ProviderSync.objects.filter(provider=agreement.provider).first()
    onboarding: Onboarding = agreement.onboarding
    consent = latest_consent(client, agreement.provider)
    return Facts(agreement, onboarding, consent, figures_from(agreement, sync), now), sync


def change_since(client: Client, agreement: Agreement, before: Decimal) -> list[ChangeRow] | None:
    """What moved the limit from `before` to the present one: by the lines where both are kept, else by the sums.

    None where the limit is not what the analysis gave (an access withdrawn, an agreement terminated).
    """
    kept = kept_change(client, agreement)
    if kept and kept.change is not None and (kept.limit_before, kept.limit) == (before, agreement.limit):
        return [(what, count, Decimal(amount)) for what, count, amount in kept.change]
    after = agreement.analysis
    if not after or Decimal(after["limit"]) != agreement.limit:
        return None
    former = analysis_of_limit(client, agreement, before)
    return change_by_sums(former, after) if former else None


def tried_at(agreement: Agreement, sync: ProviderSync | None) -> datetime | None:
    """When the bank was last asked, with or without an answer."""
    asked = [one for one in (agreement.asked_again_at, sync.attempted_at if sync else None) if one]
    return max(asked) if asked else None


def _ended_view(client: Client, user: User, agreement: Agreement, now: datetime) -> CreditView | None:
    """Said for two weeks, or until she puts it away."""
    ended = ended_at(client, agreement)
    seen = seen_by(client, user, agreement)
    if now - ended >= SHOWN_AFTER_THE_END or (seen and seen.ended_at):
        return None
    facts, _sync = facts_of(client, agreement, now)
    return replace(credit_view(client, facts), read_at=ended)
