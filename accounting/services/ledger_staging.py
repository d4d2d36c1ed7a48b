"""Brings a ledger CSV into a temporary table of texts, and finds the first row that a rule refuses.

COPY into the ledger itself is refused under row-level security (RECIPES); and what is wrong is found set-wise.
"""

# ruff: noqa: S608  (SQL is put together of what stands in the code; values are parameters)

import re
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
from django.db import connection, transaction

from accounting.imports.ledger_csv import FileRefused, LedgerCsv

CHUNK = 1 << 18  # bytes
AMOUNT = r"^-?[0-9]{1,16}([.][0-9]{1,2})?$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class Rule(NamedTuple):
    """What no row may be: `broken` as SQL on the row, and what is said of one that is, with the row's columns in braces."""

    broken: str
    message: str


def is_no_date(column: str) -> str:
    """SQL: the text is no date of the calendar, written as 2026-01-31."""
    return f"({column} !~ '{DAY}' OR NOT pg_input_is_valid({column}, 'date'))"


def stage(file: LedgerCsv, table: str) -> None:
    """Make the temporary table `table` from the file: texts, '' where nothing is, and `n`, the row's place from 1.

    It is gone when the transaction ends. Raises FileRefused where the file cannot be read as rows of its header.
    """
    limits = file.layout.limits
    columns = ", ".join(f"{name} varchar({limit}) NOT NULL DEFAULT ''" for name, limit in limits.items())
    given = ", ".join(file.columns)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
        cursor.execute(
            f"CREATE TEMP TABLE {table} (n bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000), {columns}) ON COMMIT DROP"
        )
        try:
            # The driver's own error is caught; Django's handling of the transaction must see it all the same.
            with transaction.atomic():
                cursor.copy_expert(
                    f"COPY {table} ({given}) FROM STDIN (FORMAT csv, ENCODING 'UTF8', FORCE_NOT_NULL ({given}))",
                    file,
                    CHUNK,
                )
        except psycopg2.DatabaseError as fault:
            if file.refused:
                raise file.refused from None
            if not isinstance(fault, psycopg2.DataError):
                raise
            raise _refusal(file, fault) from None
        cursor.execute(f"ANALYZE {table}")  # nothing else gives a temporary table statistics


def refuse_first(path: Path, table: str, rules: list[Rule]) -> None:
    """Raise FileRefused for the first row of the file that breaks a rule, and the first rule that it breaks."""
    cases = " ".join(f"WHEN {rule.broken} THEN {number}" for number, rule in enumerate(rules))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT f.n, f.fault FROM (SELECT n, CASE {cases} END AS fault FROM {table}) f"
            " WHERE f.fault IS NOT NULL ORDER BY f.n LIMIT 1"
        )
        found = cursor.fetchone()
    if found:
        number, fault = found
        raise FileRefused(path, rules[fault].message.format_map(row(table, number)), line_of(table, number))


def row(table: str, number: int) -> dict[str, Any]:
    """The row of that place by its columns, cut to what a message can hold."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE n = %s", [number])
        names = [one.name for one in cursor.description]
        return {name: str(value)[:60] for name, value in zip(names, cursor.fetchone(), strict=True)}


def line_of(table: str, number: int) -> int:
    """The file's line that the row begins on: the header is one, and a quoted text may run over several."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) + 2 + COALESCE(sum(length(t::text) - length(replace(t::text, chr(10), ''))), 0)"
            f" FROM {table} t WHERE n < %s",
            [number],
        )
        return int(cursor.fetchone()[0])


def _refusal(file: LedgerCsv, fault: psycopg2.DataError) -> FileRefused:
    """What COPY could not read, in plain words."""
    said, context = fault.diag.message_primary or "", fault.diag.context or ""
    place = re.search(r", line (\d+)(?:, column (\w+))?", context)
    line, column = (int(place[1]) + 1, place[2]) if place else (1, None)
    count = len(file.columns)
    if "extra data" in said:
        told = f"the row has more than the header's {count} columns: put a text that holds a comma in quotation marks"
    elif "missing data" in said:
        told = f"the row has fewer than the header's {count} columns: give every column, empty where nothing is"
    elif column and fault.pgcode == "22001":
        told = f"{column} has more than {file.layout.limits[column]} characters: shorten it"
    elif "carriage return" in said:
        told = "a carriage return stands alone in the row: end every line alike"
    else:
        told = f"the row cannot be read ({said}): export the file anew as CSV in UTF-8"
    return FileRefused(file.path, told, line)
