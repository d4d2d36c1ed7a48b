"""The way out to the bank and back: states that are single use, hashed, and bound to person, client and onboarding."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.urls import reverse

from access.models import Client, User
from access.privileges import FINANCING
from access.services import write_audit
from access.tenancy import client_scope
from financing.models import Onboarding, ReturnState

STATE_LIFE = timedelta(hours=2)  # BankID and a careful reading of the offer; the bank's link itself lives minutes


class StateUnknown(Exception):
    """The browser came back with a state that is used, too old, or of another person or onboarding."""


class RightLost(Exception):
    """It is her state, but she may not use invoice financing of this company any more; nothing was used up."""


def take_return(*, hashed: str, provider_reference: str, user: User, now: datetime) -> tuple[Client, Onboarding]:
    """The browser is back: use the state up, once, for its own person. It proves nothing about the bank's answer.

    `hashed` is the state's hash; of several at once one wins. Raises StateUnknown and RightLost, each with one audit line
    and no other change.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_of_state(%s)", [hashed])
        client_id = cursor.fetchone()[0]
    if client_id is None:
        write_audit(action="return.refused", actor=user, details={"why": "unknown"})
        raise StateUnknown("unknown")
    client = Client.objects.get(pk=client_id)
    with client_scope(client):
        states = ReturnState.objects.for_client(client).select_related("onboarding")
        row = states.select_for_update(of=("self",)).get(state_hash=hashed)
        why = _refusal(row, client, provider_reference, user, now)
        if not why:
            row.used_at = now
            row.save(update_fields=["used_at"])
            row.onboarding.returned_at = now
            row.onboarding.save(update_fields=["returned_at"])
            return client, row.onboarding
        write_audit(action="return.refused", client=client, actor=user, about=row.onboarding, details={"why": why})
    raise RightLost if why == "no right" else StateUnknown(why)


def _refusal(row: ReturnState, client: Client, provider_reference: str, user: User, now: datetime) -> str:
    # Whose it is comes first: a stranger learns nothing of rights.
    if row.user_id != user.pk:
        return "another person"
    if not user.has_perm(FINANCING, client):
        return "no right"
    if row.onboarding.provider_reference != provider_reference:
        return "another onboarding"
    if row.used_at is not None:
        return "used"
    return "too old" if row.expires_at <= now else ""


def return_url() -> str:
    """Where the bank sends the browser back."""
    return settings.PUBLIC_BASE_URL + reverse("financing_return")


def new_state(onboarding: Onboarding, user: User, now: datetime) -> str:
    """A state in the clear, for the bank's page only; its hash is kept. Inside the client's scope."""
    state = secrets.token_urlsafe(32)
    ReturnState.objects.for_client(onboarding.client_id).create(
        onboarding=onboarding, user=user, state_hash=state_hash(state), created_at=now,
        expires_at=now + STATE_LIFE,
    )  # fmt: skip
    return state


def keep_link_life(onboarding: Onboarding, state: str, expires_at: datetime) -> None:
    """Until when the page that carries `state` can be opened. Inside the client's scope."""
    states = ReturnState.objects.for_client(onboarding.client_id)
    states.filter(state_hash=state_hash(state)).update(link_expires_at=expires_at)


def state_hash(state: str) -> str:
    """SHA-256, hexadecimal: what is kept of a state."""
    return hashlib.sha256(state.encode()).hexdigest()
