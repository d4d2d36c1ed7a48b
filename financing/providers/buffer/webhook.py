"""The bank's events: whether it signed them (Standard Webhooks 1.0.0), and what they tell to read again (contract: Event)."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from financing.providers.base import Told

TOLERANCE = timedelta(seconds=300)  # either way
MOST_SIGNATURES = 10
PREFIX = "whsec_"
# No dot: it parts id, time and body in what is signed. No comma: that is how a server joins a header given twice.
_ID = re.compile(r"[!-+\-/-~]{1,200}", re.ASCII)
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)
_OBJECTS = {
    "onboarding.updated": ("onboarding", "id"),
    "agreement.updated": ("agreement", "id"),
    "transaction.created": ("agreement", "agreement_id"),
}


class Malformed(Exception):
    """No signed event at all: a header is missing or cannot be read, or the body is no event. 400."""


class NotSigned(Exception):
    """Not signed by whoever has the secret, or not now. 401."""


def signer_keys(secrets: str) -> list[bytes]:
    """The keys of one or two secrets with space between: what follows `whsec_`, base64; any other text as it stands.

    Raises ValueError where one cannot be read: no event is better than an open door.
    """
    return [
        base64.b64decode(one.removeprefix(PREFIX), validate=True) if one.startswith(PREFIX) else one.encode()
        for one in secrets.split()
    ]


def verify(headers: Mapping[str, str], body: bytes, keys: Iterable[bytes], now: datetime) -> str:
    """The id of the event that these bytes are, signed with one of the keys at about `now`. Raises Malformed, NotSigned."""
    identity = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not _ID.fullmatch(identity):
        raise Malformed("webhook-id")
    if not _SECONDS.fullmatch(stamp):
        raise Malformed("webhook-timestamp")
    if not signatures or not signatures.isascii():
        raise Malformed("webhook-signature")
    parts = signatures.split(" ", MOST_SIGNATURES)
    if len(parts) > MOST_SIGNATURES:
        raise Malformed("webhook-signature")
    if abs(now.astimezone(UTC).timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise NotSigned("its time is too far from ours")
    signed = b".".join((identity.encode(), stamp.encode(), body))
    expected = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    given = [one for one in map(_v1, parts) if one is not None]
    # Every pair is compared, in constant time each.
    fits = [hmac.compare_digest(one, other) for one in given for other in expected]
    if not any(fits):
        raise NotSigned("no signature fits")
    return identity


def read_event(body: bytes) -> Told:
    """What an event tells to read again. Unknown types and more fields are no fault. Raises Malformed."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON") from error
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str) or not kind or "\x00" in kind:
        raise Malformed("the body is no event")
    object_kind, field = _OBJECTS.get(kind, ("", ""))
    data = event.get("data")
    data = data if isinstance(data, dict) else {}
    return Told(kind[:60], object_kind, _text(data, field), _text(data, "reference"))


def _text(data: Mapping[str, object], field: str) -> str:
    found = data.get(field)
    return found if isinstance(found, str) and len(found) <= 100 and found.isprintable() else ""


def _v1(part: str) -> bytes | None:
    version, comma, encoded = part.partition(",")
    if version != "v1" or not comma:
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
