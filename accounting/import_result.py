"""An import as the page shows it: how it stands, how far it has come, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import Client, User
from access.privileges import IMPORT
from access.templatetags.figures import count
from accounting.import_words import WARNINGS, in_words
from accounting.imports.progress import Reached, reached
from accounting.imports.received import MEGABYTE
from accounting.models import UNDER_WAY, ImportKind, ImportRun, ImportStatus

COLORS = {
    ImportStatus.WAITING: "info",
    ImportStatus.RUNNING: "info",
    ImportStatus.DONE: "success",
    ImportStatus.REFUSED: "danger",
    ImportStatus.FAILED: "danger",
}


_NEW = ("customers", "entries", "matches", "receipts")


@dataclass(frozen=True)
class File:
    """A file that was given."""

    name: str
    size: str
    sha256: str


@dataclass(frozen=True)
class Count:
    """How many of something."""

    label: str
    number: int


@dataclass(frozen=True)
class Totals:
    """A currency's sums in the file; None where the file gives none."""

    currency: str
    opening: Decimal | None
    debit: Decimal | None
    credit: Decimal | None
    closing: Decimal | None


@dataclass(frozen=True)
class Oddity:
    """Warnings of one code: what the code means, and each with its place."""

    code: str
    meaning: str
    lines: list[tuple[str, str]]
    more: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a file was not taken, and where in it."""

    file: str
    line: int | None
    message: str


@dataclass
class Result:
    """What the templates show. Of a run that lives: `percent` None where nobody knows how far it has come."""

    pk: int
    kind: str
    status: str
    label: str
    color: str
    lives: bool
    who: str
    created_at: datetime
    finished_at: datetime | None
    files: list[File]
    brought: str
    heading: str
    told: str = ""
    percent: int | None = None
    counts: list[Count] = field(default_factory=list)
    totals: list[Totals] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    founded: Client | None = None
    other_company: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it was imported."""
        return self.status == ImportStatus.DONE

    @property
    def is_failed(self) -> bool:
        """Whether it ended by a fault that is not the file's."""
        return self.status == ImportStatus.FAILED

    @property
    def names(self) -> str:
        """Its files in a line."""
        first = ", ".join(one.name for one in self.files[:2])
        more = len(self.files) - 2
        return first if more <= 0 else _("%(first)s and %(more)s more") % {"first": first, "more": more}


def result_of(run: ImportRun, person: User | None = None, *, live: bool = False) -> Result:
    """The run for a line of the history; with `live` for its own page, which asks Valkey and a row or two more."""
    summary = run.summary or {}
    result = Result(
        pk=run.pk,
        kind=str(ImportKind(run.kind).label),
        status=run.status,
        label=str(ImportStatus(run.status).label),
        color=COLORS[ImportStatus(run.status)],
        lives=run.under_way,
        who=str(run.by) if run.by else "",
        created_at=run.created_at,
        finished_at=run.finished_at,
        files=[File(one["name"], size_of(one["size"]), one["sha256"]) for one in run.files],
        brought=_brought(run, summary),
        heading=str(_heading(run, summary)),
        counts=_counts(summary),
        totals=[_totals(code, sums) for code, sums in summary.get("totals", {}).items()],
        oddities=_oddities(summary.get("warnings", [])),
        refusals=[_refusal(one) for one in run.refusals],
    )
    if live:
        _add_live(result, run, person)
    return result


def size_of(size: int) -> str:
    """A file's size as people read it."""
    if size < 1024:
        return f"{size} B"
    if size < MEGABYTE:
        return f"{size // 1024} kB"
    return f"{localize(Decimal(size * 10 // MEGABYTE).scaleb(-1))} MB"


def _add_live(result: Result, run: ImportRun, person: User | None) -> None:
    if run.under_way:
        rows = ImportRun.objects.for_client(run.client_id)
        if run.status == ImportStatus.WAITING and rows.filter(pk__lt=run.pk, status__in=UNDER_WAY).exists():
            result.told = _("It waits for another import of the company.")
        elif run.status == ImportStatus.WAITING:
            result.told = _("It begins in a moment.")
        else:
            result.percent, result.told = _progress(run, reached(run.pk))
    elif run.founded:
        result.founded = Client.objects.filter(organisation_number=run.founded).first()
    elif run.status == ImportStatus.REFUSED and run.kind == ImportKind.SAFT:
        result.other_company = _own_elsewhere(run, person)


def _own_elsewhere(run: ImportRun, person: User | None) -> str:
    """The number of the company that a refused file is of, where this person may import there herself; else nothing."""
    for refusal in run.refusals:
        _before, _found, rest = refusal["message"].partition("the file is of company ")
        known = Client.objects.filter(organisation_number=rest.partition(":")[0]).first() if rest else None
        if known and person and person.has_perm(IMPORT, known):
            return known.organisation_number
    return ""


def _progress(run: ImportRun, far: Reached | None) -> tuple[int | None, str]:
    if far is None or far.total <= 0:
        return None, _("The file is being read.")
    if far.done >= far.total:
        return None, _("Everything is read. It is being compared with the books and entered.")
    percent = far.done * 100 // far.total
    if run.kind in (ImportKind.SAFT, ImportKind.LEDGER):
        told = _("%(done)s of %(total)s read")
        return percent, told % {"done": size_of(far.done), "total": size_of(far.total)}
    told = _("File %(done)s of %(total)s")
    return percent, told % {"done": far.done, "total": far.total}


def _heading(run: ImportRun, summary: dict[str, Any]) -> str | Promise:
    if run.status == ImportStatus.WAITING:
        return _("The import waits its turn")
    if run.status == ImportStatus.RUNNING:
        return _("The import is under way")
    if run.status == ImportStatus.FAILED:
        return _("The import failed, and nothing of it was entered")
    if run.status == ImportStatus.REFUSED:
        return ngettext(
            "The file was refused, and nothing of it was entered",
            "The files were refused, and nothing of them was entered",
            len(run.files),
        )
    if not any(one.get("created") for one in (summary.get(name, {}) for name in _NEW)):
        return _("Imported: everything was here already")
    return _("Imported")


def _brought(run: ImportRun, summary: dict[str, Any]) -> str:
    """In a few words for the history."""
    if run.status == ImportStatus.DONE:
        entries = summary.get("entries", {})
        created, unchanged = int(entries.get("created", 0)), int(entries.get("unchanged", 0))
        told = ngettext("%(number)s new entry", "%(number)s new entries", created) % {"number": count(created)}
        if unchanged:
            told += ", " + _("%(number)s unchanged") % {"number": count(unchanged)}
        return told
    if run.refusals:
        return _refusal(run.refusals[0]).message
    return ""


def _counts(summary: dict[str, Any]) -> list[Count]:
    labels = {
        ("customers", "created"): _("New customers"),
        ("customers", "updated"): _("Updated customers"),
        ("customers", "unchanged"): _("Unchanged customers"),
        ("entries", "created"): _("New entries"),
        ("entries", "unchanged"): _("Unchanged entries"),
        ("matches", "created"): _("New matches"),
        ("receipts", "created"): _("New payments"),
        ("receipts", "unchanged"): _("Payments told of before"),
        ("receipts", "specified"): _("Sums specified in another file"),
        ("receipts", "waiting"): _("Unidentified payments"),
    }
    return [Count(label, int(summary[of][what])) for (of, what), label in labels.items() if what in summary.get(of, {})]


def _totals(currency: str, sums: dict[str, Any]) -> Totals:
    def amount(name: str) -> Decimal | None:
        return Decimal(sums[name]) if sums.get(name) is not None else None

    return Totals(currency, amount("opening"), amount("debit"), amount("credit"), amount("closing"))


def _oddities(warnings: Iterable[dict[str, str]]) -> list[Oddity]:
    by_code: dict[str, list[dict[str, str]]] = {}
    for one in warnings:
        by_code.setdefault(one["code"], []).append(one)
    found = []
    for code, those in by_code.items():
        counted = [one for one in those if not one["where"] and one["message"].endswith(" more of the same")]
        lines = [(in_words(one["where"]), in_words(one["message"])) for one in those if one not in counted]
        meaning = str(WARNINGS.get(code, code))
        found.append(Oddity(code, meaning, lines, in_words(counted[0]["message"]) if counted else ""))
    return found


def _refusal(stored: dict[str, Any]) -> Refusal:
    line = stored.get("line")
    return Refusal(stored.get("file", ""), line if line and line > 1 else None, in_words(stored["message"]))
