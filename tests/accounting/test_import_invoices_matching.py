"""What new invoices and credit notes settle: prepaid amounts, payments that came first, and what is credited."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from access.tenancy import client_scope
from accounting.models import ExchangeRate, LedgerEntry
from accounting.services.undo import undo_matches
from tests.accounting.bank_files import Paid, ocr
from tests.accounting.ehf_builder import Invoices, document
from tests.accounting.factories import Books
from tests.accounting.ledger_files import codes
from tests.accounting.saft_runner import warned

pytestmark = pytest.mark.django_db
BUYER, OTHER = ("310001015", "Bjørka AS"), ("310011118", "Gran AS")


@pytest.fixture
def invoices(tmp_path, make_client):
    make_client()
    return Invoices(tmp_path)


@pytest.fixture
def books(invoices):
    found = Books(invoices.company())
    found.customer("77", "Bjørka AS", organisation_number=BUYER[0])
    found.customer("78", "Gran AS", organisation_number=OTHER[0])
    return found


def open_of(invoices, number):
    return str(invoices.entry(number).open_amount)


# Prepaid


def test_prepaid_is_matched_with_an_open_credit_of_that_size(invoices, books):
    books.payment("77", "2026-01-02", "1000.01")
    books.payment("77", "2026-01-03", "1000")
    summary = invoices.load(document("1", "802.00", prepaid="1000", rounding="0.22", inclusive="1801.78"))
    assert (summary["matches"]["created"], summary["warnings"]) == (1, [])
    assert invoices.matched() == [("1", "e2", "1000.00", "prepaid")]
    found = invoices.entry("1")
    assert (found.amount, found.open_amount) == (Decimal("1802.00"), Decimal("802.00"))
    # Though nothing is open now that it could be matched with, it is the same invoice.
    again = document("1", "802.00", prepaid="1000", rounding="0.22", inclusive="1801.78")
    assert invoices.load(again)["entries"] == {"created": 0, "unchanged": 1}


def test_without_such_a_credit_what_is_left_to_pay_is_booked_and_said(invoices, books):
    books.payment("78", "2026-01-02", "1000")  # another customer's
    books.payment("77", "2026-01-02", "999.99")
    books.credit_note("77", "2026-01-02", "1000")  # no payment
    one = document("1", "802.00", prepaid="1000", rounding="0.22", inclusive="1801.78")
    summary = invoices.load(one)
    assert warned(summary, "prepaid") == [
        (
            "invoice 1 calls 1000.00 NOK prepaid, and no open credit of that size is held: only the 802.00 that are left to"
            " pay are booked",
            "1.xml",
        )
    ]
    assert (invoices.entry("1").amount, invoices.matched()) == (802, [])
    books.payment("77", "2026-01-04", "1000")  # it comes later: the invoice stays as it was booked
    assert invoices.load(one)["entries"] == {"created": 0, "unchanged": 1}
    assert invoices.entry("1").amount == 802


def test_a_credit_is_prepaid_to_one_invoice_only(invoices, books):
    books.payment("77", "2026-01-02", "100")
    summary = invoices.load(document("2", "0", prepaid="100"), document("1", "50", prepaid="100"))
    assert len(warned(summary, "prepaid")) == 1
    assert invoices.matched() == [("1", "e1", "100.00", "prepaid")]  # of one day the lower number
    assert (open_of(invoices, "1"), open_of(invoices, "2")) == ("50.00", "0.00")


def test_which_credit_is_prepaid(invoices, books):
    """That with its KID, else one without; one with another KID is another invoice's, which may not have come yet."""
    for kid in ("", "99", "0011"):
        books.payment("77", "2026-01-02", "100", kid=kid)
    numbers = [
        document(str(number), "1", f"2026-01-1{number}", prepaid="100", kid=f"{number}1") for number in (1, 2, 3)
    ]
    summary = invoices.load(*numbers)
    assert invoices.matched() == [("1", "e3", "100.00", "prepaid"), ("2", "e1", "100.00", "prepaid")]
    assert [where for _, where in warned(summary, "prepaid")] == ["3.xml"]
    books.payment("77", "2026-01-02", "100", kid="41")
    invoices.load(document("5", "1", prepaid="100"))  # an invoice without KID
    assert open_of(invoices, "5") == "1.00" == str(invoices.entry("5").amount)


def test_prepaid_in_another_currency_is_matched_in_it(invoices, books):
    with client_scope(invoices.company()):
        ExchangeRate.objects.for_client(invoices.company()).create(currency="EUR", day=date(2026, 1, 10), rate=12)
    books.entry("77", "2026-01-02", "-1150", kind="payment", currency="EUR", currency_amount="-100")
    books.payment("77", "2026-01-02", "100")  # kroner
    invoices.load(document("1", "50", prepaid="100", currency="EUR"))
    found = invoices.entry("1")
    assert (found.amount, found.currency_amount) == (1800, 150)
    assert (found.open_amount, found.open_currency_amount) == (600, 50)
    with client_scope(invoices.company()):
        rows = LedgerEntry.objects.for_client(invoices.company())
        assert rows.get(source="own", kind="exchange_difference").amount == -50  # 100 at 12 less 100 at 11.50
        assert rows.get(kind="payment", currency="EUR").closed_on == date(2026, 1, 10)


def test_prepaid_of_a_credit_note_is_not_booked(invoices, books):
    books.payment("77", "2026-01-02", "100")
    summary = invoices.load(document("1", "50", prepaid="100", note=True))
    assert codes(summary) == {"prepaid"} and invoices.entry("1").amount == -50


# Payments that came first


def test_an_invoice_after_its_payment(invoices, books):
    books.payment("77", "2026-01-02", "60", kid="11")
    books.payment("77", "2026-01-01", "60", kid="11")
    books.payment("77", "2026-01-02", "60", kid="12")
    books.payment("78", "2026-01-02", "60", kid="11")  # another customer's: a person must look at it
    books.credit_note("77", "2026-01-01", "60", kid="11")
    summary = invoices.load(document("1", "100", kid="11"))
    assert summary["matches"]["created"] == 2
    assert invoices.matched() == [("1", "e1", "40.00", "kid"), ("1", "e2", "60.00", "kid")]
    with client_scope(invoices.company()):
        (first, second) = invoices.entry("1").as_debit.for_client(invoices.company()).order_by("pk")
    assert (first.matched_on, first.assumed, second.amount) == (date(2026, 1, 10), False, 40)


def test_zeros_in_front_of_a_kid_do_not_matter(invoices, books):
    books.payment("77", "2026-01-02", "60", kid="3434")
    invoices.load(document("1", "60", kid="0003434"), document("2", "60", kid="00Ab"))
    assert (open_of(invoices, "1"), open_of(invoices, "2")) == ("0.00", "60.00")


def test_several_invoices_with_one_kid_take_the_payment_by_age(invoices, books):
    books.payment("77", "2026-01-02", "150", kid="11")
    invoices.load(document("2", "100", "2026-01-11", kid="11"), document("1", "100", "2026-01-10", kid="11"))
    assert (open_of(invoices, "1"), open_of(invoices, "2")) == ("0.00", "50.00")


def test_a_payment_that_waited_for_its_invoice_is_taken_up(invoices, tmp_path):
    path = tmp_path / "ocr.txt"
    path.write_bytes(ocr([Paid("2345676", "100.00", "2026-01-05"), Paid("2345684", "50.00", "2026-01-05")]))
    call_command("import_payments", str(path), client=invoices.number, stdout=StringIO())
    assert invoices.books() == ([], [])
    summary = invoices.load(document("1", "100.00", "2026-01-10", kid="2345676"))
    assert (summary["payments"], summary["matches"]) == ({"booked": 1}, {"created": 1})
    assert open_of(invoices, "1") == "0.00"
    again = invoices.load(document("1", "100.00", "2026-01-10", kid="2345676"))
    assert (again["payments"], again["matches"]) == ({"booked": 0}, {"created": 0})


# Credit notes


@pytest.mark.parametrize("order", ["invoice first", "credit note first", "together"])
def test_a_credit_note_settles_the_invoice_that_it_names(invoices, order):
    texts = [document("1", "100"), document("2", "30", "2026-01-12", note=True, refers=("1",))]
    if order == "together":
        assert invoices.load(*texts)["matches"]["created"] == 1
    else:
        texts = texts if order == "invoice first" else texts[::-1]
        assert [invoices.load(one)["matches"]["created"] for one in texts] == [0, 1]
    assert invoices.matched() == [("1", "ehf:credit_note:2", "30.00", "billing_reference")]
    assert (open_of(invoices, "1"), open_of(invoices, "2")) == ("70.00", "0.00")
    assert invoices.books()[1][0][3] == date(2026, 1, 12)


def test_a_credit_note_of_another_customer_or_number_stays_open(invoices):
    summary = invoices.load(
        document("1", "100", buyer=BUYER), document("2", "30", buyer=OTHER, note=True, refers=("1",)),
        document("3", "30", buyer=BUYER, note=True, refers=("11",)), document("4", "30", buyer=BUYER, note=True),
    )  # fmt: skip
    assert (summary["matches"]["created"], open_of(invoices, "1")) == (0, "100.00")


def test_a_credit_note_for_more_than_is_open(invoices, books):
    books.payment("77", "2026-01-02", "80", kid="11")
    invoices.load(document("1", "100", kid="11"))
    invoices.load(document("2", "100", note=True, refers=("1",)))
    assert (open_of(invoices, "1"), open_of(invoices, "2")) == ("0.00", "-80.00")


def test_a_credit_note_for_several_invoices(invoices):
    names = [f"{number}-{'x' * 28}" for number in range(5)]
    summary = invoices.load(
        *(document(name, "10") for name in names[:3]), document("n", "25", note=True, refers=names[:3])
    )
    assert summary["matches"]["created"] == 3
    assert [open_of(invoices, name) for name in names[:3]] == ["0.00", "0.00", "5.00"]
    summary = invoices.load(document("m", "25", note=True, refers=names))
    assert codes(summary) == {"references_left_out"}


def test_a_credit_note_with_the_number_of_the_invoice_that_it_names(invoices):
    invoices.load(document("1", "100"), document("1", "100", note=True, refers=("1",)))
    assert invoices.matched() == [("1", "ehf:credit_note:1", "100.00", "billing_reference")]


def test_it_names_an_invoice_that_a_ledger_file_brought(invoices, books):
    books.invoice("77", "2026-01-01", "500", invoice_number="A-1", source="ledger")
    invoices.load(document("2", "30", note=True, refers=("A-1",)))
    assert open_of(invoices, "A-1") == "470.00"


def test_what_a_person_undid_stays_undone(invoices, make_member):
    client = invoices.company()
    invoices.load(document("1", "100"), document("2", "30", note=True, refers=("1",)))
    with client_scope(client):
        undo_matches(client=client, entry_id=invoices.entry("2").pk, actor=make_member(client, "ada", "administrator"))
    invoices.load(document("3", "100"), document("2", "30", note=True, refers=("1",)))
    assert (invoices.matched(), open_of(invoices, "1")) == ([], "100.00")
