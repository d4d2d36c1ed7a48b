"""Limit, used and available as the bank last said them: applied by `sequence`, kept as history, never believed blindly."""

import logging
import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from access.models import Client
from access.services import write_audit
from access.tenancy import client_scope
from financing.models import Agreement, CreditSnapshot, MessageKind, Onboarding, ProviderSync
from financing.providers.base import AgreementState, AnswerRefused, ProviderRejected, ProviderUnavailable
from financing.selectors import latest_consent
from financing.services.analysis_lines import nudge_lines
from financing.services.bank import bank, wait_after
from financing.services.believing import contradiction
from financing.services.consent import end_access_of
from financing.services.messages import put_message
from financing.services.onboarding_reading import analysis_json, read_onboarding
from financing.services.transitions import ImpossibleMove, check_agreement_move

log = logging.getLogger(__name__)

STALE_AFTER = timedelta(minutes=30)
ASK_EVERY = timedelta(seconds=20)
AT_ONCE = 100
CLAIMED = timedelta(seconds=100)  # longer than a task may run
SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
# A bank that asks on after it was told is not told at every reading.
GRANT_AGAIN, DISCONNECT_AGAIN = timedelta(minutes=1), timedelta(hours=1)


def follow_onboardings(*, provider_name: str) -> int:
    """Read the onboardings whose time has come, company by company; the number that could be read."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_id, onboarding FROM due_onboardings(%s, %s, %s)", [provider_name, now, AT_ONCE])
        due = cursor.fetchall()
    clients = Client.objects.in_bulk({client_id for client_id, _onboarding in due})
    read = 0
    for client_id, onboarding_id in due:
        client, now = clients[client_id], timezone.now()
        with client_scope(client):
            living = Onboarding.objects.for_client(client).filter(pk=onboarding_id, ended_at=None)
            if not living.exclude(next_read_at__gt=now).update(next_read_at=now + CLAIMED):
                continue  # another tick was here
            onboarding = living.get()
        try:
            follow_onboarding(client=client, onboarding=onboarding)
            read += 1
        except (ProviderUnavailable, ProviderRejected) as error:
            log.warning("onboarding %s was not read: %s", onboarding.pk, error)
            _read_later(client, onboarding, error, now)
        else:
            _read_soon_enough(client, onboarding, now)
    return read


def _read_later(client: Client, onboarding: Onboarding, error: Exception, now: datetime) -> None:
    """As long again as it could not be read until now, with full jitter, so that nobody comes back in step."""
    failing_for = now - (onboarding.read_at or onboarding.started_at)
    wait = min(max(failing_for, SHORTEST_WAIT), LONGEST_WAIT) * random.uniform(0.5, 1.5)  # noqa: S311  no secret
    wait = wait_after(error, wait)
    with client_scope(client):
        Onboarding.objects.for_client(client).filter(pk=onboarding.pk).update(next_read_at=now + wait)


def _read_soon_enough(client: Client, onboarding: Onboarding, now: datetime) -> None:
    """One that the bank does not know (yet), or whose answer was refused, was not stored: it is looked at again all the same."""
    with client_scope(client):
        still_claimed = Onboarding.objects.for_client(client).filter(pk=onboarding.pk, next_read_at=now + CLAIMED)
        still_claimed.update(next_read_at=now + SHORTEST_WAIT * random.uniform(0.8, 1.2))  # noqa: S311  no secret


def follow_onboarding(*, client: Client, onboarding: Onboarding) -> None:
    """Read one onboarding at the bank, and the agreement that began with its offer. Nothing is locked meanwhile.

    Raises ProviderUnavailable, ProviderRejected.
    """
    read_onboarding(client=client, onboarding=onboarding)
    with client_scope(client):
        now_known = Onboarding.objects.for_client(client).get(pk=onboarding.pk)
    if now_known.agreement_reference and now_known.sequence != onboarding.sequence:
        refresh_agreement(client=client, provider_name=onboarding.provider, reference=now_known.agreement_reference)


def refresh_agreement(*, client: Client, provider_name: str, reference: str) -> bool:
    """Read one agreement at the bank and store it; True where something changed.

    Raises ProviderUnavailable, ProviderRejected, AnswerRefused; after the last its figures are not fresh any more.
    """
    try:
        state = bank(provider_name).agreement(reference)
    except AnswerRefused as error:
        refuse_answer(client=client, provider_name=provider_name, reference=reference, why=str(error))
        raise
    return store_agreement(provider_name=provider_name, state=state)


def refresh_at_once(*, client: Client, agreement: Agreement, now: datetime) -> bool:
    """Read one agreement because a person asked; False where somebody did so a moment ago (ASK_EVERY).

    Raises ProviderUnavailable, ProviderRejected.
    """
    with client_scope(client):
        free = Agreement.objects.for_client(client).filter(pk=agreement.pk).exclude(asked_again_at__gt=now - ASK_EVERY)
        if not free.update(asked_again_at=now):
            return False
    refresh_agreement(client=client, provider_name=agreement.provider, reference=agreement.provider_reference)
    return True


def clients_of_onboardings(provider_name: str, references: Collection[str]) -> dict[str, Client]:
    """The companies whose onboardings these are, by the bank's ids; what is not ours is left out. Needs no scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reference, client_id FROM clients_of_onboardings(%s, %s)", [provider_name, list(set(references))]
        )
        found = dict(cursor.fetchall())
    clients = Client.objects.in_bulk(set(found.values()))
    return {reference: clients[client_id] for reference, client_id in found.items()}


def client_of_agreement(provider_name: str, reference: str) -> Client | None:
    """The company whose agreement it is; None where it is not known. Needs no scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_of_agreement(%s, %s)", [provider_name, reference])
        client_id = cursor.fetchone()[0]
    return None if client_id is None else Client.objects.get(pk=client_id)


def refuse_answer(*, client: Client, provider_name: str, reference: str, why: str) -> None:
    """Keep that an answer about this agreement could not be believed: the last good figures stay, with their own time."""
    log.error("an answer about agreement %s was refused: %s", reference, why)
    with client_scope(client):
        # The log last: `store_agreement` too holds the agreement before it holds the log (docs/decisions/0028).
        Agreement.objects.for_client(client).filter(provider=provider_name, provider_reference=reference).update(
            refused_at=timezone.now()
        )
        write_audit(action="provider.answer_refused", client=client, details={"why": why[:200]})


def store_agreement(*, provider_name: str, state: AgreementState, client: Client | None = None) -> bool:
    """Apply what the bank said of an agreement; True where something changed. Every new state is kept as history.

    Refused, with an audit line: an agreement of an onboarding that we do not know, or of another company than its own.
    `client` is the onboarding's own, where the caller has looked it up for many at once.
    """
    client = client or clients_of_onboardings(provider_name, [state.onboarding_id]).get(state.onboarding_id)
    if client is None:
        log.error("agreement %s belongs to no onboarding of ours", state.id)
        return False
    now = timezone.now()
    with client_scope(client):
        # The onboarding's lock makes one of two first tellings wait for the other.
        onboarding = (
            Onboarding.objects.for_client(client).select_for_update(of=("self",)).select_related("consent")
        ).get(provider=provider_name, provider_reference=state.onboarding_id)
        agreement = Agreement.objects.for_client(client).filter(
            provider=provider_name, provider_reference=state.id
        ).first() or Agreement(
            client=client, provider=provider_name, provider_reference=state.id, onboarding=onboarding, sequence=-1
        )
        if why := contradiction(client, onboarding, agreement, state):
            refuse_answer(client=client, provider_name=provider_name, reference=state.id, why=why)
            return False
        if agreement.sequence < 0 and _another_lives(client, provider_name, state):
            log.warning("agreement %s waits until the end of the former one was read", state.id)
            return False
        if state.sequence <= agreement.sequence:
            Agreement.objects.for_client(client).filter(pk=agreement.pk).update(read_at=now, refused_at=None)
            _answer(client, agreement, now)
            return False
        try:
            check_agreement_move(agreement.status, state.status)
        except ImpossibleMove as error:
            refuse_answer(client=client, provider_name=provider_name, reference=state.id, why=str(error))
            return False
        before, figures = agreement.status, _figures(agreement) if agreement.sequence >= 0 else None
        _copy(state, agreement, now)
        agreement.save()
        # The bank's sequence grows with every reading; the history with every change.
        if figures != _figures(agreement):
            CreditSnapshot.objects.for_client(client).create(
                agreement=agreement, sequence=state.sequence, status=state.status, currency=state.currency,
                limit=state.limit, used=state.used, available=state.available, pending=state.pending,
                due_amount=state.due_amount, due_date=state.due_date, analysis=agreement.analysis, as_of=state.as_of,
                recorded_at=now,
            )  # fmt: skip
            if state.analysis is not None and (figures is None or figures[1] != state.limit):
                nudge_lines(agreement)
        if before != state.status:
            write_audit(
                action="agreement.moved", client=client, about=agreement, details={"from": before, "to": state.status}
            )
        if state.status == "terminated":
            end_access_of(agreement=agreement, reason="fulfilled", now=now)
        _answer(client, agreement, now)
        return True


def _answer(client: Client, agreement: Agreement, now: datetime) -> None:
    """What the state asks of us is written into the outbox: a new code, or the withdrawal that the bank did not hear of."""
    if agreement.status == "terminated" or not (
        agreement.needs_grant or agreement.status in ("offered", "open", "paused")
    ):
        return
    consent = latest_consent(client, agreement.provider)
    if consent is None:
        return
    if agreement.needs_grant and consent.in_force(now):
        put_message(kind=MessageKind.GRANT, agreement=agreement, now=now, pause=GRANT_AGAIN)
    elif agreement.status in ("offered", "open", "paused") and consent.end_reason == "withdrawn":
        put_message(kind=MessageKind.DISCONNECT, agreement=agreement, now=now, pause=DISCONNECT_AGAIN)


def figures_from(agreement: Agreement, sync: ProviderSync | None) -> datetime:
    """As of when we know the figures: the last complete reading of the list (what is not in it has not changed).

    An agreement about which an answer was refused keeps the time of its own last good reading.
    """
    complete = sync.complete_at if sync else None
    if complete is None or agreement.refused_at is not None:
        return agreement.read_at
    return max(complete, agreement.read_at)


def _another_lives(client: Client, provider_name: str, state: AgreementState) -> bool:
    # The list tells the oldest change first, so the end of the former agreement comes before the new one's beginning.
    living = Agreement.objects.for_client(client).filter(provider=provider_name).exclude(status="terminated")
    return state.status != "terminated" and living.exclude(provider_reference=state.id).exists()


def _figures(agreement: Agreement) -> tuple[Any, ...]:
    return (
        agreement.status, agreement.limit, agreement.used, agreement.available, agreement.pending, agreement.due_amount,
        agreement.due_date,
    )  # fmt: skip


def _copy(state: AgreementState, agreement: Agreement, now: datetime) -> None:
    agreement.status, agreement.reason, agreement.account_number = state.status, state.reason, state.account_number
    agreement.needs_grant, agreement.currency = state.needs_grant, state.currency
    agreement.limit, agreement.used = state.limit, state.used
    agreement.available, agreement.pending = state.available, state.pending
    agreement.due_amount, agreement.due_date = state.due_amount, state.due_date
    agreement.analysis = analysis_json(state.analysis)
    agreement.as_of, agreement.sequence = state.as_of, state.sequence
    agreement.read_at, agreement.refused_at = now, None
