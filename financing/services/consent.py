"""Consents: given, ended, and the question whether the provider may read now."""

import calendar
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from oauth2_provider.models import get_application_model, get_grant_model, get_refresh_token_model

from access.models import Client, User
from access.services import write_audit
from access.tenancy import client_scope
from financing.consent_text import SCOPE, VALID_MONTHS, ConsentText
from financing.models import Agreement, Consent, ConsentEvent
from financing.providers.base import Grant

ORIGIN_LIFE = timedelta(days=365)  # so long address and browser are kept; the consent itself is kept for good
RENEWED_FROM = timedelta(days=60)  # so long before the end it may be given anew in one click
CODE_LIFE = timedelta(hours=24)  # INTERFACES: at most 24 hours


def valid_until(today: date) -> date:
    """The last day of a consent given on `today`: twelve months on (the last of February for 29 February)."""
    year, month = divmod(today.month - 1 + VALID_MONTHS, 12)
    year, month = today.year + year, month + 1
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True)
class Origin:
    """From where a person gave a consent, as far as the request tells; kept for ORIGIN_LIFE."""

    ip: str | None = None
    user_agent: str = ""


def give_consent(
    *,
    client: Client,
    provider: str,
    text: ConsentText,
    user: User,
    role_name: str,
    last_day: date,
    now: datetime,
    origin: Origin | None = None,
    provider_reference: str = "",
    carry: bool = False,
) -> Consent:
    """Store that the company lets the provider read, with the exact words shown. Inside the client's scope.

    A consent that still stands is superseded. With `carry` what it gave while in force (living tokens, an unused code)
    goes over to the new one, so that the reading has no gap; else it dies with it. Access ends with the end of
    `last_day` in Norway.
    """
    origin = origin or Origin()
    identity = uuid4()
    activated_at = None
    former = Consent.objects.for_client(client).select_for_update().filter(provider=provider, ended_at=None).first()
    if former is not None:
        lives = former.in_force(now)
        if carry and lives and _carry_tokens(former.pk, identity):
            activated_at = now if former.activated_at else None
        end_consent(
            consent=former, reason="superseded" if lives else "lapsed", actor=user, now=now, superseded_by=identity
        )
    end = datetime.combine(last_day, datetime.max.time().replace(microsecond=0), timezone.get_default_timezone())
    consent = Consent.objects.for_client(client).create(
        id=identity,
        provider=provider,
        provider_name=text.provider_name,
        purpose=text.purpose,
        data_categories=text.data,
        text_version=text.version,
        text_language=text.language,
        text=text.full,
        text_sha256=text.sha256,
        scope=SCOPE,
        given_by=user,
        given_by_name=str(user),
        given_by_role=role_name,
        given_at=now,
        given_from_ip=origin.ip,
        given_with=origin.user_agent[:400],
        origin_until=now + ORIGIN_LIFE if origin.ip or origin.user_agent else None,
        valid_until=end,
        provider_reference=provider_reference,
        activated_at=activated_at,
    )
    given = {
        "sha256": text.sha256, "version": text.version, "occasion": text.occasion, "role": role_name,
        "valid_until": end.isoformat(), "supersedes": str(former.pk) if former else None,
    }  # fmt: skip
    _event(consent, "given", now, user, given)
    if activated_at:
        _event(consent, "activated", now, None, {"carried": True})
    write_audit(action="consent.given", client=client, actor=user, role_name=role_name, about=consent)
    return consent


def end_consent(
    *, consent: Consent, reason: str, now: datetime, actor: User | None = None, superseded_by: UUID | None = None
) -> None:
    """Take the access away at once: code, access and refresh tokens are dead on the next request. Twice does nothing more.

    The consent's row is locked, as the token endpoint does, so that nothing can be issued across it.
    """
    locked = Consent.objects.for_client(consent.client_id).select_for_update().get(pk=consent.pk)
    if locked.ended_at is not None:
        return
    locked.ended_at, locked.end_reason, locked.superseded_by_id = now, reason, superseded_by
    locked.ended_by, locked.ended_by_name = actor, str(actor) if actor else ""
    locked.save(update_fields=["ended_at", "end_reason", "superseded_by", "ended_by", "ended_by_name"])
    revoke_tokens(locked.pk)
    _event(locked, f"ended:{reason}", now, actor, {"superseded_by": str(superseded_by)} if superseded_by else {})
    write_audit(action="consent.ended", client=locked.client, actor=actor, about=locked, details={"reason": reason})


def end_access_of(*, agreement: Agreement, reason: str, now: datetime) -> None:
    """End the consent that stands for this agreement, be it its onboarding's or one given anew. Inside the scope.

    Only that: a late word of a former agreement must not end what was given for a new onboarding.
    """
    standing = Consent.objects.for_client(agreement.client_id).filter(provider=agreement.provider, ended_at=None)
    its_own = Q(onboardings=agreement.onboarding_id) | Q(provider_reference=agreement.provider_reference)
    for consent in standing.filter(its_own).distinct():
        end_consent(consent=consent, reason=reason, now=now)


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


def consent_behind(token: Any, *, field: str = "token_family", now: datetime, lock: bool = False) -> Consent | None:
    """The consent in force behind a refresh token, or behind a code (`nonce`); else as `consent_in_force`.

    Where the consent was given anew since the token was read, it has gone over to the new one: its row is read again.
    """
    before = getattr(token, field)
    found = consent_in_force(before, now=now, lock=lock) if before else None
    if found is None and (row := type(token).objects.filter(pk=token.pk).values(field).first()):
        after = row[field]
        if after and after != before:
            setattr(token, field, after)
            found = consent_in_force(after, now=now, lock=lock)
    return found


def _carry_tokens(former: UUID, following: UUID) -> int:
    """Give the former consent's living tokens and unused code to the one that follows; how many there were.

    Used and revoked tokens go too: late reuse of one must still be known for what it is.
    """
    tokens, codes = get_refresh_token_model().objects, get_grant_model().objects
    living = tokens.filter(token_family=former, revoked__isnull=True).count()
    living += codes.filter(nonce=str(former), claims="").count()  # a used one is kept too, to be known by
    tokens.filter(token_family=former).update(token_family=following)
    codes.filter(nonce=str(former)).update(nonce=str(following))
    return living


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
