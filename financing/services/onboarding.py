"""An onboarding begun, opened again and given up: what is stored first, then asked of the bank."""

import logging
import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from access.models import Client, User
from access.services import write_audit
from access.tenancy import client_scope
from financing.consent_text import ConsentText
from financing.models import FINAL, Agreement, MessageKind, Onboarding
from financing.providers.base import (
    Grant,
    Link,
    OnboardingPage,
    OnboardingRequest,
    ProviderRejected,
    ProviderUnavailable,
)
from financing.selectors import latest_consent, living_agreement, living_onboarding
from financing.services.bank import bank
from financing.services.consent import Origin, end_consent, give_consent, new_grant
from financing.services.onboarding_reading import fail_onboarding, read_onboarding, store_onboarding
from financing.services.outbox import put_message, send_message
from financing.services.returning import keep_link_life, new_state, return_url

log = logging.getLogger(__name__)

KNOWN_AT_THE_BANK = "known_at_the_bank"  # our own reason for `failed`


class OnboardingLives(Exception):
    """There is one already; it is `onboarding`."""

    def __init__(self, onboarding: Onboarding) -> None:
        super().__init__(str(onboarding.pk))
        self.onboarding = onboarding


class AgreementLives(Exception):
    """The company has an agreement already."""


class OnboardingEnds(Exception):
    """It is over, or its access was withdrawn and the bank is being told: no page of it is opened any more."""


@dataclass(frozen=True)
class Begun:
    """What was stored, and what only the next step may know: the state and the code in the clear."""

    onboarding: Onboarding
    state: str
    grant: Grant


def begin_onboarding(
    *,
    client: Client,
    user: User,
    role_name: str,
    text: ConsentText,
    last_day: date,
    provider_name: str,
    now: datetime,
    origin: Origin | None = None,
) -> Begun:
    """Store consent and onboarding before the bank hears anything. One transaction, under the client's lock.

    Raises OnboardingLives, AgreementLives.
    """
    with client_scope(client):
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        if living := living_onboarding(client, provider_name):
            raise OnboardingLives(living)
        if living_agreement(client, provider_name):
            raise AgreementLives
        consent = give_consent(
            client=client, provider=provider_name, text=text, user=user, role_name=role_name, last_day=last_day, now=now,
            origin=origin,
        )  # fmt: skip
        onboarding = Onboarding.objects.for_client(client).create(
            provider=provider_name, consent=consent, started_by=user, started_at=now
        )
        write_audit(action="onboarding.begun", client=client, actor=user, role_name=role_name, about=onboarding)
        return Begun(onboarding, new_state(onboarding, user, now), new_grant(consent=onboarding.consent, now=now))


def ask_bank(*, client: Client, begun: Begun, key: str = "") -> Link:
    """Begin at the bank, outside any transaction, and store the answer. A repeat with a new code has a new key.

    Raises ProviderUnavailable (the row stays; the tick finds the onboarding by its reference) and ProviderRejected
    (the onboarding has failed and the access is taken away; 409 with an `onboarding_id`: the bank knows another one).
    """
    onboarding = begun.onboarding
    request = OnboardingRequest(
        reference=str(onboarding.pk),
        organisation_number=client.organisation_number,
        organisation_name=client.name,
        payout_account=client.bank_account or None,
        return_url=return_url(),
        state=begun.state,
        webhook_url=f"{settings.PUBLIC_BASE_URL}/webhooks/{onboarding.provider}",
        grant=begun.grant,
    )
    try:
        state, link = bank(onboarding.provider).begin(request, key=key or f"begin-{onboarding.pk}")
    except ProviderRejected as error:
        if error.status == 409 and error.onboarding_id:
            return _adopt(client, begun, error)
        with client_scope(client):
            fail_onboarding(onboarding, f"refused_{error.status}", timezone.now())
        raise
    store_onboarding(client=client, onboarding_id=onboarding.pk, state=state, now=timezone.now())
    with client_scope(client):
        keep_link_life(onboarding, begun.state, link.expires_at)
    return link


def _adopt(client: Client, begun: Begun, refused: ProviderRejected) -> Link:
    """The bank knows an onboarding of the company already. Ours by its reference: go on with it. Else this one has failed."""
    onboarding = begun.onboarding
    try:
        known = bank(onboarding.provider).onboarding(refused.onboarding_id)
    except ProviderRejected:  # another's, which we may not even see
        known = None
    if known is None or known.reference != str(onboarding.pk) or known.status in FINAL:
        with client_scope(client):
            fail_onboarding(onboarding, KNOWN_AT_THE_BANK, timezone.now())
        raise refused
    store_onboarding(client=client, onboarding_id=onboarding.pk, state=known, now=timezone.now())
    return _page(client, onboarding, known.id, begun.state)


def open_again(*, client: Client, onboarding: Onboarding, user: User, now: datetime) -> Link:
    """A new page of an onboarding that lives, for this person; where the bank never answered, it is asked once more.

    Raises OnboardingEnds, ProviderUnavailable, ProviderRejected.
    """
    if not onboarding.provider_reference:
        read_onboarding(client=client, onboarding=onboarding)
    with client_scope(client):
        onboarding = Onboarding.objects.for_client(client).select_related("consent").get(pk=onboarding.pk)
        if onboarding.is_final or not onboarding.consent.in_force(now):
            raise OnboardingEnds
        state = new_state(onboarding, user, now)
        write_audit(action="onboarding.link", client=client, actor=user, about=onboarding)
        grant = None if onboarding.provider_reference else new_grant(consent=onboarding.consent, now=now)
    if grant is not None:
        return ask_bank(client=client, begun=Begun(onboarding, state, grant), key=str(uuid.uuid4()))
    return _page(client, onboarding, onboarding.provider_reference, state)


def _page(client: Client, onboarding: Onboarding, reference: str, state: str) -> Link:
    page = OnboardingPage(reference, return_url(), state)
    link = bank(onboarding.provider).link(page, key=str(uuid.uuid4()))
    with client_scope(client):
        keep_link_life(onboarding, state, link.expires_at)
    return link


def cancel_onboarding(*, client: Client, onboarding: Onboarding, user: User, now: datetime) -> bool:
    """The company gives up before there is an account: the access ends here at once, and the bank is told.

    True where the bank has taken it. Where it does not answer, the message waits in the outbox and the access is gone all
    the same. What is told of an offer is that the access is gone: the bank withdraws it (contract: disconnect).
    """
    with client_scope(client):
        locked = Onboarding.objects.for_client(client).select_for_update(of=("self",)).select_related("consent")
        onboarding = locked.get(pk=onboarding.pk)
        if onboarding.is_final:
            return True
        end_consent(consent=onboarding.consent, reason="withdrawn", actor=user, now=now)
        # Where it was given anew since, that one stands now, and would keep the bank reading.
        if standing := latest_consent(client, onboarding.provider):
            end_consent(consent=standing, reason="withdrawn", actor=user, now=now)
        if not onboarding.provider_reference:
            return False  # the reading that finds it tells of the end
        agreed = Agreement.objects.for_client(client).filter(onboarding=onboarding).exclude(status="terminated").first()
        kind = MessageKind.DISCONNECT if agreed else MessageKind.CANCEL
        message = put_message(kind=kind, now=now, onboarding=onboarding, agreement=agreed)
    taken = send_message(client=client, message_id=message.pk)
    try:
        if taken and agreed:  # the answer was the agreement's
            read_onboarding(client=client, onboarding=onboarding)
    except (ProviderUnavailable, ProviderRejected) as error:
        log.warning("onboarding %s was not read after its end: %s", onboarding.pk, error)
    return taken
