"""The receivables as an outsider may read them: page by page, stable under writes, none missed.

Fields are an allow-list; what stands here is what the consent's words name. docs/decisions/0013-changed-since.md.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Greatest

from access.models import Client
from accounting.models import LedgerEntry

MARGIN = timedelta(minutes=1)


class BadCursor(Exception):
    """A cursor or a time was sent that we did not give. `parameter` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True)
class Page:
    """Items as they are sent; `next_changed_since` is what to send next time, once every page is read."""

    items: list[dict[str, Any]]
    next_cursor: str | None
    next_changed_since: str
    changed_since: str  # as it was understood, empty for none


def receivables_page(
    *, client: Client, changed_since: str, cursor: str, page_size: int, closed_from: datetime | None = None
) -> Page:
    """One page in the order of ids, inside the client's scope and first in its transaction. Raises BadCursor.

    Without `changed_since`: what is open now, whatever its date. With it: also what was closed since, and every open
    item whose debtor changed. Nothing that was closed before `closed_from` is given, whatever is asked: with no reading
    before that there is nothing that it was closed since. A cursor carries its reading's `changed_since`; another one
    beside it is refused.
    Amounts are strings in the client's currency, `currency_amount` in `currency`.
    """
    since = _time(changed_since) if changed_since else None
    if cursor:
        last_id, begun, next_changed_since = _read_cursor(client, cursor)
        if since and begun != since:
            raise BadCursor("cursor", "it belongs to a reading with another changed_since")
        since = begun
    else:
        last_id, next_changed_since = 0, _horizon(since)
    entries = LedgerEntry.objects.for_client(client).filter(id__gt=last_id).select_related("customer")
    if since:
        entries = entries.filter(Q(changed_at__gte=since) | Q(customer__changed_at__gte=since, closed_on__isnull=True))
        if closed_from and since < closed_from:
            entries = entries.filter(Q(closed_on__isnull=True) | Q(changed_at__gte=closed_from))
    else:
        entries = entries.filter(closed_on__isnull=True)
    entries = entries.annotate(latest=Greatest("changed_at", "customer__changed_at")).order_by("id")
    rows = list(entries[: page_size + 1])
    more = len(rows) > page_size
    rows = rows[:page_size]
    return Page(
        [_item(row) for row in rows],
        _cursor(client, rows[-1].pk, since, next_changed_since) if more else None,
        _text(next_changed_since),
        _text(since) if since else "",
    )


def _item(entry: Any) -> dict[str, Any]:
    customer = entry.customer
    private = customer.private_person
    return {
        "id": str(entry.pk),
        "debtor": {
            # Of a private person nothing that ties two items together.
            "id": str(entry.pk) if private else f"c{customer.pk}",
            "name": None if private else customer.name,
            "organisation_number": None if private else customer.organisation_number or None,
            "country": customer.country,
            "private_person": private,
        },
        "kind": entry.kind,
        "invoice_number": None if private else entry.invoice_number or None,
        "entry_date": entry.entry_date.isoformat(),
        "due_date": entry.due_date.isoformat() if entry.due_date else None,
        "due_date_assumed": entry.due_date_assumed,
        "amount": str(entry.amount),
        "open_amount": str(entry.open_amount),
        "currency": entry.currency,
        "currency_amount": str(entry.currency_amount),
        "source": entry.source,
        "in_collection": entry.in_collection,
        "disputed": entry.disputed,
        "assigned": entry.assigned,
        "related_party": customer.related_party,
        "changed_at": _text(entry.latest),
    }


# Every table whose rows an item is made of has a trigger that sets `changed_at` to now(), the start of the transaction.
# Backends of other roles show no times to us; where they may write, nothing is known but that they began after the server.
# A prepared transaction has no backend, and its beginning stands nowhere.
_UNDER_WAY = """
SELECT LEAST(now(), min(a.xact_start)),
       CASE WHEN EXISTS (SELECT FROM pg_prepared_xacts WHERE database = current_database()) THEN to_timestamp(0)
            WHEN bool_or(a.backend_start IS NULL AND a.usesysid IS NOT NULL AND
                         COALESCE(has_table_privilege(r.oid, 'accounting_ledgerentry', 'INSERT, UPDATE'), true))
            THEN pg_postmaster_start_time() END
  FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
 WHERE a.datname = current_database()
"""


def _horizon(since: datetime | None) -> datetime:
    """The time before which everything that was written is visible from now on.

    What is still being written carries a time at or after the start of the oldest transaction under way. Read before the
    rows are: whoever has ended by then is seen by the later statement (READ COMMITTED), since a backend shows its
    transaction until others see what it did. MARGIN is for one that has taken its time and not shown it yet.
    Where somebody cannot be seen into, the time stays at `since`, which was true when it was given.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNDER_WAY)
        horizon, hidden_since = cursor.fetchone()
    horizon -= MARGIN
    if hidden_since is not None:
        horizon = min(horizon, max(hidden_since, since or hidden_since))
    return horizon


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)  # RFC 3339


def _time(text: str) -> datetime:
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or before the year 1 or after 9999 in UTC
        pass
    raise BadCursor("changed_since", "send what next_changed_since gave, a time as 2026-01-31T12:00:00Z")


def _signer(client: Client) -> signing.Signer:
    # A cursor is ours and this company's, or none.
    return signing.Signer(salt=f"accounting.receivables.{client.pk}")


def _cursor(client: Client, last_id: int, since: datetime | None, next_changed_since: datetime) -> str:
    return _signer(client).sign_object([last_id, _text(since) if since else None, _text(next_changed_since)])


def _read_cursor(client: Client, text: str) -> tuple[int, datetime | None, datetime]:
    try:
        last_id, since, next_changed_since = _signer(client).unsign_object(text)
    except (signing.BadSignature, UnicodeError):
        raise BadCursor("cursor", "send what next_cursor gave") from None
    return last_id, _time(since) if since else None, _time(next_changed_since)
