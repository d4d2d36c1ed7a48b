"""The receivables as an outsider may read them: page by page, stable under writes, none missed.

Fields are an allow-list (INTERFACES: «For the provider»); what stands here is what the consent's words name.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Greatest

from access.models import Client
from accounting.models import LedgerEntry


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


def receivables_page(*, client: Client, changed_since: str, cursor: str, page_size: int) -> Page:
    """One page in the order of ids, inside the client's scope. Raises BadCursor.

    Without `changed_since`: what is open now, whatever its date. With it: also what was closed since, and every open
    item whose debtor changed. Amounts are strings in the client's currency, `currency_amount` in `currency`.
    """
    last_id, next_changed_since = _read_cursor(cursor) if cursor else (0, _horizon())
    entries = LedgerEntry.objects.for_client(client).filter(id__gt=last_id).select_related("customer")
    if changed_since:
        since = _time(changed_since)
        entries = entries.filter(Q(changed_at__gte=since) | Q(customer__changed_at__gte=since, closed_on__isnull=True))
    else:
        entries = entries.filter(closed_on__isnull=True)
    entries = entries.annotate(latest=Greatest("changed_at", "customer__changed_at")).order_by("id")
    rows = list(entries[: page_size + 1])
    more = len(rows) > page_size
    rows = rows[:page_size]
    return Page(
        [_item(row) for row in rows],
        _cursor(rows[-1].pk, next_changed_since) if more else None,
        next_changed_since,
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


def _horizon() -> str:
    """The time before which everything that was written is visible now.

    A row's `changed_at` is the start of the transaction that wrote it, so what is still being written carries a time at
    or after the start of the oldest transaction under way: that is what to ask from next time. Read before the rows are.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT LEAST(now(), min(xact_start)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND xact_start IS NOT NULL AND backend_type = 'client backend'"
        )
        return _text(cursor.fetchone()[0])


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadCursor("changed_since", "send what next_changed_since gave")
    return found


def _cursor(last_id: int, next_changed_since: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([last_id, next_changed_since]).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[int, str]:
    try:
        last_id, since = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(last_id, int) or not 0 <= last_id < 2**63:
            raise ValueError(last_id)
        return last_id, _text(_time(since))
    except (ValueError, TypeError, AttributeError, BadCursor):
        raise BadCursor("cursor", "send what next_cursor gave") from None
