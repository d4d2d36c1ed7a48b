"""The way to the bank's answer: begun here, walked there, and moved only by what is read from the bank itself."""

import hashlib
import logging
import secrets
import uuid
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from access.models import Client, User
from access.services import write_audit
from access.tenancy import client_scope
from financing.consent_text import ConsentText
from financing.models import FINAL, Agreement, Onboarding, ReturnState
from financing.providers.base import (
    Analysis,
    Grant,
    Link,
    OnboardingRequest,
    OnboardingState,
    ProviderRejected,
    ProviderUnavailable,
)
from financing.providers.registry import provider
from financing.services.consent import api_base_url, confirm_consent, end_consent, give_consent, new_code, token_url
from financing.services.transitions import ImpossibleMove, check_move

log = logging.getLogger(__name__)

STATE_LIFE = timedelta(hours=2)  # BankID and a careful reading of the offer; the bank's link itself lives minutes
CODE_LIFE = timedelta(hours=24)  # INTERFACES: at most 24 hours
READ_EVERY = timedelta(seconds=3)  # while somebody follows along
LONGEST_READING = timedelta(seconds=60)
LOST_AFTER = timedelta(minutes=15)  # so long we look for an onboarding whose answer was lost


class OnboardingLives(Exception):
    """There is one already; it is `onboarding`."""

    def __init__(self, onboarding: Onboarding) -> None:
        super().__init__(str(onboarding.pk))
        self.onboarding = onboarding


class AgreementLives(Exception):
    """The company has an agreement already."""


class StateUnknown(Exception):
    """The browser came back with a state that is used, too old, or of another person or onboarding."""


@dataclass(frozen=True)
class Begun:
    """What was stored, and what only the next step may know: the state and the code in the clear."""

    onboarding: Onboarding
    state: str
    grant: Grant


def living_onboarding(client: Client, provider_name: str) -> Onboarding | None:
    """The one that is under way. Inside the client's scope."""
    return Onboarding.objects.for_client(client).filter(provider=provider_name, ended_at=None).first()


def latest_onboarding(client: Client, provider_name: str) -> Onboarding | None:
    """The last one begun, living or not. Inside the client's scope."""
    found = Onboarding.objects.for_client(client).filter(provider=provider_name)
    return found.select_related("consent").order_by("-started_at").first()


def living_agreement(client: Client, provider_name: str) -> Agreement | None:
    """The agreement that is not terminated. Inside the client's scope."""
    found = Agreement.objects.for_client(client).filter(provider=provider_name).exclude(status="terminated")
    return found.select_related("onboarding__consent").first()


def begin_onboarding(
    *, client: Client, user: User, role_name: str, text: ConsentText, last_day: date, provider_name: str, now: datetime
) -> Begun:
    """Store consent and onboarding before the bank hears anything. One transaction, under the client's lock.

    Raises OnboardingLives, AgreementLives.
    """
    with client_scope(client):
        Client.objects.select_for_update().get(pk=client.pk)
        if living := living_onboarding(client, provider_name):
            raise OnboardingLives(living)
        if living_agreement(client, provider_name):
            raise AgreementLives
        consent = give_consent(
            client=client, provider=provider_name, text=text, user=user, role_name=role_name, last_day=last_day, now=now
        )
        onboarding = Onboarding.objects.for_client(client).create(
            provider=provider_name, consent=consent, started_by=user, started_at=now
        )
        write_audit(action="onboarding.begun", client=client, actor=user, role_name=role_name, about=onboarding)
        return Begun(onboarding, _new_state(onboarding, user, now), _new_grant(onboarding, now))


def ask_bank(*, client: Client, begun: Begun, key: str = "") -> Link:
    """Begin at the bank, outside any transaction, and store the answer. A repeat with a new code has a new key.

    Raises ProviderUnavailable (the row stays; the tick finds the onboarding by its reference) and ProviderRejected
    (the onboarding has failed and the access is taken away).
    """
    onboarding = begun.onboarding
    request = OnboardingRequest(
        reference=str(onboarding.pk),
        organisation_number=client.organisation_number,
        organisation_name=client.name,
        payout_account=client.bank_account or None,
        return_url=return_url(),
        state=begun.state,
        webhook_url=settings.PUBLIC_BASE_URL + "/webhooks/buffer",
        grant=begun.grant,
    )
    try:
        state, link = provider(onboarding.provider).begin_onboarding(request, key=key or f"begin-{onboarding.pk}")
    except ProviderRejected as error:
        with client_scope(client):
            _fail(onboarding, f"refused_{error.status}", timezone.now())
        raise
    store_onboarding(client=client, onboarding_id=onboarding.pk, state=state, now=timezone.now())
    return link


def open_again(*, client: Client, onboarding: Onboarding, user: User, now: datetime) -> Link:
    """A new page of an onboarding that lives, for this person; where the bank never answered, it is asked once more.

    Raises ProviderUnavailable (also while the end of a withdrawn one is being told), ProviderRejected.
    """
    if not onboarding.provider_reference:
        read_onboarding(client=client, onboarding=onboarding)
        with client_scope(client):
            onboarding = Onboarding.objects.for_client(client).select_related("consent").get(pk=onboarding.pk)
            if onboarding.is_final or not onboarding.consent.in_force(now):
                raise ProviderUnavailable("the onboarding is at its end")
            if not onboarding.provider_reference:
                begun = Begun(onboarding, _new_state(onboarding, user, now), _new_grant(onboarding, now))
        if not onboarding.provider_reference:
            return ask_bank(client=client, begun=begun, key=str(uuid.uuid4()))
    with client_scope(client):
        state = _new_state(onboarding, user, now)
        write_audit(action="onboarding.link", client=client, actor=user, about=onboarding)
    return provider(onboarding.provider).onboarding_link(
        onboarding.provider_reference, return_url=return_url(), state=state, key=str(uuid.uuid4())
    )


def cancel_onboarding(*, client: Client, onboarding: Onboarding, user: User, now: datetime) -> None:
    """The company gives up before an agreement exists: the access ends here first, then the bank is told.

    Raises ProviderUnavailable, ProviderRejected where the bank did not take it; the access is gone all the same, and the
    next reading brings the end.
    """
    with client_scope(client):
        end_consent(consent=onboarding.consent, reason="withdrawn", actor=user, now=now)
    if not onboarding.provider_reference:
        return
    state = provider(onboarding.provider).cancel_onboarding(
        onboarding.provider_reference, key=f"cancel-{onboarding.pk}"
    )
    store_onboarding(client=client, onboarding_id=onboarding.pk, state=state, now=timezone.now())


def read_onboarding(*, client: Client, onboarding: Onboarding) -> None:
    """Read it at the bank, outside any transaction, and store what moved; a lost answer is found by our reference.

    Where the access was withdrawn meanwhile and the bank does not know, it is told. Raises ProviderUnavailable,
    ProviderRejected.
    """
    bank = provider(onboarding.provider)
    if onboarding.provider_reference:
        state: OnboardingState | None = bank.read_onboarding(onboarding.provider_reference)
    else:
        state = bank.find_onboarding(str(onboarding.pk))
    now = timezone.now()
    if state is None:
        if now - onboarding.started_at > LOST_AFTER:
            with client_scope(client):
                _fail(onboarding, "never_reached_the_bank", now)
        return
    store_onboarding(client=client, onboarding_id=onboarding.pk, state=state, now=now)
    if state.status in FINAL:
        return
    with client_scope(client):
        consent = Onboarding.objects.for_client(client).select_related("consent").get(pk=onboarding.pk).consent
    if consent.ended_at is not None:
        state = bank.cancel_onboarding(state.id, key=f"cancel-{onboarding.pk}")
        store_onboarding(client=client, onboarding_id=onboarding.pk, state=state, now=timezone.now())
    elif state.needs_grant:
        _renew_grant(client, onboarding.pk)


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
            onboarding.save(update_fields=["read_at"])
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
        onboarding.identified_as = state.identified_as
        onboarding.missing_signatories = list(state.missing_signatories)
        onboarding.needs_grant = state.needs_grant
        onboarding.offer = state.offer
        onboarding.analysis = analysis_json(state.analysis)
        onboarding.agreement_reference = state.agreement_id
        onboarding.read_at = now
        onboarding.ended_at = now if state.status in FINAL else None
        onboarding.save()
        confirm_consent(consent=onboarding.consent, name=state.identified_as, now=now)
        if state.status in FINAL and state.status != "accepted":
            end_consent(consent=onboarding.consent, reason=f"onboarding_{state.status}", now=now)
        if before != state.status:
            write_audit(
                action="onboarding.moved", client=client, about=onboarding, details={"from": before, "to": state.status}
            )
        return True


def take_return(*, state: str, provider_reference: str, user: User, now: datetime) -> tuple[Client, Onboarding]:
    """The browser is back: use the state up, once, for its own person. It proves nothing about the bank's answer.

    Raises StateUnknown, with one audit line and no change.
    """
    hashed = _hash(state)
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_of_state(%s)", [hashed])
        client_id = cursor.fetchone()[0]
    if client_id is None:
        write_audit(action="return.refused", actor=user, details={"why": "unknown"})
        raise StateUnknown("unknown")
    client = Client.objects.get(pk=client_id)
    with client_scope(client):
        used = (
            ReturnState.objects.for_client(client)
            .filter(state_hash=hashed, user=user, used_at=None, expires_at__gt=now)
            .filter(onboarding__provider_reference=provider_reference)
        )
        row = used.select_for_update(of=("self",)).select_related("onboarding").first()
        if row is not None:
            row.used_at = now
            row.save(update_fields=["used_at"])
            row.onboarding.returned_at = now
            row.onboarding.save(update_fields=["returned_at"])
            return client, row.onboarding
        write_audit(action="return.refused", client=client, actor=user, details={"why": "used, old or of another"})
    raise StateUnknown("used, old or of another")


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


def return_url() -> str:
    """Where the bank sends the browser back."""
    return settings.PUBLIC_BASE_URL + reverse("financing_return")


def analysis_json(analysis: Analysis | None) -> Any:
    """An analysis as it is kept: amounts as strings."""
    return None if analysis is None else _plain(asdict(analysis))


def _plain(value: Any) -> Any:
    import json

    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def _renew_grant(client: Client, onboarding_id: uuid.UUID) -> None:
    now = timezone.now()
    with client_scope(client):
        onboarding = Onboarding.objects.for_client(client).select_related("consent").get(pk=onboarding_id)
        if not onboarding.consent.in_force(now):
            return
        grant = _new_grant(onboarding, now)
    state = provider(onboarding.provider).renew_grant(onboarding.provider_reference, grant, key=str(uuid.uuid4()))
    store_onboarding(client=client, onboarding_id=onboarding_id, state=state, now=timezone.now())


def _fail(onboarding: Onboarding, reason: str, now: datetime) -> None:
    locked = Onboarding.objects.for_client(onboarding.client_id).select_for_update().get(pk=onboarding.pk)
    if locked.is_final or locked.provider_reference:
        return
    locked.status, locked.reason, locked.ended_at = "failed", reason, now
    locked.save(update_fields=["status", "reason", "ended_at"])
    end_consent(consent=locked.consent, reason="onboarding_failed", now=now)
    write_audit(action="onboarding.failed", client=locked.client, about=locked, details={"reason": reason})


def _new_state(onboarding: Onboarding, user: User, now: datetime) -> str:
    state = secrets.token_urlsafe(32)
    ReturnState.objects.for_client(onboarding.client_id).create(
        onboarding=onboarding, user=user, state_hash=_hash(state), created_at=now,
        expires_at=now + STATE_LIFE,
    )  # fmt: skip
    return state


def _new_grant(onboarding: Onboarding, now: datetime) -> Grant:
    grant = Grant(secrets.token_urlsafe(32), now + CODE_LIFE, token_url(), api_base_url())
    new_code(consent=onboarding.consent, code=grant.code, expires_at=grant.expires_at)
    return grant


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
