"""A report as a table that any file format can be written from: head, columns, rows, sums, and what stands below."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """What a column's cells are. Money has two places and no currency of its own: the section's, or a column's beside it."""

    TEXT = "text"
    MONEY = "money"
    DATE = "date"
    NUMBER = "number"


Cell = str | Decimal | date | int | None


@dataclass(frozen=True)
class Column:
    """A column: its name in an address, what stands above it, and its width in characters of ordinary text."""

    key: str
    label: str
    kind: Kind = Kind.TEXT
    width: int = 12


class RowKind(StrEnum):
    """What a row is: one of the table's lines, the head of those that follow, a sum, or percents of a sum."""

    LINE = "line"
    GROUP = "group"
    TOTAL = "total"
    SHARE = "share"


@dataclass(frozen=True)
class Row:
    """One row, a cell for each column; the text in its first cell may run over the empty ones after it.

    A text is a text wherever it stands, None an empty cell. In a row of kind SHARE a Decimal is percent.
    """

    cells: tuple[Cell, ...]
    kind: RowKind = RowKind.LINE


@dataclass(frozen=True)
class Section:
    """Rows under one heading, empty where there is only one: nothing is summed over sections. `rows` is read once.

    `notes` are lines of text right below them.
    """

    title: str
    rows: Iterable[Row]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """What is written to a file, in words already: nothing here is looked up or translated any more.

    `facts` are names and values that stand in the head (date, options, filters); `notes` stand below everything;
    `made` says when it was made, and by whom. `name` is the sheet's and the file's, without a suffix.
    """

    name: str
    title: str
    company: str
    organisation_number: str
    facts: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    made: str
    language: str = "nb"

    @property
    def wide(self) -> bool:
        """Whether it wants a sheet of A4 on its side."""
        return sum(column.width for column in self.columns) > 84
