"""Excel and CSV: typed cells, text never a formula, and the page's figures to the øre for 10,000 rows."""

import csv
import io
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from access.tenancy import client_scope
from accounting.exports.files import report_file
from accounting.exports.table import Column, Kind, Row, RowKind
from accounting.exports.xlsx import write_xlsx
from accounting.models import LedgerEntry
from accounting.reports.formats import csv_text
from accounting.reports.item_line import line_of
from accounting.reports.items import OPEN_ITEMS, page_of_items
from accounting.reports.open_items import open_items
from accounting.reports.options import Options
from accounting.reports.pages import columns_of
from accounting.services.statistics import analyse_ledger
from tests.accounting.export_tables import lines, table
from tests.accounting.factories import Books, day

MADE = {"made_by": "Rita Regnskap", "made_at": datetime.fromisoformat("2026-11-24T13:05:00+00:00")}
PAGES = {
    "open-items": "rapporter/apne-poster/",
    "aged-receivables": "rapporter/aldersfordelt/",
    "unpaid-invoices": "fakturaer/ubetalte/",
}
AS_OF = date(2026, 6, 30)


def sheet_of(content):
    return openpyxl.load_workbook(io.BytesIO(content)).active


def xml_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as folder:
        return folder.read("xl/worksheets/sheet1.xml").decode()


def body(sheet):
    """The rows below the frozen head, as far as the first empty one."""
    first = int(sheet.freeze_panes[1:])
    rows = []
    for row in sheet.iter_rows(min_row=first, values_only=True):
        if not any(cell is not None for cell in row):
            break
        rows.append(row)
    return rows


def money(value):
    """A cell as the øre it shows."""
    assert isinstance(value, int | float), value
    return Decimal(str(value)).quantize(Decimal("0.01"))


def many(books, count):
    """A ledger of `count` entries, all open, in one go: 40 customers, one in seven a payment."""
    customers = [books.customer(str(10000 + no), f"Kunde {no} Ærlig & Sønn <AS>") for no in range(40)]
    entries = []
    for no in range(count):
        credit = no % 7 == 6
        amount = Decimal((no * 7919) % 9_999_989 + 1).scaleb(-2) * (-1 if credit else 1)
        entries.append(
            LedgerEntry(
                client=books.client, customer=customers[no % 40], entry_id=f"m{no}", source="own",
                kind="payment" if credit else "invoice", entry_date=date(2026, 1 + no % 5, 1 + no % 28),
                due_date=None if credit else date(2026, 2 + no % 7, 1 + no % 28), voucher_number=str(no),
                invoice_number="" if credit else str(50000 + no), kid=f"00{no}", currency="NOK", amount=amount,
                open_amount=amount, currency_amount=amount, open_currency_amount=amount,
            )
        )  # fmt: skip
    with client_scope(books.client):
        LedgerEntry.objects.for_client(books.client).bulk_create(entries)
        analyse_ledger(count)


@pytest.mark.django_db
def test_excel_and_csv_equal_the_page_to_the_ore_for_ten_thousand_rows(make_client, make_member, client):
    books = Books(make_client())
    many(books, 10_000)
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    address = f"/klient/310000000/{PAGES['open-items']}"
    shown, position, options = [], None, Options(as_of=AS_OF)
    with client_scope(books.client, read_only=True):  # the page's own content, page by page, without its HTML
        while position or not shown:
            found, _before, position = page_of_items(books.client, options, OPEN_ITEMS, position)
            shown += [
                (item.voucher_number, item.invoice_number, item.kid, item.amount, item.open_amount)
                for item in (line_of(one, columns_of(options)[0], AS_OF) for one in found)
            ]
    (part,) = client.get(f"{address}?per={AS_OF}").context_data["report"].currencies
    assert len(shown) == 10_000
    written = csv.DictReader(io.StringIO(client.get(f"{address}?per={AS_OF}&format=csv").content.decode()))
    assert shown == [
        (row["voucher_number"], row["invoice_number"], row["kid"], Decimal(row["amount"]), Decimal(row["open_amount"]))
        for row in written
    ]
    response = client.get(f"{address}?per={AS_OF}&format=xlsx")
    assert response["Content-Disposition"] == 'attachment; filename="apne-poster-kunder_310000000_2026-06-30.xlsx"'
    *rows, total = body(sheet_of(response.content))
    head = ("number", "name", "voucher", "kind", "invoice", "entered", "due", "days", "kid", "status", "amount", "open")
    cells = [dict(zip(head, row, strict=True)) for row in rows]
    assert shown == [
        (one["voucher"], one["invoice"] or "", one["kid"], money(one["amount"]), money(one["open"])) for one in cells
    ]
    assert (money(total[-2]), money(total[-1])) == (part.amount_total, part.total)
    assert total[0] == "Sum 10\u2009000 åpne poster"
    assert sum(money(one["open"]) for one in cells) == part.total
    assert all(isinstance(one["entered"], datetime) for one in cells)
    assert "<f>" not in xml_of(response.content)


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("query", [
    {}, {"alder": "bilagsdato"}, {"kreditposter": "aldersfordelt", "intervaller": "10,20"}, {"valuta": "original"},
    {"kunde": "10"}, {"status": "forfalt"}, {"per": "2026-03-31"},
])  # fmt: skip
def test_the_sheet_has_the_pages_rows_and_sums(make_client, make_member, client, name, query):
    books = Books(make_client())
    owed = books.invoice("10", "2026-01-10", "1000.00", due="2026-01-24", invoice_number="77", department="1")
    books.paid(owed, "2026-04-12", "300.00")
    books.invoice("9", "2026-03-01", "1150.00", due="2026-04-15", currency="EUR", currency_amount="100.00")
    books.payment("9", "2026-03-02", "50.00")
    books.entry("11", "2025-12-31", "20.00", kind="opening_balance")
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    query = {"per": "2026-06-30", **query}
    report = client.get(f"/klient/310000000/{PAGES[name]}", query).context_data["report"]
    sheet = sheet_of(client.get(f"/klient/310000000/{PAGES[name]}", {**query, "format": "xlsx"}).content)
    rows = list(sheet.iter_rows(min_row=int(sheet.freeze_panes[1:]), values_only=True))
    totals = [row for row in rows if str(row[0]).startswith("Sum ")]
    assert len(totals) == len(report.currencies)
    for total, part in zip(totals, report.currencies, strict=True):
        figures = [money(cell) for cell in total[1:] if cell is not None]
        if name == "aged-receivables":
            assert figures == [*(cell.amount for cell in part.totals), part.total]
        else:
            assert figures == [part.amount_total, part.total]
    lines_of = sum(len(part.rows if name == "aged-receivables" else part.items) for part in report.currencies)
    assert sum(1 for row in rows if str(row[0]).isdigit()) == lines_of
    if len(report.currencies) > 1:
        assert [row[0] for row in rows if row[0] in ("NOK", "EUR")] == [part.code for part in report.currencies]


@pytest.mark.django_db
def test_the_head_says_whose_it_is_what_was_asked_for_and_who_made_it(make_client, make_member, client):
    books = Books(make_client())
    books.invoice("10", "2026-01-10", "1000.00", due="2026-01-24")
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    query = {"per": "2026-06-30", "alder": "bilagsdato", "intervaller": "10,20", "kunde": "10", "status": "forfalt"}
    sheet = sheet_of(client.get(f"/klient/310000000/{PAGES['aged-receivables']}", {**query, "format": "xlsx"}).content)
    head = [row[:2] for row in sheet.iter_rows(max_row=9, values_only=True)]
    assert head[0] == ("Furuly Lys AS", "310\u00a0000\u00a0000")
    assert head[1:8] == [
        ("Aldersfordelte kundefordringer", None), ("Per dato", "30.06.2026"), ("Aldersfordel etter", "Bilagsdato"),
        ("Intervaller (dager)", "10, 20"), ("Kreditposter", "Egen kolonne"), ("Valuta", "Regnskapsvaluta (NOK)"),
        ("Viser bare", "Kunde 10, Forfalt"),
    ]  # fmt: skip
    assert re.fullmatch(r"Laget \d\d\.\d\d\.\d{4} kl\. \d\d\.\d\d av Rita", head[8][0])


@pytest.mark.django_db
def test_chosen_columns_are_the_sheets_and_the_pages(make_client, make_member, client):
    books = Books(make_client())
    books.invoice("10", "2026-01-10", "1150.00", due="2026-01-24", invoice_number="77", department="Øst", project="P1",
                  currency="EUR", currency_amount="100.00")  # fmt: skip
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    query = {"per": "2026-06-30", "kolonner": "avdeling,prosjekt,valuta,valutabelop"}
    for name in ("open-items", "unpaid-invoices"):
        page = client.get(f"/klient/310000000/{PAGES[name]}", query).content.decode()
        heads = re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', page)
        sheet = sheet_of(client.get(f"/klient/310000000/{PAGES[name]}", {**query, "format": "xlsx"}).content)
        first = int(sheet.freeze_panes[1:])
        written = [cell.value for cell in sheet[first - 1]]
        assert written == [
            "Kundenr.", "Kunde", "Fakturanr", "Avdeling", "Prosjekt", "Valuta", "Valutabeløp", "Restbeløp",
        ]  # fmt: skip
        assert [head for head in heads if head not in ("Kunde", "Innbetalt etter per-dato")] == written[2:]
        row = [cell.value for cell in sheet[first]]
        assert row == ["10", "Kunde 10", "77", "Øst", "P1", "EUR", 100, 1150]


@pytest.mark.django_db
def test_a_column_that_does_not_exist_is_said(make_client, make_member, client):
    client.force_login(make_member(make_client(), "rita", "regnskapsforer"))
    response = client.get(f"/klient/310000000/{PAGES['open-items']}", {"kolonner": "rest,passord"})
    assert (response.status_code, list(response.context_data["errors"])) == (400, ["kolonner"])


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@settings(max_examples=150, deadline=None)
@example('=HYPERLINK("http://x")')
@example("http://example.com")
@example("+47 22 33 44 55")
@example("-1500,00")
@example("@SUM(A1)")
@example("\t=1+1")
@example("{=1+1}")
@example("12345678901234567890")
@example("_x0041_")
@example("\x00\x01\x0b\x1f\ufffe\uffff")
@example(" foran og bak ")
@example("linje\nskift\r")
@given(TEXTS)
def test_no_text_ever_becomes_a_formula_and_each_comes_back_as_it_was(text):
    columns = (Column("a", text or "x"), Column("b", "B", Kind.MONEY, 14), Column("c", "C", Kind.DATE, 11))
    rows = [Row((text, Decimal("-1500.00"), date(2026, 1, 2))), Row(("Sum", text, None), RowKind.TOTAL)]
    content = write_xlsx(table(rows, columns=columns, company=text or "x", facts=((text or "x", text or "x"),)))
    xml = xml_of(content)
    assert "<f>" not in xml and "<f " not in xml and "hyperlink" not in xml
    (line, total) = body(sheet_of(content))[:2]
    # XML knows no U+FFFE and U+FFFF, and makes one line feed of every way to end a line.
    expected = re.sub("[\ufffe\uffff]", "\ufffd", text)
    came_back = "" if line[0] is None else unescaped(line[0])
    assert came_back.replace("\r\n", "\n").replace("\r", "\n") == expected.replace("\r\n", "\n").replace("\r", "\n")
    assert (line[1], line[2]) == (-1500, datetime(2026, 1, 2))
    assert unescaped(total[1] or "").replace("\r\n", "\n").replace("\r", "\n") == expected.replace(
        "\r\n", "\n"
    ).replace("\r", "\n")


def unescaped(text):
    """As Excel reads `_x0001_`; openpyxl leaves it."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


@settings(max_examples=150, deadline=None)
@example("=1+1")
@example("-1500,00")
@example("\n=1+1")
@example("＝1+1")
@example("'=1")
@example('",=1+1,"')
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_no_text_in_csv_begins_as_a_formula_and_no_number_is_changed(text):
    class Report:
        def table(self):
            return ("customer_name", "amount", "days_overdue"), [(text, Decimal("-1500.00"), -3)]

    header, row = csv.reader(io.StringIO(csv_text(Report()), newline=""))
    assert header == ["customer_name", "amount", "days_overdue"]
    assert not row[0].startswith(FORMULA)
    assert row == [f"'{text}" if text.startswith(FORMULA) else text, "-1500.00", "-3"]


def test_memory_does_not_hold_the_rows():
    """Rows are read once and one at a time: a generator that ends too early would be seen in the sum."""
    *rows, total = body(sheet_of(write_xlsx(table(lines(500)))))
    assert sum(money(row[5]) for row in rows if row[1]) == money(total[5])
    assert len(rows) == 500 + 125


def test_a_day_before_excels_calendar_is_a_text():
    columns = (Column("a", "A"), Column("b", "B", Kind.DATE, 11))
    ((_name, day_),) = body(sheet_of(write_xlsx(table([Row(("x", day("1899-12-31")))], columns=columns))))
    assert day_ == "1899-12-31"


@pytest.mark.django_db
def test_the_same_report_in_a_file_is_read_in_a_scope_that_only_reads(make_client):
    books = Books(make_client())
    books.invoice("10", "2026-01-10", "1000.00", due="2026-01-24")
    with client_scope(books.client, read_only=True):
        file = report_file(books.client, "open-items", Options(as_of=AS_OF), "xlsx", **MADE)
        assert open_items(books.client, Options(as_of=AS_OF)).currencies["NOK"].total == Decimal("1000.00")
    assert file.content[:2] == b"PK"
