"""A report as a file to keep: how it is written, what it is called, and how many rows of it can be had at once."""

from dataclasses import dataclass
from datetime import datetime

from access.models import Client
from accounting.exports import pdf, xlsx
from accounting.exports.layouts import report_table
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.item_sums import item_sums
from accounting.reports.items import OPEN_ITEMS, UNPAID_INVOICES
from accounting.reports.options import Options

FORMATS = ("xlsx", "pdf")
# What is written while somebody waits: one or two seconds of it (docs/decisions/0022-exports.md).
AT_ONCE = {"xlsx": 20_000, "pdf": 1_000}
# What is written at all: Excel's sheet ends at 1,048,576 rows, and a task after 90 seconds.
MOST = {"xlsx": 500_000, "pdf": 20_000}


@dataclass(frozen=True)
class File:
    """A file to hand out."""

    name: str
    content_type: str
    content: bytes


def report_file(client: Client, name: str, options: Options, wanted: str, *, made_by: str, made_at: datetime) -> File:
    """The report («open-items», «aged-receivables», «unpaid-invoices») as `wanted`, «xlsx» or «pdf», in the active language.

    Inside the client's scope. `made_by` is the person's name, empty where there is none. Raises pdf.PdfFailed.
    """
    table = report_table(client, name, options, made_by=made_by, made_at=made_at, grouped=wanted == "pdf")
    content_type = pdf.CONTENT_TYPE if wanted == "pdf" else xlsx.CONTENT_TYPE
    content = pdf.write_pdf(table) if wanted == "pdf" else xlsx.write_xlsx(table)
    return File(f"{table.name}.{wanted}", content_type, content)


def report_pdf(client: Client, name: str, options: Options, *, made_by: str, made_at: datetime) -> bytes:
    """The report as a PDF, the same bytes for the same books and arguments. Inside the client's scope."""
    return report_file(client, name, options, "pdf", made_by=made_by, made_at=made_at).content


def count_rows(client: Client, name: str, options: Options) -> int:
    """How many lines the report has, without reading them; of the aged report its customers. Inside the client's scope."""
    if name == "aged-receivables":
        return sum(part.customers for part in aged_receivables(client, options).currencies.values())
    return item_sums(client, options, OPEN_ITEMS if name == "open-items" else UNPAID_INVOICES).items
