"""Payments from bank files: booked by KID or by number and amount, else waiting; taken back where the bank reverses them."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest
from django.db import connections

from access.tenancy import client_scope
from accounting.models import BankReceipt, LedgerEntry, LedgerSettings, Match
from accounting.services.locking import lock_ledger
from accounting.services.rates import set_rate
from tests.accounting.bank_files import Bank, Paid, camt, entry, ocr
from tests.accounting.factories import Books


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def books(client):
    return Books(client)


@pytest.fixture
def bank(client, tmp_path):
    return Bank(tmp_path)


def state(client):
    """Bank entries, matches and receipts, by what identifies them."""
    with client_scope(client):
        entries = LedgerEntry.objects.for_client(client).exclude(kind="invoice")
        return {
            "entries": sorted(
                (str(one.entry_date), one.kind, str(one.amount), str(one.open_amount), one.kid, one.customer.number)
                for one in entries.select_related("customer")
            ),
            "matches": sorted(
                (one.debit.kid, one.debit.kind, one.credit.kind, str(one.amount), str(one.matched_on), one.how)
                for one in Match.objects.for_client(client).select_related("debit", "credit")
            ),
            "open": sorted(
                LedgerEntry.objects.for_client(client)
                .filter(kind="invoice")
                .values_list("invoice_number", "open_amount")
            ),
            "waiting": sorted(
                BankReceipt.objects.for_client(client).filter(status="unidentified").values_list("reference", "amount")
            ),
        }


def test_a_payment_with_a_kid_is_booked_on_its_invoice(books, bank, client):
    books.invoice("10000", "2026-01-10", "100.00", due="2026-01-31", kid="1234567", invoice_number="1")
    summary = bank.load(ocr([Paid("1234567", "100.00"), Paid("7777777", "5.00")]))
    assert summary["entries"] == {"created": 1, "unchanged": 0}
    assert summary["matches"] == {"created": 1}
    assert summary["totals"] == {"NOK": {"opening": "0.00", "debit": "0.00", "credit": "105.00", "closing": "105.00"}}
    assert summary["receipts"] == {"created": 2, "unchanged": 0, "booked": 1, "specified": 0, "waiting": 1}
    assert [one["code"] for one in summary["warnings"]] == ["unidentified_payment"]
    assert state(client) == {
        "entries": [("2026-02-02", "payment", "-100.00", "0.00", "1234567", "10000")],
        "matches": [("1234567", "invoice", "payment", "100.00", "2026-02-02", "kid")],
        "open": [("1", Decimal("0.00"))],
        "waiting": [("7777777", Decimal("5.00"))],
    }


@pytest.mark.parametrize("length", [None, 9])
@pytest.mark.parametrize(
    ("owed", "told"), [("001234566", "1234566"), ("1234566", "001234566"), ("001234566", "001234566")]
)
def test_zeros_in_front_of_a_kid_may_be_left_out(books, bank, client, owed, told, length):
    with client_scope(client):
        LedgerSettings.objects.for_client(client).create(kid_check="10", kid_length=length)
    books.invoice("10000", "2026-01-10", "100.00", kid=owed, invoice_number="1")
    summary = bank.load(ocr([Paid(told, "100.00")]))
    assert summary["receipts"]["booked"] == 1 and summary["matches"] == {"created": 1}


def test_the_same_file_twice_changes_nothing(books, bank, client):
    books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
    file = bank.file(ocr([Paid("1234567", "40.00"), Paid("1234567", "40.00"), Paid("7777777", "5.00")]))
    bank.run(file)
    before = state(client)
    summary = bank.run(file)
    assert summary["entries"] == {"created": 0, "unchanged": 2} and summary["matches"] == {"created": 0}
    assert state(client) == before and before["open"] == [("1", Decimal("20.00"))]


class TestFindingTheInvoice:
    def test_by_number_and_exact_amount(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", invoice_number="4711")
        books.invoice("10000", "2026-01-10", "50.00", invoice_number="4712")
        bank.load(camt("054", [entry([Paid("", "100.00", text="Faktura 4711, takk")])]))
        bank.load(camt("054", [entry([Paid("", "49.00", text="4712")])]))
        found = state(client)
        assert found["open"] == [("4711", Decimal("0.00")), ("4712", Decimal("50.00"))]
        assert found["matches"][0][-1] == "invoice_number" and found["waiting"] == [("", Decimal("49.00"))]

    def test_two_invoices_that_are_named_and_add_up(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", invoice_number="4711")
        books.invoice("10000", "2026-01-10", "50.00", invoice_number="4712")
        bank.load(camt("054", [entry([Paid("", "150.00", text="4711 og 4712")])]))
        assert {left for _, left in state(client)["open"]} == {Decimal("0.00")}

    def test_one_number_at_two_customers_is_nobodys(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", invoice_number="4711")
        books.invoice("10001", "2026-01-10", "100.00", invoice_number="4711")
        bank.load(camt("054", [entry([Paid("", "100.00", text="4711")])]))
        assert state(client)["waiting"] == [("", Decimal("100.00"))]

    def test_one_kid_at_two_customers_is_nobodys(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567")
        books.invoice("10001", "2026-01-10", "100.00", kid="1234567")
        bank.load(ocr([Paid("1234567", "100.00")]))
        assert state(client)["waiting"] == [("1234567", Decimal("100.00"))]

    def test_what_is_paid_too_much_stays_an_open_credit(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
        bank.load(ocr([Paid("1234567", "130.00")]))
        assert state(client)["entries"] == [("2026-02-02", "payment", "-130.00", "-30.00", "1234567", "10000")]

    def test_instalments_are_paid_in_turn(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1", due="2026-03-10")
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="2", due="2026-02-10")
        bank.load(ocr([Paid("1234567", "150.00")]))
        assert state(client)["open"] == [("1", Decimal("50.00")), ("2", Decimal("0.00"))]

    @pytest.mark.parametrize(("paid", "left"), [("99.00", "0.00"), ("98.99", "1.01"), ("100.60", "0.00")])
    def test_a_small_difference_is_rounded_as_the_company_says(self, books, bank, client, paid, left):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
        bank.load(ocr([Paid("1234567", paid)]))
        assert state(client)["open"] == [("1", Decimal(left))]
        kinds = [one[1] for one in state(client)["entries"]]
        assert kinds == (["payment", "rounding"] if left == "0.00" else ["payment"])

    def test_nothing_is_rounded_that_another_payment_pays(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
        bank.load(ocr([Paid("1234567", "99.50"), Paid("1234567", "0.50")]))
        assert [one[1] for one in state(client)["entries"]] == ["payment", "payment"]

    def test_a_number_with_a_wrong_check_digit_is_no_kid(self, books, bank, client):
        with client_scope(client):
            LedgerSettings.objects.for_client(client).create(kid_check="10", kid_length=7)
        books.invoice("10000", "2026-01-10", "100.00", kid="1234566", invoice_number="1")
        books.invoice("10000", "2026-01-10", "60.00", kid="1234567", invoice_number="2")
        bank.load(ocr([Paid("1234566", "100.00"), Paid("1234567", "60.00")]))
        assert state(client)["open"] == [("1", Decimal("0.00")), ("2", Decimal("60.00"))]

    def test_a_payment_that_came_before_its_invoice_is_taken_up(self, bank, client, tmp_path):
        from tests.accounting.ledger_files import Folder
        from tests.accounting.ledger_files import entry as row

        bank.load(ocr([Paid("1234567", "100.00")]))
        assert state(client)["entries"] == []
        summary = Folder(tmp_path).load([row("I1", "100.00", "2026-02-10", kid="1234567", invoice_number="1")])
        assert summary["entries"]["created"] == 2 and summary["matches"]["created"] == 1
        assert state(client)["matches"] == [("1234567", "invoice", "payment", "100.00", "2026-02-10", "kid")]


class TestReversals:
    def test_the_invoice_is_open_again_and_the_payment_is_none(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
        bank.load(ocr([Paid("1234567", "99.50")]))
        bank.load(ocr([Paid("1234567", "-99.50", "2026-02-09")], transmission="1000002"))
        found = state(client)
        assert found["open"] == [("1", Decimal("100.00"))] and found["waiting"] == []
        assert {(kind, left) for _, kind, _, left, _, _ in found["entries"]} == {
            ("payment", "0.00"), ("refund", "0.00"), ("rounding", "0.00"),
        }  # fmt: skip

    def test_whichever_comes_first(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
        bank.load(camt("054", [entry([Paid("1234567", "-100.00", "2026-02-09")])]))
        assert state(client)["waiting"] == [("1234567", Decimal("-100.00"))]
        bank.load(camt("054", [entry([Paid("1234567", "100.00")])]))
        assert state(client)["open"] == [("1", Decimal("100.00"))] and state(client)["waiting"] == []

    def test_what_was_paid_since_pays_the_invoice(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
        bank.load(ocr([Paid("1234567", "100.00"), Paid("1234567", "100.00", "2026-02-20")]))
        assert [one[3] for one in state(client)["entries"]] == ["0.00", "-100.00"]
        bank.load(ocr([Paid("1234567", "-100.00", "2026-02-09")], transmission="1000002"))
        assert {one[3] for one in state(client)["entries"]} == {"0.00"}
        assert state(client)["open"] == [("1", Decimal("0.00"))]

    def test_a_payment_of_the_companys_own_that_comes_back_is_no_customers(self, bank, client):
        back = entry([Paid("1234567", "-100.00")]).replace("DBIT", "CRDT")
        summary = bank.load(camt("053", [back]))
        assert summary["receipts"]["created"] == 0 and summary["totals"]["NOK"]["credit"] == "100.00"


class TestLumps:
    """One sum in camt.053 that OCR, or camt.054, tells payment by payment."""

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
    @pytest.mark.parametrize("bank_reference", ["", "X77"])
    def test_it_is_specified_whichever_came_first(self, books, bank, client, order, bank_reference):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
        paid = [Paid("1234567", "60.00"), Paid("7777777", "5.00")]
        files = [
            ocr(paid),
            camt("054", [entry(paid, ref=bank_reference)]),
            camt("053", [entry(paid, details=False, ref=bank_reference), entry([Paid("", "3.00", payer="Ola")])]),
        ]
        for n in order:
            bank.load(files[n])
        found = state(client)
        assert found["waiting"] == [("", Decimal("3.00")), ("7777777", Decimal("5.00"))]
        assert found["open"] == [("1", Decimal("40.00"))]
        with client_scope(client):
            lump = BankReceipt.objects.for_client(client).get(status="specified")
        assert lump.amount == Decimal("65.00")

    def test_two_assignments_of_a_day_in_one_sum(self, bank, client):
        bank.load(camt("053", [entry([Paid("", "12.00")])]))
        bank.load(ocr([Paid("7777777", "5.00")]), ocr([Paid("8888888", "7.00")], transmission="1000002"))
        assert state(client)["waiting"] == [("7777777", Decimal("5.00")), ("8888888", Decimal("7.00"))]

    def test_one_lump_is_one_sum_and_no_second(self, bank, client):
        bank.load(ocr([Paid("7777777", "5.00")]))
        bank.load(camt("053", [entry([Paid("", "5.00")], ref="A"), entry([Paid("", "5.00", payer="Ola")], ref="B")]))
        assert state(client)["waiting"] == [("", Decimal("5.00")), ("7777777", Decimal("5.00"))]


class TestOnePayment:
    def test_the_kinds_may_differ_by_some_days_and_by_zeros_in_front(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", kid="0034567", invoice_number="1")
        bank.load(ocr([Paid("0034567", "100.00", "2026-02-02")]))
        bank.load(camt("053", [entry([Paid("34567", "100.00", "2026-02-04")])]))
        assert len(state(client)["entries"]) == 1 and state(client)["waiting"] == []

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    def test_two_alike_some_days_apart_are_two_in_any_order(self, books, bank, client, order):
        books.invoice("10000", "2026-01-10", "200.00", kid="1234567", invoice_number="1")
        first, second = Paid("1234567", "100.00", "2026-02-02"), Paid("1234567", "100.00", "2026-02-04")
        files = [
            ocr([first]), ocr([second], transmission="1000002"),
            camt("054", [entry([first])], identity="A"), camt("054", [entry([second])], identity="B"),
        ]  # fmt: skip
        for n in order:
            bank.load(files[n])
        assert [one[0] for one in state(client)["entries"]] == ["2026-02-02", "2026-02-04"]
        assert state(client)["waiting"] == [] and state(client)["open"] == [("1", Decimal("0.00"))]

    def test_once_ocr_has_come_a_statement_books_no_kid_of_its_own(self, books, bank, client):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
        bank.load(ocr([Paid("7777777", "5.00")]))
        bank.load(camt("053", [entry([Paid("1234567", "100.00", "2026-03-02")])]))
        assert state(client)["entries"] == []
        bank.load(ocr([Paid("1234567", "100.00", "2026-03-02")], transmission="1000002"))
        assert len(state(client)["entries"]) == 1


class TestRefused:
    def test_a_payment_in_a_closed_period(self, books, bank, client, make_member):
        books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
        with client_scope(client):
            lock_ledger(client=client, through=date(2026, 2, 28), actor=make_member(client, "dag", "daglig_leder"))
        told = bank.refused(ocr([Paid("7777777", "5.00"), Paid("1234567", "100.00")]))
        assert ":5: the payment of 100.00 NOK is of 2026-02-02, and the books are locked through 2026-02-28" in told
        with client_scope(client):
            assert not BankReceipt.objects.for_client(client).exists()

    def test_a_currency_without_a_rate_and_with_one(self, books, bank, client):
        books.invoice(
            "10000",
            "2026-01-10",
            "1150.00",
            currency="EUR",
            currency_amount="100.00",
            kid="1234567",
            invoice_number="1",
        )
        file = camt("054", [entry([Paid("1234567", "100.00")], currency="EUR")])
        assert "add_rate EUR 2026-02-02 RATE --client 310000000" in bank.refused(file)
        with client_scope(client):
            set_rate(client=client, currency="EUR", day=date(2026, 2, 2), rate=Decimal("11.8"))
        bank.load(file)
        assert state(client)["open"] == [("1", Decimal("0.00"))]
        assert [(one[1], one[2]) for one in state(client)["entries"]] == [
            ("exchange_difference", "30.00"), ("payment", "-1180.00"),
        ]  # fmt: skip

    def test_one_bad_file_of_several_leaves_nothing(self, bank, client):
        told = bank.refused(ocr([Paid("7777777", "5.00")]), b"NY0000", ocr([Paid("8888888", "5.00")]))
        assert told.startswith("error: ")
        with client_scope(client):
            assert not BankReceipt.objects.for_client(client).exists()

    def test_an_unknown_company(self, tmp_path, db):
        assert "the company 999999999 is not known" in Bank(tmp_path, "999999999").refused(ocr([Paid("1", "1.00")]))


def test_only_what_is_booked_counts_and_no_identity_number_is_kept(bank, client):
    pending = entry([Paid("7777777", "5.00")], status="<Cd>PDNG</Cd>")
    written = [entry([Paid("", "1.00", text="fra 01010750160", payer="Kari 010107 50160")], status=one)
               for one in ("BOOK", "<Prtry>BOOK</Prtry>")]  # fmt: skip
    assert bank.load(camt("053", [pending, *written]))["receipts"]["waiting"] == 2
    with client_scope(client):
        assert {(one.text, one.payer) for one in BankReceipt.objects.for_client(client)} == {("fra ***", "Kari ***")}


def test_the_real_files_give_what_is_expected(shared, bank, client):
    expected = json.loads((shared / "data/bank/EXPECTED.json").read_text())
    for name, of in expected.items():
        path = shared / "data/bank" / name
        if "claims" in of:
            assert "is an AvtaleGiro claim file, not OCR" in bank.refused(path)
            continue
        summary = bank.run(path)
        if "net" in of:
            assert (
                summary["totals"]["NOK"]["credit"] == of["net"] == "51449.00" and summary["receipts"]["created"] == 20
            )
            continue
        for one in of["statements"]:
            totals = next(iter(summary["totals"].values()))
            for word, column in (("credits", "credit"), ("debits", "debit")):
                assert Decimal(totals[column]) == Decimal(one[word]).quantize(Decimal("0.01"))
    assert state(client)["entries"] == []


def test_two_files_at_once_give_the_books_of_one(tmp_path, transactional_db, make_client):
    client = make_client()
    Books(client).invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
    paid = [Paid("1234567", "60.00"), Paid("7777777", "5.00")]
    bank = Bank(tmp_path)
    files = [bank.file(ocr(paid)), bank.file(camt("054", [entry(paid)])), bank.file(ocr(paid)), bank.file(ocr(paid))]

    def once(path):
        try:
            return bank.run(path)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        summaries = list(pool.map(once, files))
    assert sum(one["entries"]["created"] for one in summaries) == 1
    assert sum(one["receipts"]["created"] for one in summaries) == 2
    assert state(client)["open"] == [("1", Decimal("40.00"))]


_IMPORT = """
import os, sys
import django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.core.management import call_command
call_command("import_payments", sys.argv[2], client=sys.argv[3])
"""


def test_a_killed_import_leaves_nothing_and_can_be_made_again(tmp_path, transactional_db, make_client):
    client = make_client()
    Books(client).invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
    path = Bank(tmp_path).file(ocr([Paid("1234567", "100.00"), *(Paid(str(10**7 + n), "1.00") for n in range(20_000))]))
    command = [sys.executable, "-c", _IMPORT, connections["default"].settings_dict["NAME"], str(path), "310000000"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        with connections["default"].cursor() as cursor:
            for _ in range(1500):  # until it writes what the bank told
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%INSERT INTO \"accounting_banktelling\"%'"
                    " AND pid <> pg_backend_pid()"
                )
                if cursor.fetchone()[0]:
                    break
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    with client_scope(client):
        assert not BankReceipt.objects.for_client(client).exists()
    summary = Bank(tmp_path).run(path)
    assert (summary["receipts"]["created"], summary["entries"]["created"]) == (20_001, 1)
