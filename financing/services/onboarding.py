"""An onboarding begun, opened again and given up: what is stored first, then asked of the bank."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from access.models import Client, User
from access.services import write_audit
from access.tenancy import client_scope
from financing.consent_text import ConsentText
from financing.models import Onboarding
from financing.providers.base import (
    Cancelled,
    Grant,
    Link,
    OnboardingPage,
    OnboardingRequest,
    OnboardingState,
    ProviderRejected,
    ProviderUnavailable,
)
from financing.selectors import living_agreement, living_onboarding
from financing.services.bank import bank
from financing.services.consent import Origin, end_consent, give_consent, new_grant
from financing.services.onboarding_reading import fail_onboarding, read_onboarding, store_onboarding
from financing.services.returning import new_state, return_url


class OnboardingLives(Exception):
    """There is one already; it is `onboarding`."""

    def __init__(self, onboarding: Onboarding) -> None:
        super().__init__(str(onboarding.pk))
        self.onboarding = onboarding


class AgreementLives(Exception):
    """The company has an agreement already."""


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
        Client.objects.select_for_update().get(pk=client.pk)
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
        webhook_url=f"{settings.PUBLIC_BASE_URL}/webhooks/{onboarding.provider}",
        grant=begun.grant,
    )
    try:
        state, link = bank(onboarding.provider).begin(request, key=key or f"begin-{onboarding.pk}")
    except ProviderRejected as error:
        with client_scope(client):
            fail_onboarding(onboarding, f"refused_{error.status}", timezone.now())
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
                begun = Begun(
                    onboarding, new_state(onboarding, user, now), new_grant(consent=onboarding.consent, now=now)
                )
        if not onboarding.provider_reference:
            return ask_bank(client=client, begun=begun, key=str(uuid.uuid4()))
    with client_scope(client):
        state = new_state(onboarding, user, now)
        write_audit(action="onboarding.link", client=client, actor=user, about=onboarding)
    page = OnboardingPage(onboarding.provider_reference, return_url(), state)
    return bank(onboarding.provider).link(page, key=str(uuid.uuid4()))


def cancel_onboarding(*, client: Client, onboarding: Onboarding, user: User, now: datetime) -> None:
    """The company gives up before an agreement exists: the access ends here first, then the bank is told.

    Raises ProviderUnavailable, ProviderRejected where the bank did not take it; the access is gone all the same, and the
    next reading brings the end.
    """
    with client_scope(client):
        end_consent(consent=onboarding.consent, reason="withdrawn", actor=user, now=now)
    if not onboarding.provider_reference:
        return
    message = Cancelled(onboarding.provider_reference)
    state = bank(onboarding.provider).tell(message, key=f"cancel-{onboarding.pk}")
    assert isinstance(state, OnboardingState)
    store_onboarding(client=client, onboarding_id=onboarding.pk, state=state, now=timezone.now())
