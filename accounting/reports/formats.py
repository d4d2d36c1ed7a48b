"""The reports by their names on the command line, and each written as JSON or CSV."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any, Protocol

from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.open_items import open_items
from accounting.reports.unpaid_invoices import unpaid_invoices


class Report(Protocol):
    """What every report can be turned into."""

    def as_json(self) -> dict[str, Any]: ...

    def table(self) -> tuple[tuple[str, ...], Any]: ...


REPORTS: dict[str, Callable[..., Report]] = {
    "open-items": open_items,
    "aged-receivables": aged_receivables,
    "unpaid-invoices": unpaid_invoices,
}

# A spreadsheet takes a cell that begins so for a formula.
# Line feeds and NUL are skipped by some before they look; the full-width signs are read as the narrow ones by others.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
_TEXT = {"entry_id", "customer_number", "customer_name", "voucher_number", "invoice_number", "kid"}


def json_text(report: Report) -> str:
    """The report as INTERFACES writes it in JSON, with a line end."""
    return json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n"


def csv_text(report: Report) -> str:
    """Comma, decimal point, the JSON names as header; absent is empty, true and false are words.

    A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers never do.
    """
    header, rows = report.table()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    text = [name in _TEXT for name in header]
    writer.writerows([_cell(value, is_text) for value, is_text in zip(row, text, strict=True)] for row in rows)
    return out.getvalue()


def _cell(value: Any, is_text: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}" if is_text and str(value).startswith(_FORMULA) else str(value)


WRITERS: dict[str, tuple[Callable[[Report], str], str]] = {
    "json": (json_text, "application/json"),
    "csv": (csv_text, "text/csv; charset=utf-8"),
}
