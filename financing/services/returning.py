"""The way out to the bank and back: states that are single use, hashed, and bound to person, client and onboarding."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.urls import reverse

from access.models import Client, User
from access.services import write_audit
from access.tenancy import client_scope
from financing.models import Onboarding, ReturnState

STATE_LIFE = timedelta(hours=2)  # BankID and a careful reading of the offer; the bank's link itself lives minutes


class StateUnknown(Exception):
    """The browser came back with a state that is used, too old, or of another person or onboarding."""


def take_return(*, state: str, provider_reference: str, user: User, now: datetime) -> tuple[Client, Onboarding]:
    """The browser is back: use the state up, once, for its own person. It proves nothing about the bank's answer.

    Raises StateUnknown, with one audit line and no change.
    """
    hashed = state_hash(state)
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


def return_url() -> str:
    """Where the bank sends the browser back."""
    return settings.PUBLIC_BASE_URL + reverse("financing_return")


def new_state(onboarding: Onboarding, user: User, now: datetime) -> str:
    state = secrets.token_urlsafe(32)
    ReturnState.objects.for_client(onboarding.client_id).create(
        onboarding=onboarding, user=user, state_hash=state_hash(state), created_at=now,
        expires_at=now + STATE_LIFE,
    )  # fmt: skip
    return state


def state_hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
