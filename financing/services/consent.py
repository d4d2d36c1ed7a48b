"""Consents: given, ended, and the question whether the provider may read now."""

import calendar
import secrets
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import get_application_model, get_grant_model, get_refresh_token_model

from access.models import Client, User
from access.services import write_audit
from access.tenancy import client_scope
from financing.consent_text import SCOPE, VALID_MONTHS, ConsentText
from financing.models import Consent, ConsentEvent
from financing.providers.base import Grant

CODE_LIFE = timedelta(hours=24)  # INTERFACES: at most 24 hours


def valid_until(today: date) -> date:
    """The last day of a consent given on `today`: twelve months on (the last of February for 29 February)."""
    year, month = divmod(today.month - 1 + VALID_MONTHS, 12)
    year, month = today.year + year, month + 1
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


def give_consent(
    *, client: Client, provider: str, text: ConsentText, user: User, role_name: str, last_day: date, now: datetime
) -> Consent:
    """Store that the company lets the provider read, with the exact words shown. Inside the client's scope.

    A consent that still stands is superseded. Access ends with the end of `last_day` in Norway.
    """
    for former in Consent.objects.for_client(client).select_for_update().filter(provider=provider, ended_at=None):
        end_consent(consent=former, reason="superseded", actor=user, now=now)
    end = datetime.combine(last_day, datetime.max.time().replace(microsecond=0), timezone.get_default_timezone())
    consent = Consent.objects.for_client(client).create(
        provider=provider,
        text_version=text.version,
        text_language=text.language,
        text=text.full,
        text_sha256=text.sha256,
        scope=SCOPE,
        given_by=user,
        given_by_name=str(user),
        given_by_role=role_name,
        given_at=now,
        valid_until=end,
    )
    _event(consent, "given", now, user, {"sha256": text.sha256, "version": text.version})
    write_audit(action="consent.given", client=client, actor=user, role_name=role_name, about=consent)
    return consent


def end_consent(*, consent: Consent, reason: str, now: datetime, actor: User | None = None) -> None:
    """Take the access away at once: code, access and refresh tokens are dead on the next request. Twice does nothing more.

    The consent's row is locked, as the token endpoint does, so that nothing can be issued across it.
    """
    locked = Consent.objects.for_client(consent.client_id).select_for_update().get(pk=consent.pk)
    if locked.ended_at is not None:
        return
    locked.ended_at, locked.end_reason = now, reason
    locked.save(update_fields=["ended_at", "end_reason"])
    revoke_tokens(locked.pk)
    _event(locked, f"ended:{reason}", now, actor, {})
    write_audit(action="consent.ended", client=locked.client, actor=actor, about=locked, details={"reason": reason})


def confirm_consent(*, consent: Consent, name: str, now: datetime) -> None:
    """Keep who identified herself at the bank; often another person than the one who gave the consent."""
    if name and consent.confirmed_by != name:
        consent.confirmed_by = name
        consent.save(update_fields=["confirmed_by"])
        _event(consent, "confirmed", now, None, {"name": name})


def activate_consent(*, consent: Consent, now: datetime) -> None:
    """The bank redeemed the code: the integration is active. Only the first time is kept."""
    if consent.activated_at is None:
        consent.activated_at = now
        consent.save(update_fields=["activated_at"])
        _event(consent, "activated", now, None, {})
        write_audit(action="integration.activated", client=consent.client, about=consent)


def revoke_tokens(consent_id: UUID) -> None:
    """Unused codes are deleted and every token of the consent is revoked."""
    get_grant_model().objects.filter(nonce=str(consent_id)).delete()
    get_refresh_token_model().revoke_family(consent_id)


def client_of_consent(consent_id: UUID | str) -> int | None:
    """The primary key of the client whose consent it is; needs no scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_of_consent(%s)", [str(consent_id)])
        return cursor.fetchone()[0]


def consent_in_force(consent_id: UUID | str, *, now: datetime, lock: bool = False) -> Consent | None:
    """The consent, where it is in force at `now`; else None. With `lock` its row stays locked to the transaction's end."""
    client = client_of_consent(consent_id)
    if client is None:
        return None
    with client_scope(client):
        found = Consent.objects.for_client(client).select_related("client")
        if lock:
            found = found.select_for_update(of=("self",))
        consent = found.filter(pk=consent_id).first()
    return consent if consent and consent.in_force(now) else None


def new_code(*, consent: Consent, code: str, expires_at: datetime) -> None:
    """Make `code` redeemable once, and only it: former unused codes of the consent are dropped. Only its digest is kept."""
    from financing.api.tokens import digest

    grants, applications = get_grant_model(), get_application_model()
    application = applications.objects.get(name=consent.provider)
    grants.objects.filter(nonce=str(consent.pk)).delete()
    grants.objects.create(
        nonce=str(consent.pk),
        user=consent.given_by,
        application=application,
        code=digest(code),
        scope=SCOPE,
        expires=expires_at,
        redirect_uri=application.default_redirect_uri,
    )


def _event(consent: Consent, event: str, now: datetime, actor: User | None, details: dict[str, Any]) -> None:
    ConsentEvent.objects.for_client(consent.client_id).create(
        consent=consent, at=now, event=event, actor=actor,
        actor_name=str(actor) if actor else "", details=details,
    )  # fmt: skip


def new_grant(*, consent: Consent, now: datetime) -> Grant:
    """A new single-use code for the bank and where it redeems it; the former unused one is dropped. Inside the scope."""
    grant = Grant(secrets.token_urlsafe(32), now + CODE_LIFE, token_url(), api_base_url())
    new_code(consent=consent, code=grant.code, expires_at=grant.expires_at)
    return grant


def token_url() -> str:
    """Where the bank redeems a code."""
    return settings.PUBLIC_BASE_URL + "/oauth/token"


def api_base_url() -> str:
    """What the bank appends /company and /receivables to."""
    return settings.PUBLIC_BASE_URL + "/api/v1"
