"""`import_invoices`: whose claims they become, which customer they are for, what is refused, and nothing half in."""

import json
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from access.services import create_client
from access.tenancy import client_scope
from accounting.models import Customer, LedgerEntry
from accounting.receivables import receivables_page
from accounting.services.invoice_import import import_invoices
from accounting.services.locking import lock_ledger
from accounting.signals import ledger_changed
from tests.accounting.ehf_builder import Invoices, document, party
from tests.accounting.factories import Books
from tests.accounting.ledger_files import Folder, codes, entry
from tests.accounting.saft_builder import customer, line, saft, voucher
from tests.accounting.saft_runner import run, warned

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoices(tmp_path, make_client):
    make_client()
    return Invoices(tmp_path)


@pytest.fixture
def nudges():
    sent = []

    def hear(client, **_):
        sent.append(client.organisation_number)

    ledger_changed.connect(hear)
    yield sent
    ledger_changed.disconnect(hear)


# The real files


def test_the_catering_company(shared, tmp_path, nudges):
    create_client(organisation_number="20202020", name="NSG Catering", country="DK", base_currency="DKK")
    folder = shared / "data" / "nsg"
    paths = sorted((folder / "sales_invoices").iterdir())
    nsg = Invoices(tmp_path, "20202020")
    summary = nsg.run(*reversed(paths))
    want = json.loads((folder / "EXPECTED.json").read_text())
    assert summary == {
        "client": "20202020",
        "customers": {"created": 14, "updated": 0, "unchanged": 0},
        "entries": {"created": 14, "unchanged": 0},
        "matches": {"created": 0},
        "payments": {"booked": 0},
        "totals": {"DKK": {"opening": "0.00", "debit": "506800.00", "credit": "0.00", "closing": "506800.00"}},
        "warnings": [],
    }
    for one in want["invoices"]:
        found = nsg.entry(one["id"])
        assert (found.source, found.kind, found.entry_id) == ("ehf", "invoice", f"ehf:invoice:{one['id']}")
        assert (str(found.entry_date), str(found.due_date), found.kid) == (one["issue"], one["due"], one["ref"])
        assert found.amount == found.open_amount == Decimal(one["payable"])
        assert (found.customer.name, found.customer.organisation_number) == (one["buyer_name"], one["buyer"])
    with client_scope(nsg.company()):
        numbers = Customer.objects.for_client(nsg.company()).order_by("pk").values_list("number", flat=True)
        assert list(numbers) == [str(number) for number in range(10000, 10014)]  # by date of issue, not by file
        assert Customer.objects.for_client(nsg.company()).get(name="Ovid Fish").country == "NO"
    again = nsg.run(*paths)
    assert again["customers"] == {"created": 0, "updated": 0, "unchanged": 14}
    assert (again["entries"], again["totals"]) == ({"created": 0, "unchanged": 14}, summary["totals"])
    assert nudges == ["20202020"] and len(nsg.audit()) == 1


def test_every_real_file_has_the_effect_that_is_expected(shared, tmp_path):
    """Each in a company of its own: their numbers are the same over and over."""
    folder = shared / "data" / "ehf"
    numbers = iter(["310000000", "310001015", "310011118", "987654325", "123456785", "811143758", "877734641"])
    for one in json.loads((folder / "EXPECTED.json").read_text()):
        currency = one["currency"]
        number = f"X{one['file'][:12]}".replace("-", "").replace("_", "") + str(next(numbers, len(one["file"])))
        create_client(organisation_number=number[:20], name="X", country="XX", base_currency=currency)
        books = Invoices(tmp_path, number[:20])
        path = folder / one["file"]
        if one["type"] is None:
            assert "no sales invoice" in books.refused_files(path, any_supplier=True)
            continue
        assert "is not issued by" in books.refused_files(path)
        summary = books.run(path, any_supplier=True)
        effect = Decimal(one["receivable_effect"])
        assert Decimal(summary["totals"][currency]["closing"]) == effect
        found = books.entry(one["id"])
        assert (found.amount, found.currency) == (effect, currency)
        assert found.kind == ("credit_note" if effect < 0 else "invoice")
        assert found.assigned is bool(one["payee"])
        # Of prepaid amounts there is no credit: what is left to pay is booked, and that is said.
        prepaid = one["prepaid"] not in (None, "0.00")
        assert codes(summary) - {"customer_number_check_digit"} == ({"prepaid"} if prepaid else set())
        assert books.run(path, any_supplier=True)["entries"] == {"created": 0, "unchanged": 1}


# Whose invoice it is


@pytest.mark.parametrize("supplier", [
    party("310000000", "Furuly Lys AS"), party("NO310000000MVA", "F"), party("NO 310 000 000 MVA", "F"),
    party("", "F", vat="NO310000000MVA"), party("", "F", endpoint="310000000"),
    party("310000000", "Another name", vat="NO987654325MVA"),
])  # fmt: skip
def test_an_invoice_of_the_company(invoices, supplier):
    assert invoices.load(document("1", "100", supplier=supplier))["entries"]["created"] == 1


@pytest.mark.parametrize("supplier", [
    party("310001015", "Furuly Lys AS"), party("", "Furuly Lys AS"), party("NO310001015MVA", "F"),
    party("310001015", "F", vat="NO310000000MVA", endpoint="310000000"),
    party("", "F", endpoint="310000000", scheme="0088"), party("31000000", "F"), party("0310000000", "F"),
])  # fmt: skip
def test_an_invoice_received_never_becomes_a_claim(invoices, supplier):
    told = invoices.refused(document("2", "1"), document("17", "100", supplier=supplier))
    assert "/2.xml:4: invoice 17 is not issued by 310000000 but by " in told
    assert "leave it out" in told
    assert invoices.load(document("17", "100", supplier=supplier), any_supplier=True)["entries"]["created"] == 1


def test_an_invoice_to_the_company_itself_is_no_claim(invoices):
    told = invoices.refused(document("1", "100", buyer=party("", "F", vat="NO310000000MVA")))
    assert "invoice 1 is issued to the company itself" in told


def test_the_number_of_another_supplier_is_not_the_companys_own(invoices):
    other = party("310001015", "Bjørka AS")
    summary = invoices.load(document("1", "100"), document("1", "50", supplier=other), any_supplier=True)
    assert summary["entries"]["created"] == 2
    assert {one[0] for one in invoices.books()[0]} == {"ehf:invoice:1", "ehf:310001015:invoice:1"}


def test_a_self_billed_invoice_is_numbered_by_its_buyer(invoices):
    """The buyer writes it in the company's name: it is the company's claim, in the buyer's series of numbers."""
    form = {
        "customization": "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0",
        "profile": "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0", "type_code": "389",
    }  # fmt: skip
    summary = invoices.load(
        document("1", "100"), document("1", "50", **form),
        document("1", "25", buyer=("310011118", "Gran AS"), **form),
    )  # fmt: skip
    assert summary["entries"]["created"] == 3


# The same again


def test_the_same_invoice_twice_changes_nothing(invoices, nudges):
    one = document("1", "100", due="2026-02-01", kid="11")
    first = invoices.load(one, one)
    assert (first["entries"], first["totals"]["NOK"]["debit"]) == ({"created": 1, "unchanged": 0}, "100.00")
    before = invoices.books()
    for _ in range(2):
        again = invoices.load(one)
        assert again["entries"] == {"created": 0, "unchanged": 1}
        assert again["customers"] == {"created": 0, "updated": 0, "unchanged": 1}
    assert invoices.books() == before
    assert (len(nudges), len(invoices.audit())) == (1, 1)


@pytest.mark.parametrize(("values", "what"), [
    ({"amount": "101"}, "another amount"), ({"on": "2026-01-11"}, "another date"),
    ({"due": "2026-02-02"}, "another due date"), ({"currency": "EUR"}, "another currency"),
    ({"buyer": ("310011118", "Gran AS")}, "another customer"),
    ({"amount": "99", "on": "2026-01-09"}, "another amount and another date"),
])  # fmt: skip
def test_the_same_number_with_other_content_is_refused(invoices, values, what):
    given = {"number": "1", "amount": "100", "due": "2026-02-01"}
    invoices.load(document(**given), document("2", "1", buyer=("310011118", "Gran AS")))
    told = invoices.refused(document("3", "7"), document(**given | values))
    assert f"invoice 1 is in the books with {what}: what is booked does not change" in told


def test_two_files_of_one_call_with_one_number_and_other_content(invoices):
    told = invoices.refused(document("1", "100"), document("1", "101"))
    assert "stands in 1.xml too, with other content" in told or "stands in 2.xml too, with other content" in told


def test_an_invoice_and_a_credit_note_may_have_one_number(invoices):
    assert invoices.load(document("1", "100"), document("1", "50", note=True))["entries"]["created"] == 2


def test_what_a_ledger_file_brought_is_not_booked_again(invoices, tmp_path):
    folder = tmp_path / "csv"
    folder.mkdir()
    row = entry("I1", "100.00", "2026-01-10", name="Bjørka AS", organisation_number="310001015", invoice_number="1")
    Folder(folder).load([row])
    summary = invoices.load(document("1", "100"), document("2", "100"))
    assert summary["entries"] == {"created": 1, "unchanged": 1}
    assert warned(summary, "already_held") == [
        ("invoice 1 is in the books already, as I1: it is not booked again", "1.xml")
    ]
    other = invoices.load(document("1", "101", note=True))  # another document that happens to bear the number
    assert other["entries"]["created"] == 1


def test_what_a_file_brings_after_ehf_is_said_to_stand_there_twice(invoices, tmp_path):
    folder = tmp_path / "csv"
    folder.mkdir()
    invoices.load(document("1", "100"), document("2", "100"))
    rows = [
        entry("I1", "100.00", "2026-01-10", invoice_number="1"), entry("I2", "100.01", "2026-01-10", invoice_number="2"),
    ]  # fmt: skip
    told = "1 of 2026-01-10 came as EHF before and now stands there twice: one of them must be credited"
    assert warned(Folder(folder).load(rows), "held_twice") == [(told, "1001")]
    assert warned(Folder(folder).load(rows), "held_twice") == []


def test_so_it_is_with_saft(invoices, tmp_path):
    invoices.load(document("1", "100"))
    told = "<ReferenceNumber>1</ReferenceNumber>"
    sold = voucher("2026-01-10", line("100", customer="C1", fields=told), line("-100", account="3000"))
    path = tmp_path / "saft.xml"
    path.write_text(saft(customers=[customer("C1")], vouchers=[sold]), encoding="utf-8")
    assert [where for _, where in warned(run(path), "held_twice")] == ["C1"]


# All or nothing


def test_one_file_of_many_that_is_refused_refuses_all(invoices, nudges):
    good = [document(str(number), "10", buyer=(f"31000{number}", "X", "SE")) for number in range(1000, 1040)]
    told = invoices.refused(*good, "<a/>")
    assert told.endswith("/41.xml:1: the root is a, not an Invoice or a CreditNote of UBL 2.1: give the invoice itself,"
                         " without an envelope\n")  # fmt: skip
    assert (nudges, invoices.audit()) == ([], [])
    with client_scope(invoices.company()):
        assert not Customer.objects.for_client(invoices.company()).exists()


def test_a_file_that_is_not_there_and_a_company_that_is_not(invoices, tmp_path):
    assert ":1: the file cannot be read (No such file or directory): give another" in invoices.refused_files(
        tmp_path / "none.xml"
    )
    path = invoices.file(document("1", "1"))
    assert "there is no company 310011118: make it with add_client" in _refused_of("310011118", path)


def _refused_of(number, path):
    err = StringIO()
    with pytest.raises(SystemExit):
        call_command("import_invoices", str(path), client=number, stderr=err, no_color=True)
    return err.getvalue()


def test_the_audit_line_names_files_and_counts(invoices, make_member):
    invoices.load(*(document(str(number), "10") for number in range(25)))
    (details,) = invoices.audit()
    assert (details["count"], details["entries"], details["matches"], details["customers"]) == (25, 25, 0, 1)
    assert len(details["files"]) == 20


def test_nothing_is_booked_in_a_locked_period(invoices, make_member):
    client = invoices.company()
    known = document("1", "10", "2026-01-10")
    invoices.load(known)
    with client_scope(client):
        lock_ledger(client=client, through=date(2026, 1, 31), actor=make_member(client, "ada", "administrator"))
    told = invoices.refused(document("2", "10", "2026-02-01"), document("3", "10", "2026-01-31"))
    assert "invoice 3 is dated 2026-01-31, and the books are locked through 2026-01-31: open the period" in told
    assert invoices.load(known)["entries"] == {"created": 0, "unchanged": 1}
    # A match of what came before counts from the first open day.
    summary = invoices.load(document("4", "4", "2026-02-01", note=True, refers=("1",)))
    assert summary["matches"]["created"] == 1
    assert invoices.books()[1][0][3] == date(2026, 2, 1)


# What the bank reads


def test_the_bank_reads_where_it_came_from_and_that_it_is_assigned(invoices):
    invoices.load(document("1", "1"), document("2", "1", payee="Factoring AS"), document("3", "1", type_code="393"))
    with client_scope(invoices.company()):
        page = receivables_page(client=invoices.company(), changed_since="", cursor="", page_size=10)
    read = {one["invoice_number"]: (one["source"], one["assigned"], one["kind"]) for one in page.items}
    assert read == {"1": ("ehf", False, "invoice"), "2": ("ehf", True, "invoice"), "3": ("ehf", True, "invoice")}


# Odd amounts


def test_oddities_are_warnings_of_their_files(invoices):
    summary = invoices.load(document("1", "100.00", inclusive="100.01"), document("2", "10.005", inclusive="10.01"))
    assert {(one["code"], one["where"]) for one in summary["warnings"]} == {
        ("payable_differs", "1.xml"), ("amount_decimals", "2.xml"),
    }  # fmt: skip
    assert [invoices.entry(one).amount for one in "12"] == [Decimal("100.00"), Decimal("10.01")]


def test_negative_and_zero_amounts(invoices):
    summary = invoices.load(document("1", "-100"), document("2", "-50", note=True), document("3", "0"))
    assert codes(summary) == {"negative_payable"}
    found = [invoices.entry(one) for one in "123"]
    assert [(one.kind, one.amount) for one in found] == [("credit_note", -100), ("invoice", 50), ("invoice", 0)]
    assert [str(one.closed_on) for one in found] == ["None", "None", "2026-01-10"]
    assert summary["totals"]["NOK"] == {"opening": "0.00", "debit": "50.00", "credit": "100.00", "closing": "-50.00"}


def test_an_account_that_is_not_the_companys(invoices):
    client = invoices.company()
    client.bank_account = "86011117947"
    client.save()
    summary = invoices.load(
        document("1", "1", account="NO9386011117947"), document("2", "1", account="8601.11.17947"),
        document("3", "1", account="15039612347"), document("4", "1", account="GB33BUKB20201555555555"),
    )  # fmt: skip
    assert [where for _, where in warned(summary, "other_account")] == ["3.xml"]


def test_a_corrected_invoice_is_said(invoices):
    assert codes(invoices.load(document("1", "1", type_code="384"))) == {"corrected_invoice"}


def test_the_ledger_is_of_this_company_alone(invoices, make_client):
    other = make_client("310011118", "Gran AS")
    invoices.load(document("1", "100"))
    with client_scope(other):
        assert not LedgerEntry.objects.for_client(other).exists()


@pytest.mark.parametrize("count", [1, 60])
def test_the_number_of_queries_does_not_grow_with_the_documents(invoices, django_assert_num_queries, count):
    books = Books(invoices.company())
    books.customer("77", "Bjørka AS", organisation_number="310001015")
    books.payment("77", "2026-01-02", "10", kid="1001")
    paths = [
        invoices.file(document(str(number), "10", kid=str(1000 + number), buyer=("310001015", "Bjørka AS")))
        for number in range(1, count + 1)
    ]
    paths.append(invoices.file(document("K", "5", note=True, refers=("1",), buyer=("310001015", "Bjørka AS"))))
    client = invoices.company()
    with django_assert_num_queries(22):
        summary = import_invoices(client=client, paths=paths)
    assert (summary["entries"]["created"], summary["matches"]["created"]) == (count + 1, 1)


def test_statements_before_invoices_or_after_them_give_the_same_books(shared, tmp_path):
    folder = shared / "data" / "nsg"
    calls = {
        "import_invoices": sorted((folder / "sales_invoices").iterdir()),
        "import_payments": sorted((folder / "bank_statements").iterdir()),
    }
    books = []
    for order in (list(calls), list(calls)[::-1]):
        with transaction.atomic():
            create_client(organisation_number="20202020", name="NSG Catering", country="DK", base_currency="DKK")
            for command in order:
                call_command(command, *map(str, calls[command]), client="20202020", stdout=StringIO())
            books.append(Invoices(tmp_path, "20202020").books())
            transaction.set_rollback(True)
    assert books[0] == books[1]
    assert len(books[0][0]) == 28 and len(books[0][1]) == 14
    assert {one[7] for one in books[0][0]} == {Decimal("0.00")}  # all of it is paid
