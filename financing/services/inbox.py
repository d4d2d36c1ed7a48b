"""The inbox's door: an event is stored as it came, and nothing else is done before the sender has its answer."""

import hashlib
import logging
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from access.services import write_audit
from access.wake import wake
from financing.models import EventState, ProviderEvent
from financing.providers.base import Told
from financing.services.sealing import seal

log = logging.getLogger(__name__)

DRAINING = "financing.tasks.drain_events"


@transaction.atomic
def store_event(*, provider_name: str, event_id: str, body: bytes, told: Told, now: datetime) -> EventState:
    """Store a signed event once; how it then stands. The sender is answered after this has been committed.

    The same again is counted and has no further effect. The same id with another body is kept apart, logged and audited:
    it is not acted upon. A type that we do not know, or one that names no object, is kept and left alone.
    """
    digest = hashlib.sha256(body).hexdigest()
    with connection.cursor() as cursor:  # two bodies with one id must not both be the first
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"event {provider_name} {event_id}"])
    same_id = ProviderEvent.objects.filter(provider=provider_name, event_id=event_id)
    if again := same_id.filter(body_sha256=digest).first():
        same_id.filter(pk=again.pk).update(deliveries=F("deliveries") + 1)
        return EventState(again.state)
    state, outcome = EventState.WAITING, ""
    if same_id.exists():
        state, outcome = EventState.QUARANTINED, "its id came before with another body"
        log.error("event %s of %s came again with another body", event_id, provider_name)
        details = {"provider": provider_name, "event": event_id, "sha256": digest}
        write_audit(action="event.quarantined", details=details)
    elif not told.object_kind:
        state, outcome = EventState.IGNORED, "of a type that we do not know"
    elif not told.object_id:
        state, outcome = EventState.IGNORED, "names no object"
        log.warning("event %s of %s names no object", event_id, provider_name)
    ProviderEvent.objects.create(
        provider=provider_name, event_id=event_id, body_sha256=digest, body=seal(body), received_at=now, next_at=now,
        kind=told.kind, object_kind=told.object_kind, object_id=told.object_id, state=state, outcome=outcome,
        handled_at=None if state == EventState.WAITING else now,
    )  # fmt: skip
    if state == EventState.WAITING:
        transaction.on_commit(lambda: wake(DRAINING))
    return state
