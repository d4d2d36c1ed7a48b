"""SAF-T: what is odd is said with its place, and what cannot be read is refused with its line and what to do."""

import gzip
import io
import re
import zipfile
from decimal import Decimal

import pytest

from access.models import Client
from access.tenancy import client_scope
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_reader import read_saft
from accounting.models import Customer, LedgerEntry
from accounting.services.saft_checks import MOST_WARNINGS
from tests.accounting.saft_builder import account, balance, customer, line, saft, sale, voucher
from tests.accounting.saft_runner import books, company, refused, run, warned

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path):
    def write(text=None, **parts):
        path = tmp_path / "file.xml"
        written = saft(**parts) if text is None else text
        path.write_bytes(written if isinstance(written, bytes) else written.encode())
        return path

    return write


def entries():
    with client_scope(company()):
        return list(LedgerEntry.objects.for_client(company()).order_by("pk"))


# Files that overlap


def test_a_held_line_that_an_overlapping_file_lacks_is_said_and_stays(file):
    january = [sale(f"2026-01-{day:02}", "10", number=str(day)) for day in (5, 6, 7)]
    run(file(customers=[customer()], vouchers=january))
    longer = file(customers=[customer()], vouchers=[january[0], january[2]], end="2026-03-31")
    summary = run(longer)
    assert warned(summary, "held_line_missing") == [
        ("voucher 6 of 2026-01-06, 10.00 of customer C1, is held and not in the file: it stays", "saft:2026:J:6:1")
    ]
    assert summary["entries"] == {"created": 0, "unchanged": 2} and len(entries()) == 3


def test_only_days_that_file_and_books_share_are_compared(file):
    run(
        file(
            customers=[customer()], vouchers=[sale("2026-01-05", "10", number="1"), sale("2026-01-20", "1", number="2")]
        )
    )
    joining = file(
        customers=[customer()], vouchers=[sale("2026-02-03", "5", number="3")], start="2026-02-01", end="2026-02-28"
    )
    assert not warned(run(joining), "held_line_missing")
    late = file(customers=[customer()], start="2026-01-10", end="2026-03-31")
    assert [where for _, where in warned(run(late), "held_line_missing")] == ["saft:2026:J:2:1", "saft:2026:J:3:1"]


def test_a_held_line_that_differs_in_what_is_kept_is_said(file):
    fields = "<ReferenceNumber>{}</ReferenceNumber><CID>1</CID><DueDate>2026-02-0{}</DueDate>"
    run(file(customers=[customer()], vouchers=[sale("2026-01-05", "10", fields=fields.format("F1", 1))]))
    again = file(customers=[customer()], vouchers=[sale("2026-01-05", "10", fields=fields.format("F2", 2))])
    told = "saft:2026:J:1:1 is held with another due date, reference: what is held stays"
    assert warned(run(again), "held_line_differs") == [(told, "line 1")]
    assert entries()[0].invoice_number == "F1"


def test_records_and_turns_are_never_taken_for_each_other(file):
    """Turn 2 of record 11 beside turn 21 of record 1, and a record that looks like a turn."""
    eleven = [voucher("2026-01-05", line("2", customer="C1", record="11"))] * 2
    one = [voucher("2026-01-05", line("3", customer="C1", record="1"))] * 21
    like = [voucher("2026-01-05", line("4", customer="C1", record="~2"), line("5", customer="C1", record="~2:1"))]
    path = file(customers=[customer()], vouchers=[*eleven, *one, *like])
    assert run(path)["entries"] == {"created": 25, "unchanged": 0}
    before = books(company())
    assert run(path)["entries"] == {"created": 0, "unchanged": 25}
    assert books(company()) == before


# Vouchers and customers


def test_a_voucher_that_does_not_balance_is_said_with_its_line(file):
    bad = voucher("2026-01-05", line("10", customer="C1"), line("-9.99", "3000", record="2"), number="7")
    summary = run(file(customers=[customer()], vouchers=["\n\n", bad, sale("2026-01-06", "1", number="8")]))
    told = "voucher 7 does not balance: its debits less its credits are 0.01"
    assert warned(summary, "unbalanced_voucher") == [(told, "line 3")]


def test_a_customer_that_stands_twice_with_one_account_is_said(file):
    twice = [customer("C1", balance(opening="5")), "\n", customer("C1", balance(opening="5"))]
    apart = [customer("C2", balance("1500", "1")), customer("C2", balance("1510", "2"))]
    summary = run(file(customers=[*twice, *apart]))
    assert warned(summary, "customer_repeated") == [
        ("customer C1 stands twice with the same account: its balances are added", "line 2")
    ]
    assert summary["totals"]["NOK"]["opening"] == "13.00"


def test_a_balance_with_both_a_debit_and_a_credit_is_their_difference(file):
    both = "<BalanceAccount><AccountID>1500</AccountID><OpeningDebitBalance>10</OpeningDebitBalance><OpeningCreditBalance>4"
    summary = run(file(customers=[customer("C1", both + "</OpeningCreditBalance></BalanceAccount>")]))
    assert summary["totals"]["NOK"]["opening"] == "6.00"


@pytest.mark.parametrize("number", ["10 001", "A:B", "Ærlig Østby Å", "C/1%", "1'; DROP TABLE x", "C\\1\\N"])
def test_customer_numbers_of_every_kind(file, number):
    path = file(customers=[customer(number, balance(opening="1"))], vouchers=[sale("2026-01-05", "2", number)])
    assert run(path)["entries"]["created"] == 2
    assert run(path)["entries"] == {"created": 0, "unchanged": 2}
    with client_scope(company()):
        assert Customer.objects.for_client(company()).get().number == number


def test_texts_come_through_as_they_are_written(file):
    text = "tab\there, back\\slash \\N, line\nbreak, 💰 &amp; «æøå»"
    path = file(customers=[customer()], vouchers=[sale("2026-01-05", "1", fields=f"<Description>{text}</Description>")])
    run(path)
    assert entries()[0].description == text.replace("&amp;", "&")


def test_a_negative_debit_is_a_credit(file):
    lines = line("10", customer="C1").replace("<Amount>10", "<Amount>-10"), line("10", "1920", record="2")
    summary = run(file(customers=[customer()], vouchers=[voucher("2026-01-05", *lines)]))
    assert (entries()[0].amount, summary["totals"]["NOK"]["credit"]) == (Decimal("-10.00"), "10.00")


@pytest.mark.parametrize(
    "money",
    [
        "<VirtualCurrencyType>Bitcoin</VirtualCurrencyType><CurrencyAmount>0.000123456789</CurrencyAmount>",
        "<CurrencyCode>BTC</CurrencyCode><VirtualCurrencyType>X</VirtualCurrencyType><CurrencyAmount>1</CurrencyAmount>",
        "<CurrencyCode>USDT</CurrencyCode><CurrencyAmount>1</CurrencyAmount>",
    ],
)
def test_a_virtual_currency_is_read_in_the_books_own(file, money):
    path = file(customers=[customer()], vouchers=[voucher("2026-01-05", line("10", customer="C1", money=money))])
    assert warned(run(path), "currency_not_read")
    assert (entries()[0].currency, str(entries()[0].currency_amount)) == ("NOK", "10.00")


def test_warnings_are_bounded_and_the_rest_is_counted(file):
    many = [voucher("2026-01-05", line("1", "1500", record=str(n)), number=str(n)) for n in range(MOST_WARNINGS + 7)]
    strangers = [sale("2026-02-05", "1", f"X{n}", number=f"s{n}") for n in range(MOST_WARNINGS + 3)]
    summary = run(file(customers=[customer()], vouchers=[*many, *strangers]))
    for code, more in (
        ("line_without_customer", 7),
        ("unbalanced_voucher", 7),
        ("unknown_customer", 3),
        ("period_differs", 3),
    ):
        told = warned(summary, code)
        assert len(told) == MOST_WARNINGS + 1 and told[-1] == (f"{more} more of the same", "")
    run(file(customers=[customer()], vouchers=strangers, end="2026-02-28"))
    told = warned(run(file(customers=[customer()], end="2026-02-28")), "held_line_missing")
    assert len(told) == MOST_WARNINGS + 1 and told[-1] == ("3 more of the same", "")


# How the file is written


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "windows-1252"]
)
def test_encodings(file, encoding):
    name = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(encoding, encoding)
    text = f'<?xml version="1.0" encoding="{name}"?>' + saft(customers=[customer("Blåbær")])
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    run(file((mark + text).encode(encoding)))
    with client_scope(company()):
        assert Customer.objects.for_client(company()).get().name == "Customer Blåbær"


def test_space_between_the_vouchers_is_let_go_of(file):
    """Together it is more than one text may be."""
    space = "\n" + " " * 3_000_000
    path = file(customers=[customer()], vouchers=[sale("2026-01-05", "1", number=str(n)) + space for n in range(5)])
    assert run(path)["entries"]["created"] == 5


def test_lines_beyond_65535_are_named(file):
    before = ["\n" * 70_000, sale("2026-01-05", "1"), "\n" * 10]
    bad = voucher("2026-01-05", "\n", line("1").replace("<Amount>1<", "<Amount>one<"), number="2")
    with pytest.raises(ImportRefused) as refusal:
        list(read_saft(file(vouchers=[*before, bad])).transactions)
    assert refusal.value.line == 70_012
    undated = "\n" * 3 + voucher("", "\n", line("1"), number="2").replace("<Tran", "\n<Tran")
    with pytest.raises(ImportRefused) as refusal:
        list(read_saft(file(vouchers=[*before, undated])).transactions)
    assert refusal.value.line == 70_015
    empty = voucher("2026-01-05", "\n\n", "<Line></Line>", number="2")
    with pytest.raises(ImportRefused) as refusal:
        list(read_saft(file(vouchers=[*before, empty])).transactions)
    assert 70_011 <= refusal.value.line <= 70_013


def zipped():
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        archive.writestr("saft.xml", saft())
    return found.getvalue()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
ONE = voucher("2026-01-05", line("1", customer="C1"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "the file is empty: export it anew"),
        (b"   \n", "the XML is broken"),
        (b"\xff\xfe", "the XML is broken"),
        (zipped(), "a zip archive, not XML: give the XML file itself"),
        (gzip.compress(saft().encode()), "packed by gzip"),
        (b"%PDF-1.7\n", "a PDF"),
        ("Dato;Konto\n", "the XML is broken"),
        ("<html><body/></html>", "not AuditFile"),
        (f'<!DOCTYPE AuditFile [{LAUGHS}]>{saft(customers=[customer("&l9;")])}', "DOCTYPE"),
        (f'<!DOCTYPE AuditFile [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]>{saft()}', "DOCTYPE"),
        (saft(vouchers=[ONE])[:-60], "the XML is broken"),
        (saft(vouchers=[ONE]) + saft(), "the XML is broken"),
        ('<?xml version="1.0" encoding="klingon"?>' + saft(), "the XML is broken"),
        (saft(vouchers=[sale("2026-01-05", "1", fields="<Description>\x01</Description>")]), "the XML is broken"),
        (saft(vouchers=[sale("2026-01-05", "1", fields="<Description>&#0;</Description>")]), "the XML is broken"),
        (saft(vouchers=[sale("2026-01-05", "1", fields=f"<Description>{'x' * 10_500_000}</Description>")]), "XML is broken"),
        (saft(vouchers=[sale("2026-01-05", "1", fields="<a>" * 300 + "</a>" * 300)]), "the XML is broken"),
        (saft().replace("<MasterFiles>", "").replace("<Header>", "<MasterFiles><Header>"), "no Header before"),
        (re.sub(r"(<Header>.*</Header>)(.*)(</AuditFile>)", r"\2\1\3", saft(vouchers=[ONE])), "no Header before"),
        (re.sub(r"(<Header>.*</Header>)", r"\1\1", saft()), "a second Header"),
        (re.sub(r"<SelectionStartDate>.*</SelectionEndDate>", "", saft()), "PeriodStartYear is missing"),
        (re.sub(r"<SelectionEndDate>.*</SelectionEndDate>", "", saft()), "the period has no end"),
        (saft(start="2026-1-1"), "SelectionStartDate is '2026-1-1', which cannot be read: write a date as 2026-01-31"),
        (saft(customers=[customer("")]), "no CustomerID"),
        (saft(customers=[customer(terms="<Days>fjorten</Days>")]), "Days is 'fjorten', which cannot be read"),
        (saft(customers=[customer(terms="<Days>-3</Days>")]), "Days is -3"),
        (saft(accounts=[account(opening="0").replace(">0<", ">0,00<")]), "write it as 1234.50"),
        *(
            (saft(vouchers=[ONE.replace("<Amount>1<", f"<Amount>{written}<")]), told)
            for written, told in (
                ("1 234,50", "Amount is '1 234,50', which cannot be read: write it as 1234.50"),
                ("1,234.50", "cannot be read"),
                ("1_000", "cannot be read"),
                ("１２", "cannot be read"),
                ("NaN", "cannot be read"),
                ("sNaN", "cannot be read"),
                ("-Infinity", "cannot be read"),
                ("0x10", "cannot be read"),
                ("1e400", "more than can be kept"),
                ("1e9999", "cannot be read"),
                ("100000000000000", "more than can be kept"),
                ("", "a line has no Amount"),
            )
        ),
        *(
            (saft(vouchers=[ONE.replace("2026-01-05", written)]), told)
            for written, told in (
                ("2026-02-30", "TransactionDate is '2026-02-30', which cannot be read"),
                ("2026-W01-1", "cannot be read"),
                ("20260105", "cannot be read"),
                ("05.01.2026", "cannot be read"),
                ("2026-01-05x", "cannot be read"),
                ("0000-00-00", "cannot be read"),
                ("9999-12-31", "no TransactionDate that can be used"),
            )
        ),
        (
            saft(vouchers=[ONE.replace("</Line>", "<CreditAmount><Amount>1</Amount></CreditAmount></Line>")]),
            "a DebitAmount or a CreditAmount, and not both",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_line_and_nothing_is_stored(file, text, told):
    said = refused(file(text))
    assert re.match(r"error: \S+/file\.xml:\d+: ", said) and told in said and "Traceback" not in said
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    ("written", "kept"),
    [("1.005", "1.01"), ("1.0049999", "1.00"), (".5", "0.50"), ("7.", "7.00"), ("+3", "3.00"), ("1.5E2", "150.00"),
     ("12345678901234.567", "12345678901234.57"), ("0." + "3" * 5000, "0.33"), (" 4 ", "4.00"), ("1e-300", "0.00")],
)  # fmt: skip
def test_amounts_as_programs_write_them(file, written, kept):
    run(file(customers=[customer()], vouchers=[ONE.replace("<Amount>1<", f"<Amount>{written}<")]))
    assert str(entries()[0].amount) == kept


@pytest.mark.parametrize(
    "written", ["2026-01-05", "2026-01-05Z", "2026-01-05+01:00", "2026-01-05T23:59:59.5+01:00", " 2026-01-05\n"]
)
def test_dates_as_programs_write_them(file, written):
    run(file(customers=[customer()], vouchers=[ONE.replace("2026-01-05", written)]))
    assert str(entries()[0].entry_date) == "2026-01-05"
