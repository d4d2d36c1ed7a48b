"""The rules of the reports (INTERFACES: «Reports: the rules»); the first tests bear the numbers of PRODUCT.md 1.4."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.filters import Filter
from accounting.reports.open_items import open_items
from accounting.reports.options import AgeBy, Credits, Currency
from accounting.reports.unpaid_invoices import unpaid_invoices
from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(make_client):
    return Books(make_client())


def aged(books, as_of, code="NOK", **options):
    """The totals of the aged report that are not zero, by column."""
    report = books.report(aged_receivables, as_of, **options)
    totals = zip(report["columns"], report["currencies"][code]["totals"], strict=True)
    return {column: amount for column, amount in totals if amount != "0.00"}


def items(books, as_of, code="NOK", function=open_items, **options):
    return books.report(function, as_of, **options)["currencies"][code]["items"]


def test_1_4_1_a_payment_after_the_date_is_ignored_and_an_invoice_settled_later_is_listed(books):
    invoice = books.invoice("1", "2026-01-10", "1000.00", due="2026-01-24")
    before = books.report(open_items, "2026-02-28"), books.report(aged_receivables, "2026-02-28")
    books.paid(invoice, "2026-03-01")
    assert (books.report(open_items, "2026-02-28"), books.report(aged_receivables, "2026-02-28")) == before
    assert [one["open_amount"] for one in before[0]["currencies"]["NOK"]["items"]] == ["1000.00"]
    assert items(books, "2026-03-01") == []


def test_1_4_2_ages_by_due_date_or_entry_date_due_date_by_default(books):
    books.invoice("1", "2026-01-01", "100.00", due="2026-03-01")
    assert aged(books, "2026-03-31") == {"1-30": "100.00"}
    assert aged(books, "2026-03-31", age_by=AgeBy.ENTRY_DATE) == {"61-90": "100.00"}


def test_1_4_3_one_date_inclusive_and_no_period(books):
    books.invoice("1", "2026-01-01", "100.00", due="2026-01-31")
    assert aged(books, "2025-12-31") == {}
    assert aged(books, "2026-01-01") == {"not_due": "100.00"}


@pytest.mark.parametrize(
    ("days", "column"),
    [(-5, "not_due"), (0, "not_due"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"),
     (90, "61-90"), (91, "91+"), (4000, "91+")],
)  # fmt: skip
def test_1_4_4_the_due_day_itself_is_not_overdue(books, days, column):
    as_of = date(2026, 6, 30)
    books.invoice("1", "2010-01-01", "100.00", due=as_of - timedelta(days=days))
    assert aged(books, as_of) == {column: "100.00"}
    assert items(books, as_of)[0]["days_overdue"] == days


def test_1_4_4_custom_intervals(books):
    for number, due in enumerate(("2026-06-30", "2026-06-23", "2026-06-22", "2026-06-16", "2026-06-15")):
        books.invoice("1", "2026-01-01", f"{10**number}.00", due=due)
    assert aged(books, "2026-06-30", bucket_days=(7, 14)) == {
        "not_due": "1.00", "1-7": "10.00", "8-14": "1100.00", "15+": "10000.00",
    }  # fmt: skip
    assert books.report(aged_receivables, "2026-06-30", bucket_days=(7,))["columns"] == [
        "not_due", "1-7", "8+", "no_due_date", "unallocated",
    ]  # fmt: skip


def test_1_4_5_columns_add_up_to_what_is_outstanding_and_are_set_beside_the_control_account(books):
    books.invoice("1", "2026-01-10", "1000.00", due="2026-01-24")
    books.payment("2", "2026-01-12", "300.00")
    books.period("2026-01-01", "2026-03-31")
    books.control("1500", "2025-12-31", "50.00")
    books.control("1500", "2026-01-10", "600.00")
    books.control("1501", "2026-02-01", "7.00")
    part = books.report(aged_receivables, "2026-01-31")["currencies"]["NOK"]
    assert sum(map(Decimal, part["totals"])) == Decimal(part["total"]) == Decimal("700.00")
    assert part["reconciliation"] == {
        "accounts": [{"account": "1500", "balance": "650.00"}, {"account": "1501", "balance": "0.00"}],
        "balance": "650.00",
        "difference": "50.00",
    }


def test_1_4_6_age_counts_from_the_date_and_never_from_today(books):
    books.invoice("1", "2001-01-01", "100.00", due="2001-01-31")
    assert aged(books, "2001-02-01") == {"1-30": "100.00"}
    assert aged(books, "2001-01-31") == {"not_due": "100.00"}


def test_1_4_7_base_currency_or_split_per_currency_never_mixed(books):
    books.invoice("1", "2026-01-10", "1150.00", due="2026-01-24", currency="EUR", currency_amount="100.00")
    books.invoice("1", "2026-01-10", "500.00", due="2026-01-24")
    assert aged(books, "2026-01-24") == {"not_due": "1650.00"}
    report = books.report(aged_receivables, "2026-01-24", currency=Currency.ORIGINAL)
    assert {code: part["total"] for code, part in report["currencies"].items()} == {"EUR": "100.00", "NOK": "500.00"}
    assert {one["currency"] for one in items(books, "2026-01-24")} == {"NOK"}
    assert [
        (one["currency"], one["open_amount"]) for one in items(books, "2026-01-24", "EUR", currency=Currency.ORIGINAL)
    ] == [("EUR", "100.00")]


def test_1_4_7_an_amount_in_currency_is_what_was_open_of_it_on_the_date(books):
    invoice = books.invoice("1", "2026-01-10", "1000.00", currency="EUR", currency_amount="100.00")
    payment = books.payment("1", "2026-02-10", "300.00", currency="EUR", currency_amount="-25.00")
    books.match(invoice, payment, "300.00", debit_currency="30.00", credit_currency="25.00")
    assert items(books, "2026-02-09", "EUR", currency=Currency.ORIGINAL)[0]["open_amount"] == "100.00"
    assert items(books, "2026-02-10", "EUR", currency=Currency.ORIGINAL)[0]["open_amount"] == "70.00"


def test_1_4_8_a_partial_payment_leaves_the_remainder_in_its_bucket(books):
    invoice = books.invoice("1", "2026-01-01", "1000.00", due="2026-01-31")
    books.paid(invoice, "2026-03-20", "400.00")
    assert aged(books, "2026-03-31") == {"31-60": "600.00"}
    assert aged(books, "2026-03-19") == {"31-60": "1000.00"}


def test_1_4_9_instalments_age_one_by_one(books):
    for due in ("2026-01-31", "2026-02-28", "2026-03-31"):
        books.invoice("1", "2026-01-01", "100.00", due=due, invoice_number="77")
    assert aged(books, "2026-03-31") == {"not_due": "100.00", "31-60": "200.00"}
    assert [one["days_overdue"] for one in items(books, "2026-03-31", function=unpaid_invoices)] == [59, 31, 0]


def test_1_4_10_open_credits_are_shown_negative_so_that_the_total_is_true(books):
    books.invoice("1", "2026-01-01", "1000.00", due="2026-01-31")
    books.payment("1", "2026-01-15", "300.00")
    books.credit_note("1", "2026-01-16", "50.00", due="2026-02-28")
    assert aged(books, "2026-02-15") == {"1-30": "1000.00", "unallocated": "-350.00"}
    assert aged(books, "2026-02-15", credits=Credits.AGED) == {
        "not_due": "-50.00",
        "1-30": "1000.00",
        "31-60": "-300.00",
    }
    report = books.report(aged_receivables, "2026-02-15", credits=Credits.AGED)
    assert report["columns"] == ["not_due", "1-30", "31-60", "61-90", "91+", "no_due_date"]
    assert report["currencies"]["NOK"]["total"] == "650.00"


def test_without_a_due_date_the_entry_date_stands_in(books):
    books.invoice("1", "2026-01-01", "100.00")
    assert aged(books, "2026-01-31") == {"1-30": "100.00"}
    (one,) = items(books, "2026-01-31")
    assert (one["due_date"], one["days_overdue"]) == (None, 30)


def test_nobody_knows_the_age_of_an_opening_balance(books):
    books.entry("1", "2025-12-31", "100.00", kind="opening_balance")
    books.entry("2", "2025-12-31", "-40.00", kind="opening_balance")
    assert aged(books, "2026-12-31") == {"no_due_date": "100.00", "unallocated": "-40.00"}
    assert aged(books, "2026-12-31", age_by=AgeBy.ENTRY_DATE) == {"no_due_date": "100.00", "unallocated": "-40.00"}
    assert aged(books, "2026-12-31", credits=Credits.AGED) == {"no_due_date": "60.00"}
    assert [one["days_overdue"] for one in items(books, "2026-12-31")] == [None, None]


def test_by_entry_date_there_is_no_not_due_and_a_credit_note_goes_by_its_entry_date(books):
    books.credit_note("1", "2026-01-01", "50.00", due="2026-03-31")
    books.invoice("1", "2026-03-31", "10.00", due="2026-04-30")
    report = books.report(aged_receivables, "2026-03-31", age_by=AgeBy.ENTRY_DATE)
    assert report["columns"] == ["0-30", "31-60", "61-90", "91+", "no_due_date", "unallocated"]
    assert aged(books, "2026-03-31", age_by=AgeBy.ENTRY_DATE, credits=Credits.AGED) == {
        "0-30": "10.00",
        "61-90": "-50.00",
    }


def test_a_payment_with_a_due_date_ages_by_its_entry_date(books):
    books.payment("1", "2026-01-01", "50.00", due="2026-12-31")
    assert aged(books, "2026-01-11", credits=Credits.AGED) == {"1-30": "-50.00"}


def test_a_match_counts_from_its_own_date_even_when_both_entries_are_older(books):
    invoice = books.invoice("1", "2026-01-01", "100.00", due="2026-01-15")
    payment = books.payment("1", "2026-01-20", "100.00")
    books.match(invoice, payment, "100.00", on="2026-02-10")
    assert aged(books, "2026-02-09") == {"1-30": "100.00", "unallocated": "-100.00"}
    assert aged(books, "2026-02-10") == {}


def test_a_customer_whose_items_sum_to_zero_stays_and_one_with_nothing_open_goes(books):
    books.invoice("1", "2026-01-01", "100.00", due="2026-01-15")
    books.payment("1", "2026-01-20", "100.00")
    books.paid(books.invoice("2", "2026-01-01", "100.00"), "2026-01-20")
    rows = books.report(aged_receivables, "2026-01-31")["currencies"]["NOK"]["rows"]
    assert rows == [
        {"customer_number": "1", "customer_name": "Kunde 1", "total": "0.00",
         "amounts": ["0.00", "100.00", "0.00", "0.00", "0.00", "0.00", "-100.00"]},
    ]  # fmt: skip


def test_customer_numbers_sort_as_numbers_and_the_rest_after_them(books):
    for number in ("10000", "9", "A7", "100"):
        books.invoice(number, "2026-01-01", "1.00")
    report = books.report(aged_receivables, "2026-01-31")
    assert [row["customer_number"] for row in report["currencies"]["NOK"]["rows"]] == ["9", "100", "10000", "A7"]
    assert [one["customer_number"] for one in items(books, "2026-01-31")] == ["9", "100", "10000", "A7"]


def test_open_items_come_by_customer_due_date_and_voucher_number(books):
    books.payment("1", "2026-01-05", "5.00", voucher_number="1")
    books.invoice("1", "2026-01-01", "1.00", due="2026-02-01", voucher_number="10")
    books.invoice("1", "2026-01-01", "1.00", due="2026-02-01", voucher_number="9")
    books.invoice("1", "2026-01-02", "1.00", due="2026-01-20", voucher_number="11")
    assert [one["voucher_number"] for one in items(books, "2026-01-31")] == ["11", "9", "10", "1"]


def test_unpaid_invoices_are_debit_invoices_by_due_date(books):
    books.invoice("2", "2026-01-02", "1.00", due="2026-01-20")
    books.invoice("1", "2026-01-01", "2.00", due="2026-02-01")
    books.invoice("3", "2026-01-10", "3.00")
    books.payment("1", "2026-01-05", "5.00")
    books.entry("1", "2026-01-05", "50.00", kind="reminder_fee")
    books.entry("1", "2025-12-31", "70.00", kind="opening_balance")
    found = items(books, "2026-01-31", function=unpaid_invoices)
    assert [(one["open_amount"], one["days_overdue"]) for one in found] == [("3.00", 21), ("1.00", 11), ("2.00", -1)]


@pytest.mark.parametrize(
    ("as_of", "known"),
    [("2025-12-30", False), ("2025-12-31", True), ("2026-01-15", True), ("2026-03-31", True), ("2026-04-01", False)],
)
def test_control_accounts_are_known_from_the_day_before_the_first_period_to_the_end_of_the_last(books, as_of, known):
    books.period("2026-01-01", "2026-01-31")
    books.period("2026-02-01", "2026-03-31")
    books.control("1500", "2025-12-31", "50.00")
    part = books.report(aged_receivables, as_of)["currencies"]["NOK"]
    assert (part["reconciliation"] is not None) == known


def test_an_empty_ledger_has_its_own_currency_and_no_other(books):
    assert books.report(open_items, "2026-01-31")["currencies"] == {"NOK": {"items": [], "total": "0.00"}}
    assert books.report(open_items, "2026-01-31", currency=Currency.ORIGINAL)["currencies"] == {}
    assert books.report(aged_receivables, "2026-01-31")["currencies"]["NOK"] == {
        "rows": [], "totals": ["0.00"] * 7, "total": "0.00", "reconciliation": None,
    }  # fmt: skip


def test_original_currency_is_never_set_beside_the_control_accounts(books):
    books.period("2026-01-01", "2026-01-31")
    books.control("1500", "2025-12-31", "50.00")
    books.invoice("1", "2026-01-01", "2.00")
    report = books.report(aged_receivables, "2026-01-31", currency=Currency.ORIGINAL)
    assert report["currencies"]["NOK"]["reconciliation"] is None


def test_another_companys_items_are_not_in_it(books, make_client):
    other = Books(make_client("310011118", "Furulia Lys AS"))
    other.invoice("1", "2026-01-01", "7.00")
    books.invoice("1", "2026-01-01", "2.00")
    assert [one["open_amount"] for one in items(books, "2026-01-31")] == ["2.00"]
    assert aged(other, "2026-01-31") == {"1-30": "7.00"}


def test_the_items_behind_one_figure_add_up_to_it(books):
    for number in ("1", "2"):
        books.invoice(number, "2026-01-01", "100.00", due="2026-01-20")
        books.invoice(number, "2026-01-01", "10.00", due="2026-02-20")
        books.payment(number, "2026-01-02", "1.00")
    found = items(books, "2026-01-31", only=Filter(customers="2", column="1-30"))
    assert [(one["customer_number"], one["open_amount"]) for one in found] == [("2", "100.00")]
    assert len(items(books, "2026-01-31", only=Filter(column="unallocated"))) == 2
    assert items(books, "2026-01-31", only=Filter(customers="no such")) == []
