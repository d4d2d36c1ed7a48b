"""Tells the provider what is written down for it: with a lease and a stable key, until the provider has taken it."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from access.models import Client
from access.services import write_audit
from access.tenancy import client_scope
from financing.models import Agreement, MessageKind, Onboarding, OutboxMessage
from financing.providers.base import (
    AgreementState,
    Cancelled,
    Disconnected,
    Message,
    NewGrant,
    OnboardingState,
    ProviderRejected,
    ProviderUnavailable,
    ReceivablesChanged,
)
from financing.selectors import latest_consent
from financing.services.bank import bank, wait_after
from financing.services.consent import new_grant
from financing.services.credit import store_agreement
from financing.services.messages import put_message
from financing.services.onboarding_reading import store_onboarding

__all__ = ["put_message", "send_due", "send_message"]

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=100)  # longer than a task may run
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
AGAIN = timedelta(seconds=1)  # the least between two tellings (TRUST W16)
AT_ONCE = 100


@dataclass(frozen=True)
class _Claimed:
    row: OutboxMessage
    message: Message
    key: str


def send_due(*, provider_name: str, now: datetime) -> int:
    """Send what is due, company by company; the number that the provider took."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_id, message FROM due_messages(%s, %s, %s)", [provider_name, now, AT_ONCE])
        due = cursor.fetchall()
    clients = Client.objects.in_bulk({client_id for client_id, _message in due})
    return sum(send_message(client=clients[client_id], message_id=message) for client_id, message in due)


def send_message(*, client: Client, message_id: UUID) -> bool:
    """Tell the provider, outside any transaction. False where another is at it, it waits, or the provider did not take it."""
    claimed = _claim(client, message_id, timezone.now())
    if claimed is None:
        return False
    row = claimed.row
    try:
        state = bank(row.provider).tell(claimed.message, key=claimed.key)
    except ProviderUnavailable as error:
        _later(client, row, error)
        return False
    except ProviderRejected as error:
        log.error("the provider refused %s of %s: %s", row.kind, client.pk, error)
        _close(client, row, f"refused: {error.status}")
        return False
    # Closed before the answer is stored: what that asks for in turn is another message, not this one once more.
    _close(client, row, "taken")
    _store(client, row, state)
    return True


def _claim(client: Client, message_id: UUID, now: datetime) -> _Claimed | None:
    """Take the lease and make the content as it is true now; None where there is nothing to tell, or not yet.

    Two messages about one thing are told one after the other: who claims holds the thing's lock, and waits for the lease
    of the other. So a withdrawal that is under way is always followed by the code of a newer consent, never the other
    way round.
    """
    with client_scope(client):
        rows = OutboxMessage.objects.for_client(client)
        seen = rows.filter(pk=message_id).values("agreement_id", "onboarding_id").first()
        if seen is None:
            return None
        if seen["agreement_id"]:
            Agreement.objects.for_client(client).select_for_update(of=("self",)).get(pk=seen["agreement_id"])
        else:
            Onboarding.objects.for_client(client).select_for_update(of=("self",)).get(pk=seen["onboarding_id"])
        if rows.filter(**seen, lease_until__gt=now, closed_at=None).exclude(pk=message_id).exists():
            return None
        # One that is being written once more at this moment is left for later: what it tells of cannot be read yet.
        due = rows.filter(pk=message_id, closed_at=None, next_at__lte=now)
        row = (
            due.select_for_update(of=("self",), skip_locked=True).select_related("onboarding", "agreement", "client")
        ).first()
        if row is None:
            return None
        message = _content(client, row, now)
        if message is None:
            _close(client, row, "not needed any more")
            return None
        row.attempts += 1
        row.next_at = row.lease_until = now + LEASE
        row.save(update_fields=["attempts", "next_at", "lease_until"])
    # The same key for the same content, also after a crash; a new code is another content.
    key = f"{row.pk}-{row.version}" + (f"-{row.attempts}" if isinstance(message, NewGrant) else "")
    return _Claimed(row, message, key)


def _content(client: Client, row: OutboxMessage, now: datetime) -> Message | None:
    """The message as it is true now; None where it is not, or not any more."""
    agreement, onboarding = row.agreement, row.onboarding
    if agreement is not None and agreement.status == "terminated":
        return None
    if onboarding is not None and (onboarding.is_final or not onboarding.provider_reference):
        return None
    match row.kind:
        case MessageKind.RECEIVABLES_CHANGED:
            return ReceivablesChanged(agreement.provider_reference) if agreement is not None else None
        case MessageKind.GRANT:
            consent = latest_consent(client, row.provider)
            if consent is None or not consent.in_force(now):
                return None
            grant = new_grant(consent=consent, now=now)
            if agreement is not None:
                return NewGrant(grant, agreement_id=agreement.provider_reference)
            assert onboarding is not None
            return NewGrant(grant, onboarding_id=onboarding.provider_reference)
    consent = latest_consent(client, row.provider)
    if consent is not None and consent.in_force(now):
        return None
    if row.kind == MessageKind.CANCEL and onboarding is not None:
        # With the offer the agreement has begun: cancelling is refused then, and disconnecting withdraws it (contract).
        if onboarding.agreement_reference:
            return Disconnected(onboarding.agreement_reference)
        return Cancelled(onboarding.provider_reference)
    if row.kind == MessageKind.DISCONNECT and agreement is not None:
        return Disconnected(agreement.provider_reference)
    return None


def _store(client: Client, row: OutboxMessage, state: OnboardingState | AgreementState | None) -> None:
    if isinstance(state, AgreementState):
        store_agreement(provider_name=row.provider, state=state)
    elif isinstance(state, OnboardingState) and row.onboarding is not None:
        store_onboarding(client=client, onboarding_id=row.onboarding.pk, state=state, now=timezone.now())


def _close(client: Client, row: OutboxMessage, outcome: str) -> None:
    """The end of it; where it was written once more meanwhile, it is told once more, with a new key."""
    now = timezone.now()
    with client_scope(client):
        # The log before the row: whoever writes a message in a service holds the log by then (docs/decisions/0028).
        if row.kind != MessageKind.RECEIVABLES_CHANGED or outcome.startswith("refused"):
            about = row.agreement or row.onboarding
            write_audit(action=f"provider.told.{row.kind}", client=client, about=about, details={"outcome": outcome})
        mine = OutboxMessage.objects.for_client(client).filter(pk=row.pk, closed_at=None)
        closed = mine.filter(version=row.version).update(closed_at=now, lease_until=None, outcome=outcome)
        if not closed:
            mine.update(lease_until=None, next_at=now + AGAIN, attempts=0)


def _later(client: Client, row: OutboxMessage, error: ProviderUnavailable) -> None:
    wait = wait_after(error, min(FIRST_WAIT * 2 ** min(row.attempts, 10), LONGEST_WAIT))
    with client_scope(client):
        OutboxMessage.objects.for_client(client).filter(pk=row.pk, closed_at=None).update(
            lease_until=None, next_at=timezone.now() + wait, outcome=str(error)[:200]
        )
