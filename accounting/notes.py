"""Notes as one person may read them: what is shared, and what she wrote herself."""

from collections.abc import Collection
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from access.models import Client, User
from accounting.models import Customer, LedgerEntry, Note


def visible_notes(client: Client, reader: User) -> Any:
    """A queryset of the notes that this person may see, newest first. Inside the client's scope."""
    rows = Note.objects.for_client(client).filter(Q(shared=True) | Q(author=reader))
    return rows.select_related("author").order_by("-id")


def notes_of_customer(client: Client, reader: User, customer: Customer) -> Any:
    """Those on the customer herself and on her items, each with its entry."""
    return visible_notes(client, reader).filter(customer=customer).select_related("author", "entry")


def notes_of_entry(client: Client, reader: User, entry: LedgerEntry) -> Any:
    """Those on this item."""
    return visible_notes(client, reader).filter(entry=entry)


def note_counts(client: Client, reader: User, entry_ids: Collection[int]) -> dict[int, int]:
    """How many notes this person may see of each of these items, those without left out; in one query."""
    found = visible_notes(client, reader).filter(entry__in=entry_ids).values("entry_id").order_by("entry_id")
    return {one["entry_id"]: one["count"] for one in found.annotate(count=Count("id"))}


def last_choice(client: Client, author: User) -> bool:
    """Whether she last chose «Synlig for alle» in this company; private where she has not chosen yet."""
    rows = Note.objects.for_client(client).filter(author=author).order_by(Coalesce("edited_at", "written_at").desc())
    return bool(rows.values_list("shared", flat=True).first())
