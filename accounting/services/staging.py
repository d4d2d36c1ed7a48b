"""Fills temporary tables by COPY, which the application's role may not do into the companies' own tables.

Under row-level security PostgreSQL refuses COPY FROM; a temporary table has no such wall, and INSERT … SELECT from it
passes the wall of the table it goes to.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection

_ROWS = 1000  # made into one piece of text
_PIECE = 2**20
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def make_table(name: str, columns: dict[str, str]) -> None:
    """An empty temporary table that lasts for the transaction; one of that name from an earlier import in it goes."""
    written = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({written}) ON COMMIT DROP")


def copy_rows(name: str, rows: Iterable[Sequence[Any]]) -> None:
    """Append rows of texts, numbers, dates, truths and None, in the order of the table's columns.

    What making the rows raises comes out as it is, not as PostgreSQL tells it; the transaction has failed then.
    """
    text = _Text(iter(rows))
    try:
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {name} FROM STDIN", text, _PIECE)
    except Exception:
        if text.fault is not None:
            raise text.fault from None
        raise


def analyse(name: str) -> None:
    """Give the planner its size: without it every table counts as small, and joins go row by row."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {name}")


class _Text:
    """Rows as COPY's text, to be read piece by piece."""

    def __init__(self, rows: Iterator[Sequence[Any]]) -> None:
        self.rows = rows
        self.rest = ""
        self.fault: Exception | None = None

    def read(self, size: int) -> str:
        """At most `size` characters; nothing at the end."""
        try:
            while len(self.rest) < size:
                piece = "".join("\t".join(map(_written, row)) + "\n" for row in islice(self.rows, _ROWS))
                if not piece:
                    break
                self.rest += piece
        except Exception as fault:
            self.fault = fault
            raise
        found, self.rest = self.rest[:size], self.rest[size:]
        return found


def _written(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPED)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (Decimal, date, int)):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be staged")
