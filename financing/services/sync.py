"""One reading of the bank's list for all companies: what changed at each tick, everything once a night."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from access.models import Client
from access.services import write_audit
from access.tenancy import client_scope
from financing.models import Agreement, ProviderSync
from financing.providers.base import AgreementPage, AgreementState, ProviderRejected, ProviderUnavailable
from financing.services.bank import bank, wait_after
from financing.services.credit import (
    client_of_agreement,
    clients_of_onboardings,
    refresh_agreement,
    refuse_answer,
    store_agreement,
)

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=100)  # longer than the bank may take for one page
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
NIGHT = 3  # o'clock in Norway: the first reading after it is of everything


@dataclass(frozen=True)
class _Reading:
    """One that holds the lease."""

    provider: str
    lease: int
    failures: int
    changed_since: str
    full: bool


class LeaseLost(Exception):
    """Another worker reads: this one was thought dead."""


def sync_credit(*, provider_name: str, now: datetime) -> int | None:
    """Read what changed at the bank since last time, for all companies, and store it; once a night everything.

    Returns the number of agreements that changed; None where another worker is at it or the bank is being left alone.
    A time-out or a no is kept with its count, and the next try waits longer; the last good figures stay.
    """
    reading = _take_lease(provider_name, now)
    if reading is None:
        return None
    changed, position, seen = 0, "", set[str]()
    try:
        for page in bank(provider_name).changed_agreements("" if reading.full else reading.changed_since):
            _hold(reading)
            changed += _store_page(provider_name, page)
            seen.update(item.id for item in page.items)
            position = page.next_changed_since
        if reading.full:
            changed += _read_missing(reading, seen)
    except LeaseLost:
        log.warning("another worker reads the list of %s: this one was too slow", provider_name)
        return None
    except (ProviderUnavailable, ProviderRejected) as error:
        _give_back(reading, error)
        return None
    _complete(reading, position, now)
    return changed


def _store_page(provider_name: str, page: AgreementPage) -> int:
    """Store a page, company by company, with one question for whose they are."""
    believed = [item for item in page.items if isinstance(item, AgreementState)]
    owners = clients_of_onboardings(provider_name, [item.onboarding_id for item in believed]) if believed else {}
    changed = 0
    for item in page.items:
        if isinstance(item, AgreementState):
            client = owners.get(item.onboarding_id)
            if client is None:
                log.error("agreement %s belongs to no onboarding of ours", item.id)
            else:
                changed += store_agreement(provider_name=provider_name, state=item, client=client)
        elif (client := client_of_agreement(provider_name, item.id)) is not None:
            refuse_answer(client=client, provider_name=provider_name, reference=item.id, why=item.why)
        else:
            log.error("an answer about agreement %s was refused: %s", item.id or "without id", item.why)
    return changed


def _read_missing(reading: _Reading, seen: set[str]) -> int:
    """What lives for us and is not in the whole list is read by itself; what the bank does not know has no fresh figures."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_id, reference FROM living_agreements(%s)", [reading.provider])
        missing = [(client_id, reference) for client_id, reference in cursor.fetchall() if reference not in seen]
    clients = Client.objects.in_bulk({client_id for client_id, _reference in missing})
    changed = 0
    for client_id, reference in missing:
        _hold(reading)
        log.error("agreement %s lives, but is not in the whole list of %s", reference, reading.provider)
        try:
            changed += refresh_agreement(client=clients[client_id], provider_name=reading.provider, reference=reference)
        except ProviderRejected as error:
            with client_scope(client_id):
                found = Agreement.objects.for_client(client_id).get(
                    provider=reading.provider, provider_reference=reference
                )
                found.refused_at = timezone.now()
                found.save(update_fields=["refused_at"])
                details = {"why": f"not in the list, and by itself {error.status}"}
                write_audit(action="provider.answer_refused", client=found.client, about=found, details=details)
    return changed


# The lease: who holds it reads, and only under its own number is anything stored about the list as a whole.


def _night_before(now: datetime) -> datetime:
    local = timezone.localtime(now)
    night = local.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    return night if night <= local else night - timedelta(days=1)


@transaction.atomic
def _take_lease(provider_name: str, now: datetime) -> _Reading | None:
    ProviderSync.objects.get_or_create(provider=provider_name)
    sync = ProviderSync.objects.select_for_update().get(provider=provider_name)
    if (sync.lease_until and sync.lease_until > now) or (sync.next_at and sync.next_at > now):
        return None
    sync.lease += 1
    sync.lease_until, sync.attempted_at = now + LEASE, now
    sync.save(update_fields=["lease", "lease_until", "attempted_at"])
    full = not sync.changed_since or sync.full_at is None or sync.full_at < _night_before(now)
    return _Reading(provider_name, sync.lease, sync.failures, sync.changed_since, full)


def _hold(reading: _Reading) -> None:
    """Keep the lease for the next page. Raises LeaseLost."""
    mine = ProviderSync.objects.filter(provider=reading.provider, lease=reading.lease)
    if not mine.update(lease_until=timezone.now() + LEASE):
        raise LeaseLost


def _complete(reading: _Reading, changed_since: str, began: datetime) -> None:
    # Only under its own lease: a worker that was thought dead must not turn the position back.
    mine = ProviderSync.objects.filter(provider=reading.provider, lease=reading.lease)
    values = {"full_at": began} if reading.full else {}
    mine.update(
        changed_since=changed_since,
        complete_at=began,
        lease_until=None,
        failures=0,
        next_at=None,
        last_error="",
        **values,
    )


def _give_back(reading: _Reading, error: Exception) -> None:
    failures = reading.failures + 1
    # The first few tries come with the ticks.
    wait = wait_after(error, min(FIRST_PAUSE * 2 ** min(failures, 12), LONGEST_PAUSE) if failures > 3 else timedelta(0))
    log.warning("the list of %s was not read (%s in a row): %s", reading.provider, failures, error)
    ProviderSync.objects.filter(provider=reading.provider, lease=reading.lease).update(
        lease_until=None, failures=failures, next_at=timezone.now() + wait, last_error=str(error)[:200]
    )
