"""Keeps limit, used and available in step with the bank: one reading of its list for all companies, applied by `sequence`."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from access.models import Client
from access.services import write_audit
from access.tenancy import client_scope
from financing.models import Agreement, CreditSnapshot, Onboarding, ProviderSync
from financing.providers.base import AgreementState, ProviderRejected, ProviderUnavailable, Refused
from financing.services.bank import bank
from financing.services.believing import contradiction
from financing.services.consent import end_consent
from financing.services.onboarding_reading import analysis_json, read_onboarding

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=100)  # longer than a task may run
LONGEST_PAUSE = timedelta(hours=1)
STALE_AFTER = timedelta(minutes=30)


def sync_credit(*, provider_name: str, now: datetime) -> int | None:
    """Read what changed at the bank since last time, for all companies, and store it.

    Returns the number of agreements that changed; None where another worker is at it or the bank is being left alone.
    A time-out or a no is kept with its count, and the next try waits longer; the last good figures stay.
    """
    lease = _take_lease(provider_name, now)
    if lease is None:
        return None
    changed, position = 0, ""
    try:
        for page in bank(provider_name).changed_agreements(lease.changed_since):
            for item in page.items:
                changed += _stored(provider_name, item)
            position = page.next_changed_since
    except (ProviderUnavailable, ProviderRejected) as error:
        _give_back(lease, error)
        return None
    _complete(lease, position, now)
    return changed


def follow_onboardings(*, provider_name: str) -> int:
    """Read every onboarding that lives, company by company; the number that could be read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clients_with_living_onboardings(%s)", [provider_name])
        clients = [row[0] for row in cursor.fetchall()]
    read = 0
    for client in Client.objects.filter(pk__in=clients):
        with client_scope(client):
            living = list(Onboarding.objects.for_client(client).filter(provider=provider_name, ended_at=None))
        for onboarding in living:
            try:
                follow_onboarding(client=client, onboarding=onboarding)
                read += 1
            except (ProviderUnavailable, ProviderRejected) as error:
                log.warning("onboarding %s was not read: %s", onboarding.pk, error)
    return read


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
    """Read one agreement at the bank and store it. Raises ProviderUnavailable, ProviderRejected."""
    return store_agreement(provider_name=provider_name, state=bank(provider_name).agreement(reference))


def store_agreement(*, provider_name: str, state: AgreementState) -> bool:
    """Apply what the bank said of an agreement; True where something changed. Every new state is kept as history.

    Refused, with an audit line: an agreement of an onboarding that we do not know, or of another company than its own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_of_onboarding(%s, %s)", [provider_name, state.onboarding_id])
        client_id = cursor.fetchone()[0]
    if client_id is None:
        log.error("agreement %s belongs to no onboarding of ours", state.id)
        return False
    client = Client.objects.get(pk=client_id)
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
            log.error("an answer about agreement %s was refused: %s", state.id, why)
            write_audit(action="provider.answer_refused", client=client, about=onboarding, details={"why": why})
            _mark_refused(client, provider_name, state.id, now)
            return False
        if agreement.sequence < 0 and _another_lives(client, provider_name, state):
            log.warning("agreement %s waits until the end of the former one was read", state.id)
            return False
        if state.sequence <= agreement.sequence:
            Agreement.objects.for_client(client).filter(pk=agreement.pk).update(read_at=now, refused_at=None)
            return False
        before, figures = agreement.status, _figures(agreement) if agreement.sequence >= 0 else None
        _copy(state, agreement, now)
        agreement.save()
        if figures != _figures(
            agreement
        ):  # the bank's sequence grows with every reading; the history with every change
            CreditSnapshot.objects.for_client(client).create(
                agreement=agreement, sequence=state.sequence, status=state.status, currency=state.currency,
                limit=state.limit, used=state.used, available=state.available, pending=state.pending, as_of=state.as_of,
                recorded_at=now,
            )  # fmt: skip
        if before != state.status:
            write_audit(
                action="agreement.moved", client=client, about=agreement, details={"from": before, "to": state.status}
            )
        if state.status == "terminated":
            end_consent(consent=onboarding.consent, reason="fulfilled", now=now)
        return True


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
    return agreement.status, agreement.limit, agreement.used, agreement.available, agreement.pending


def _copy(state: AgreementState, agreement: Agreement, now: datetime) -> None:
    agreement.status, agreement.reason, agreement.account_number = state.status, state.reason, state.account_number
    agreement.needs_grant, agreement.currency = state.needs_grant, state.currency
    agreement.limit, agreement.used = state.limit, state.used
    agreement.available, agreement.pending = state.available, state.pending
    agreement.due_amount, agreement.due_date = state.due_amount, state.due_date
    agreement.analysis = analysis_json(state.analysis)
    agreement.as_of, agreement.sequence = state.as_of, state.sequence
    agreement.read_at, agreement.refused_at = now, None


def _stored(provider_name: str, item: AgreementState | Refused) -> bool:
    if isinstance(item, AgreementState):
        return store_agreement(provider_name=provider_name, state=item)
    log.error("an answer about agreement %s was refused: %s", item.id or "without id", item.why)
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_of_agreement(%s, %s)", [provider_name, item.id])
        client_id = cursor.fetchone()[0]
    if client_id is not None:
        client = Client.objects.get(pk=client_id)
        with client_scope(client):
            write_audit(action="provider.answer_refused", client=client, details={"why": item.why[:200]})
            _mark_refused(client, provider_name, item.id, timezone.now())
    return False


def _mark_refused(client: Client, provider_name: str, reference: str, now: datetime) -> None:
    Agreement.objects.for_client(client).filter(provider=provider_name, provider_reference=reference).update(
        refused_at=now
    )


@transaction.atomic
def _take_lease(provider_name: str, now: datetime) -> ProviderSync | None:
    ProviderSync.objects.get_or_create(provider=provider_name)
    sync = ProviderSync.objects.select_for_update().get(provider=provider_name)
    if (sync.lease_until and sync.lease_until > now) or (sync.next_at and sync.next_at > now):
        return None
    sync.lease += 1
    sync.lease_until, sync.attempted_at = now + LEASE, now
    sync.save()
    return sync


def _complete(lease: ProviderSync, changed_since: str, began: datetime) -> None:
    # Only under its own lease: a worker that was thought dead must not turn the position back.
    ProviderSync.objects.filter(provider=lease.provider, lease=lease.lease).update(
        changed_since=changed_since, complete_at=began, lease_until=None, failures=0, next_at=None, last_error=""
    )


def _give_back(lease: ProviderSync, error: Exception) -> None:
    failures = lease.failures + 1
    wait = timedelta(seconds=getattr(error, "retry_after", None) or 0)
    # The first few tries come with the ticks; a bank that does not answer at all is paced by the breaker.
    if failures > 3 and not getattr(error, "down", False):
        wait = max(wait, min(timedelta(seconds=5 * 2 ** min(failures, 12)), LONGEST_PAUSE))
    log.warning("the bank's list was not read (%s in a row): %s", failures, error)
    ProviderSync.objects.filter(provider=lease.provider, lease=lease.lease).update(
        lease_until=None, failures=failures, next_at=timezone.now() + wait, last_error=str(error)[:200]
    )
