"""The page of unidentified payments: who sees it, what it suggests, and what a person decides there."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting import hooks
from accounting.models import BankReceipt, LedgerEntry, Match
from accounting.receivables import receivables_page
from accounting.reports.open_items import open_items
from accounting.services.locking import lock_ledger
from tests.accounting.bank_files import Bank, Paid, camt, entry
from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db
LIST = "/klient/310000000/innbetalinger/uidentifiserte/"


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def books(company):
    return Books(company)


@pytest.fixture
def bank(company, tmp_path):
    return Bank(tmp_path)


@pytest.fixture
def rita(company, make_member, client):
    """The browser of the accountant."""
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    return client


def waits(bank, *payments):
    """These payments come, one entry each."""
    bank.load(camt("054", [entry([one]) for one in payments]))


def receipts(company):
    with client_scope(company):
        return list(BankReceipt.objects.for_client(company).order_by("pk").select_related("entry"))


def listed(browser, **query):
    response = browser.get(LIST, query)
    assert response.status_code == 200
    return response.context_data


def act(browser, receipt, what, **given):
    response = browser.post(f"{LIST}{receipt.pk}/{what}/", given)
    assert response.status_code == 302
    return response


def actions(company):
    with client_scope(company):
        rows = AuditEntry.objects.for_client(company).filter(action__startswith="payment.").order_by("at")
        return [one.action for one in rows]


class TestWhoGetsIn:
    def test_the_auditor_sees_and_may_not_act(self, company, bank, make_member, client):
        waits(bank, Paid("", "5.00"))
        client.force_login(make_member(company, "rolf", "revisor"))
        assert b'<form method="post" action="/klient' not in client.get(LIST).content
        one = receipts(company)[0]
        assert client.get(f"{LIST}{one.pk}/").status_code == 403
        for what in ("bokfor", "lan", "avvis", "angre"):
            assert client.post(f"{LIST}{one.pk}/{what}/").status_code == 403

    def test_others_do_not(self, company, make_client, make_member, client):
        client.force_login(make_member(company, "stine", "standard"))
        assert client.get(LIST).status_code == 403
        client.force_login(make_member(make_client("310011118", "Furulia"), "vera", "administrator"))
        assert client.get(LIST).status_code == 404

    def test_a_receipt_of_another_company_is_not_found(self, company, bank, make_client, make_member, client):
        waits(bank, Paid("", "5.00"))
        vera = make_member(make_client("310011118", "Furulia"), "vera", "administrator")
        client.force_login(vera)
        other = LIST.replace("310000000", "310011118")
        assert client.get(f"{other}{receipts(company)[0].pk}/").status_code == 404
        assert client.post(f"{other}{receipts(company)[0].pk}/lan/").status_code == 404


def test_what_waits_is_outside_every_report_and_what_the_bank_reads(books, bank, company):
    books.invoice("10", "2026-01-10", "100.00")
    before = books.report(open_items, "2026-03-01")
    waits(bank, Paid("", "77.00", payer="Kari Kunde"), Paid("5555", "30.00"))
    assert books.report(open_items, "2026-03-01") == before
    with client_scope(company):
        page = receivables_page(client=company, changed_since="", cursor="", page_size=100)
    assert [one["amount"] for one in page.items] == ["100.00"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_as_often_for_three_as_for_one(rita, books, bank, count):
    for n in range(count):
        books.invoice(str(n), "2026-01-10", f"{n + 1}.00")
    waits(bank, *(Paid("", f"{n + 1}.00", payer=f"Kunde {n}") for n in range(count)))
    rita.get(LIST)
    with CaptureQueriesContext(connection) as asked:
        listed(rita)
    assert len(asked) == 17, [one["sql"][:90] for one in asked]


def test_name_and_amount_make_a_suggestion(rita, books, bank):
    books.customer("10", "Nordlys Bygg AS")
    books.customer("11", "Sørlys AS")
    books.invoice("10", "2026-01-10", "100.00", invoice_number="1")
    books.invoice("11", "2026-01-10", "100.00", invoice_number="2")
    books.invoice("11", "2026-01-10", "70.00", invoice_number="3")
    waits(
        bank, Paid("", "100.00", payer="NORDLYS BYGG"), Paid("", "70.00", payer="Ola"), Paid("", "100.00", payer="Per")
    )
    guesses = {
        one.receipt.payer: (one.guess.customer.number, one.guess.by_name) if one.guess else None
        for one in listed(rita)["waiting"]
    }
    assert guesses == {"NORDLYS BYGG": ("10", True), "Ola": ("11", False), "Per": None}


class TestBooking:
    def test_the_customer_is_found_and_what_she_owes_is_proposed(self, rita, books, bank, company):
        books.customer("10", "Nordlys Bygg AS")
        books.invoice("10", "2026-01-10", "60.00", due="2026-02-01", invoice_number="1")
        owed = books.invoice("10", "2026-01-10", "100.00", due="2026-03-01", invoice_number="2")
        waits(bank, Paid("", "100.00", payer="Nordlys Bygg"))
        one = receipts(company)[0]
        found = rita.get(f"{LIST}{one.pk}/").context_data
        assert [customer.number for customer in found["customers"]] == ["10"]
        chosen = rita.get(f"{LIST}{one.pk}/", {"kunde": "10"}).context_data
        assert [(item.invoice_number, proposed) for item, proposed in chosen["items"]] == [("1", False), ("2", True)]
        act(rita, one, "bokfor", customer="10", entry=[owed.pk])
        with client_scope(company):
            booked = LedgerEntry.objects.for_client(company).get(kind="payment")
            assert (booked.amount, booked.open_amount, booked.source) == (Decimal("-100.00"), 0, "bank")
            match = Match.objects.for_client(company).get()
            assert (match.debit_id, match.how, match.amount) == (owed.pk, "hand", Decimal("100.00"))
        assert listed(rita)["count"] == 0 and listed(rita, vis="avgjort")["count"] == 1
        assert actions(company) == ["payment.booked"]

    def test_undone_it_waits_again_and_every_figure_is_as_before(self, rita, books, bank, company):
        owed = books.invoice("10", "2026-01-10", "100.00", due="2026-03-01", invoice_number="2")
        waits(bank, Paid("", "99.50"))
        one = receipts(company)[0]
        days = ("2026-01-20", "2026-02-02", "2026-04-01")
        before = [books.report(open_items, day)["currencies"] for day in days]
        act(rita, one, "bokfor", customer="10", entry=[owed.pk])
        assert books.report(open_items, "2026-04-01")["currencies"] != before[2]
        act(rita, one, "angre")
        assert [books.report(open_items, day)["currencies"] for day in days] == before
        assert listed(rita)["count"] == 1
        act(rita, one, "bokfor", customer="10", entry=[owed.pk])  # and it can be booked anew
        assert actions(company) == ["payment.booked", "payment.waits_again", "payment.booked"]

    def test_what_was_undone_by_hand_is_not_booked_by_itself_again(self, rita, books, bank, company):
        books.invoice("10", "2026-01-10", "100.00", kid="1234567")
        waits(bank, Paid("1234567", "100.00"))
        one = receipts(company)[0]
        assert one.status == "booked"
        act(rita, one, "angre")
        waits(bank, Paid("", "1.00"))
        assert receipts(company)[0].status == "unidentified"

    def test_in_a_closed_period_it_is_booked_on_the_first_open_day(self, rita, books, bank, company, make_member):
        books.invoice("10", "2026-01-10", "100.00")
        waits(bank, Paid("", "100.00"))
        with client_scope(company):
            lock_ledger(client=company, through=date(2026, 2, 28), actor=make_member(company, "dag", "daglig_leder"))
        one = receipts(company)[0]
        assert b"01.03.2026" in rita.get(f"{LIST}{one.pk}/", {"kunde": "10"}).content
        act(rita, one, "bokfor", customer="10")
        assert receipts(company)[0].entry.entry_date == date(2026, 3, 1)

    @pytest.mark.parametrize(
        "given", [{}, {"customer": "404"}, {"customer": "10", "entry": "999999"}, {"customer": "\0"}]
    )
    def test_nonsense_changes_nothing(self, rita, books, bank, company, given):
        books.customer("10")
        waits(bank, Paid("", "100.00"))
        act(rita, receipts(company)[0], "bokfor", **given)
        assert receipts(company)[0].status == "unidentified"
        with client_scope(company):
            assert not LedgerEntry.objects.for_client(company).exists()

    def test_items_of_another_customer_are_refused(self, rita, books, bank, company):
        books.customer("10")
        other = books.invoice("11", "2026-01-10", "100.00")
        waits(bank, Paid("", "55.00"))
        act(rita, receipts(company)[0], "bokfor", customer="10", entry=[other.pk])
        assert receipts(company)[0].status == "unidentified"

    def test_a_foreign_payment_without_a_rate_is_told_so(self, rita, books, bank, company):
        books.customer("10")
        bank.load(camt("054", [entry([Paid("", "10.00")], currency="EUR")]))
        one = receipts(company)[0]
        response = rita.post(f"{LIST}{one.pk}/bokfor/", {"customer": "10"}, follow=True)
        assert "kurs" in response.content.decode() and receipts(company)[0].status == "unidentified"


class TestSettingAside:
    def test_a_draw_is_proposed_as_a_loan_and_never_as_a_payment(self, rita, books, bank, company, monkeypatch):
        books.invoice("10", "2026-01-10", "5000.00", invoice_number="77")
        draws = [hooks.Draw(date(2026, 2, 1), Decimal("5000.00"), "NOK")]
        monkeypatch.setattr(hooks, "_draws", {"test": lambda client: draws})
        waits(bank, Paid("", "5000.00", payer="Sparebanken Vest", text="77"))
        waiting = listed(rita)["waiting"][0]
        assert (waiting.is_draw, waiting.guess) == (True, None)
        act(rita, waiting.receipt, "lan")
        assert receipts(company)[0].status == "loan"
        act(rita, waiting.receipt, "angre")
        assert receipts(company)[0].status == "unidentified"
        assert actions(company) == ["payment.called_loan", "payment.waits_again"]

    def test_it_needs_a_reason_and_is_kept_with_it(self, rita, bank, company):
        waits(bank, Paid("", "12.00"))
        one = receipts(company)[0]
        assert rita.post(f"{LIST}{one.pk}/avvis/", {"reason": "  "}).status_code == 400
        act(rita, one, "avvis", reason="Mva. tilbake, til 01010750160")
        assert (receipts(company)[0].status, receipts(company)[0].reason) == ("dismissed", "Mva. tilbake, til ***")
        assert b"Mva. tilbake" in rita.get(LIST, {"vis": "avgjort"}).content
        act(rita, one, "angre")
        assert receipts(company)[0].status == "unidentified" and receipts(company)[0].reason == ""
        assert actions(company) == ["payment.dismissed", "payment.waits_again"]

    def test_two_people_at_once_decide_once(self, rita, bank, company):
        waits(bank, Paid("", "12.00"))
        one = receipts(company)[0]
        act(rita, one, "lan")
        act(rita, one, "avvis", reason="nei")
        assert receipts(company)[0].status == "loan"

    def test_a_locked_booking_cannot_be_undone(self, rita, books, bank, company, make_member):
        books.invoice("10", "2026-01-10", "100.00", kid="1234567")
        waits(bank, Paid("1234567", "100.00"))
        with client_scope(company):
            lock_ledger(client=company, through=date(2026, 2, 28), actor=make_member(company, "dag", "daglig_leder"))
        act(rita, receipts(company)[0], "angre")
        assert receipts(company)[0].status == "booked"


def test_open_items_say_how_many_wait(rita, books, bank):
    address = "/klient/310000000/rapporter/apne-poster/"
    assert LIST not in rita.get(address).content.decode().split("<main")[1]
    waits(bank, Paid("", "12.00"))
    assert "1 uidentifisert innbetaling<" in rita.get(address).content.decode()
