"""Works the inbox off: what an event tells of is read again at the provider, applied, and only then is the event done."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from access.models import Client, User
from access.services import write_audit
from access.tenancy import client_scope
from financing.models import EventState, Onboarding, ProviderEvent
from financing.providers.base import AnswerRefused, ProviderRejected, ProviderUnavailable, Told
from financing.services.bank import bank, wait_after
from financing.services.credit import (
    client_of_agreement,
    clients_of_onboardings,
    follow_onboarding,
    refresh_agreement,
    store_agreement,
)
from financing.services.sealing import CannotOpen, unseal

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
SILENT_AFTER = 3  # objects in a row of which the provider said nothing: the others wait without being asked about
BODIES_KEPT, ROWS_KEPT = timedelta(days=30), timedelta(days=90)

ReadEvent = Callable[[bytes], Told]


@dataclass(frozen=True)
class _Object:
    """An onboarding or agreement of which events wait, and those events."""

    kind: str
    id: str
    events: list[int]
    attempts: int
    since: datetime


def drain_events(*, provider_name: str, read_event: ReadEvent, seconds: float = 60) -> int:
    """Apply what is due, object by object, for at most so many seconds; the number of events that came to an end.

    Several events about one object are one reading. What fails is tried again later, MOST_ATTEMPTS times; a provider that
    says nothing is no failure of the event, however long it lasts. A worker that dies leaves its events waiting.
    """
    until, ended, silent = time.monotonic() + seconds, 0, 0
    while time.monotonic() < until:
        claimed = _claim(provider_name, timezone.now())
        if claimed is None:
            break
        try:
            outcome = _apply(provider_name, claimed, read_event)
        except AnswerRefused as error:
            silent = 0
            ended += _failed(claimed, f"the answer was refused: {error}")
        except ProviderUnavailable as error:
            _not_now(claimed, error)
            silent += 1
            if silent >= SILENT_AFTER:
                break
        except ProviderRejected as error:
            silent = 0
            if error.status in (404, 410):
                ended += _end(claimed, EventState.IGNORED, "the provider does not know it")
            else:
                ended += _failed(claimed, f"the provider refused: {error.status}")
        except Exception as error:
            log.exception("events about %s %s could not be applied", claimed.kind, claimed.id)
            ended += _failed(claimed, type(error).__name__)
        else:
            silent = 0
            ended += _end(claimed, *outcome)
    return ended


def replay_events(*, events: list[int], actor: User) -> int:
    """Put events that were given up back to waiting, with an audit line each; how many. Nothing else is done with them."""
    with transaction.atomic():
        dead = ProviderEvent.objects.select_for_update().filter(pk__in=events, state=EventState.DEAD).order_by("pk")
        for event in dead:
            event.state, event.attempts, event.next_at, event.handled_at = EventState.WAITING, 0, timezone.now(), None
            event.save(update_fields=["state", "attempts", "next_at", "handled_at"])
            details = {"provider": event.provider, "event": event.event_id}
            write_audit(action="event.replayed", actor=actor, details=details)
        return len(dead)


def clear_inbox(*, now: datetime) -> tuple[int, int]:
    """Forget bodies after 30 days and rows after 90, of events that came to an end; how many of each.

    The ids are kept far longer than any sender tries again.
    """
    over = ProviderEvent.objects.exclude(state=EventState.WAITING)
    rows, _ = over.filter(handled_at__lt=now - ROWS_KEPT).delete()
    bodies = over.filter(handled_at__lt=now - BODIES_KEPT).exclude(body="").update(body="")
    return bodies, rows


def _claim(provider_name: str, now: datetime) -> _Object | None:
    """The object whose event has waited longest, with all that is due about it. Each claim counts as an attempt: it may be
    the last thing that this worker does."""
    with transaction.atomic(), connection.cursor() as cursor:
        due = ProviderEvent.objects.filter(provider=provider_name, state=EventState.WAITING, next_at__lte=now)
        first = due.order_by("next_at", "id").select_for_update(skip_locked=True).first()
        if first is None:
            return None
        same = due.filter(object_kind=first.object_kind, object_id=first.object_id).order_by("id")
        rows = list(same.select_for_update(skip_locked=True).values_list("id", "attempts", "received_at"))
        attempts = max(attempts for _id, attempts, _at in rows) + 1
        events = [one for one, _attempts, _at in rows]
        cursor.execute(
            "UPDATE financing_providerevent SET attempts = attempts + 1, next_at = %s WHERE id = ANY (%s)",
            [now + _wait(attempts), events],
        )
        since = min(at for _id, _attempts, at in rows)
        return _Object(first.object_kind, first.object_id, events, attempts, since)


def _wait(attempts: int) -> timedelta:
    return min(FIRST_WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT)


def _apply(provider_name: str, claimed: _Object, read_event: ReadEvent) -> tuple[EventState, str]:
    """Read the object at the provider and store it for whom it belongs to by the provider's own answer."""
    if claimed.kind == "onboarding":
        found = _onboarding(provider_name, claimed.id) or _by_reference(provider_name, _reference(claimed, read_event))
        if found is None:
            return EventState.IGNORED, "not ours"
        follow_onboarding(client=found.client, onboarding=found)
        return EventState.DONE, "read"
    client = client_of_agreement(provider_name, claimed.id)
    if client is not None:
        changed = refresh_agreement(client=client, provider_name=provider_name, reference=claimed.id)
        return EventState.DONE, "changed" if changed else "nothing new"
    # The first we hear of it. Its onboarding may be one of which we never had the provider's answer.
    state = bank(provider_name).agreement(claimed.id)
    if _onboarding(provider_name, state.onboarding_id) is None:
        said = bank(provider_name).onboarding(state.onboarding_id)
        lost = _by_reference(provider_name, said.reference if said is not None else "")
        if lost is None:
            return EventState.IGNORED, "not ours"
        follow_onboarding(client=lost.client, onboarding=lost)
    changed = store_agreement(provider_name=provider_name, state=state)
    return EventState.DONE, "changed" if changed else "nothing new"


def _onboarding(provider_name: str, identity: str) -> Onboarding | None:
    client = clients_of_onboardings(provider_name, [identity]).get(identity)
    if client is None:
        return None
    with client_scope(client):
        rows = Onboarding.objects.for_client(client).select_related("client")
        return rows.get(provider=provider_name, provider_reference=identity)


def _by_reference(provider_name: str, reference: str) -> Onboarding | None:
    """Our own onboarding of that id. What is then stored is asked for by this reference, and must name its company."""
    try:
        own = UUID(reference)
    except ValueError:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_of_reference(%s, %s)", [provider_name, str(own)])
        client_id = cursor.fetchone()[0]
    if client_id is None:
        return None
    client = Client.objects.get(pk=client_id)
    with client_scope(client):
        return Onboarding.objects.for_client(client).select_related("client").get(pk=own)


def _reference(claimed: _Object, read_event: ReadEvent) -> str:
    sealed = ProviderEvent.objects.filter(pk__in=claimed.events).order_by("-id").values_list("body", flat=True).first()
    try:
        return read_event(unseal(sealed or "")).reference
    except CannotOpen:
        log.error("events about %s %s cannot be opened: SECRET_KEY_FALLBACKS lacks a key", claimed.kind, claimed.id)
        return ""


def _waiting(claimed: _Object):  # type: ignore[no-untyped-def]
    return ProviderEvent.objects.filter(pk__in=claimed.events, state=EventState.WAITING)


def _end(claimed: _Object, state: EventState, outcome: str) -> int:
    return _waiting(claimed).update(state=state, outcome=outcome[:200], handled_at=timezone.now())


def _failed(claimed: _Object, why: str) -> int:
    """Count it; those that were tried too often are given up, loudly. How many were."""
    with transaction.atomic():
        rows = _waiting(claimed)
        rows.update(outcome=why[:200])
        dead = rows.filter(attempts__gte=MOST_ATTEMPTS).update(state=EventState.DEAD, handled_at=timezone.now())
        if dead:
            log.error("%s events about %s %s were given up: %s", dead, claimed.kind, claimed.id, why)
            details = {"object": claimed.kind, "id": claimed.id, "events": dead, "why": why[:200]}
            write_audit(action="event.given_up", details=details)
    return dead


def _not_now(claimed: _Object, error: ProviderUnavailable) -> None:
    """It waits as long again as it has waited; the claim was no attempt."""
    now = timezone.now()
    wait = wait_after(error, min(max(now - claimed.since, FIRST_WAIT), LONGEST_WAIT))
    _waiting(claimed).update(attempts=F("attempts") - 1, next_at=now + wait, outcome=str(error)[:200])
