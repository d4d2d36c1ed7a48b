"""Half a year of a company (Nordic Smart Government): 14 invoices, 22 statements, every payment with a reference matched."""

import json
from decimal import Decimal

import pytest

from access.tenancy import client_scope
from accounting.models import BankReceipt, How, LedgerEntry, Match
from accounting.reports.open_items import open_items
from tests.accounting.bank_files import Bank
from tests.accounting.factories import Books

NUMBER = "20202020"


@pytest.fixture
def nsg(shared, make_client, tmp_path):
    from access.models import Client

    expected = json.loads((shared / "data/nsg/EXPECTED.json").read_text())
    client = Client.objects.create(organisation_number=NUMBER, name="NSG Catering", country="DK", base_currency="DKK")
    books = Books(client)
    for one in expected["invoices"]["list"] if isinstance(expected["invoices"], dict) else expected["invoices"]:
        books.invoice(
            one["buyer"], one["issue"], one["payable"], due=one["due"], kid=one["ref"], invoice_number=one["id"],
            source="ehf",
        )  # fmt: skip
    folder = shared / "data/nsg/bank_statements"
    return client, books, expected, [folder / one["file"] for one in expected["statements"]]


def test_every_payment_with_a_reference_is_matched(nsg, tmp_path):
    client, books, expected, statements = nsg
    summary = Bank(tmp_path, NUMBER).run(*statements)
    assert summary["entries"] == {"created": 14, "unchanged": 0} and summary["matches"] == {"created": 14}
    assert summary["receipts"]["waiting"] == 0
    money_in = sum(Decimal(one["credits"]) for one in expected["statements"])
    assert summary["totals"]["DKK"]["credit"] == str(money_in.quantize(Decimal("0.01")))
    assert summary["totals"]["DKK"]["opening"] == "10000.00" and summary["totals"]["DKK"]["closing"] == "202386.09"
    differ = {one["where"].split(":")[0] for one in summary["warnings"] if one["code"] == "statement_differs"}
    assert (
        differ == {one["file"] for one in expected["statements"] if one["difference"] != "0.00"} and len(differ) == 10
    )
    assert {one["code"] for one in summary["warnings"]} == {"statement_differs"}
    with client_scope(client):
        assert set(Match.objects.for_client(client).values_list("how", flat=True)) == {How.KID}
        told = LedgerEntry.objects.for_client(client).filter(kind="payment").order_by("entry_date")
        assert [(str(one.entry_date), str(-one.amount), one.kid) for one in told] == [
            (one["date_used"], one["amount"], one["ref"])
            for one in sorted(expected["payments"], key=lambda one: one["date_used"])
        ]
    for day, at in expected["as_of"].items():
        report = books.report(open_items, day)
        part = report["currencies"].get("DKK", {"items": [], "total": "0.00"})
        assert part["total"] == at["total"], day
        invoices = {one["invoice_number"]: one["open_amount"] for one in part["items"] if one["kind"] == "invoice"}
        assert invoices == {one["invoice"]: one["open"] for one in at["items"] if "invoice" in one}, day
        ahead = [(one["entry_date"], one["open_amount"]) for one in part["items"] if one["kind"] == "payment"]
        assert ahead == [(one["booked"], one["open"]) for one in at["items"] if "payment_for" in one], day


def test_statements_before_the_invoices_wait_and_are_taken_up(nsg, tmp_path):
    client, _, _, statements = nsg
    with client_scope(client):
        invoices = list(LedgerEntry.objects.for_client(client))
        LedgerEntry.objects.for_client(client).delete()
    bank = Bank(tmp_path, NUMBER)
    assert bank.run(*reversed(statements))["receipts"]["waiting"] == 14
    with client_scope(client):
        LedgerEntry.objects.for_client(client).bulk_create(invoices)
    again = bank.run(*statements)
    assert again["entries"]["created"] == 14 and again["matches"]["created"] == 14
    with client_scope(client):
        assert BankReceipt.objects.for_client(client).filter(status="booked").count() == 14
