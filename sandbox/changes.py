"""Saving a change: the next number of the one change counter, and the webhook that tells of it."""

import json
from typing import Any

from django.db.models import F

from sandbox import bankday, faults, present, vault
from sandbox.models import Agreement, Counter, Event, Onboarding, Transaction


def next_number() -> int:
    """One more than ever before. Call it inside a transaction: SQLite lets one writer in at a time, so that numbers
    become visible in their order and a reader who has seen n has seen everything up to n."""
    Counter.objects.get_or_create(pk=1)
    Counter.objects.filter(pk=1).update(value=F("value") + 1)
    return Counter.objects.get(pk=1).value


def save_onboarding(one: Onboarding) -> None:
    """Store it with a new `sequence`, and tell the partner."""
    one.sequence = next_number()
    one.save()
    _tell(one, "onboarding.updated", present.onboarding(one))


def save_agreement(one: Agreement, *, quietly: bool = False) -> None:
    """Store it with a new `sequence` and the time of its figures; `quietly`: only the time is new, no webhook."""
    one.sequence = next_number()
    one.as_of = bankday.now()
    one.save()
    if not quietly:
        _tell(one.onboarding, "agreement.updated", present.agreement(one))


def tell_of_transaction(one: Transaction) -> None:
    """Contract: transaction.created."""
    _tell(one.agreement.onboarding, "transaction.created", present.transaction(one))


def _tell(onboarding: Onboarding, kind: str, data: dict[str, Any]) -> None:
    now = bankday.now()
    body = json.dumps({"type": kind, "timestamp": present.instant(now), "data": data}, ensure_ascii=False)
    values = {"next_at": now} | faults.of_event(now)
    Event.objects.create(
        id=vault.new_id("msg"), serial=next_number(), url=onboarding.webhook_url, body=body, created_at=now, **values
    )
