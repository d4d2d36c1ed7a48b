"""The access to the receivables after it was first given: taken back, given anew, and what the bank is told of it."""

from datetime import date, datetime

from django.db import connection

from access.models import Client, User
from access.tenancy import client_scope
from financing.consent_text import ConsentText, Occasion
from financing.models import Agreement, Consent, MessageKind
from financing.selectors import latest_consent, living_agreement, living_onboarding
from financing.services.consent import RENEWED_FROM, Origin, end_consent, give_consent
from financing.services.outbox import put_message


class NothingToRenew(Exception):
    """There is no living agreement, or its consent is not to be given anew yet."""


def withdraw_access(*, client: Client, provider_name: str, user: User, now: datetime) -> Consent | None:
    """The company takes its consent back. From the next request on the provider reads nothing; it is told at once.

    With an agreement the provider is told to disconnect it (the agreement and any debt live on), else to cancel the
    onboarding. None where no consent stands; twice does nothing more.
    """
    with client_scope(client):
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        consent = latest_consent(client, provider_name)
        if consent is None or consent.ended_at is not None:
            return None
        end_consent(consent=consent, reason="withdrawn", actor=user, now=now)
        if agreement := living_agreement(client, provider_name):
            put_message(kind=MessageKind.DISCONNECT, agreement=agreement, now=now)
        elif onboarding := living_onboarding(client, provider_name):
            put_message(kind=MessageKind.CANCEL, onboarding=onboarding, now=now)
        return Consent.objects.for_client(client).get(pk=consent.pk)


def renewal_of(consent: Consent | None, agreement: Agreement | None, now: datetime) -> Occasion | None:
    """How the consent of a living agreement is given anew now: in one click (`renewal`), or with the tick (`reconnect`).

    None where there is nothing to give anew: no agreement that lives, a consent with more than 60 days left, or an
    offer, of which nothing is left once the access was withdrawn (contract: disconnect).
    """
    if consent is None or agreement is None or agreement.status == "terminated":
        return None
    if consent.in_force(now):
        return "renewal" if consent.valid_until - now <= RENEWED_FROM else None
    return None if agreement.status == "offered" else "reconnect"


def renew_access(
    *,
    client: Client,
    provider_name: str,
    text: ConsentText,
    user: User,
    role_name: str,
    last_day: date,
    now: datetime,
    origin: Origin | None = None,
) -> Consent:
    """A new consent for the agreement that lives, which supersedes the one that stands.

    While that is in force the provider's tokens go over to the new one and nothing is interrupted. Where it had lapsed
    or was withdrawn, or the provider holds nothing that works, a new code is sent. Raises NothingToRenew, also where
    `text` is for another occasion than this.
    """
    with client_scope(client):
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        agreement = living_agreement(client, provider_name)
        if agreement is None or renewal_of(latest_consent(client, provider_name), agreement, now) != text.occasion:
            raise NothingToRenew
        consent = give_consent(
            client=client, provider=provider_name, text=text, user=user, role_name=role_name, last_day=last_day, now=now,
            origin=origin, provider_reference=agreement.provider_reference, carry=True,
        )  # fmt: skip
        if consent.activated_at is None:
            put_message(kind=MessageKind.GRANT, agreement=agreement, now=now)
        return consent


def forget_origins(*, now: datetime) -> int:
    """Remove address and browser of consents whose `origin_until` is past, company by company; how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clients_with_old_origins(%s)", [now])
        clients = [row[0] for row in cursor.fetchall()]
    return sum(_forget(client_id, now) for client_id in clients)


def _forget(client_id: int, now: datetime) -> int:
    with client_scope(client_id):
        old = Consent.objects.for_client(client_id).filter(origin_until__lte=now)
        return old.update(given_from_ip=None, given_with="", origin_until=None)
