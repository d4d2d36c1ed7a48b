"""What happened to one entry of the ledger, in the order of days, as its page tells it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from access.models import AuditEntry, Client
from accounting.models import Kind, LedgerEntry, Match
from accounting.reports.pages import Text

REMINDERS: tuple[Text, ...] = (
    _("Not reminded"), _("First reminder"), _("Second reminder"), _("Notice of debt collection"),
)  # fmt: skip


@dataclass(frozen=True)
class Event:
    """Something that happened: on which day of the books, and where it is known when it was done here and by whom.

    `other` is the entry on the other side of a match, `amount` what was matched, in the client's currency.
    """

    day: date
    title: Text
    details: tuple[Text, ...] = ()
    at: datetime | None = None
    who: str = ""
    amount: Decimal | None = None
    other: LedgerEntry | None = None
    assumed: bool = False


def events_of(client: Client, entry: LedgerEntry, today: date) -> list[Event]:
    """From the first to the last; what is still to come (the due date) after today's. Two queries inside the scope."""
    matches = list(
        Match.objects.for_client(client)
        .filter(Q(debit=entry) | Q(credit=entry))
        .select_related("debit", "credit")
        .order_by("matched_on", "id")
    )
    acts = [str(one.act) for one in matches if one.act]
    lines = list(
        AuditEntry.objects.for_client(client)
        .filter(
            Q(action="entry.facts_set", object_type="ledgerentry", object_id=str(entry.pk))
            | Q(action="ledger.unmatched", details__matches__contains=[[entry.entry_id]])
            | Q(action="ledger.matched", details__act__in=acts)
        )
        .order_by("at")
    )
    by_act = {one.details["act"]: one.actor_name for one in lines if one.action == "ledger.matched"}
    kind = Kind(entry.kind).label
    found = [Event(entry.entry_date, format_lazy(_("{kind} dated"), kind=kind))]
    source = entry.get_source_display()
    found.append(Event(_day(entry.registered_at), _("Registered here"), (source,), entry.registered_at))
    if entry.due_date:
        assumed = (_("Reckoned from the customer's terms"),) if entry.due_date_assumed else ()
        found.append(Event(entry.due_date, _("Falls due") if entry.due_date >= today else _("Fell due"), assumed))
    found += [_of_match(one, entry, by_act.get(str(one.act), "")) for one in matches]
    for line in lines:
        if line.action == "entry.facts_set":
            said = tuple(_of_fact(name, *change) for name, change in line.details.get("changes", {}).items())
            found.append(Event(_day(line.at), _("Set by hand"), said, line.at, line.actor_name))
        elif line.action == "ledger.unmatched":
            found.append(Event(_day(line.at), _("Match undone"), (), line.at, line.actor_name))
    if entry.closed_on:
        found.append(Event(entry.closed_on, _("Closed: nothing is left of it")))
    return sorted(found, key=lambda one: one.day)


def _of_match(one: Match, entry: LedgerEntry, who: str) -> Event:
    other = one.credit if one.debit_id == entry.pk else one.debit
    title = format_lazy(_("Matched with {kind}"), kind=Kind(other.kind).label.lower())
    how: tuple[Text, ...] = (one.get_how_display(),) if one.how else ()
    return Event(one.matched_on, title, how, one.registered_at, who, one.amount, other, one.assumed)


def _of_fact(name: str, before: Any, after: Any) -> Text:
    if name == "reminder_stage":
        return REMINDERS[after] if after in range(len(REMINDERS)) else ""
    if name == "agreed_date":
        day = parse_date(after) if after else None
        if day is None:
            return _("No later day of payment is agreed")
        return format_lazy(_("Payment agreed for {day}"), day=date_format(day, "d.m.Y"))
    if name == "disputed":
        return _("Disputed") if after else _("No longer disputed")
    return _("In collection") if after else _("No longer in collection")


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()
