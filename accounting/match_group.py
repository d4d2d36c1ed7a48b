"""A match group: every entry that hangs together with one by matches, and each match with how it came about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection

from access.models import AuditEntry, Client
from accounting.models import How, LedgerEntry, Match
from accounting.services.undo import touching

MOST_ENTRIES = 200  # that a page shows; assumed matches, oldest first, may chain a customer's whole ledger

# Nearest first: what is left out is farthest from the entry that is asked for.
_GROUP = """
WITH RECURSIVE reached(id) AS (
    SELECT %(entry)s::bigint
    UNION
    SELECT CASE WHEN m.debit_id = r.id THEN m.credit_id ELSE m.debit_id END
      FROM reached r
      JOIN accounting_match m ON m.client_id = %(client)s AND (m.debit_id = r.id OR m.credit_id = r.id)
)
SELECT id FROM reached LIMIT %(most)s
"""


@dataclass(frozen=True)
class Joined:
    """One match. `by` is who made it, empty where a file did; `amount` in the client's currency, positive."""

    match: Match
    debit: LedgerEntry
    credit: LedgerEntry
    by: str
    can_be_undone: bool

    @property
    def amount(self) -> Decimal:
        """What the two settle of each other."""
        return self.match.amount

    @property
    def in_currency(self) -> tuple[str, Decimal] | None:
        """The same in the currency that both have, where that is another than the client's and something of it."""
        same = self.debit.currency == self.credit.currency
        share = self.match.debit_currency_amount
        return (self.debit.currency, share) if same and share and share != self.match.amount else None


@dataclass(frozen=True)
class MatchGroup:
    """The entries in the order of their dates, and the matches between them; `is_cut` where there are more."""

    entry: LedgerEntry
    entries: tuple[LedgerEntry, ...]
    matches: tuple[Joined, ...]
    is_cut: bool

    @property
    def can_be_undone(self) -> bool:
        """Whether there is anything to undo."""
        return any(one.can_be_undone for one in self.matches)

    @property
    def has_assumed(self) -> bool:
        """Whether some of it was found by amount or age only."""
        return any(one.match.assumed for one in self.matches)


def match_group(client: Client, entry_id: int) -> MatchGroup:
    """The group of this entry, in at most four queries inside the client's scope. Raises LedgerEntry.DoesNotExist."""
    entries = LedgerEntry.objects.for_client(client).select_related("customer")
    entry = entries.get(pk=entry_id)
    with connection.cursor() as cursor:
        cursor.execute(_GROUP, {"client": client.pk, "entry": entry_id, "most": MOST_ENTRIES + 1})
        reached = [row[0] for row in cursor.fetchall()]
    shown = reached[:MOST_ENTRIES]
    found = {one.pk: one for one in entries.filter(pk__in=shown).order_by("entry_date", "pk")}
    rows = Match.objects.for_client(client).filter(touching(shown)).order_by("matched_on", "pk")
    matches = [one for one in rows if one.debit_id in found and one.credit_id in found]
    people = _people(client, matches)
    joined = tuple(
        Joined(
            match=one, debit=found[one.debit_id], credit=found[one.credit_id],
            by=people.get(str(one.act), "") if one.act else "",
            can_be_undone=not (found[one.debit_id].reverses_id or found[one.credit_id].reverses_id),
        )
        for one in matches
    )  # fmt: skip
    return MatchGroup(entry, tuple(found.values()), joined, is_cut=len(reached) > MOST_ENTRIES)


def _people(client: Client, matches: Iterable[Match]) -> dict[str, str]:
    """Who made the matches of each act, by what the audit log says; no query where no person did."""
    by_hand = [one for one in matches if one.act and one.how in (How.HAND, How.DIFFERENCE)]
    if not by_hand:
        return {}
    moments: list[datetime] = [one.registered_at for one in by_hand]
    around = (min(moments) - timedelta(minutes=10), max(moments) + timedelta(minutes=10))
    lines = AuditEntry.objects.for_client(client).filter(
        action="ledger.matched", at__range=around, details__act__in=sorted({str(one.act) for one in by_hand})
    )
    return {line.details["act"]: line.actor_name for line in lines}
