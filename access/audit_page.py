"""What the page «Logg» shows of one company's log: the lines that are asked for, a page at a time, and as a file."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from access.audit_words import ACTIONS, GROUPS, OTHER, Told, action_of, actions_named, told_of
from access.models import AuditEntry, Client, User

PAGE_ROWS = 50
FILE_ROWS = 20_000
AFTER, BEFORE = "etter", "foran"  # names in an address: the lines older than this number, or newer
SYSTEM = "system"  # whoever is no person
_NAMES = ("gruppe", "person", "fra", "til", "sok")
_LONGEST = 200


@dataclass(frozen=True)
class Wanted:
    """What of the log is asked for; everything where nothing is."""

    group: str = ""
    person: str = ""
    first_day: date | None = None
    last_day: date | None = None
    text: str = ""
    after: int | None = None
    before: int | None = None

    def query(self, **more: Any) -> str:
        """As an address carries it, without the place in the list; `more` as well."""
        day = {"fra": self.first_day, "til": self.last_day}
        words = {"gruppe": self.group, "person": self.person, "sok": self.text, **day, **more}
        return urlencode({name: str(value) for name, value in words.items() if value not in ("", None)})

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves lines out."""
        return bool(self.group or self.person or self.first_day or self.last_day or self.text)


class Unreadable(Exception):
    """An address asks for what cannot be understood. `by_field`: {name in the address: what to do}."""

    def __init__(self, by_field: dict[str, str]) -> None:
        super().__init__(str(by_field))
        self.by_field = by_field


@dataclass(frozen=True)
class Shown:
    """One line of the page."""

    entry: AuditEntry
    label: str
    told: list[Told]
    raw: str


@dataclass(frozen=True)
class Page:
    """A page of the log, newest first; `newer` and `older` are addresses of the pages beside it, empty where there is none."""

    lines: list[Shown] = field(default_factory=list)
    newer: str = ""
    older: str = ""


def read_wanted(given: Mapping[str, str]) -> Wanted:
    """What an address asks for. Raises Unreadable."""
    errors: dict[str, str] = {}
    text = {name: given.get(name, "").strip().replace("\x00", "") for name in _NAMES}
    days = {name: _day(text[name], name, errors) for name in ("fra", "til")}
    places = {name: _number(given.get(name, ""), name, errors) for name in (AFTER, BEFORE)}
    if text["gruppe"] and text["gruppe"] not in GROUPS:
        errors["gruppe"] = _("This kind of event is not known. Choose one from the list.")
    if text["person"] and text["person"] != SYSTEM and not _is_key(text["person"]):
        errors["person"] = _("This person is not known. Choose one from the list.")
    if len(text["sok"]) > _LONGEST:
        errors["sok"] = _("The search is too long. Write at most 200 characters.")
    if days["fra"] and days["til"] and days["til"] < days["fra"]:
        errors["til"] = _("The last day is before the first. Swap them.")
    if errors:
        raise Unreadable(errors)
    return Wanted(text["gruppe"], text["person"], days["fra"], days["til"], text["sok"], places[AFTER], places[BEFORE])


def lines_of(client: Client, wanted: Wanted) -> QuerySet[AuditEntry]:
    """The lines of a company that are asked for, newest first. Inside its scope."""
    rows: QuerySet[AuditEntry] = AuditEntry.objects.for_client(client).order_by("-number")
    if wanted.group == OTHER:
        rows = rows.exclude(action__in=[name for name, one in ACTIONS.items() if one.group != OTHER])
    elif wanted.group:
        rows = rows.filter(action__in=actions_named(wanted.group))
    if wanted.person:
        rows = rows.filter(actor=None) if wanted.person == SYSTEM else rows.filter(actor=int(wanted.person))
    if wanted.first_day:
        rows = rows.filter(at__gte=_midnight(wanted.first_day))
    if wanted.last_day and wanted.last_day < date.max:
        rows = rows.filter(at__lt=_midnight(wanted.last_day + timedelta(days=1)))
    if wanted.text:
        rows = rows.annotate(details_text=Cast("details", TextField())).filter(
            Q(details_text__icontains=wanted.text)
            | Q(actor_name__icontains=wanted.text)
            | Q(actor_role__icontains=wanted.text)
            | Q(object_id__icontains=wanted.text)
            | Q(action__in=actions_named(text=wanted.text))
        )
    return rows


def page_of(client: Client, wanted: Wanted) -> Page:
    """The page that is asked for. One query, inside the company's scope."""
    rows = lines_of(client, wanted)
    backwards = wanted.before is not None
    if wanted.before is not None:
        rows = rows.filter(number__gt=wanted.before).order_by("number")
    elif wanted.after is not None:
        rows = rows.filter(number__lt=wanted.after)
    found = list(rows[: PAGE_ROWS + 1])
    more, found = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
    if backwards:
        found.reverse()
    if not found:
        return Page()
    newer = more if backwards else wanted.after is not None
    older = True if backwards else more
    return Page(
        [_shown(one) for one in found],
        "?" + wanted.query(**{BEFORE: found[0].number}) if newer else "",
        "?" + wanted.query(**{AFTER: found[-1].number}) if older else "",
    )


def people_of(client: Client) -> list[tuple[str, str]]:
    """Who stands in the company's log, by name: (key, name). Inside its scope."""
    actors = AuditEntry.objects.for_client(client).exclude(actor=None).order_by().values("actor").distinct()
    return [(str(one.pk), str(one)) for one in User.objects.filter(pk__in=actors).order_by("name", "pk")]


HEADER = (
    "number", "at", "person", "role", "action", "what", "told", "object_type", "object_id", "details", "previous_hash", "hash",
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(client: Client, wanted: Wanted) -> tuple[str, int, bool]:
    """The lines that are asked for as CSV, newest first, at most FILE_ROWS; how many, and whether some were left out.

    Where some were, the file's last line says so.
    """
    rows = lines_of(client, wanted)[: FILE_ROWS + 1]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    count = 0
    for entry in rows.iterator(chunk_size=2000):
        if count == FILE_ROWS:
            told = _("Only the newest %(count)d lines are in this file. Narrow the days for the rest.")
            writer.writerow([told % {"count": FILE_ROWS}])
            return out.getvalue(), count, True
        writer.writerow(_cells(entry))
        count += 1
    return out.getvalue(), count, False


def in_words(told: Iterable[Told]) -> str:
    """What a line tells, in one text."""
    return "; ".join(
        f"{one.label}: {one.before} → {one.value}" if one.before is not None else f"{one.label}: {one.value}"
        for one in told
    )


def _cells(entry: AuditEntry) -> Iterator[str]:
    shown = _shown(entry)
    texts = (
        entry.actor_name, entry.actor_role, entry.action, shown.label, in_words(shown.told), entry.object_type,
        entry.object_id, shown.raw, entry.previous_hash, entry.hash,
    )  # fmt: skip
    yield str(entry.number)
    yield timezone.localtime(entry.at).isoformat(timespec="microseconds")
    yield from (f"'{text}" if text.startswith(_FORMULA) else text for text in texts)


def _shown(entry: AuditEntry) -> Shown:
    raw = json.dumps(entry.details, ensure_ascii=False, sort_keys=True) if entry.details else ""
    return Shown(entry, str(action_of(entry.action).label), told_of(entry.action, entry.details), raw)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _day(text: str, name: str, errors: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not 1900 <= found.year <= 9998:
        errors[name] = _("This is not a day. Write it as 2026-11-24.")
        return None
    return found


def _number(text: str, name: str, errors: dict[str, str]) -> int | None:
    if text and not _is_key(text):
        errors[name] = _("This page of the log cannot be found again. Begin on the first page.")
        return None
    return int(text) if text else None


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
