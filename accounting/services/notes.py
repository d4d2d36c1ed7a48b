"""Notes are written, changed by their author, and deleted by her or, where they are shared, by an administrator."""

from datetime import datetime

from django.db import transaction

from access.models import Client, User
from access.redaction import holds_identity_number
from access.services import write_audit
from accounting.models import Customer, LedgerEntry, Note

MOST_SIGNS = 2000


class NoteRefused(Exception):
    """The text cannot be kept. `reason`: empty, long, or identity_number (personopplysningsloven § 12)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def write_note(
    *,
    client: Client,
    customer: Customer,
    entry: LedgerEntry | None,
    text: str,
    shared: bool,
    author: User,
    now: datetime,
) -> Note:
    """A new note on the customer, or on this item of hers. Inside the client's scope. Raises NoteRefused."""
    note = Note.objects.for_client(client).create(
        customer=customer, entry=entry, text=checked_text(text), shared=shared, author=author, written_at=now
    )
    _audit("note.written", note, author)
    return note


@transaction.atomic
def edit_note(*, client: Client, note_id: int, text: str, shared: bool, author: User, now: datetime) -> Note:
    """Change a note of one's own; Note.DoesNotExist for everybody else's. Raises NoteRefused."""
    note = Note.objects.for_client(client).select_for_update().get(pk=note_id, author=author)
    note.text, note.shared, note.edited_at = checked_text(text), shared, now
    note.save(update_fields=["text", "shared", "edited_at"])
    _audit("note.edited", note, author)
    return note


@transaction.atomic
def delete_note(*, client: Client, note_id: int, actor: User, is_administrator: bool) -> Note:
    """Remove a note of one's own, an administrator also one that is shared; else Note.DoesNotExist. What it was."""
    note = Note.objects.for_client(client).select_for_update().get(pk=note_id)
    if note.author_id != actor.pk and not (is_administrator and note.shared):
        raise Note.DoesNotExist
    _audit("note.deleted", note, actor)
    note.delete()
    note.pk = note_id
    return note


def checked_text(text: str) -> str:
    """The text as it is kept. Raises NoteRefused."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise NoteRefused("empty")
    if len(text) > MOST_SIGNS:
        raise NoteRefused("long")
    if holds_identity_number(text):
        raise NoteRefused("identity_number")
    return text


def _audit(action: str, note: Note, actor: User) -> None:
    # Never the text: the log is for ever, and a note can be deleted.
    details = {"customer": note.customer_id, "entry": note.entry_id, "shared": note.shared, "author": str(note.author)}
    write_audit(action=action, client=note.client, actor=actor, about=note, details=details)
