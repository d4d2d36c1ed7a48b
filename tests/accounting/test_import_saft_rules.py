"""SAF-T: the rules of the import, each on a small file of its own."""

import pytest

from access.models import AuditEntry, Client
from access.tenancy import client_scope
from accounting.models import ControlAccountMovement, Customer, LedgerEntry, Match
from tests.accounting.saft_builder import account, balance, customer, line, saft, sale, voucher
from tests.accounting.saft_runner import company, refused, run

pytestmark = pytest.mark.django_db


def codes(summary):
    return {one["code"] for one in summary["warnings"]}


@pytest.fixture
def give(tmp_path):
    """Import a small file: give(customers=[…], vouchers=[…], start=…)."""

    def importer(*arguments, name="small.xml", refuse=False, **parts):
        path = tmp_path / name
        path.write_text(saft(**parts), encoding="utf-8")
        return (refused if refuse else run)(path, *arguments)

    return importer


FEBRUARY = {"start": "2026-02-01", "end": "2026-02-28"}


def entries(**wanted):
    client = company()
    with client_scope(client):
        return list(LedgerEntry.objects.for_client(client).filter(**wanted).order_by("pk"))


def control(account="1500"):
    client = company()
    with client_scope(client):
        rows = ControlAccountMovement.objects.for_client(client).filter(account=account).order_by("day")
        return [(str(one.day), str(one.amount)) for one in rows]


def test_the_openings_of_an_overlapping_file_are_only_a_check(give):
    ours = {"customers": [customer("C1", balance(opening="10"))]}
    give(**ours)
    longer = {"customers": [customer("C1", balance(opening="11")), customer("C2", balance(opening="5"))]}
    summary = give(**longer, end="2026-03-31")
    told = {one["where"] for one in summary["warnings"] if one["code"] == "opening_differs"}
    assert told == {"C1", "C2"}
    assert summary["customers"] == {"created": 1, "updated": 0, "unchanged": 1}
    assert [str(one.amount) for one in entries()] == ["10.00"]


def test_openings_are_one_entry_per_account_and_none_has_a_due_date(give):
    give(
        customers=[
            customer("C1", balance("1500", "10"), balance("1510", "-4"), balance(None, "1"), terms="<Days>9</Days>")
        ]
    )
    assert [(one.entry_id, str(one.amount), one.account, one.due_date) for one in entries()] == [
        ("opening:C1:1500", "10.00", "1500", None),
        ("opening:C1:1510", "-4.00", "1510", None),
        ("opening:C1", "1.00", "", None),
    ]


def test_a_file_that_joins_adds_to_the_control_account_and_an_overlap_does_not(give):
    base = {"customers": [customer("C1")], "accounts": [account()]}
    # Of February by its date, and the file of January all the same.
    january = [sale("2026-01-05", "100", number="1"), sale("2026-02-03", "7", number="2")]
    february = [sale("2026-02-03", "30", number="3"), sale("2026-01-31", "1", number="4")]
    assert "period_differs" in codes(give(**base, vouchers=january))
    assert control() == [("2025-12-31", "0.00"), ("2026-01-05", "100.00"), ("2026-02-03", "7.00")]
    for _ in range(2):
        give(**base, vouchers=february, **FEBRUARY)
        expected = [("2025-12-31", "0.00"), ("2026-01-05", "100.00"), ("2026-01-31", "1.00"), ("2026-02-03", "37.00")]
        assert control() == expected
    whole = [*january, *february, sale("2026-03-01", "5", number="5")]
    give(**base, vouchers=whole, end="2026-03-31")
    assert control() == [*expected, ("2026-03-01", "5.00")]
    assert sum(one.amount for one in entries()) == 143


def test_a_line_that_two_joining_files_have_moves_the_control_account_once(give):
    base = {"customers": [customer("C1")], "accounts": [account()]}
    both = sale("2026-02-03", "7", number="2")
    give(**base, vouchers=[both])
    assert give(**base, vouchers=[both], **FEBRUARY)["entries"] == {"created": 0, "unchanged": 1}
    assert control() == [("2025-12-31", "0.00"), ("2026-02-03", "7.00")]


def test_a_line_dated_after_its_file_is_not_counted_again_by_the_file_of_its_day(give):
    base = {"customers": [customer("C1")], "accounts": [account()]}
    stray = sale("2026-02-03", "7", number="2")
    give(**base, vouchers=[stray])
    give(**base, vouchers=[stray, sale("2026-02-04", "1", number="3")], end="2026-02-28")
    assert control() == [("2025-12-31", "0.00"), ("2026-02-03", "7.00"), ("2026-02-04", "1.00")]


def test_a_control_account_that_is_first_named_later_opens_with_that_file(give):
    give(customers=[customer("C1")], accounts=[account()])
    later = [customer("C1", balance("1500"), balance("1510", "0"))]
    give(customers=later, accounts=[account(), account("1510", "25")], **FEBRUARY)
    assert control("1510") == [("2026-01-31", "25.00")]


def test_a_line_on_the_control_account_without_customer_counts_in_the_ledger(give):
    stray = voucher("2026-01-05", line("40", "1500"), line("-40", "3000", record="2"))
    summary = give(customers=[customer("C1")], accounts=[account()], vouchers=[stray])
    assert {"line_without_customer", "control_account_differs"} <= codes(summary)
    assert control()[-1] == ("2026-01-05", "40.00") and entries() == []


def test_a_stranger_on_a_receivable_account_becomes_a_customer_and_elsewhere_only_a_warning(give):
    elsewhere = voucher("2026-01-06", line("5", "1920", "Y"), line("-5", "3000", record="2"), number="2")
    vouchers = [sale("2026-01-05", "40", "X"), elsewhere]
    for created in (2, 0):
        summary = give(customers=[customer("C1")], vouchers=vouchers)
        assert [one["code"] for one in summary["warnings"]].count("unknown_customer") == 2
        assert summary["customers"] == {"created": created, "updated": 0, "unchanged": 2 - created}
    assert [one.customer.number for one in _with_customer()] == ["X"]


def _with_customer():
    client = company()
    with client_scope(client):
        return list(LedgerEntry.objects.for_client(client).select_related("customer"))


def test_references_join_across_files_and_their_rest_stays(give):
    base = {"customers": [customer("C1")]}
    invoices = [sale("2026-01-05", "100", fields="<ReferenceNumber>F1</ReferenceNumber><CID>1234</CID>", number="1"),
                sale("2026-01-04", "100", number="2")]  # fmt: skip
    give(**base, vouchers=invoices)
    summary = give(**base, vouchers=[sale("2026-02-02", "-130", fields="<CID>1234</CID>", number="3")], **FEBRUARY)
    assert summary["matches"]["created"] == 1 and "assumed_matches" not in codes(summary)
    assert [str(one.open_amount) for one in entries()] == ["0.00", "100.00", "-30.00"]
    assert [one.kind for one in entries()] == ["invoice", "invoice", "payment"]


def test_amounts_in_currency_are_shared_pro_rata_and_the_last_takes_the_rest(give):
    euro = "<CurrencyCode>EUR</CurrencyCode><CurrencyAmount>{}</CurrencyAmount>"
    lines = [line("100", "1500", "C1", money=euro.format("10.01")), line("-100", "3000", record="2")]
    pays = [sale(f"2026-01-0{n}", amount, number=str(n)) for n, amount in ((6, "-33.33"), (7, "-33.33"), (8, "-33.34"))]
    give(customers=[customer("C1")], vouchers=[voucher("2026-01-05", *lines), *pays])
    client = company()
    with client_scope(client):
        shares = Match.objects.for_client(client).order_by("pk").values_list("debit_currency_amount", flat=True)
        assert [str(one) for one in shares] == ["3.34", "3.34", "3.33"]
    assert (entries()[0].currency, str(entries()[0].open_currency_amount)) == ("EUR", "0.00")


def test_the_last_match_takes_what_rounding_left_in_the_currency(give):
    euro = "<CurrencyCode>EUR</CurrencyCode><CurrencyAmount>0.10</CurrencyAmount>"
    lines = [line("100", "1500", "C1", money=euro), line("-100", "3000", record="2")]
    pays = [sale(f"2026-01-0{n}", amount, number=str(n)) for n, amount in ((6, "-33.33"), (7, "-33.33"), (8, "-33.34"))]
    give(customers=[customer("C1")], vouchers=[voucher("2026-01-05", *lines), *pays])
    client = company()
    with client_scope(client):
        shares = Match.objects.for_client(client).order_by("pk").values_list("debit_currency_amount", flat=True)
        assert [str(one) for one in shares] == ["0.03", "0.03", "0.04"]
    assert str(entries()[0].open_currency_amount) == "0.00"


def test_a_currency_that_cannot_be_read_is_read_in_the_books_own(give):
    lines = [line("100", "1500", "C1", money="<CurrencyCode>EUR</CurrencyCode>"), line("-100", "3000", record="2")]
    assert "currency_not_read" in codes(give(customers=[customer("C1")], vouchers=[voucher("2026-01-05", *lines)]))
    assert (entries()[0].currency, str(entries()[0].currency_amount)) == ("NOK", "100.00")


def test_vouchers_and_records_that_repeat_are_told_apart_and_known_again(give):
    repeated = voucher("2026-01-05", line("1", customer="C1"), line("2", customer="C1"), number="a:b")
    file = {"customers": [customer("C1")], "vouchers": [repeated, repeated]}
    assert give(**file)["entries"] == {"created": 4, "unchanged": 0}
    assert give(**file)["entries"] == {"created": 0, "unchanged": 4}
    assert entries()[0].entry_id == "saft:2026:J:a%3Ab:#1"


def test_what_is_too_long_is_cut_or_refused(give):
    fields = "".join(
        f"<{name}>{'x' * 400}</{name}>" for name in ("ReferenceNumber", "CID", "CrossReference", "Description")
    )
    many = customer("C1", number_of="9" * 60, country="NORGE").replace("Customer C1", "N" * 500)
    give(customers=[many], vouchers=[sale("2026-01-05", "1", fields=fields)])
    assert len(entries()[0].kid) == 100
    for bad, told in (
        ({"customers": [customer("C" * 41)]}, "more than 40 characters"),
        ({"vouchers": [sale("2026-01-05", "1", number="1" * 300)]}, "too long"),
        ({"vouchers": [voucher("2026-01-05", line("1", "1500" * 20, "X"))]}, "more than 40 characters"),
        ({"customers": [customer("C1", balance("1500" * 20))]}, "more than 40 characters"),
        ({"vouchers": [sale("2026-01-05", "1", "X" * 50)]}, "more than 40 characters"),
    ):
        assert told in give(**({"customers": [customer("C1")]} | bad), refuse=True)


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [("1500", "1510", "account"), (">C1<", ">C2<", "customer"), ("2026-01-05", "2026-01-06", "date")],
)
def test_a_known_line_that_differs_is_refused(give, before, after, word):
    both = [customer(number, balance("1500"), balance("1510")) for number in ("C1", "C2")]
    give(customers=both, vouchers=[sale("2026-01-05", "1")])
    changed = sale("2026-01-05", "1").replace(before, after)
    assert f"another {word}" in give(customers=both, vouchers=[changed], refuse=True)


def test_an_older_file_does_not_bring_back_an_older_name(give):
    give(customers=[customer("C1")])
    renamed = customer("C1").replace("Customer C1", "New name")
    assert give(customers=[renamed], **FEBRUARY)["customers"]["updated"] == 1
    assert give(customers=[customer("C1")])["customers"]["updated"] == 0


def test_a_company_that_is_held_keeps_its_name_and_bank_account(give, make_client):
    make_client("310000000", "Ours AS")
    give(more="<BankAccount><BankAccountNumber>1234.56.78903</BankAccountNumber></BankAccount>")
    assert (company().name, company().bank_account) == ("Ours AS", "")


def test_a_new_company_takes_the_first_right_bank_account(give):
    accounts = ("98765432100", "1234.56.78903")
    more = "".join(f"<BankAccount><BankAccountNumber>{one}</BankAccountNumber></BankAccount>" for one in accounts)
    assert "bank_account_check_digit" in codes(give(more=more))
    assert company().bank_account == "12345678903"


@pytest.mark.parametrize(
    ("arguments", "parts", "told"),
    [
        ((), {"company": ""}, "with --client"),
        (("--client", "123456789"), {"company": ""}, "check digit"),
        (("--shift-days", "99999999"), {}, "--shift-days"),
        (("--shift-days", "9999999999"), {}, "--shift-days"),
    ],
)
def test_what_is_given_wrong_is_refused(give, arguments, parts, told):
    assert told in give(*arguments, refuse=True, **parts)
    assert not Client.objects.exists()


def test_a_number_with_its_vat_letters_is_the_number(give):
    assert give(company="NO 310 000 000 MVA")["client"] == "310000000"


def test_books_in_another_currency_are_refused(give, make_client):
    make_client("310000000", base_currency="EUR")
    assert "keeps its books in EUR" in give(refuse=True)


def test_a_private_person_and_a_country_are_kept(give):
    private = customer("C2", info="<Type>Private</Type>")
    give(customers=[customer("C1", country="SE", number_of="5560000000"), private])
    client = company()
    with client_scope(client):
        rows = Customer.objects.for_client(client).order_by("number")
        assert [(one.country, one.private_person) for one in rows] == [("SE", False), ("NO", True)]


def test_the_import_is_written_in_the_log_once(give):
    for _ in range(2):
        give(customers=[customer("C1")])
    client = company()
    with client_scope(client):
        assert AuditEntry.objects.for_client(client).filter(action="ledger.imported").count() == 1
