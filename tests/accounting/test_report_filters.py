"""What narrows a report: each choice by itself, on all three reports, page and command alike."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from access.tenancy import client_scope
from accounting.models import LedgerEntry, Match
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.filters import Filter, Status
from accounting.reports.open_items import open_items
from accounting.reports.options import Currency
from accounting.reports.unpaid_invoices import unpaid_invoices
from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db
AS_OF = "2026-03-31"
OPEN, AGED = (f"/klient/310000000/rapporter/{page}/" for page in ("apne-poster", "aldersfordelt"))
UNPAID = "/klient/310000000/fakturaer/ubetalte/"


@pytest.fixture
def books(make_client):
    """e1 to e7; K-7 is a customer whose number is no number, 300 is owed money."""
    books = Books(make_client())
    books.customer("20", "Ærlig & Sønn 100% AS", organisation_number="310001015")
    owed = books.invoice(
        "20",
        "2026-01-10",
        "1234.50",
        due="2026-01-24",
        kid="1231",
        invoice_number="F_77",
        department="10",
        project="P1",
    )
    books.paid(owed, "2026-02-01", "234.50")
    books.invoice("100", "2026-03-20", "400.00", due="2026-04-03", department="20", disputed=True)
    books.invoice("100", "2026-01-01", "1150.00", due="2026-03-31", currency="EUR", currency_amount="100.00")
    books.payment("300", "2026-03-01", "50.00", project="P1")
    books.invoice("300", "2026-02-01", "10.00", due="2026-02-15", in_collection=True)
    books.entry("K-7", "2026-03-02", "99.00", kind="reminder_fee", due="2026-03-16")
    return books


def chosen(books, function=open_items, **only):
    report = books.report(function, AS_OF, only=Filter(**only))
    return [item["entry_id"] for part in report["currencies"].values() for item in part["items"]]


@pytest.mark.parametrize(("only", "expected"), [
    ({}, ["e1", "e4", "e3", "e6", "e5", "e7"]),
    ({"customers": "20"}, ["e1"]), ({"customers": "020"}, []), ({"customers": " 20 , K-7,"}, ["e1", "e7"]),
    ({"customers": "20-100"}, ["e1", "e4", "e3"]), ({"customers": "21-99"}, []),
    ({"customers": "100-"}, ["e4", "e3", "e6", "e5"]), ({"customers": "-99"}, ["e1"]), ({"customers": "-"}, []),
    ({"customers": "300-, 20"}, ["e1", "e6", "e5"]),
    ({"kind": "payment"}, ["e5"]), ({"kind": "reminder_fee"}, ["e7"]),
    ({"entry_currency": "EUR"}, ["e4"]), ({"department": "10"}, ["e1"]), ({"project": "P1"}, ["e1", "e5"]),
    ({"credit_balance": True}, ["e6", "e5"]), ({"credit_balance": True, "kind": "invoice"}, ["e6"]),
    ({"status": Status.NOT_DUE}, ["e4", "e3"]), ({"status": Status.OVERDUE}, ["e1", "e6", "e7"]),
    ({"status": Status.PARTLY_PAID}, ["e1"]), ({"status": Status.DISPUTED}, ["e3"]),
    ({"status": Status.IN_COLLECTION}, ["e6"]), ({"status": Status.CREDIT}, ["e5"]),
    ({"search": "ærlig"}, ["e1"]), ({"search": "SØNN"}, ["e1"]), ({"search": "310001015"}, ["e1"]),
    ({"search": "f_77"}, ["e1"]), ({"search": "f%77"}, []), ({"search": "100%"}, ["e1"]), ({"search": "1231"}, ["e1"]),
    ({"search": "1 000,00"}, ["e1"]), ({"search": "1\u2009234,50"}, ["e1"]), ({"search": "-50"}, ["e5"]),
    ({"search": "\\"}, []), ({"search": "'; DROP"}, []),
])  # fmt: skip
def test_what_is_chosen(books, only, expected):
    assert sorted(chosen(books, **only)) == sorted(expected)


def test_the_order_stays(books):
    assert chosen(books) == ["e1", "e4", "e3", "e6", "e5", "e7"]


@pytest.mark.parametrize("only", [
    {"customers": "20-100"}, {"status": Status.OVERDUE}, {"credit_balance": True}, {"search": "50"}, {"kind": "invoice"},
])  # fmt: skip
def test_the_aged_report_is_narrowed_alike_and_is_not_held_against_the_ledger(books, only):
    books.period("2026-01-01", AS_OF)
    books.control("1500", "2026-01-01", "1.00")
    assert books.report(aged_receivables, AS_OF)["currencies"]["NOK"]["reconciliation"]
    narrowed = books.report(aged_receivables, AS_OF, only=Filter(**only))["currencies"]["NOK"]
    assert narrowed["reconciliation"] is None
    items = books.report(open_items, AS_OF, only=Filter(**only))["currencies"]["NOK"]
    assert (narrowed["total"], bool(narrowed["rows"])) == (items["total"], bool(items["items"]))


def test_unpaid_invoices_are_narrowed_within_the_invoices(books):
    assert chosen(books, unpaid_invoices, customers="300") == ["e6"]
    assert chosen(books, unpaid_invoices, status=Status.CREDIT) == []


def test_a_credit_balance_is_the_customers_whole_balance_on_that_date(books):
    books.invoice("300", "2026-04-01", "500.00", due="2026-04-15")
    assert chosen(books, credit_balance=True) == ["e6", "e5"]
    assert books.report(open_items, "2026-04-01", only=Filter(credit_balance=True))["currencies"]["NOK"]["items"] == []


@pytest.mark.parametrize(("arguments", "expected"), [
    (["--customers", "20-100"], ["e1", "e4", "e3"]), (["--kind", "payment"], ["e5"]),
    (["--entry-currency", "eur"], ["e4"]), (["--department", "10"], ["e1"]), (["--project", "P1"], ["e1", "e5"]),
    (["--status", "overdue"], ["e1", "e6", "e7"]), (["--credit-balance"], ["e6", "e5"]), (["--search", "F_77"], ["e1"]),
])  # fmt: skip
def test_the_command_takes_the_same(books, capsys, arguments, expected):
    call_command("report", "open-items", "--client", books.client.organisation_number, "--as-of", AS_OF, *arguments)
    assert [one["entry_id"] for one in json.loads(capsys.readouterr().out)["currencies"]["NOK"]["items"]] == expected


@pytest.mark.parametrize(("query", "field"), [
    ({"art": "x"}, "art"), ({"valutakode": "EURO"}, "valutakode"), ({"status": "x"}, "status"),
    ({"kreditsaldo": "nei"}, "kreditsaldo"), ({"sok": "x" * 201}, "sok"), ({"kunde": "\x00"}, "kunde"),
    ({"avdeling": "\x00"}, "avdeling"), ({"etter": "x"}, "etter"), ({"foran": "W10"}, "etter"),
])  # fmt: skip
def test_what_cannot_be_understood_is_said(books, make_member, client, query, field):
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    response = client.get(OPEN, query)
    assert (response.status_code, list(response.context_data["errors"])) == (400, [field])


@pytest.mark.parametrize("address", [OPEN, AGED, UNPAID])
def test_page_and_file_are_narrowed_alike_and_the_file_is_linked(books, make_member, client, address):
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    context = client.get(address, {"per": AS_OF, "kunde": "20-100", "status": "forfalt"}).context_data
    (part,) = context["report"].currencies
    written = json.loads(client.get({one.label: one.url for one in context["exports"]}["JSON"]).content)["currencies"][
        "NOK"
    ]
    assert str(part.total) == written["total"] == "1000.00"


def test_chips_count_whatever_is_chosen_and_lead_to_their_items(books, make_member, client):
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    for query in ({}, {"status": "forfalt"}):
        chips = client.get(OPEN, {"per": AS_OF, **query}).context_data["report"].chips
        assert [(chip.count, chip.amount) for chip in chips] == [
            (6, Decimal("2609.00")), (2, Decimal("1550.00")), (3, Decimal("1109.00")), (1, Decimal("1000.00")),
            (1, Decimal("400.00")), (1, Decimal("10.00")), (1, Decimal("-50.00")),
        ]  # fmt: skip
        for chip in chips:
            shown = client.get(chip.url).context_data["report"]
            assert (shown.item_count, shown.currencies[0].total) == (chip.count, chip.amount)
            assert [one.current for one in shown.chips].count(True) == 1


def test_the_filter_offers_what_the_books_have(books, make_member, client):
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    choices = client.get(OPEN).context_data["choices"]
    assert (choices["departments"], choices["projects"], choices["currencies"]) == (
        ["10", "20"],
        ["P1"],
        ["EUR", "NOK"],
    )
    page = client.get(OPEN, {"avdeling": "99"}).content.decode()
    assert '<option value="99" selected>' in page
    assert 'name="art"' not in client.get(UNPAID).content.decode()


class TestPaidAfter:
    """«Innbetalt etter per-dato»: only of a past date, only what was paid, and other settlement told apart."""

    @pytest.fixture
    def settled(self, books):
        owed = books.invoice("20", "2026-03-01", "1000.00", due="2026-03-15", entry_id="owed")
        books.paid(owed, "2026-04-02", "300.00")
        books.match(owed, books.credit_note("20", "2026-04-03", "120.00"), "120.00")
        books.match(owed, books.payment("20", "2026-03-30", "80.00"), "80.00", on="2026-04-04")
        return books

    def read(self, books, as_of, **options):
        report = books.report(open_items, as_of, paid_after=True, **options)
        return {item["entry_id"]: item for part in report["currencies"].values() for item in part["items"]}

    def test_of_an_item(self, settled):
        owed = self.read(settled, AS_OF)["owed"]
        assert (owed["open_amount"], owed["paid_after"], owed["settled_after"]) == ("1000.00", "380.00", "120.00")
        owed = self.read(settled, "2026-04-02")["owed"]
        assert (owed["open_amount"], owed["paid_after"], owed["settled_after"]) == ("700.00", "80.00", "120.00")
        assert self.read(settled, "2026-04-04")["owed"]["paid_after"] == "0.00"

    def test_nothing_is_paid_of_a_credit(self, settled):
        assert {one["paid_after"] for one in self.read(settled, AS_OF).values() if Decimal(one["amount"]) < 0} == {
            "0.00"
        }

    def test_in_original_currency(self, settled):
        euro = settled.invoice(
            "100", "2026-03-01", "1000.00", currency="EUR", currency_amount="100.00", entry_id="euro"
        )
        paid = settled.payment("100", "2026-04-05", "500.00")
        settled.match(euro, paid, "500.00", debit_currency="50.00")
        assert self.read(settled, AS_OF, currency=Currency.ORIGINAL)["euro"]["paid_after"] == "50.00"

    @pytest.mark.parametrize(
        ("address", "query"), [(OPEN, {}), (OPEN, {"visning": "sammendrag"}), (AGED, {}), (UNPAID, {})]
    )
    def test_the_column_adds_up_on_every_page_of_a_past_date(self, settled, make_member, client, address, query):
        client.force_login(make_member(settled.client, "rita", "regnskapsforer"))
        shown = client.get(address, {"per": AS_OF, **query}).context_data["report"]
        (part,) = shown.currencies
        assert (shown.paid_after, part.paid_after) == (True, Decimal("380.00"))
        if address == AGED:
            rows = [row.paid_after for row in part.rows]
        else:
            rows = [paid for _one, paid in part.customers] if query else [line.paid_after for line in part.items]
        assert sum(rows) == Decimal("380.00")
        page = client.get(address, {"per": AS_OF, **query}).content.decode()
        assert "Innbetalt etter per-dato" in page
        assert "Innbetalt etter per-dato" not in client.get(address, query).content.decode()

    def test_the_file_of_a_past_date_has_it_and_others_do_not(self, settled, make_member, client):
        client.force_login(make_member(settled.client, "rita", "regnskapsforer"))
        exports = {one.label: one.url for one in client.get(OPEN, {"per": AS_OF}).context_data["exports"]}
        assert "paid_after,settled_after" in client.get(exports["CSV"]).content.decode().splitlines()[0]
        assert "paid_after" not in client.get(OPEN, {"per": AS_OF, "format": "csv"}).content.decode()

    def test_it_is_what_the_report_of_today_has_less(self, settled):
        """Of items open on the date: open then, less paid, less settled otherwise, is open now."""
        now = {one["entry_id"]: one["open_amount"] for one in self.read(settled, "9999-12-31").values()}
        for name, item in self.read(settled, AS_OF).items():
            if Decimal(item["amount"]) > 0:
                left = Decimal(item["open_amount"]) - Decimal(item["paid_after"]) - Decimal(item["settled_after"])
                assert left == Decimal(now.get(name, "0.00"))


def test_the_dates_of_first_and_last_match_are_kept(books):
    with client_scope(books.client):
        entry = LedgerEntry.objects.for_client(books.client).select_related("customer").get(entry_id="e1")
        assert str(entry.first_matched_on) == str(entry.last_matched_on) == "2026-02-01"
        match = Match.objects.for_client(books.client).get(debit=entry)
    books.paid(entry, "2026-03-05", "100.00")
    with client_scope(books.client):
        entry = LedgerEntry.objects.for_client(books.client).get(entry_id="e1")
        assert (str(entry.first_matched_on), str(entry.last_matched_on)) == ("2026-02-01", "2026-03-05")
        Match.objects.for_client(books.client).filter(pk=match.pk).delete()
        entry = LedgerEntry.objects.for_client(books.client).get(entry_id="e1")
        assert str(entry.first_matched_on) == str(entry.last_matched_on) == "2026-03-05"
        assert entry.open_amount == Decimal("1134.50")


def test_today_is_no_past_date(books, make_member, client):
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    today = timezone.localdate()
    assert not client.get(OPEN, {"per": today}).context_data["report"].paid_after
    assert client.get(OPEN, {"per": today - timedelta(days=1)}).context_data["report"].paid_after


@pytest.mark.parametrize(
    "query", [{"status": "ikke-forfalt"}, {"status": "forfalt"}, {"kunde": "300", "art": "faktura"}]
)
def test_a_customers_subtotal_is_of_what_is_chosen(books, make_member, client, query):
    books.invoice("100", "2026-01-05", "7.00", due="2026-01-19")
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    (part,) = client.get(OPEN, {"per": AS_OF, **query}).context_data["report"].currencies
    for group in part.groups:
        assert group.total == sum(line.open_amount for line in group.items)
        assert group.item_count == len(group.items)
    assert sum(group.total for group in part.groups) == part.total
