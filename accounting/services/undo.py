"""Undoes matches, with the differences that were entered for them, so that every report is what it was."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from access.models import Client, User
from access.services import write_audit
from accounting.models import How, Kind, LedgerEntry, Match, Source
from accounting.services.locking import PeriodLocked, locked_through
from accounting.settling import NotMatchable
from accounting.signals import ledger_changed

# What a person may call a small difference.
SMALL_DIFFERENCES = (Kind.ROUNDING, Kind.BANK_FEE, Kind.CASH_DISCOUNT)
_OWN = "own:"  # what the identity of an entry made here begins with


@dataclass(frozen=True)
class Released:
    """What was undone: the matches, the entries made for differences that were taken back, and all their names."""

    matches: list[Match]
    taken_back: list[LedgerEntry]
    names: dict[int, str]


@transaction.atomic
def undo_matches(*, client: Client, entry_id: int, with_id: int | None = None, actor: User) -> int:
    """Undo all matches of this entry, or those with one other; how many. Inside the client's scope.

    A difference that was entered for one of them is taken back by its opposite of the same day. So every figure of every
    report is, on every date, what it was before the match. Raises PeriodLocked where one is dated in a closed period, and
    NotMatchable for a difference that was taken back.
    """
    chosen = Match.objects.for_client(client).filter(touching([entry_id]))
    if with_id is not None:
        chosen = chosen.filter(touching([with_id]))
    return _undo(client, chosen, actor)


@transaction.atomic
def undo_entries(*, client: Client, entry_ids: Collection[int], actor: User) -> int:
    """Undo all matches of these entries in one go, as undo_matches does of one; how many."""
    return _undo(client, Match.objects.for_client(client).filter(touching(entry_ids)), actor)


@transaction.atomic
def undo_act(*, client: Client, act: uuid.UUID, actor: User) -> int:
    """Undo what was matched in one go and still stands of it; how many. As undo_matches otherwise."""
    return _undo(client, Match.objects.for_client(client).filter(act=act), actor)


def _undo(client: Client, chosen: QuerySet[Match], actor: User) -> int:
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    released = release(client, chosen)
    if released.matches:
        tell_released(client, released, actor)
        ledger_changed.send(sender=None, client=client)
    return len(released.matches)


def release(client: Client, chosen: QuerySet[Match]) -> Released:
    """Undo these and what does not stand without them; for services that hold the client's row, write and send.

    An exchange difference goes with the match that left it, and that match with it. What an item lacked to be closed
    goes with any of its matches: it was small beside what closed it.
    """
    rows = Match.objects.for_client(client)
    found = {one.pk: one for one in chosen}
    if not found:
        return Released([], [], {})
    if pairs := {one.pair for one in found.values() if one.pair}:
        found |= {one.pk: one for one in rows.filter(touching(_entries_of(found.values())), pair__in=pairs)}
    settled = _entries_of(one for one in found.values() if one.how != How.DIFFERENCE)
    small = Q(debit__kind__in=SMALL_DIFFERENCES) | Q(credit__kind__in=SMALL_DIFFERENCES)
    found |= {one.pk: one for one in rows.filter(small, touching(settled), how=How.DIFFERENCE)}
    names = {one.pk: one for one in LedgerEntry.objects.for_client(client).filter(pk__in=_entries_of(found.values()))}
    if any(one.reverses_id for one in names.values()):
        raise NotMatchable("taken_back", "a difference that was taken back stays so")
    locked = locked_through(client)
    if locked and any(one.matched_on <= locked for one in found.values()):
        raise PeriodLocked(locked)
    rows.filter(pk__in=found).delete()
    entered = _entries_of(one for one in found.values() if one.how == How.DIFFERENCE)
    taken_back = [
        one
        for key, one in sorted(names.items())
        if key in entered and one.source == Source.OWN and one.entry_id.startswith(_OWN)
    ]
    for one in taken_back:
        take_back(client, one)
    return Released(list(found.values()), taken_back, {key: one.entry_id for key, one in names.items()})


def unmatch(client: Client, entry_id: int) -> dict[str, Any]:
    """Undo all matches of this entry, for a service that holds the client's row; what its audit line is to tell of it."""
    return _told(release(client, Match.objects.for_client(client).filter(touching([entry_id]))))


def tell_released(client: Client, released: Released, actor: User) -> None:
    """The audit line, where something was undone."""
    if released.matches:
        write_audit(action="ledger.unmatched", client=client, actor=actor, details=_told(released))


def _told(released: Released) -> dict[str, Any]:
    if not released.matches:
        return {}
    return {
        "matches": [match_told(one, released.names) for one in released.matches],
        "taken_back": [one.entry_id for one in released.taken_back],
    }


def match_told(one: Match, names: dict[int, str]) -> list[str]:
    """A match as the audit log tells it: debit, credit, amount, day."""
    return [names[one.debit_id], names[one.credit_id], str(one.amount), str(one.matched_on)]


def touching(entries: Collection[int]) -> Q:
    """The matches of these entries."""
    return Q(debit__in=list(entries)) | Q(credit__in=list(entries))


def own_entry(
    client: Client, customer_id: int, kind: Kind, day: date, amount: Decimal, currency: str, in_currency: Decimal,
    description: str, reverses: LedgerEntry | None = None,
) -> LedgerEntry:  # fmt: skip
    """Enter what has no source but ourselves. The amounts are signed."""
    return LedgerEntry.objects.for_client(client).create(
        customer_id=customer_id, entry_id=f"{_OWN}{uuid.uuid4()}", source=Source.OWN, kind=kind, entry_date=day,
        amount=amount, open_amount=amount, currency=currency, currency_amount=in_currency,
        open_currency_amount=in_currency, description=description[:300], reverses=reverses,
        registered_at=timezone.now(),
    )  # fmt: skip


def take_back(client: Client, entry: LedgerEntry) -> None:
    """The opposite entry of the same day, matched with it: neither is open on any day. The entry stands unmatched."""
    opposite = own_entry(
        client, entry.customer_id, Kind(entry.kind), entry.entry_date, -entry.amount, entry.currency,
        -entry.currency_amount, f"takes back {entry.entry_id}", entry,
    )  # fmt: skip
    debit, credit = (entry, opposite) if entry.amount > 0 else (opposite, entry)
    Match.objects.for_client(client).create(
        debit=debit, credit=credit, amount=abs(entry.amount), debit_currency_amount=abs(entry.currency_amount),
        credit_currency_amount=abs(entry.currency_amount), matched_on=entry.entry_date, how=How.DIFFERENCE,
    )  # fmt: skip


def _entries_of(matches: Iterable[Match]) -> set[int]:
    return {key for one in matches for key in (one.debit_id, one.credit_id)}
