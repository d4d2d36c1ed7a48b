"""PDF: totals, page numbers, parts that join without a seam, memory that stays flat, and content that is never markup."""

import io
import json
import re
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation
from pypdf import PdfReader

from access.templatetags.figures import money
from access.tenancy import client_scope
from accounting.exports.files import report_pdf
from accounting.exports.pdf import PdfFailed, write_pdf
from accounting.exports.table import Column, Kind, Row, RowKind, Section
from accounting.exports.typesetting import typeset
from accounting.reports.options import Options
from tests.accounting.export_tables import lines, table
from tests.accounting.factories import Books

ROOT = Path(__file__).resolve().parent.parent.parent
MADE = {"made_by": "Rita Regnskap", "made_at": datetime.fromisoformat("2026-11-24T13:05:00+00:00")}


def pages_of(content):
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def plain(text):
    """Thin and hard spaces, and spaces at line ends, as a reader sees them."""
    return re.sub(r"[\s\u2009\u00a0]+", " ", text)


@pytest.fixture(autouse=True)
def norwegian():
    with translation.override("nb"):
        yield


def test_totals_page_numbers_heads_and_who_made_it():
    pages = pages_of(write_pdf(table(lines(300))))
    assert len(pages) > 3
    for no, page in enumerate(pages, 1):
        text = plain(page)
        assert f"Side {no} av {len(pages)}" in text
        assert "Laget 24.11.2026 kl. 14.05 av Rita Regnskap" in text
        assert "Bilagsdato" in text  # the head of the table is repeated
    assert "Åpne poster kunder" in plain(pages[0]) and "Per dato 24.11.2026" in plain(pages[0])
    total = sum((row.cells[5] for row in lines(300) if row.kind == RowKind.LINE), Decimal(0))
    assert plain(f"Sum 300 poster {money(2 * total)} {money(total)}") in plain(pages[-1])


@pytest.mark.parametrize("part_rows", [40, 97, 150])
def test_parts_join_without_a_seam(part_rows):
    """Set in parts, the same rows stand on the same pages as when set in one: no page is left half empty."""
    rows = [row for row in lines(400, per_customer=3) if row.kind != RowKind.GROUP]
    whole, parts = pages_of(write_pdf(table(rows))), pages_of(write_pdf(table(rows), part_rows=part_rows))
    assert [plain(page) for page in parts] == [plain(page) for page in whole]


def test_every_row_is_there_once_and_a_customer_that_runs_over_a_seam_is_named_again():
    found = pages_of(write_pdf(table(lines(600, per_customer=100)), part_rows=70))
    text = plain(" ".join(found))
    for no in range(600):
        assert len(re.findall(rf"\b{20000 + no}\b", text)) == 1
    for page in found[1:-1]:
        assert re.search(r"\b1000\d Kunde 1000\d AS\b", plain(page)), page


def test_a_customers_head_is_never_alone_at_a_pages_foot():
    for count in range(118, 130):
        for page in pages_of(write_pdf(table(lines(count, per_customer=5))))[:-1]:
            last = [line for line in page.splitlines() if line.strip()][-2]  # above the foot
            assert "poster" not in last, page


def test_the_same_table_gives_the_same_bytes():
    for part_rows in (1000, 60):
        assert write_pdf(table(lines(150)), part_rows=part_rows) == write_pdf(table(lines(150)), part_rows=part_rows)


MARKUP = (
    "#strong[fet]", "$x^2$", "= Overskrift", "*fet* _kursiv_", '#read("/etc/passwd")', "<b>fet</b>", "`kode`", "@referanse",
    "#include \"x.typ\"", "\\u{41}", "// kommentar", "ÆØÅ æøå ß é ü Č ž", "- punkt", "1. punkt", "]]#[[", "~---...",
)  # fmt: skip


def test_what_looks_like_markup_is_printed_as_it_is():
    columns = (Column("navn", "#emph[Navn]", Kind.TEXT, 40), Column("belop", "Beløp", Kind.MONEY, 14))
    rows = [Row((text, Decimal("1.00"))) for text in MARKUP]
    rows += [Row((text, Decimal("2.00")), RowKind.GROUP) for text in MARKUP] + [
        Row(("$sum$", Decimal("3.00")), RowKind.TOTAL)
    ]
    sections = (Section("#title", rows, notes=MARKUP),)
    hostile = table(
        rows, columns=columns, company="#panic()", title="= $tittel$", made="#made", facts=(("#navn", "$verdi$"),),
        notes=MARKUP, sections=sections,
    )  # fmt: skip
    text = plain(" ".join(pages_of(write_pdf(hostile))))
    for one in (*MARKUP, "#emph[Navn]", "#panic()", "= $tittel$", "#made", "$verdi$", "#title", "$sum$"):
        assert plain(one) in text, one
    assert "root:" not in text


def test_a_path_outside_the_folder_is_refused(tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    folder = tmp_path / "folder"
    folder.mkdir()
    data = {"path": "../secret.json", "marks": False, "tagged": False}
    (folder / "data.json").write_text(json.dumps(data))
    with pytest.raises(RuntimeError, match=r"outside|access|root"):
        typeset(folder)
    assert not (folder / "part.pdf").exists()


def test_what_cannot_be_set_is_said():
    with pytest.raises(PdfFailed, match="lang"):
        write_pdf(table(lines(3), language="ikke et språk"))


def test_long_words_and_many_columns_stay_on_the_sheet():
    columns = tuple(Column(f"k{no}", f"Kolonne {no}", Kind.MONEY, 14) for no in range(24))
    rows = [Row(tuple(Decimal("-1234567890.12") for _ in columns))]
    (page,) = PdfReader(io.BytesIO(write_pdf(table(rows, columns=columns)))).pages
    assert page.mediabox.width > page.mediabox.height > 800  # A3 on its side
    assert plain(page.extract_text()).count("−1 234 567 890,12") == 24
    word = "9" * 120
    content = write_pdf(table([Row((word, "x", None, None, None, None))]))
    assert pages_of(content)[0].replace("\n", "").replace("\u200b", "").replace(" ", "").count(word) == 1


_MEASURE = """
import re, resource, sys
sys.path.insert(0, {root!r})
import django
django.setup()
from tests.accounting.export_tables import lines, table
from accounting.exports.pdf import write_pdf
content = write_pdf(table(lines(10_000)))
# What getrusage says of a process begins with what its parent had, which here is the tests.
own = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
import io, pypdf
print(own, children, len(pypdf.PdfReader(io.BytesIO(content)).pages))
"""


def test_ten_thousand_rows_take_less_than_400_mb():
    """Of the process that joins them and of the largest that sets a part, both together."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE.format(root=str(ROOT))], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    own, children, pages = map(int, done.stdout.split())
    assert pages > 100
    assert own + children < 400, (own, children)


@pytest.mark.django_db
class TestReports:
    @pytest.fixture
    def books(self, make_client):
        books = Books(make_client())
        books.period("2026-01-01", "2026-12-31")
        books.control("1500", "2026-01-01", "2200.00")
        owed = books.invoice("10", "2026-01-10", "1000.00", due="2026-01-24", invoice_number="77")
        books.paid(owed, "2026-04-12", "300.00")
        books.customer("9", name="#strong[Ærlig] & Sønn $AS$")
        books.invoice("9", "2026-03-01", "1150.00", due="2026-04-15", currency="EUR", currency_amount="100.00")
        books.payment("9", "2026-03-02", "50.00")
        return books

    def text(self, books, name, **options):
        with client_scope(books.client, read_only=True):
            content = report_pdf(books.client, name, Options(as_of=date(2026, 6, 30), **options), **MADE)
            assert content == report_pdf(books.client, name, Options(as_of=date(2026, 6, 30), **options), **MADE)
        return plain(" ".join(pages_of(content)))

    def test_open_items_stand_under_their_customers_with_a_sum_for_each(self, books):
        text = self.text(books, "open-items")
        assert "Furuly Lys AS" in text and "Regnskapsvaluta (NOK)" in text
        assert "9 #strong[Ærlig] & Sønn $AS$ · 2 poster 1 100,00 1 100,00" in text
        assert "10 Kunde 10 · 1 post 1 000,00 700,00" in text
        assert "Sum 3 åpne poster 2 100,00 1 800,00" in text
        assert "−50,00" in text
        assert "Slik det sto i regnskapet ved utgangen av 30.06.2026." in text

    def test_the_aged_report_has_totals_shares_and_its_reconciliation(self, books):
        text = self.text(books, "aged-receivables")
        assert "Sum 2 kunder" in text and "1 800,00" in text and "Andel av sum" in text and "100,0 %" in text
        assert "Stemmer ikke med konto 1500. Kundereskontro 1 800,00, konto 1500 2 200,00, differanse −400,00." in text

    def test_unpaid_invoices_in_their_own_currencies_have_a_sum_each(self, books):
        from accounting.reports.options import Currency

        text = self.text(books, "unpaid-invoices", currency=Currency.ORIGINAL)
        assert "Sum 1 faktura 100,00 100,00" in text and "Sum 1 faktura 1 000,00 700,00" in text
        assert "EUR" in text and "1 800,00" not in text

    def test_a_company_with_nothing_open_has_its_report_too(self, make_client):
        books = Books(make_client("310011118", "Tom AS"))
        for name in ("open-items", "aged-receivables", "unpaid-invoices"):
            assert "Tom AS" in self.text(books, name)
