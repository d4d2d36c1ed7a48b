"""What a person says of items beside the books: reminded, payment agreed for later, disputed, in collection."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from access.models import Client, User
from access.services import write_audit
from accounting.models import LedgerEntry
from accounting.services.notes import checked_text, write_note
from accounting.signals import ledger_changed

FACTS = ("reminder_stage", "agreed_date", "disputed", "in_collection")
TO_THE_BANK = ("disputed", "in_collection")  # accounting/receivables.py; the due date it reads is never the agreed one
MOST_ENTRIES = 500


class FactRefused(Exception):
    """A fact cannot be set. `reason`: unknown_entry, none_chosen, too_many, stage, agreed_without_due, agreed_too_early."""

    def __init__(self, reason: str, entry: LedgerEntry | None = None) -> None:
        super().__init__(reason)
        self.reason, self.entry = reason, entry


@transaction.atomic
def set_facts(
    *,
    client: Client,
    entry_ids: Collection[int],
    facts: Mapping[str, Any],
    reason: str = "",
    shared: bool = True,
    actor: User,
    now: datetime,
) -> int:
    """Set these facts on every one of the entries; how many that changed. Inside the client's scope.

    `facts`: by the names in FACTS; what is not named stays. One audit line for each entry that changed, with before and
    after. `reason` becomes a note on each entry that changed. Raises FactRefused, and NoteRefused of the reason.
    """
    if unknown := set(facts) - set(FACTS):
        raise ValueError(f"no such facts: {sorted(unknown)}")
    if facts.get("reminder_stage", 0) not in range(4):
        raise FactRefused("stage")
    if not entry_ids:
        raise FactRefused("none_chosen")
    if len(set(entry_ids)) > MOST_ENTRIES:
        raise FactRefused("too_many")
    if reason.strip():
        reason = checked_text(reason)
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    rows = LedgerEntry.objects.for_client(client).select_for_update(of=("self",)).select_related("customer")
    found = list(rows.filter(pk__in=entry_ids).order_by("pk"))
    if len(found) != len(set(entry_ids)):
        raise FactRefused("unknown_entry")
    changed, bank_sees = 0, False
    for entry in found:
        before = {name: getattr(entry, name) for name in facts}
        if before == dict(facts):
            continue
        _refuse_date(entry, facts.get("agreed_date"), before.get("agreed_date"))
        for name, value in facts.items():
            setattr(entry, name, value)
        entry.save(update_fields=list(facts))
        told = {name: [_told(before[name]), _told(value)] for name, value in facts.items() if before[name] != value}
        details = {"entry": entry.entry_id, "changes": told}
        write_audit(action="entry.facts_set", client=client, actor=actor, about=entry, details=details)
        if reason.strip():
            write_note(
                client=client, customer=entry.customer, entry=entry, text=reason, shared=shared, author=actor, now=now
            )
        changed += 1
        bank_sees = bank_sees or any(name in told for name in TO_THE_BANK)
    if bank_sees:
        ledger_changed.send(sender=None, client=client)
    return changed


def _refuse_date(entry: LedgerEntry, agreed: date | None, before: date | None) -> None:
    if agreed is None or agreed == before:
        return
    if entry.amount < 0:
        raise FactRefused("agreed_without_due", entry)
    if agreed <= (entry.due_date or entry.entry_date):
        raise FactRefused("agreed_too_early", entry)


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
