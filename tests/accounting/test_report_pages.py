"""The report pages: who gets in, what they show, that page, JSON and CSV agree, and that nothing ends in a 500."""

import csv
import io
import json
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db

PAGES = ("rapporter/apne-poster/", "rapporter/aldersfordelt/", "fakturaer/ubetalte/")
OPEN, AGED, UNPAID = (f"/klient/310000000/{page}" for page in PAGES)


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def books(company):
    return Books(company)


@pytest.fixture
def rita(company, make_member, client):
    """The browser of somebody who may read reports and invoices, but not use invoice financing."""
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    return client


@pytest.fixture
def some(books):
    """Two customers, an overdue part-paid invoice, one not due, a payment on account, an opening balance, euros."""
    owed = books.invoice("10", "2026-01-10", "1000.00", due="2026-01-24", kid="123", invoice_number="77")
    books.paid(owed, "2026-02-01", "250.00")
    books.invoice("10", "2026-03-20", "400.00", due="2026-04-03", due_date_assumed=True)
    books.invoice("9", "2026-01-01", "1150.00", due="2026-03-31", currency="EUR", currency_amount="100.00")
    books.payment("9", "2026-03-01", "50.00")
    books.entry("9", "2025-12-31", "20.00", kind="opening_balance", disputed=True)
    return books


def page(browser, address, status=200, **query):
    response = browser.get(address, query)
    assert response.status_code == status
    return response.context_data


@pytest.mark.parametrize("address", [OPEN, AGED, UNPAID])
class TestWhoGetsIn:
    def test_anonymous_people_are_sent_to_sign_in(self, company, client, address):
        response = client.get(address)
        assert (response.status_code, urlsplit(response["Location"]).query) == (302, f"next={address}")

    def test_a_member_without_the_right_gets_403(self, company, make_member, client, address):
        client.force_login(make_member(company, "stine", "standard"))
        assert client.get(address).status_code == 403

    def test_a_stranger_gets_404_as_for_a_company_that_does_not_exist(
        self, company, make_client, make_member, client, address
    ):
        other = make_client("310011118", "Furulia Lys AS")
        client.force_login(make_member(other, "vera", "administrator"))
        assert client.get(address).status_code == 404
        assert client.get(address.replace("310000000", "310022225")).status_code == 404

    @pytest.mark.parametrize("role", ["revisor", "regnskapsforer", "daglig_leder", "administrator"])
    def test_those_who_may_see_it_do(self, company, make_member, client, address, role):
        client.force_login(make_member(company, role, role))
        response = client.get(address)
        assert response.status_code == 200
        may = role in ("daglig_leder", "administrator")
        assert response.context_data["financing_url"] == ("/klient/310000000/fakturafinansiering/" if may else None)

    def test_nothing_can_be_posted(self, rita, address):
        assert rita.post(address).status_code == 405


RECONCILIATION = "/klient/310000000/rapporter/avstemming/"


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("address", "query", "queries"), [
    (OPEN, {}, 21), (OPEN, {"per": "2026-03-31"}, 22), (OPEN, {"visning": "sammendrag"}, 21),
    (OPEN, {"kunde": "0-", "kreditsaldo": "ja", "sok": "1"}, 21), (AGED, {}, 21), (AGED, {"per": "2026-03-31"}, 22),
    (AGED, {"valuta": "original"}, 19), (UNPAID, {}, 18), (UNPAID, {"per": "2026-03-31"}, 19),
    (RECONCILIATION, {"per": "2026-03-31"}, 19),
])  # fmt: skip
def test_the_number_of_queries_does_not_grow_with_the_rows(
    rita, books, django_assert_num_queries, address, query, queries, rows
):
    books.period("2026-01-01", "2026-12-31")
    books.control("1500", "2026-01-01", "1.00")
    for number in range(rows):
        books.paid(books.invoice(str(number), f"2026-01-0{number + 1}", "1.00", department="1"), "2026-04-01", "0.50")
        books.payment(str(number), "2026-01-01", "2.00")
    rita.get(address, query)
    with django_assert_num_queries(queries):
        page(rita, address, **query)


def test_the_view_may_only_select(rita, books):
    with CaptureQueriesContext(connection) as captured:
        page(rita, AGED)
    assert any(query["sql"] == "SET TRANSACTION READ ONLY" for query in captured)


@pytest.mark.parametrize("address", [OPEN, AGED, UNPAID])
@pytest.mark.parametrize("query", [
    {}, {"alder": "bilagsdato"}, {"intervaller": "10,20"}, {"kreditposter": "aldersfordelt"}, {"valuta": "original"},
])  # fmt: skip
def test_page_json_and_csv_agree(rita, some, address, query):
    query = {"per": "2026-03-31", **query}
    shown = page(rita, address, **query)["report"]
    report = json.loads(rita.get(address, {**query, "format": "json"}).content)
    table = list(csv.DictReader(io.StringIO(rita.get(address, {**query, "format": "csv"}).content.decode())))
    assert [part.code for part in shown.currencies] == list(report["currencies"])
    rows = [row for part in report["currencies"].values() for row in part.get("rows", part.get("items"))]
    assert len(table) == len(rows) > 0
    for part in shown.currencies:
        written = report["currencies"][part.code]
        assert str(part.total) == written["total"]
        if address == AGED:
            assert [str(cell.amount) for cell in part.totals] == written["totals"]
            assert [[str(cell.amount) for cell in row.cells] for row in part.rows] == [
                row["amounts"] for row in written["rows"]
            ]
        else:
            assert [(item.entry_id, str(item.open_amount)) for item in part.items] == [
                (item["entry_id"], item["open_amount"]) for item in written["items"]
            ]
        column = "total" if address == AGED else "open_amount"
        assert sum(Decimal(row[column]) for row in table if row["currency"] == part.code) == part.total
    if address == AGED:
        assert [[row[name] for name in report["columns"]] for row in table] == [row["amounts"] for row in rows]


def test_files_have_good_names(rita, some):
    response = rita.get(AGED, {"per": "2026-03-31", "format": "csv"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == (
        'attachment; filename="aldersfordelte-kundefordringer_310000000_2026-03-31.csv"'
    )
    assert rita.get(AGED, {"format": "json"})["Content-Type"] == "application/json"


@pytest.mark.parametrize(("query", "field"), [
    ({"per": "31.03.2026"}, "per"), ({"per": "2026-02-30"}, "per"), ({"per": "20260331"}, "per"),
    ({"per": "0000-01-01"}, "per"), ({"per": "\x00"}, "per"), ({"alder": "x"}, "alder"),
    ({"intervaller": "60,30"}, "intervaller"), ({"intervaller": "30,30"}, "intervaller"),
    ({"intervaller": "0,30"}, "intervaller"), ({"intervaller": "-1"}, "intervaller"),
    ({"intervaller": "30,,60"}, "intervaller"), ({"intervaller": "9999999999"}, "intervaller"),
    ({"intervaller": ",".join(map(str, range(1, 30)))}, "intervaller"), ({"intervaller": "३०"}, "intervaller"),
    ({"kreditposter": "x"}, "kreditposter"), ({"valuta": "NOK"}, "valuta"),
    ({"format": "docx"}, "format"),
])  # fmt: skip
@pytest.mark.parametrize("address", [OPEN, AGED, UNPAID])
def test_what_cannot_be_understood_is_said_and_never_a_500(rita, books, address, query, field):
    context = page(rita, address, 400, **query)
    assert (context["report"], list(context["errors"])) == (None, [field])
    assert str(context["errors"][field])
    if field in context["form"]:
        assert context["form"][field] == query[field].strip()


@pytest.mark.parametrize("query", [
    {"per": "0001-01-01"}, {"per": "9999-12-31"}, {"per": ""}, {"intervaller": " 30, 60 ,90 "},
    {"kunde": "'; --", "kolonne": "91+"}, {"valuta": ""}, {"intervaller": "99999"},
])  # fmt: skip
@pytest.mark.parametrize("address", [OPEN, AGED, UNPAID])
def test_odd_but_understandable_questions_are_answered(rita, some, address, query):
    page(rita, address, **query)


@pytest.mark.parametrize("query", [{"kolonne": "1-31"}, {"kolonne": "0-30"}])
def test_a_figure_that_does_not_exist_has_no_items(rita, some, query):
    assert list(page(rita, OPEN, 400, **query)["errors"]) == list(query)
    page(rita, AGED, **query)


def test_without_a_date_it_is_today_in_oslo(rita, books):
    assert page(rita, OPEN)["report"].as_of == timezone.localdate()


def test_presets_keep_the_other_options(rita, books, monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda: date(2026, 5, 15))
    presets = page(rita, AGED, per="2026-04-30", alder="bilagsdato")["presets"]
    assert [parse_qs(urlsplit(one.url).query) for one in presets] == [
        {"per": [day], "alder": ["bilagsdato"]} for day in ("2026-05-15", "2026-04-30", "2026-03-31", "2025-12-31")
    ]
    assert [one.current for one in presets] == [False, True, False, False]


def test_every_figure_leads_to_the_items_it_is_made_of(rita, some):
    for query in ({}, {"kreditposter": "aldersfordelt", "intervaller": "10"}, {"valuta": "original"}):
        shown = page(rita, AGED, per="2026-03-31", **query)["report"]
        for part in shown.currencies:
            figures = [(cell.amount, cell.url) for row in part.rows for cell in row.cells]
            figures += [(row.total, row.total_url) for row in part.rows] + [(c.amount, c.url) for c in part.totals]
            for amount, url in figures:
                assert (url is None) == (amount == 0)
                if url:
                    behind = rita.get(url).context_data["report"]
                    assert sum(one.total for one in behind.currencies if one.code == part.code) == amount


def test_the_aged_page_has_shares_a_bar_and_colours(rita, some):
    (part,) = (shown := page(rita, AGED, per="2026-03-31")["report"]).currencies
    assert [column.age_class for column in shown.columns] == [
        "age-not-due", "age-1", "age-2", "age-3", "age-4", "age-none", "age-credit",
    ]  # fmt: skip
    assert [str(column.label) for column in shown.columns][1:5] == ["1–30", "31–60", "61–90", "91+"]
    assert (part.overdue, part.overdue_share) == (Decimal("750.00"), Decimal("33.0"))
    assert [str(cell.share) for cell in part.totals] == ["68.3", "0.0", "0.0", "33.0", "0.0", "0.9", "-2.2"]
    assert sum(segment.width for segment in part.bar) == 1000
    assert [segment.x for segment in part.bar][1:] == [part.bar[0].width, part.bar[0].width + part.bar[1].width]
    assert (shown.customer_count, shown.item_count) == (2, 5)
    two = page(rita, AGED, per="2026-03-31", intervaller="30")["report"]
    assert [column.age_class for column in two.columns][:3] == ["age-not-due", "age-1", "age-4"]


def test_a_debt_to_the_customers_has_no_shares_and_no_bar(rita, books):
    books.payment("1", "2026-01-01", "50.00")
    (part,) = page(rita, AGED, per="2026-01-31")["report"].currencies
    assert ({cell.share for cell in part.totals}, part.overdue_share, part.bar) == ({None}, None, ())


def test_the_open_items_page_groups_by_customer(rita, some):
    (part,) = page(rita, OPEN, per="2026-03-31")["report"].currencies
    assert [(group.customer_number, group.item_count, str(group.total)) for group in part.groups] == [
        ("9", 3, "1120.00"), ("10", 2, "1150.00"),
    ]  # fmt: skip
    assert sum(group.total for group in part.groups) == part.total == Decimal("2270.00")
    lines = {item.entry_id: item for item in part.items}
    owed = lines["e1"]
    assert (owed.partly, owed.status_color, owed.age_class, owed.days_overdue) == (True, "info", "age-3", 66)
    euro = next(item for item in part.items if item.currency == "EUR")
    assert (euro.amount, euro.currency_amount, euro.age_class) == (Decimal("1150.00"), Decimal("100.00"), "age-not-due")
    assert {item.age_class for item in part.items} == {"age-3", "age-not-due", "age-credit", "age-none"}
    assert [item.due_date_assumed for item in part.items] == [False, False, False, False, True]


def test_a_filtered_page_says_so_and_its_files_follow(rita, some):
    query = {"per": "2026-03-31", "kunde": "10", "kolonne": "61-90"}
    context = page(rita, OPEN, **query)
    shown = context["report"]
    assert [str(one.label) for one in shown.filtered_by] == ["Kunde 10 Kunde 10", "61–90"]
    assert [parse_qs(urlsplit(one.url).query) for one in shown.filtered_by] == [
        {"per": ["2026-03-31"], "kolonne": ["61-90"]}, {"per": ["2026-03-31"], "kunde": ["10"]},
    ]  # fmt: skip
    assert parse_qs(urlsplit(shown.unfiltered_url).query) == {"per": ["2026-03-31"]}
    written = {one.label: rita.get(one.url).content for one in context["exports"]}
    assert json.loads(written["JSON"])["currencies"]["NOK"]["total"] == "750.00"
    assert len(written["CSV"].decode().splitlines()) == 2
    assert (written["Excel"][:4], written["PDF"][:5]) == (b"PK\x03\x04", b"%PDF-")


def test_the_unpaid_page_has_what_is_overdue_of_the_total(rita, some):
    (part,) = page(rita, UNPAID, per="2026-03-31")["report"].currencies
    assert (part.total, part.overdue_total) == (Decimal("2300.00"), Decimal("750.00"))
    assert [item.customer_number for item in part.items] == ["10", "9", "10"]


def test_a_text_that_a_spreadsheet_would_reckon_gets_an_apostrophe_and_a_number_never(rita, books):
    books.customer("=1+1", name="@SUM(A1)")
    books.payment("=1+1", "2026-01-01", "50.00", voucher_number="-7", kid="+47", entry_id="\tx")
    (row,) = csv.DictReader(io.StringIO(rita.get(OPEN, {"per": "2026-01-31", "format": "csv"}).content.decode()))
    assert [row[name] for name in ("customer_number", "customer_name", "voucher_number", "kid", "entry_id")] == [
        "'=1+1", "'@SUM(A1)", "'-7", "'+47", "'\tx",
    ]  # fmt: skip
    assert (row["amount"], row["due_date"], row["due_date_assumed"]) == ("-50.00", "", "false")


def test_a_payment_entered_today_does_not_change_yesterdays_page(rita, some):
    today = timezone.localdate()
    yesterday = {"per": (today - timedelta(days=1)).isoformat(), "format": "json"}
    owed = some.invoice("10", "2026-01-10", "900.00", due="2026-01-24")
    before = [rita.get(address, yesterday).content for address in (OPEN, AGED, UNPAID)]
    some.paid(owed, today)
    assert [rita.get(address, yesterday).content for address in (OPEN, AGED, UNPAID)] == before


class TestTheDifference:
    """«Vis differansen»: the days on which sub-ledger and control accounts moved differently."""

    URL = RECONCILIATION

    @pytest.fixture
    def differing(self, books):
        books.period("2026-01-01", "2026-12-31")
        books.invoice("1", "2026-01-10", "100.00")
        books.invoice("1", "2026-02-10", "200.00")
        books.control("1500", "2026-01-10", "100.00")
        books.control("1500", "2026-02-10", "150.00")
        books.control("1501", "2026-02-10", "20.00")
        books.control("1500", "2026-03-01", "-7.00")

    def test_the_days_add_up_to_the_difference(self, rita, differing):
        for day, expected in (("2026-03-31", ["37.00", "30.00"]), ("2026-02-28", ["30.00"]), ("2026-01-31", [])):
            context = page(rita, self.URL, per=day)
            assert [str(one.row.so_far) for one in context["days"]] == expected
            assert sum((one.row.difference for one in context["days"]), Decimal(0)) == context["found"].difference
            assert context["found"].agrees == (not expected)

    def test_the_aged_report_leads_there_where_they_differ(self, rita, differing):
        link = f"{self.URL}?per=2026-03-31"
        page = rita.get(AGED, {"per": "2026-03-31"}).content.decode()
        assert link in page and "Vis differansen" in page
        page = rita.get(AGED, {"per": "2026-01-31"}).content.decode()
        assert "Avstem</a>" in page and "Vis differansen" not in page

    def test_without_a_general_ledger_it_says_so(self, rita, some):
        assert "Hovedboken dekker ikke" in rita.get(self.URL).content.decode()

    def test_a_date_that_is_none_is_said(self, rita, differing):
        context = page(rita, self.URL, 400, per="31.03.2026")
        assert (list(context["errors"]), context["found"]) == (["per"], None)

    def test_only_who_may_read_reports(self, company, make_member, client):
        client.force_login(make_member(company, "stine", "standard"))
        assert client.get(self.URL).status_code == 403
