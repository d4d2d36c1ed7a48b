"""Single-use links to the bank's pages: made for the partner, used up when the person signs in, not when it is opened."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings

from sandbox import bankday, present, vault
from sandbox.models import Agreement, Link, Onboarding


def make(
    *, return_url: str, state: str = "", onboarding: Onboarding | None = None, agreement: Agreement | None = None
) -> dict[str, Any]:
    """Contract: Link. The secret is in this answer only."""
    secret = vault.new_token()
    expires_at = bankday.now() + timedelta(seconds=settings.LINK_SECONDS)
    Link.objects.create(
        digest=vault.digest(secret), onboarding=onboarding, agreement=agreement, return_url=return_url, state=state,
        expires_at=expires_at,
    )  # fmt: skip
    return {"url": f"{settings.BASE_URL}/inn/{secret}", "expires_at": present.instant(expires_at)}


def find(secret: str) -> Link | None:
    """The link, used or not; None where there never was one."""
    found = Link.objects.select_related("onboarding", "agreement", "agreement__onboarding")
    return found.filter(digest=vault.digest(secret)).first()


def usable(link: Link) -> bool:
    """Neither used nor expired."""
    return link.used_at is None and link.expires_at > bankday.now()


def use(link: Link) -> bool:
    """Use it up. False where somebody was first or the time ran out; of two at once one wins."""
    now = bankday.now()
    return Link.objects.filter(pk=link.pk, used_at__isnull=True, expires_at__gt=now).update(used_at=now) == 1


def way_back(link: Link) -> str:
    """Where the browser returns to; `state` and `onboarding` in the query, and nothing secret (contract: return_url)."""
    if link.onboarding_id is None:
        return link.return_url
    return with_query(link.return_url, state=link.state, onboarding=link.onboarding_id)


def with_query(address: str, **values: str) -> str:
    """The address with these in its query, beside what it had."""
    parts = urlsplit(address)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in values]
    return urlunsplit(parts._replace(query=urlencode([*query, *values.items()])))


def origin(address: str) -> str:
    """scheme://host:port"""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
