"""The pages of customers and entries: who gets in, that their figures are the reports', and what is set by hand."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting.models import Customer, LedgerEntry
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.customers import days_to_pay
from accounting.reports.filters import Filter
from accounting.reports.options import Currency, Options
from accounting.reports.statement import page_of_statement, statement
from accounting.reports.statement_table import statement_table
from accounting.signals import ledger_changed
from tests.accounting.factories import Books
from tests.accounting.ledger_files import Folder, entry
from tests.accounting.test_reports_properties import days, ledger, many, stored

pytestmark = pytest.mark.django_db
HOME = "/klient/310000000/"
IDENTITY = "15108695088"


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def books(company):
    return Books(company)


@pytest.fixture
def rita(company, make_member, client):
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    return client


@pytest.fixture
def told():
    """How often the bank was told that the ledger changed."""
    heard = []

    def hear(sender, client, **more):
        heard.append(client)

    ledger_changed.connect(hear)
    yield heard
    ledger_changed.disconnect(hear)


def audited(company, action):
    with client_scope(company):
        return [one.details for one in AuditEntry.objects.for_client(company).filter(action=action).order_by("at")]


def fresh(one):
    with client_scope(one.client_id):
        return type(one).objects.for_client(one.client_id).get(pk=one.pk)


@pytest.fixture
def some(books):
    """Invoice e1 of 1,000 paid by 250, e3 of 400 not due, a credit of 50; another customer besides."""
    today = timezone.localdate()
    owed = books.invoice("10", today - timedelta(60), "1000.00", due=today - timedelta(30), invoice_number="77")
    books.paid(owed, today - timedelta(10), "250.00")
    books.invoice("10", today - timedelta(5), "400.00", due=today + timedelta(9))
    books.payment("10", today - timedelta(1), "50.00")
    books.invoice("20", today, "1.00")
    return books


class TestStatement:
    @many
    @given(ledger, days, days, st.sampled_from(Currency))
    def test_it_runs_from_opening_to_closing_and_ends_at_what_the_report_says(
        self, make_client, ledger, one, other, currency
    ):
        first, last = sorted((one, other))
        with transaction.atomic():
            client = make_client()
            with stored(client, *ledger) as (rows, _made), client_scope(client, read_only=True):
                for customer in Customer.objects.for_client(client):
                    found = statement(client, customer, first=first, last=last, currency=currency)
                    mine = [row for row in rows if row.customer_id == customer.pk]
                    in_base = currency == Currency.BASE
                    listed = 0
                    for part in found.parts:
                        balance = part.sums.opening
                        assert part.brought == balance
                        for line in part.lines:
                            balance += line.amount
                            assert line.balance == balance
                            assert first <= line.entry_date <= last
                        assert balance == part.sums.closing
                        assert part.sums.opening + part.sums.debit + part.sums.credit == part.sums.closing
                        assert [line.entry_date for line in part.lines] == sorted(
                            line.entry_date for line in part.lines
                        )
                        assert part.sums.opening == sum(
                            (row.amount if in_base else row.currency_amount)
                            for row in mine
                            if row.entry_date < first and (in_base or row.currency == part.code)
                        )
                        listed += len(part.lines)
                    assert listed == sum(
                        first <= row.entry_date <= last and bool(in_base or row.currency_amount) for row in mine
                    )
                    if in_base:
                        report = aged_receivables(client, Options(last, only=Filter(customer_id=customer.pk)))
                        assert found.parts[0].sums.closing == report.currencies["NOK"].total
            transaction.set_rollback(True)

    def test_pages_go_on_where_the_last_one_ended(self, books, company):
        customer = books.customer("10")
        with client_scope(company):
            LedgerEntry.objects.for_client(company).bulk_create(
                LedgerEntry(
                    customer=customer, entry_id=f"x{no}", source="own", kind="invoice", amount=no + 1, open_amount=no + 1,
                    entry_date=date(2026, 1, 1) + timedelta(no // 7), currency="NOK", currency_amount=no + 1,
                    open_currency_amount=no + 1,
                )
                for no in range(250)
            )  # fmt: skip
        asked = {"first": date(2026, 1, 1), "last": date(2026, 12, 31)}
        with client_scope(company, read_only=True):
            whole = statement(company, customer, **asked).parts[0]
            lines, position, pages = [], None, []
            while True:
                page = page_of_statement(company, customer, **asked, currency=Currency.BASE, position=position)
                pages.append(page)
                lines += page.parts[0].lines
                assert page.parts[0].sums == whole.sums
                if (position := page.following) is None:
                    break
            back = page_of_statement(company, customer, **asked, currency=Currency.BASE, position=pages[2].previous)
        assert [len(page.parts[0].lines) for page in pages] == [100, 100, 50]
        assert tuple(lines) == whole.lines
        assert lines[-1].balance == whole.sums.closing == sum(range(1, 251))
        assert back.parts[0].lines == pages[1].parts[0].lines
        assert pages[1].parts[0].brought == pages[0].parts[0].lines[-1].balance

    def test_page_and_csv_agree_and_no_text_is_a_formula(self, rita, books):
        books.invoice("10", "2026-02-01", "100.00", description="=1+1", invoice_number="-7", due="2026-02-15")
        books.payment("10", "2026-03-01", "30.00")
        query = {"fra": "2026-01-01", "til": "2026-12-31"}
        (part,) = rita.get(f"{HOME}kunder/10/kontoutskrift/", query).context_data["page"].parts
        answer = rita.get(f"{HOME}kunder/10/kontoutskrift/", {**query, "format": "csv"})
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert [(row["amount"], row["balance"]) for row in rows] == [("100.00", "100.00"), ("-30.00", "70.00")]
        assert [(str(line.amount), str(line.balance)) for line in part.lines] == [
            (row["amount"], row["balance"]) for row in rows
        ]
        assert (rows[0]["description"], rows[0]["invoice_number"]) == ("'=1+1", "'-7")
        assert 'filename="kontoutskrift_310000000_10_2026-01-01_2026-12-31.csv"' in answer["Content-Disposition"]

    def test_excel_and_pdf_say_the_same(self, rita, books):
        books.invoice("10", "2025-02-01", "100.00", description="=1+1", invoice_number="=2+2")
        books.payment("10", "2026-03-01", "30.00")
        query = {"fra": "2026-01-01", "til": "2026-12-31"}
        answer = rita.get(f"{HOME}kunder/10/kontoutskrift/", {**query, "fra": "2025-01-01", "format": "xlsx"})
        sheet = load_workbook(io.BytesIO(answer.content)).active
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        closing = next(row for row in rows if row[0] == "Utgående saldo")
        line = next(row for row in rows if row[3] == "=2+2")
        assert (closing[-1], line[-1]) == (70, 100)
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
        answer = rita.get(f"{HOME}kunder/10/kontoutskrift/", {**query, "format": "pdf"})
        text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
        assert answer["Content-Disposition"].endswith('_2026-01-01_2026-12-31.pdf"')
        for said in ("Kontoutskrift", "Kunde 10", "Inngående saldo", "100,00", "−30,00", "70,00"):
            assert said in text, text

    def test_the_table_for_other_formats_has_opening_lines_and_closing(self, books, company):
        books.invoice("10", "2025-02-01", "100.00")
        books.payment("10", "2026-03-01", "30.00")
        with client_scope(company, read_only=True):
            found = statement(company, books.customer("10"), first=date(2026, 1, 1), last=date(2026, 12, 31))
        (section,) = statement_table(company, found, "x", made_by="Rita", made_at=timezone.now()).sections
        assert [row.cells[-1] for row in section.rows] == [Decimal("100.00"), Decimal("70.00"), Decimal("70.00")]

    @pytest.mark.parametrize(("query", "field"), [
        ({"fra": "x"}, "fra"), ({"til": "2026-02-30"}, "til"), ({"fra": "2026-02-01", "til": "2026-01-01"}, "fra"),
        ({"valuta": "EUR"}, "valuta"), ({"format": "docx"}, "format"), ({"etter": "x"}, "etter"),
    ])  # fmt: skip
    def test_what_cannot_be_understood_is_said(self, rita, some, query, field):
        answer = rita.get(f"{HOME}kunder/10/kontoutskrift/", query)
        assert (answer.status_code, list(answer.context_data["errors"])) == (400, [field])


class TestCustomer:
    def test_its_figures_are_the_reports(self, rita, some, company):
        shown = rita.get(f"{HOME}kunder/10/").context_data
        ((code, aged, overdue),) = shown["aged"]
        with client_scope(company, read_only=True):
            report = aged_receivables(company, Options(timezone.localdate(), only=Filter(customers="10")))
        assert (code, aged.total, aged.totals) == ("NOK", Decimal("1100.00"), report.currencies["NOK"].totals)
        assert overdue == Decimal("750.00")
        (part,) = shown["report"].currencies
        assert (part.total, part.item_count) == (aged.total, 3)
        assert [line.entry_id for line in part.items] == ["e1", "e3", "e4"]

    def test_as_of_a_past_day_it_is_as_it_was(self, rita, some):
        then = timezone.localdate() - timedelta(20)
        ((_code, aged, _overdue),) = rita.get(f"{HOME}kunder/10/", {"per": str(then)}).context_data["aged"]
        assert aged.total == Decimal("1000.00")

    @pytest.mark.parametrize("number", ["A/S 7", "10-20", "1,2", "æ?#%", "x kontoutskrift"])
    def test_any_number_has_a_page_and_only_its_own_items(self, rita, books, number):
        books.invoice("10", "2026-01-01", "5.00")
        books.invoice(number, "2026-01-01", "7.00")
        answer = rita.get(f"{HOME}kunder/{quote(number, safe='')}/")
        assert answer.status_code == 200
        assert answer.context_data["aged"][0][1].total == Decimal("7.00")

    def test_another_companys_customer_is_not_there(self, rita, make_client):
        Books(make_client("310011118", "Furulia Lys AS")).invoice("10", "2026-01-01", "5.00")
        for page in ("", "kontoutskrift/", "rediger/"):
            assert rita.get(f"{HOME}kunder/10/{page}").status_code == 404

    @pytest.mark.parametrize("rows", [1, 3])
    @pytest.mark.parametrize(("page", "queries"), [
        ("kunder/", 16), ("kunder/10/", 24), ("kunder/10/kontoutskrift/", 16), ("fakturaer/ubetalte/", 18),
    ])  # fmt: skip
    def test_the_number_of_queries_does_not_grow_with_the_rows(
        self, rita, books, company, django_assert_num_queries, page, queries, rows
    ):
        for no in range(rows):
            one = books.invoice("10", "2026-01-01", "10.00")
            books.paid(one, "2026-02-01", "5.00")
            books.invoice(str(20 + no), "2026-01-01", "10.00")
            rita.post(f"{HOME}notater/ny/", {"post": one.pk, "tekst": f"n{no}", "synlig": "on"})
        rita.get(HOME + page)
        with django_assert_num_queries(queries):
            assert rita.get(HOME + page).status_code == 200

    @pytest.mark.parametrize(("search", "found"), [
        ("", ["10", "20", "K-7"]), ("ÆRLIG", ["20"]), ("310 001 015", ["20"]), ("310001015", ["20"]), ("k-", ["K-7"]),
        ("%", []), ("nobody", []),
    ])  # fmt: skip
    def test_customers_are_found_by_name_number_and_organisation_number(self, rita, books, search, found):
        books.invoice("10", "2026-01-01", "5.00")
        books.customer("20", "Ærlig AS", organisation_number="310001015")
        books.payment("K-7", "2026-01-01", "5.00")
        page = rita.get(f"{HOME}kunder/", {"sok": search}).context_data["page"]
        assert ([one.customer_number for one in page.rows], page.count) == (found, len(found))
        balances = {one.customer_number: one.total for one in page.rows}
        assert balances == {
            number: {"10": Decimal("5.00"), "20": Decimal("0.00"), "K-7": Decimal("-5.00")}[number] for number in found
        }

    def test_the_list_goes_page_by_page(self, rita, company):
        with client_scope(company):
            Customer.objects.for_client(company).bulk_create(Customer(number=str(no), name="x") for no in range(120))
        first = rita.get(f"{HOME}kunder/").context_data
        second = rita.get(first["around"]["following"]).context_data
        assert [len(one["page"].rows) for one in (first, second)] == [100, 20]
        assert second["page"].rows[0].customer_number == "100"
        assert rita.get(f"{HOME}kunder/", {"etter": "x"}).status_code == 400

    def test_the_reports_lead_to_it(self, rita, some):
        for page in (
            "rapporter/apne-poster/",
            "rapporter/apne-poster/?visning=sammendrag",
            "rapporter/aldersfordelt/",
            "fakturaer/ubetalte/",
        ):
            assert f'href="{HOME}kunder/10/' in rita.get(HOME + page).content.decode(), page


class TestDaysToPay:
    def test_invoices_closed_by_payment_in_twelve_months_count_alike(self, books, company):
        books.paid(books.invoice("10", "2026-01-01", "1000.00", due="2026-01-15"), "2026-01-31")  # 30 of 14
        books.paid(books.invoice("10", "2026-02-01", "1.00", due="2026-02-15"), "2026-02-11")  # 10 of 14
        books.paid(books.invoice("10", "2026-03-01", "1.00"), "2026-03-06")  # 5 of 0
        books.paid(books.invoice("10", "2025-01-01", "1.00", due="2025-01-15"), "2025-05-01")  # too long ago
        books.paid(books.invoice("20", "2026-01-01", "1.00"), "2026-05-01")  # another's
        credited = books.invoice("10", "2026-01-01", "5.00", due="2026-01-15")
        books.match(credited, books.credit_note("10", "2026-06-01", "5.00"), "5.00")  # never paid
        books.paid(books.invoice("10", "2026-01-01", "9.00"), "2026-02-01", "4.00")  # still open
        with client_scope(company, read_only=True):
            found = days_to_pay(company, books.customer("10"), date(2026, 6, 30))
            assert (found.invoices, found.actual, found.agreed) == (3, Decimal("15.0"), Decimal("9.3"))
            assert found.late == Decimal("5.7")
            assert days_to_pay(company, books.customer("10"), date(2026, 1, 30)).invoices == 1
            assert days_to_pay(company, books.customer("10"), date(2024, 2, 29)) is None
            assert days_to_pay(company, books.customer("10"), date.min) is None


class TestEditing:
    def edit(self, rita, **values):
        return rita.post(f"{HOME}kunder/10/rediger/", {"organisasjonsnummer": "", "land": "NO"} | values)

    def test_it_is_audited_and_the_bank_is_told_once(self, rita, books, company, told):
        one = books.customer("10")
        assert self.edit(rita, organisasjonsnummer="310001015", narstaende="on").status_code == 302
        one = fresh(one)
        assert (one.organisation_number, one.related_party, one.set_by_hand) == (
            "310001015", True, "organisation_number related_party",
        )  # fmt: skip
        assert audited(company, "customer.changed") == [
            {"customer": "10", "changes": {"organisation_number": ["", "310001015"], "related_party": [False, True]}}
        ]
        assert told == [company]
        self.edit(rita, organisasjonsnummer="310001015", narstaende="on")
        assert len(audited(company, "customer.changed")) == 1
        assert told == [company]

    def test_a_wrong_check_digit_is_kept_as_written_and_said(self, rita, books):
        one = books.customer("10")
        self.edit(rita, organisasjonsnummer="310 001 016")
        assert fresh(one).organisation_number == "310 001 016"
        assert rita.get(f"{HOME}kunder/10/").context_data["doubtful_number"]

    @pytest.mark.parametrize(("values", "field"), [
        ({"organisasjonsnummer": IDENTITY}, "organisation_number"), ({"land": "Norge"}, "country"), ({"land": "N1"}, "country"),
        ({"organisasjonsnummer": "1" * 41}, "organisation_number"), ({"organisasjonsnummer": "\x00"}, "organisation_number"),
    ])  # fmt: skip
    def test_what_cannot_be_kept_is_refused_in_words(self, rita, books, company, values, field):
        one = books.customer("10")
        answer = self.edit(rita, **values)
        assert (answer.status_code, list(answer.context_data["errors"])) == (400, [field])
        assert (fresh(one).organisation_number, audited(company, "customer.changed")) == ("", [])

    def test_who_may_only_read_changes_nothing(self, company, books, make_member, client):
        client.force_login(make_member(company, "rolf", "revisor"))
        owed = books.invoice("10", "2026-01-01", "5.00")
        assert client.get(f"{HOME}kunder/10/").status_code == 200
        assert client.get(f"{HOME}poster/{owed.pk}/").status_code == 200
        for address in (
            "kunder/10/rediger/", f"poster/{owed.pk}/fakta/", "poster/sett/", f"notater/ny/?post={owed.pk}",
        ):  # fmt: skip
            assert client.post(HOME + address).status_code == 403, address
        page = client.get(f"{HOME}fakturaer/ubetalte/").content.decode()
        assert "sett-form" not in page


@pytest.mark.django_db(transaction=True)
def test_an_import_leaves_alone_what_was_set_by_hand_and_says_so(tmp_path, make_member, client):
    folder = Folder(tmp_path)
    folder.load([entry("1", "100.00", organisation_number="310001015", country="NO")])
    company = folder.company()
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    client.post(f"{HOME}kunder/1001/rediger/", {"organisasjonsnummer": "310002224", "land": "NO"})
    summary = folder.load([entry("2", "100.00", on="2026-02-10", organisation_number="310001015", country="SE")])
    with client_scope(company):
        one = Customer.objects.for_client(company).get()
    assert (one.organisation_number, one.country) == ("310002224", "SE")
    assert [(one["code"], one["where"]) for one in summary["warnings"] if "hand" in one["code"]] == [
        ("customer_set_by_hand", "1001")
    ]
