"""A table as a PDF: set in parts by processes of their own, so that memory stays flat, and joined with its page numbers.

docs/decisions/0022-exports.md has the figures. The table's content goes to Typst as data and is never markup.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from pypdf import PdfReader, PdfWriter

from access.templatetags.figures import DASH, MINUS, money, percent
from accounting.exports.table import Cell, Column, Kind, RowKind, Table

CONTENT_TYPE = "application/pdf"
# Typst wants some 160 kB a row: so many at a time stay below 250 MB.
PART_ROWS = 1000
SECONDS = 60  # for one part, which takes one or two

_FONT_SIZE, _SMALLEST = 9.0, 6.5
# How many characters of digits stand beside one another at 9 points on the sheets, narrow to wide.
_SHEETS = (("a4", False, 98), ("a4", True, 150), ("a3", True, 222))
_ZERO_WIDTH = "\u200b"


class PdfFailed(Exception):
    """A part could not be set; the message is Typst's."""


@dataclass
class _Part:
    """Pieces of the stream that are set together: `pages` of them are whole when the next part begins."""

    pieces: list[dict[str, Any]] = field(default_factory=list)
    pages: int = 0


def write_pdf(table: Table, *, part_rows: int = PART_ROWS) -> bytes:
    """The whole table; the same table gives the same bytes. Raises PdfFailed, TimeoutExpired."""
    pieces = list(_pieces(table))
    look = _look(table, pieces)
    with tempfile.TemporaryDirectory(prefix="regnskap-pdf-") as folder:
        setter = _Setter(Path(folder), look)
        if len(pieces) <= part_rows:
            # Small enough for the tags that a screen reader wants, which joining would lose.
            return setter.pdf(pieces, first=1, total=0, opening=True, tagged=True)
        parts = _parts(pieces, part_rows, setter)
        total, first, writer = sum(part.pages for part in parts), 1, PdfWriter()
        for part in parts:
            found = setter.pdf(part.pieces, first=first, total=total, opening=first == 1, tagged=False)
            writer.append(PdfReader(BytesIO(found)), import_outline=False)
            first += part.pages
    return _joined(writer, table)


def _joined(writer: PdfWriter, table: Table) -> bytes:
    writer.compress_identical_objects(remove_unreferenced=True)  # each part brought its own fonts
    writer.metadata = {"/Title": table.title, "/Author": table.company, "/Producer": "Typst, pypdf"}
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _parts(pieces: list[dict[str, Any]], part_rows: int, setter: "_Setter") -> list[_Part]:
    """Cut where a page ends: what stands on a part's last page begins the next part, so that no page is left half empty."""
    parts: list[_Part] = []
    waiting, at = list[dict[str, Any]](), 0
    while waiting or at < len(pieces):
        taken = waiting + pieces[at : at + part_rows - len(waiting)]
        at += part_rows - len(waiting)
        pages = setter.pages(taken, opening=not parts)
        last = max(pages.values())
        if at >= len(pieces):
            parts.append(_Part(taken, last))
            break
        cut = next(no for no, piece in enumerate(taken) if pages[piece["no"]] == last)
        if cut == 0:  # all of it on one page: the next part would be no shorter
            parts.append(_Part(taken, last))
            waiting = []
            continue
        parts.append(_Part(taken[:cut], last - 1))
        waiting = _continued(taken, cut)
    return parts


def _continued(taken: list[dict[str, Any]], cut: int) -> list[dict[str, Any]]:
    """What comes after the cut, under the head of its customer where the cut went through her items."""
    rest = taken[cut:]
    if rest[0]["kind"] != RowKind.LINE:
        return rest
    for piece in reversed(taken[:cut]):
        if piece["kind"] == RowKind.GROUP:
            return [{**piece, "no": f"{piece['no']}+"}, *rest]
        if piece["kind"] != RowKind.LINE:
            break
    return rest


class _Setter:
    """Has parts set by child processes in one folder."""

    def __init__(self, folder: Path, look: dict[str, Any]) -> None:
        self.folder, self.look = folder, look

    def pdf(self, pieces: list[dict[str, Any]], *, first: int, total: int, opening: bool, tagged: bool) -> bytes:
        self._run({"first": first, "total": total, "opening": opening, "tagged": tagged, "marks": False}, pieces)
        return (self.folder / "part.pdf").read_bytes()

    def pages(self, pieces: list[dict[str, Any]], *, opening: bool) -> dict[Any, int]:
        """The page, from 1, on which each piece begins."""
        self._run({"first": 1, "total": 1, "opening": opening, "tagged": False, "marks": True}, pieces)
        found: dict[Any, int] = {}
        for no, page in json.loads((self.folder / "pages.json").read_bytes()):
            found.setdefault(no, page)
        return found

    def _run(self, how: dict[str, Any], pieces: list[dict[str, Any]]) -> None:
        content = {**self.look, **how, **_arranged(pieces)}
        (self.folder / "data.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "accounting.exports.typesetting", str(self.folder)],
            cwd=Path(__file__).resolve().parent.parent.parent,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise PdfFailed(done.stderr.decode(errors="replace")[-2000:])


def _arranged(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    """The stream as sections and closing notes; a part may begin in the midst of a section, which then has no title."""
    sections: list[dict[str, Any]] = []
    closing: list[dict[str, Any]] = []
    for piece in pieces:
        kind = piece["kind"]
        if kind == "closing":
            closing.append(piece)
            continue
        if kind == "section" or not sections:
            titled = kind == "section" and piece["text"]
            sections.append({"title": titled or None, "no": piece["no"], "rows": [], "notes": []})
        if kind == "note":
            sections[-1]["notes"].append(piece)
        elif kind != "section":
            sections[-1]["rows"].append(piece)
    return {"sections": sections, "closing": closing}


def _pieces(table: Table) -> Iterator[dict[str, Any]]:
    no = 0
    for section in table.sections:
        if section.title or no:
            yield {"kind": "section", "no": no, "text": section.title}
            no += 1
        for row in section.rows:
            pairs = zip(row.cells, table.columns, strict=True)
            yield {"kind": row.kind.value, "no": no, "cells": [_said(cell, row.kind, column) for cell, column in pairs]}
            no += 1
        for text in section.notes:
            yield {"kind": "note", "no": no, "text": text}
            no += 1
    for text in table.notes:
        yield {"kind": "closing", "no": no, "text": text}
        no += 1


def _said(value: Cell, row: RowKind, column: Column) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        if row == RowKind.SHARE:
            return percent(value)
        return DASH if row == RowKind.LINE and not value else money(value)  # as on the page
    if isinstance(value, date):
        return date_format(value, "d.m.Y")
    if isinstance(value, int):
        return str(value).replace("-", MINUS)
    return _breakable(value, column.width) if row == RowKind.LINE else value


def _breakable(text: str, width: int) -> str:
    """A word that is longer than its column may be broken."""
    words = text.split(" ")
    if all(len(word) <= width for word in words):
        return text
    return " ".join(
        word if len(word) <= width else _ZERO_WIDTH.join(word[at : at + 6] for at in range(0, len(word), 6))
        for word in words
    )


def _look(table: Table, pieces: list[dict[str, Any]]) -> dict[str, Any]:
    """Sheet, size and widths: as wide as the content is, on the smallest sheet that it fits."""
    widths = [max(map(len, column.label.split(" "))) for column in table.columns]
    for piece in pieces:
        for no, text in enumerate(piece.get("cells", ())):
            # A head and a sum run over the empty cells beside them.
            if len(text) > widths[no] and (no or piece["kind"] == RowKind.LINE):
                widths[no] = len(text)
    columns = [
        replace(column, width=(min(width, column.width) if column.kind == Kind.TEXT else width) + 2)
        for column, width in zip(table.columns, widths, strict=True)
    ]
    wanted = sum(column.width for column in columns)
    paper, flipped, room = next((sheet for sheet in _SHEETS if wanted <= sheet[2] * 1.1), _SHEETS[-1])
    return {
        "title": table.title,
        "company": table.company,
        "organisation_number": table.organisation_number,
        "facts": table.facts,
        "running": " · ".join(value for _name, value in table.facts[:1]),
        "made": table.made,
        "lang": table.language,
        "page_words": _("Page {page} of {pages}"),
        "columns": [{"label": one.label, "kind": one.kind.value, "width": one.width} for one in columns],
        "paper": paper,
        "flipped": flipped,
        "size": round(max(min(_FONT_SIZE, _FONT_SIZE * room / wanted), _SMALLEST), 2),
    }
