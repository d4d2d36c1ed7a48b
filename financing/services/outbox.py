"""What the provider has to be told: written in the transaction that makes it true, sent until the provider has taken it."""

import logging
from datetime import datetime, timedelta
from uuid import UUID, uuid4

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
from financing.services.bank import bank
from financing.services.consent import new_grant
from financing.services.credit import store_agreement
from financing.services.onboarding_reading import store_onboarding

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=100)  # longer than a task may run
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
LONGEST_OUTAGE_WAIT = timedelta(minutes=2)
AT_ONCE = 100


def put_message(
    *, kind: MessageKind, now: datetime, onboarding: Onboarding | None = None, agreement: Agreement | None = None
) -> OutboxMessage:
    """Write down what to tell, inside the client's scope and transaction; the one that waits already is enough."""
    about = agreement or onboarding
    assert about is not None
    message, _made = OutboxMessage.objects.for_client(about.client_id).get_or_create(
        provider=about.provider, kind=kind, closed_at=None,
        defaults={"onboarding": None if agreement else onboarding, "agreement": agreement, "created_at": now, "next_at": now},
    )  # fmt: skip
    return message


def send_due(*, provider_name: str, now: datetime) -> int:
    """Send what is due, company by company; the number that the provider took."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_id, message FROM due_messages(%s, %s, %s)", [provider_name, now, AT_ONCE])
        due = cursor.fetchall()
    clients = Client.objects.in_bulk({client_id for client_id, _message in due})
    return sum(send_message(client=clients[client_id], message_id=message) for client_id, message in due)


def send_message(*, client: Client, message_id: UUID) -> bool:
    """Tell the provider, outside any transaction. False where another is at it, it waits, or the provider did not take it."""
    now = timezone.now()
    with client_scope(client):
        claimed = OutboxMessage.objects.for_client(client).filter(pk=message_id, closed_at=None, next_at__lte=now)
        row = claimed.select_for_update(of=("self",)).select_related("onboarding", "agreement").first()
        if row is None:
            return False
        row.attempts, row.next_at = row.attempts + 1, now + LEASE
        row.save(update_fields=["attempts", "next_at"])
        message = _content(client, row, now)
    if message is None:
        return _close(client, row, "not needed any more")
    # A new code is another content, and so another key.
    key = str(uuid4() if isinstance(message, NewGrant) else row.pk)
    try:
        state = bank(row.provider).tell(message, key=key)
    except ProviderUnavailable as error:
        _later(client, row, error)
        return False
    except ProviderRejected as error:
        log.error("the provider refused %s of %s: %s", row.kind, client.pk, error)
        return not _close(client, row, f"refused: {error.status}")
    _store(client, row, state)
    return _close(client, row, "taken")


def _content(client: Client, row: OutboxMessage, now: datetime) -> Message | None:
    """The message as it is true now; None where nothing is left to tell."""
    agreement, onboarding = row.agreement, row.onboarding
    if agreement is not None and agreement.status == "terminated":
        return None
    if onboarding is not None and (onboarding.is_final or not onboarding.provider_reference):
        return None
    match row.kind:
        case MessageKind.GRANT:
            consent = latest_consent(client, row.provider)
            if consent is None or not consent.in_force(now):
                return None
            grant = new_grant(consent=consent, now=now)
            if agreement is not None:
                return NewGrant(grant, agreement_id=agreement.provider_reference)
            assert onboarding is not None
            return NewGrant(grant, onboarding_id=onboarding.provider_reference)
        case MessageKind.CANCEL:
            return Cancelled(onboarding.provider_reference) if onboarding is not None else None
        case MessageKind.DISCONNECT:
            return Disconnected(agreement.provider_reference) if agreement is not None else None
        case MessageKind.RECEIVABLES_CHANGED:
            return ReceivablesChanged(agreement.provider_reference) if agreement is not None else None
    return None


def _store(client: Client, row: OutboxMessage, state: OnboardingState | AgreementState | None) -> None:
    if isinstance(state, AgreementState):
        store_agreement(provider_name=row.provider, state=state)
    elif isinstance(state, OnboardingState) and row.onboarding is not None:
        store_onboarding(client=client, onboarding_id=row.onboarding.pk, state=state, now=timezone.now())


def _close(client: Client, row: OutboxMessage, outcome: str) -> bool:
    with client_scope(client):
        OutboxMessage.objects.for_client(client).filter(pk=row.pk).update(closed_at=timezone.now(), outcome=outcome)
        if row.kind != MessageKind.RECEIVABLES_CHANGED:
            about = row.agreement or row.onboarding
            write_audit(action=f"provider.told.{row.kind}", client=client, about=about, details={"outcome": outcome})
    return True


def _later(client: Client, row: OutboxMessage, error: ProviderUnavailable) -> None:
    wait = min(FIRST_WAIT * 2 ** min(row.attempts, 10), LONGEST_WAIT)
    if error.down:  # nobody is let through, and the breaker paces the tries: it is told soon after the bank is back
        wait = min(wait, LONGEST_OUTAGE_WAIT)
    wait = max(timedelta(seconds=error.retry_after or 0), wait)
    with client_scope(client):
        OutboxMessage.objects.for_client(client).filter(pk=row.pk).update(
            next_at=timezone.now() + wait, outcome=str(error)[:200]
        )
