"""Keeps what each person last saw of a limit, and tells whether it has changed since."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import transaction

from access.models import Client, User
from access.tenancy import client_scope
from financing.models import Agreement, SeenLimit

VISIT = timedelta(hours=12)  # so long a change that she has seen is still told
TO_THE_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class SinceLast:
    """From what she last saw, and when that was, to what the limit is."""

    before: Decimal
    before_at: datetime
    limit: Decimal


def seen_by(client: Client, user: User, agreement: Agreement) -> SeenLimit | None:
    """What this person saw of this agreement. Inside the client's scope."""
    return SeenLimit.objects.for_client(client).filter(user=user, agreement=agreement).first()


def since_last(seen: SeenLimit | None, limit: Decimal, now: datetime) -> SinceLast | None:
    """The change to tell her of; None where she sees it for the first time, or has seen this limit already."""
    if seen is None:
        return None
    if seen.limit != limit:
        return SinceLast(seen.limit, seen.last_at, limit)
    if seen.limit_before != limit and now - seen.first_at < VISIT:
        return SinceLast(seen.limit_before, seen.before_at, limit)
    return None


def note_seen(*, client: Client, user: User, agreement: Agreement, seen: SeenLimit | None, now: datetime) -> None:
    """Keep that she sees this limit, once the page's own transaction (which may only read) is over; rarely writes."""
    if seen is None or seen.limit != agreement.limit or now - seen.last_at >= TO_THE_HOUR:
        transaction.on_commit(
            partial(keep_seen, client=client, user=user, agreement=agreement, limit=agreement.limit, now=now),
            robust=True,
        )


def keep_seen(*, client: Client, user: User, agreement: Agreement, limit: Decimal, now: datetime) -> None:
    """Store it, in a transaction of its own; two tabs at once do no harm."""
    with client_scope(client):
        row, made = SeenLimit.objects.for_client(client).get_or_create(
            user=user, agreement=agreement,
            defaults={"limit": limit, "first_at": now, "last_at": now, "limit_before": limit, "before_at": now},
        )  # fmt: skip
        if made:
            return
        row = SeenLimit.objects.for_client(client).select_for_update(of=("self",)).get(pk=row.pk)
        if row.limit != limit:
            if row.limit_before == row.limit or now - row.first_at >= VISIT:
                row.limit_before, row.before_at = row.limit, row.last_at
            row.limit, row.first_at = limit, now
        row.last_at = max(row.last_at, now)
        row.save()


def put_away(*, client: Client, user: User, agreement: Agreement, now: datetime) -> None:
    """She has seen that the agreement is over: its card goes from her dashboard."""
    keep_seen(client=client, user=user, agreement=agreement, limit=agreement.limit, now=now)
    with client_scope(client):
        SeenLimit.objects.for_client(client).filter(user=user, agreement=agreement).update(ended_at=now)
