"""Notes are written, changed and deleted; what is refused comes back with the text as it was written."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import REPORTS, Level
from accounting.models import Customer, LedgerEntry, Note
from accounting.note_words import note_refused
from accounting.notes import last_choice, visible_notes
from accounting.services.notes import NoteRefused, delete_note, edit_note, write_note


@requires(REPORTS, level=Level.FULL)
@require_http_methods(["GET", "HEAD", "POST"])
def note_new(request: ClientRequest, client: Client) -> HttpResponse:
    """A note on `post`, an entry, or else on `kunde`, a customer, both by their keys."""
    said = request.POST if request.method == "POST" else request.GET
    entry = _found(LedgerEntry, client, said.get("post", ""))
    customer = entry.customer if entry else _found(Customer, client, said.get("kunde", ""))
    if customer is None:
        raise Http404
    text, shared, error = "", last_choice(client, request.user), ""
    if request.method == "POST":
        text, shared = request.POST.get("tekst", ""), "synlig" in request.POST
        try:
            write_note(
                client=client, customer=customer, entry=entry, text=text, shared=shared, author=request.user,
                now=timezone.now(),
            )  # fmt: skip
            return redirect(_home(client, customer, entry))
        except NoteRefused as refused:
            error = note_refused(refused)
    return _form(request, client, customer, entry, text, shared=shared, error=error)


@requires(REPORTS, level=Level.FULL)
@require_http_methods(["GET", "HEAD", "POST"])
def note_edit(request: ClientRequest, client: Client, note_id: int) -> HttpResponse:
    """Change one's own note; nobody else's exists here."""
    note = (
        visible_notes(client, request.user)
        .filter(pk=note_id, author=request.user)
        .select_related("customer", "entry")
        .first()
    )
    if note is None:
        raise Http404
    text, shared, error = note.text, note.shared, ""
    if request.method == "POST":
        text, shared = request.POST.get("tekst", ""), "synlig" in request.POST
        try:
            edit_note(client=client, note_id=note_id, text=text, shared=shared, author=request.user, now=timezone.now())
            return redirect(_home(client, note.customer, note.entry))
        except NoteRefused as refused:
            error = note_refused(refused)
    return _form(request, client, note.customer, note.entry, text, shared=shared, error=error, note=note)


@requires(REPORTS, level=Level.FULL)
@require_http_methods(["GET", "HEAD", "POST"])
def note_delete(request: ClientRequest, client: Client, note_id: int) -> HttpResponse:
    """Ask, then delete: one's own, or as administrator what is shared."""
    is_administrator = request.rights.membership.role.is_administrator
    note = visible_notes(client, request.user).filter(pk=note_id).select_related("customer", "entry", "author").first()
    if note is None or (note.author_id != request.user.pk and not (is_administrator and note.shared)):
        raise Http404
    if request.method == "POST":
        delete_note(client=client, note_id=note_id, actor=request.user, is_administrator=is_administrator)
        return redirect(_home(client, note.customer, note.entry))
    context = {
        "note": note,
        "customer": note.customer,
        "entry": note.entry,
        "home": _home(client, note.customer, note.entry),
    }
    return TemplateResponse(request, "notes/delete.html", context)


def _form(
    request: ClientRequest, client: Client, customer: Customer, entry: LedgerEntry | None, text: str, *, shared: bool,
    error: str, note: Note | None = None,
) -> HttpResponse:  # fmt: skip
    context = {
        "customer": customer, "entry": entry, "note": note, "text": text, "shared": shared, "error": error,
        "home": _home(client, customer, entry),
    }  # fmt: skip
    return TemplateResponse(request, "notes/edit.html", context, status=400 if error else 200)


def _home(client: Client, customer: Customer, entry: LedgerEntry | None) -> str:
    """Where the note is read."""
    number = client.organisation_number
    if entry is not None:
        return reverse("ledger_entry", args=[number, entry.pk]) + "#notater"
    return reverse("customer", args=[number, customer.number]) + "#notater"


def _found(model: Any, client: Client, key: str) -> Any:
    if not (key.isascii() and key.isdecimal() and len(key) <= 18):
        return None
    rows = model.objects.for_client(client)
    return (rows.select_related("customer") if model is LedgerEntry else rows).filter(pk=key).first()
