"""One entry of the ledger: what happened to it, and what a person says of it."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import REPORTS, Level
from accounting.entry_story import REMINDERS, events_of
from accounting.models import Kind, LedgerEntry
from accounting.note_words import note_refused
from accounting.notes import last_choice, notes_of_entry
from accounting.reports.item_line import status_of
from accounting.services.facts import MOST_ENTRIES, FactRefused, set_facts
from accounting.services.notes import NoteRefused

# What «Sett …» offers for chosen rows: its word, what it sets, and whether it wants a day.
BULK: dict[str, tuple[str, Any]] = {
    "ikke-purret": ("reminder_stage", 0),
    "purring-1": ("reminder_stage", 1),
    "purring-2": ("reminder_stage", 2),
    "inkassovarsel": ("reminder_stage", 3),
    "utsatt": ("agreed_date", date),
    "ikke-utsatt": ("agreed_date", None),
    "omtvistet": ("disputed", True),
    "ikke-omtvistet": ("disputed", False),
    "inkasso": ("in_collection", True),
    "ikke-inkasso": ("in_collection", False),
}


@requires(REPORTS, read_only=True)
@require_safe
def entry_page(request: ClientRequest, client: Client, entry_id: int) -> HttpResponse:
    """What the entry is, how it stands today, and what happened to it."""
    return _page(request, client, _entry(client, entry_id), {}, {})


@requires(REPORTS, level=Level.FULL)
@require_POST
def entry_facts(request: ClientRequest, client: Client, entry_id: int) -> HttpResponse:
    """The entry's own form: all four facts at once, with a reason that becomes a note."""
    entry, errors = _entry(client, entry_id), {}
    facts: dict[str, Any] = {
        "disputed": "omtvistet" in request.POST,
        "in_collection": "inkasso" in request.POST,
    }
    stage = request.POST.get("purretrinn", "")
    if stage in ("0", "1", "2", "3"):
        facts["reminder_stage"] = int(stage)
    else:
        errors["purretrinn"] = _fact_refused(FactRefused("stage"))
    try:
        facts["agreed_date"] = _agreed(request)
    except ValueError:
        errors["avtalt"] = _("Write the date as year-month-day, for example 2026-06-30.")
    if not errors:
        try:
            _set(request, client, [entry.pk], facts)
            return redirect("ledger_entry", client.organisation_number, entry.pk)
        except FactRefused as refused:
            errors["avtalt"] = _fact_refused(refused)
        except NoteRefused as refused:
            errors["begrunnelse"] = note_refused(refused)
    return _page(
        request, client, _entry(client, entry_id), errors, {**facts, "reason": request.POST.get("begrunnelse", "")}
    )


@requires(REPORTS, level=Level.FULL)
@require_POST
def set_facts_of_rows(request: ClientRequest, client: Client) -> HttpResponse:
    """«Sett …» for the rows that were chosen in a report; then back to it."""
    chosen = [int(one) for one in request.POST.getlist("post") if one.isascii() and one.isdecimal() and len(one) <= 18]
    back, word = _back(request, client), request.POST.get("sett", "")
    error = ""
    if word not in BULK:
        error = _("Choose what to set.")
    else:
        name, value = BULK[word]
        try:
            if value is date:
                value = _agreed(request)
                if value is None:
                    raise ValueError
            _set(request, client, chosen, {name: value})
            return redirect(back)
        except ValueError:
            error = _("Write the agreed date as year-month-day, for example 2026-06-30.")
        except FactRefused as refused:
            error = _fact_refused(refused)
        except NoteRefused as refused:
            error = note_refused(refused)
    context = {
        "error": error,
        "back": back,
        "chosen": chosen,
        "bulk": {
            "sett": word,
            "avtalt": request.POST.get("avtalt", ""),
            "begrunnelse": request.POST.get("begrunnelse", ""),
        },
        "may_set": True,
    }
    return TemplateResponse(request, "entries/facts_refused.html", context, status=400)


def _set(request: ClientRequest, client: Client, entry_ids: list[int], facts: dict[str, Any]) -> None:
    set_facts(
        client=client, entry_ids=entry_ids, facts=facts, reason=request.POST.get("begrunnelse", ""),
        actor=request.user, now=timezone.now(),
    )  # fmt: skip


def _agreed(request: HttpRequest) -> date | None:
    """The day in the form; None where it is empty. Raises ValueError."""
    text = request.POST.get("avtalt", "").strip()
    if not text:
        return None
    found = parse_date(text)
    if found is None:
        raise ValueError(text)
    return found


def _fact_refused(refused: FactRefused) -> str:
    number = ""
    if refused.entry is not None:
        number = refused.entry.invoice_number or refused.entry.voucher_number or refused.entry.entry_id
    return {
        "none_chosen": _("No row is chosen. Tick the rows first."),
        "unknown_entry": _("One of the rows is not there any more. Go back and choose again."),
        "too_many": _("At most {most} rows at a time.").format(most=MOST_ENTRIES),
        "stage": _("Choose how far the customer was reminded."),
        "agreed_without_due": _("{number} is a credit: no later day of payment can be agreed for it.").format(
            number=number
        ),
        "agreed_too_early": _("The agreed date must be after the due date of {number}.").format(number=number),
    }[refused.reason]


def _back(request: HttpRequest, client: Client) -> str:
    """The page that sent the form, where it is one of ours."""
    wanted = request.POST.get("neste", "")
    here = f"/klient/{client.organisation_number}/"
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=request.is_secure())
    return (
        wanted
        if safe and wanted.startswith(here)
        else reverse("report_unpaid_invoices", args=[client.organisation_number])
    )


def _entry(client: Client, pk: int) -> LedgerEntry:
    known = pk < 2**63
    rows = LedgerEntry.objects.for_client(client).select_related("customer", "reverses", "reversed_by")
    found = rows.filter(pk=pk).first() if known else None
    if found is None:
        raise Http404
    return found  # type: ignore[no-any-return]


def _page(
    request: ClientRequest, client: Client, entry: LedgerEntry, errors: dict[str, Any], given: dict[str, Any]
) -> HttpResponse:
    today = timezone.localdate()
    postponed = entry.agreed_date is not None and entry.agreed_date >= today
    days = None
    if entry.amount >= 0 and entry.kind != Kind.OPENING_BALANCE:
        days = (today - (entry.due_date or entry.entry_date)).days
    label, color = (_("Closed"), "success") if entry.closed_on else status_of(entry, days, postponed=postponed)
    events = events_of(client, entry, today)
    context = {
        "entry": entry,
        "customer": entry.customer,
        "kind_label": Kind(entry.kind).label,
        "status_label": label,
        "status_color": color,
        "days_overdue": days if days is not None and days > 0 and not entry.closed_on else None,
        "postponed": postponed,
        "events": events,
        "has_matches": any(one.other for one in events),
        "notes": notes_of_entry(client, request.user, entry)[:100],
        "note_shared": last_choice(client, request.user),
        "stages": list(enumerate(REMINDERS)),
        "facts": {
            "reminder_stage": entry.reminder_stage, "agreed_date": entry.agreed_date, "disputed": entry.disputed,
            "in_collection": entry.in_collection, "reason": "",
        } | given,
        "reminder": REMINDERS[entry.reminder_stage],
        "errors": errors,
        "may_change": request.rights.full(REPORTS),
        "is_administrator": request.rights.membership.role.is_administrator,
    }  # fmt: skip
    return TemplateResponse(request, "entries/entry.html", context, status=400 if errors else 200)
