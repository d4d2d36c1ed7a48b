"""National identity numbers in the files of others: not kept, not said again, and the import goes on without them."""

import json

import pytest
from django.apps import apps
from django.db import connection

from access.ownership import as_owner
from access.tenancy import client_scope
from accounting.models import Customer, LedgerEntry
from tests.accounting.ledger_files import Folder, entry
from tests.accounting.saft_builder import customer, line, saft, voucher
from tests.accounting.saft_runner import company, refused, run, warned

ONE = "15108695088"  # python-stdnum's own example
WRITTEN = [ONE, "151086 95088", "15.10.86 95088", "151086-95088", f"fnr {ONE}", f"NO{ONE}MVA"]


def tables_that_hold(*texts):
    """Of all tables, those in whose rows one of the texts stands, whatever the column."""
    found = []
    with as_owner(), connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(
                f"SELECT count(*) FROM {table} t WHERE t::text LIKE ANY (%s)", [[f"%{one}%" for one in texts]]
            )
            found += [table] * cursor.fetchone()[0]
    return found


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("written", WRITTEN)
def test_a_ledger_file_is_stored_without_them(folder, written):
    rows = [
        entry("1", "100.00", name=f"Kari {written}", organisation_number=written),
        entry("2", "100.00", number="1002", organisation_number="310001015"),
    ]
    summary = folder.load(rows)
    assert warned(summary, "national_identity_number") == [
        (f"customer 1001: the {field} holds a national identity number, which is not kept: take it out of the books", "1001")
        for field in ("name", "organisation number")
    ]  # fmt: skip
    assert written not in json.dumps(summary)
    with client_scope(folder.company()):
        kari, other = Customer.objects.for_client(folder.company()).order_by("number")
        assert (kari.organisation_number, kari.private_person) == ("", True)
        assert kari.name.startswith("Kari ") and "***" in kari.name
        assert (other.organisation_number, other.private_person) == ("310001015", False)
    assert tables_that_hold(written, ONE) == []
    again = folder.load(rows)
    assert again["customers"] == {"created": 0, "updated": 0, "unchanged": 2}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("written", WRITTEN)
def test_a_saft_file_is_stored_without_them(tmp_path, written):
    named = customer("C1", number_of=written).replace("Customer C1", f"Kari {written}")
    told = f"<Description>Faktura til {written}</Description>"
    text = saft(
        customers=[named, customer("C2", number_of="310001015")],
        vouchers=[voucher("2026-01-10", line("100", customer="C1", fields=told), line("-100", account="3000"))],
    )
    path = tmp_path / "file.xml"
    path.write_text(text, encoding="utf-8")
    summary = run(path)
    assert [where for _, where in warned(summary, "national_identity_number")] == ["C1", "C1"]
    assert written not in json.dumps(summary)
    with client_scope(company()):
        kari = Customer.objects.for_client(company()).get(number="C1")
        assert (kari.organisation_number, kari.private_person) == ("", True)
        assert LedgerEntry.objects.for_client(company()).get(amount=100).description.startswith("Faktura til ")
        assert Customer.objects.for_client(company()).get(number="C2").organisation_number == "310001015"
    assert tables_that_hold(written, ONE) == []
    assert run(path)["customers"]["updated"] == 0


@pytest.mark.django_db(transaction=True)
def test_a_customer_number_that_is_one_refuses_the_file_and_is_not_said(folder, tmp_path):
    told = folder.refused(folder.entries(entry("1", "1.00"), entry("2", "1.00", number=ONE)))
    assert ":3: customer_number is a national identity number" in told and ONE not in told
    path = tmp_path / "file.xml"
    sold = voucher("2026-01-10", line("100", customer=ONE), line("-100", account="3000"))
    for customers in ([customer(ONE)], [customer("C1")]):  # in the master files, and only on a line
        path.write_text(saft(customers=customers, vouchers=[sold]), encoding="utf-8")
        told = refused(path)
        assert "a customer number is a national identity number" in told and ONE not in told
    assert tables_that_hold(ONE) == []


@pytest.mark.django_db
def test_eleven_digits_that_are_none_stay_as_they_are(folder):
    summary = folder.load(
        [entry("1", "1.00", name="Konto 15108695089", organisation_number="15108695077", number="10000000001")]
    )
    assert warned(summary, "national_identity_number") == []
    with client_scope(folder.company()):
        kept = Customer.objects.for_client(folder.company()).get()
    assert (kept.name, kept.organisation_number) == ("Konto 15108695089", "15108695077")
