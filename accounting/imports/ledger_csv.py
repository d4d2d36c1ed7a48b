"""Reads a ledger CSV as PostgreSQL's COPY takes it: the header is judged here, the rows are streamed on as they are."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from accounting.imports.counted import Told, untold
from accounting.imports.refusal import FileRefused

LONGEST_LINE = 1 << 20  # bytes; what memory one line may take
# A whole field in quotation marks, those inside it doubled; line ends may stand in it.
_TEXT = re.compile(rb'(?:^|(?<=,))"[^"]*(?:""[^"]*)*"(?=,|\r?$)', re.MULTILINE)
_END_OF_DATA = re.compile(rb"^\\\.\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Layout:
    """The columns of a file (INTERFACES: «Ledger CSV»), in any order, and how long a text each may hold."""

    required: dict[str, int]
    optional: dict[str, int]

    @property
    def limits(self) -> dict[str, int]:
        """All columns with the most characters of each."""
        return self.required | self.optional


# Amounts and dates have room for what is wrong with them, so that it can be shown.
ENTRIES = Layout(
    {
        "entry_id": 300, "customer_number": 40, "customer_name": 300, "organisation_number": 40, "kind": 60,
        "voucher_number": 100, "invoice_number": 100, "kid": 100, "entry_date": 60, "due_date": 60, "currency": 60,
        "amount": 60, "currency_amount": 60,
    },
    {
        "country": 60, "private_person": 60, "department": 60, "project": 60, "disputed": 60, "in_collection": 60,
    },
)  # fmt: skip
MATCHES = Layout(
    {"debit_entry_id": 300, "credit_entry_id": 300, "amount": 60, "matched_on": 60},
    {"debit_currency_amount": 60, "credit_currency_amount": 60},
)


class LedgerCsv:
    """One file, open for COPY: `columns` in its own order, and `read` for the rows after the header.

    Opening it raises FileRefused where the header is not of the layout. `read` keeps a refusal in `refused` besides
    raising it, because the database driver hides what is raised while it reads. Memory is one chunk. `progress` is told
    how many bytes of how many were read.
    """

    def __init__(self, path: Path, layout: Layout, progress: Told = untold) -> None:
        self.path, self.layout, self.progress = path, layout, progress
        self.refused: FileRefused | None = None
        self._line = 1  # how many lines were read
        self._held_back = b""
        try:
            self._file = path.open("rb")
            self._size = path.stat().st_size
        except OSError as fault:
            raise FileRefused(path, f"the file cannot be read ({fault.strerror}): give another") from None
        try:
            self.columns = self._header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """Whole lines of about `size` bytes, ended by line feeds; nothing at the end of the file.

        Empty lines at the end are left out; empty lines elsewhere are for COPY to refuse.
        """
        while chunk := self._lines(size):
            self._check(chunk)
            self.progress(self._file.tell(), self._size)
            self._line += chunk.count(b"\n")
            rows = self._held_back + chunk.replace(b"\r\n", b"\n")
            kept = rows.rstrip(b"\n")
            self._held_back = rows[len(kept) :]
            if kept:
                return kept
        return b""

    def _lines(self, size: int) -> bytes:
        """Whole lines, and whole rows: as many more as it takes to close a text that runs over several."""
        chunk = self._file.read(size)
        chunk += self._file.readline(LONGEST_LINE)
        rest, left, inside = [], LONGEST_LINE, chunk.count(b'"') % 2
        while inside and left > 0 and (line := self._file.readline(LONGEST_LINE)):
            rest.append(line)  # joined once: a text of a million short lines would take minutes
            left -= len(line)
            inside ^= line.count(b'"') % 2
        chunk += b"".join(rest)
        if not chunk.endswith(b"\n") and self._file.peek(1):
            self._refuse_at(chunk, "the line is longer than a million characters: end every row's line")
        return chunk

    def _header(self) -> list[str]:
        line = self._file.readline(LONGEST_LINE)
        self._line = 0
        self._check(line)
        self._line = 1
        text = line.decode("utf-8-sig").strip("\r\n")
        if not text.strip():
            self._refuse(f"the header is missing: the first line names the columns {', '.join(self.layout.required)}")
        try:
            columns = [name.strip() for name in next(csv.reader([text]))]
        except csv.Error:
            self._refuse(
                "the header cannot be read: name the columns between commas, and end every line with a line feed"
            )
        missing = [name for name in self.layout.required if name not in columns]
        unknown = [name for name in columns if name not in self.layout.limits]
        if missing and ";" in text and "," not in text:
            self._refuse("the columns are separated by semicolons: separate them by commas")
        if missing:
            self._refuse(f"the header has no column {', '.join(missing)}: add it, empty where there is nothing to say")
        if unknown:
            named = ", ".join(name[:40] or "(without a name)" for name in unknown)
            known = ", ".join(self.layout.limits)
            self._refuse(f"the header has a column that is not known, {named}: leave it out; known are {known}")
        twice = [name for name in self.layout.limits if columns.count(name) > 1]
        if twice:
            self._refuse(f"the header has the column {twice[0]} twice: leave one out")
        return columns

    def _check(self, chunk: bytes) -> None:
        """Raise FileRefused for what PostgreSQL would take for something else, or not name the line of."""
        if b"\0" in chunk:
            self._refuse_at(
                chunk[: chunk.index(b"\0")], "the file holds a zero byte, so it is no text: export it as CSV in UTF-8"
            )
        try:
            chunk.decode()
        except UnicodeDecodeError as fault:
            self._refuse_at(chunk[: fault.start], "the text is not UTF-8: save the file as CSV in UTF-8")
        # Before PostgreSQL 18 this ended the data, and the rest of the file would be lost without a word.
        if b"\\." in chunk and (found := _END_OF_DATA.search(chunk)):
            self._refuse_at(chunk[: found.start()], "the line is no row: remove it")
        # PostgreSQL would take it for the beginning or the end of a text, and rows between two of them for one.
        if b'"' in chunk and b'"' in _TEXT.sub(b"", chunk):
            rest = _TEXT.sub(lambda text: b"\n" * text[0].count(b"\n"), chunk)
            told = (
                "a quotation mark stands inside a text, or is never closed: put the whole text in quotation marks, and"
            )
            self._refuse_at(rest[: rest.index(b'"')], f"{told} double those inside it")

    def _refuse_at(self, before: bytes, message: str) -> NoReturn:
        self._refuse(message, before.count(b"\n") + 1)

    def _refuse(self, message: str, after: int = 0) -> NoReturn:
        self.refused = FileRefused(self.path, message, max(self._line + after, 1))
        raise self.refused
