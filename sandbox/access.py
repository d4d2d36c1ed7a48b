"""The bank's access to a company's receivables: grants kept and redeemed, tokens renewed, the copy of open items read.

Network calls are made outside transactions, and one at a time per company: two renewals at once would end the tokens.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from sandbox import bankday, door, vault
from sandbox.models import Access, Onboarding, Receivable

log = logging.getLogger(__name__)

PAGE = "1000"
MOST_PAGES = 2000
_locks: dict[str, threading.Lock] = {}  # one process, so that these are enough


class Lost(Exception):
    """There is no working access: the code ran out or was refused, or the tokens are dead."""


class Withdrawn(Exception):
    """The access was given up while we used it: nothing of what was read is kept."""


@contextmanager
def alone_with(onboarding_id: str) -> Iterator[None]:
    """Nobody else talks to the accounting system about this company meanwhile."""
    with _locks.setdefault(onboarding_id, threading.Lock()):
        yield


def keep_grant(onboarding: Onboarding, grant: dict[str, Any]) -> None:
    """Store a code; the former one must not be redeemed any more (contract: renewGrant, reconnect)."""
    Access.objects.update_or_create(
        onboarding=onboarding,
        defaults={
            "code": vault.seal(grant["code"]), "code_expires_at": grant["expires_at"], "token_url": grant["token_url"],
            "api_base_url": grant["api_base_url"],
        },
    )  # fmt: skip


def nudge(onboarding: Onboarding) -> None:
    """Something changed at the accounting system: read at the next tick."""
    Access.objects.filter(onboarding=onboarding).update(nudged=True)


def forget(onboarding: Onboarding) -> None:
    """Drop codes and tokens, and the copy of the receivables: there is no ground any more to hold them."""
    Access.objects.filter(onboarding=onboarding).update(
        code="", access_token="", refresh_token="", changed_since="", nudged=False, generation=F("generation") + 1
    )
    Receivable.objects.filter(access__onboarding=onboarding).delete()


def redeem(access: Access) -> None:
    """The code for tokens (RFC 6749 4.1.3), once: whatever comes of it, the code is gone. Raises Lost."""
    code = vault.unseal(access.code)
    sealed = access.code
    if not code or access.code_expires_at <= bankday.now():
        _drop_code(access, sealed)
        raise Lost("no code that could be redeemed")
    try:
        given = door.tokens(access.token_url, {"grant_type": "authorization_code", "code": code})
    except (door.Refused, door.NoAnswer) as error:
        # After a lost answer the code may have been used: only a new one is certain to work.
        log.warning("the code of %s was not redeemed: %s", access.onboarding_id, error)
        _drop_code(access, sealed)
        raise Lost(str(error)) from error
    _drop_code(access, sealed)
    _keep_tokens(access, given)
    access.changed_since = ""  # a new access is read from the beginning
    _store(access, "changed_since")


def _drop_code(access: Access, sealed: str) -> None:
    """Remove this code, but not one that came meanwhile."""
    Access.objects.filter(pk=access.pk, code=sealed).update(code="", code_expires_at=None)
    access.code = ""


def _keep_tokens(access: Access, given: tuple[str, str, int]) -> None:
    token, refresh, life = given
    access.access_token = vault.seal(token)
    access.refresh_token = vault.seal(refresh) or access.refresh_token
    access.access_expires_at = bankday.now() + timedelta(seconds=life)
    _store(access, "access_token", "refresh_token", "access_expires_at")


def _store(access: Access, *names: str) -> None:
    """These fields, unless the access was given up meanwhile. Raises Withdrawn."""
    values = {name: getattr(access, name) for name in names}
    if not Access.objects.filter(pk=access.pk, generation=access.generation).update(**values):
        raise Withdrawn


def _renew(access: Access) -> None:
    refresh = vault.unseal(access.refresh_token)
    try:
        if not refresh:
            raise door.Refused("there is no refresh token")
        given = door.tokens(access.token_url, {"grant_type": "refresh_token", "refresh_token": refresh})
    except door.Refused as error:
        _lose(access)
        raise Lost(str(error)) from error
    _keep_tokens(access, given)


def _lose(access: Access) -> None:
    Access.objects.filter(pk=access.pk, refresh_token=access.refresh_token).update(access_token="", refresh_token="")
    access.access_token = access.refresh_token = ""


def _get(access: Access, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
    """Read with the token; renewed before it ends, and once more on a 401. Raises Lost, door.NoAnswer, Unreadable."""
    renewed = False
    if access.access_expires_at and access.access_expires_at < bankday.now() + timedelta(seconds=30):
        _renew(access)
        renewed = True
    while True:
        try:
            return door.get(access.api_base_url + path, vault.unseal(access.access_token), query)
        except door.Refused as error:
            if renewed:
                _lose(access)
                raise Lost(str(error)) from error
            _renew(access)
            renewed = True


def read(access: Access) -> bool:
    """Bring the copy up to date; True where something changed in it. Raises Lost, Withdrawn, door.NoAnswer."""
    company = _get(access, "/company")
    if company.get("organisation_number") != access.onboarding.organisation_number:
        _lose(access)
        raise Lost("the access is to another company")
    try:
        items, since = _pages(access, access.changed_since)
        anew = not access.changed_since
    except door.Unreadable:
        if not access.changed_since:
            raise door.NoAnswer("the first page is refused") from None
        items, since = _pages(access, "")
        anew = True
    with transaction.atomic():
        if anew:
            access.receivables.all().delete()
        else:
            for some in _portions(list(items)):
                access.receivables.filter(item_id__in=some).delete()
        open_items = [(key, item) for key, item in items.items() if not _closed(item)]
        Receivable.objects.bulk_create(
            [Receivable(access=access, item_id=key, data=item) for key, item in open_items], batch_size=500
        )
        access.changed_since, access.read_at = since, bankday.now()
        access.base_currency = str(company.get("base_currency", ""))[:3]
        access.nudged = False
        _store(access, "changed_since", "read_at", "base_currency", "nudged")
    return anew or bool(items)


def _portions(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), 500):
        yield keys[start : start + 500]


def _closed(item: dict[str, Any]) -> bool:
    return not str(item["open_amount"]).strip("-0.")


def _pages(access: Access, since: str) -> tuple[dict[str, dict[str, Any]], str]:
    """(items by id, the latest of a repeated one; next_changed_since)."""
    query = {"page_size": PAGE} | ({"changed_since": since} if since else {})
    items: dict[str, dict[str, Any]] = {}
    for _ in range(MOST_PAGES):
        page = _get(access, "/receivables", query)
        try:
            items.update({str(item["id"]): item for item in page["items"] if item["open_amount"] is not None})
            cursor = page["next_cursor"]
            after = str(page["next_changed_since"])
        except (KeyError, TypeError) as error:
            raise door.NoAnswer(f"the list cannot be read: {type(error).__name__}") from error
        if cursor is None:
            return items, after
        query["cursor"] = str(cursor)
    raise door.NoAnswer("the list does not end")
