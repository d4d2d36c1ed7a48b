"""What the bank says of an onboarding, read server to server: the only thing that moves it."""

import json
import logging
import random
import uuid
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from access.models import Client
from access.redaction import without_identity_numbers
from access.services import write_audit
from access.tenancy import client_scope
from financing.models import FINAL, MessageKind, Onboarding
from financing.providers.base import (
    Analysis,
    Offer,
    OnboardingState,
)
from financing.selectors import latest_consent
from financing.services.bank import bank
from financing.services.consent import confirm_consent, end_consent
from financing.services.messages import put_message
from financing.services.transitions import ImpossibleMove, check_move

log = logging.getLogger(__name__)

READ_EVERY = timedelta(seconds=3)  # while somebody follows along
LONGEST_READING = timedelta(seconds=60)
# How often the tick reads one that lives, by its state; where a person is awaited for days, events tell.
READ_OFTEN = timedelta(minutes=1)
READ_RARELY = dict.fromkeys(("awaiting_cosigner", "authority_unresolved", "offered"), timedelta(minutes=15))
# A bank that asks on after it was told is not told at every reading.
GRANT_AGAIN, CANCEL_AGAIN = timedelta(minutes=1), timedelta(hours=1)
LOST_AFTER = timedelta(minutes=15)  # so long we look for an onboarding whose answer was lost


def read_onboarding(*, client: Client, onboarding: Onboarding) -> None:
    """Read it at the bank, outside any transaction, and store what moved; a lost answer is found by our reference.

    Raises ProviderUnavailable, ProviderRejected.
    """
    if onboarding.provider_reference:
        state = bank(onboarding.provider).onboarding(onboarding.provider_reference)
    else:
        state = bank(onboarding.provider).onboarding(reference=str(onboarding.pk))
    now = timezone.now()
    if state is not None:
        store_onboarding(client=client, onboarding_id=onboarding.pk, state=state, now=now)
    elif now - onboarding.started_at > LOST_AFTER:
        with client_scope(client):
            fail_onboarding(onboarding, "never_reached_the_bank", now)


def store_onboarding(*, client: Client, onboarding_id: uuid.UUID, state: OnboardingState, now: datetime) -> bool:
    """Apply what the bank said, by `sequence`; False where it was old or could not be believed. The row is locked."""
    with client_scope(client):
        onboarding = (
            Onboarding.objects.for_client(client).select_for_update(of=("self",)).select_related("consent")
        ).get(pk=onboarding_id)
        if state.organisation_number != client.organisation_number or state.reference != str(onboarding.pk):
            log.error("an answer about onboarding %s was refused: it names another company or reference", onboarding.pk)
            write_audit(action="provider.answer_refused", client=client, about=onboarding, details={"why": "identity"})
            return False
        if state.sequence <= onboarding.sequence:
            onboarding.read_at = now
            onboarding.next_read_at = next_reading(onboarding.status, now)
            onboarding.save(update_fields=["read_at", "next_read_at"])
            _answer(onboarding, now)
            return False
        before = onboarding.status
        try:
            # `begun` may have led anywhere at the bank before its first answer reached us.
            check_move("created" if before == "begun" else before, state.status)
        except ImpossibleMove as error:
            log.error("an answer about onboarding %s was refused: %s", onboarding.pk, error)
            write_audit(action="provider.answer_refused", client=client, about=onboarding, details={"why": str(error)})
            return False
        onboarding.provider_reference = state.id
        onboarding.status = state.status
        onboarding.sequence = state.sequence
        onboarding.reason = state.reason
        onboarding.retry_after = state.retry_after
        onboarding.expires_at = state.expires_at
        onboarding.identified_as = without_identity_numbers(state.identified_as)
        onboarding.missing_signatories = [without_identity_numbers(one) for one in state.missing_signatories]
        onboarding.needs_grant = state.needs_grant
        offer = offer_json(state.offer)
        if replaces(onboarding.offer, offer):
            onboarding.replaced_offer = onboarding.offer
        onboarding.offer = offer
        onboarding.analysis = analysis_json(state.analysis)
        onboarding.agreement_reference = state.agreement_id
        onboarding.read_at = now
        onboarding.next_read_at = next_reading(state.status, now)
        onboarding.ended_at = now if state.status in FINAL else None
        onboarding.save()
        confirm_consent(consent=onboarding.consent, name=onboarding.identified_as, now=now)
        if state.status in FINAL and state.status != "accepted":
            end_consent(consent=onboarding.consent, reason=f"onboarding_{state.status}", now=now)
        if before != state.status:
            write_audit(
                action="onboarding.moved", client=client, about=onboarding, details={"from": before, "to": state.status}
            )
        _answer(onboarding, now)
        return True


def next_reading(status: str, now: datetime) -> datetime:
    """When the tick reads it again, spread by a fifth either way: events tell sooner, this is for those that are lost."""
    return now + READ_RARELY.get(status, READ_OFTEN) * random.uniform(0.8, 1.2)  # noqa: S311  no secret


def _answer(onboarding: Onboarding, now: datetime) -> None:
    """What the state asks of us is written into the outbox: the end that the bank did not hear of, or a new code."""
    if onboarding.is_final:
        return
    consent = latest_consent(onboarding.client, onboarding.provider)
    if consent is None or consent.ended_at is not None:
        put_message(kind=MessageKind.CANCEL, onboarding=onboarding, now=now, pause=CANCEL_AGAIN)
    elif onboarding.needs_grant and consent.in_force(now):
        put_message(kind=MessageKind.GRANT, onboarding=onboarding, now=now, pause=GRANT_AGAIN)


def claim_reading(*, client: Client, onboarding: Onboarding, now: datetime) -> bool:
    """Whether this caller may read the bank now: one at a time, and not more often than READ_EVERY. Give it back after.

    People who follow along in several tabs would otherwise hold every thread while the bank is mute.
    """
    with client_scope(client):
        free = Onboarding.objects.for_client(client).filter(pk=onboarding.pk, ended_at=None)
        return bool(free.exclude(asked_again_at__gt=now).update(asked_again_at=now + LONGEST_READING))


def give_back_reading(*, client: Client, onboarding: Onboarding, now: datetime) -> None:
    """The reading that was claimed is over; the next may come READ_EVERY later."""
    with client_scope(client):
        Onboarding.objects.for_client(client).filter(pk=onboarding.pk).update(asked_again_at=now + READ_EVERY)


def replaces(before: dict[str, Any] | None, after: dict[str, Any] | None) -> bool:
    """Whether the offer changed in more than how long it stands."""
    if before is None or after is None:
        return False
    return {**before, "expires_at": ""} != {**after, "expires_at": ""}


def analysis_json(analysis: Analysis | None) -> Any:
    """An analysis as it is kept: amounts as strings."""
    return None if analysis is None else _plain(asdict(analysis))


def offer_json(offer: Offer | None) -> Any:
    """An offer as it is kept, under the contract's names: amounts and percentages as strings."""
    return None if offer is None else _plain(asdict(offer))


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def fail_onboarding(onboarding: Onboarding, reason: str, now: datetime) -> None:
    locked = Onboarding.objects.for_client(onboarding.client_id).select_for_update().get(pk=onboarding.pk)
    if locked.is_final or locked.provider_reference:
        return
    locked.status, locked.reason, locked.ended_at = "failed", reason, now
    locked.save(update_fields=["status", "reason", "ended_at"])
    end_consent(consent=locked.consent, reason="onboarding_failed", now=now)
    write_audit(action="onboarding.failed", client=locked.client, about=locked, details={"reason": reason})
