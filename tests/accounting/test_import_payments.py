"""Payments from bank files: booked by KID or by number and amount, else waiting; taken back where the bank reverses them."""

from decimal import Decimal

import pytest

from access.tenancy import client_scope
from accounting.models import BankReceipt, LedgerEntry, Match
from tests.accounting.bank_files import Bank, Paid, ocr
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


def test_the_same_file_twice_changes_nothing(books, bank, client):
    books.invoice("10000", "2026-01-10", "100.00", kid="1234567", invoice_number="1")
    file = bank.file(ocr([Paid("1234567", "40.00"), Paid("1234567", "40.00"), Paid("7777777", "5.00")]))
    bank.run(file)
    before = state(client)
    summary = bank.run(file)
    assert summary["entries"] == {"created": 0, "unchanged": 2} and summary["matches"] == {"created": 0}
    assert state(client) == before and before["open"] == [("1", Decimal("20.00"))]
