"""Ledger CSV, entries: read whole or refused whole with the line, twice without effect."""

from datetime import date
from decimal import Decimal

import pytest

from access.models import AuditEntry, Client, is_organisation_number
from access.services import create_client
from access.tenancy import client_scope
from accounting.models import Customer, LedgerEntry
from tests.accounting.ledger_files import NUMBER, Folder, codes, entry, write

pytestmark = pytest.mark.django_db
ROWS = [
    entry("O1", "500.00", "2025-12-31", kind="opening_balance"),
    entry("I1", "1234.5", "2026-01-10", due="2026-02-09", invoice_number="90001", kid="000123"),
    entry("I2", "100", "2026-01-12", due="2026-02-11", number="1002", currency="EUR", currency_amount="8.81"),
    entry("P1", "-1000.00", "2026-02-01", currency="NOK", currency_amount="-1000.00"),
]
OPTIONAL = ("country", "private_person", "department", "project", "disputed", "in_collection")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def customers(folder):
    with client_scope(folder.company()):
        rows = Customer.objects.for_client(folder.company()).order_by("number")
        return {one.number: (one.name, one.organisation_number, one.country, one.private_person) for one in rows}


def audit_lines(folder):
    with client_scope(folder.company()):
        return AuditEntry.objects.for_client(folder.company()).filter(action="ledger.imported").count()


def test_the_books_are_what_the_file_says(folder):
    summary = folder.load(ROWS)
    assert summary == {
        "client": NUMBER,
        "customers": {"created": 2, "updated": 0, "unchanged": 0},
        "entries": {"created": 4, "unchanged": 0},
        "matches": {"created": 0},
        "totals": {"NOK": {"opening": "500.00", "debit": "1334.50", "credit": "1000.00", "closing": "834.50"}},
        "warnings": [],
    }
    assert folder.company().name == "Furuly Lys AS" and folder.company().base_currency == "NOK"
    with client_scope(folder.company()):
        invoice = LedgerEntry.objects.for_client(folder.company()).get(entry_id="I1")
        foreign = LedgerEntry.objects.for_client(folder.company()).get(entry_id="I2")
    assert (invoice.amount, invoice.open_amount, invoice.currency, invoice.currency_amount) == (
        Decimal("1234.50"), Decimal("1234.50"), "NOK", Decimal("1234.50"),
    )  # fmt: skip
    assert (invoice.source, invoice.invoice_number, invoice.kid) == ("ledger", "90001", "000123")
    assert (invoice.entry_date, invoice.due_date, invoice.closed_on) == (date(2026, 1, 10), date(2026, 2, 9), None)
    assert (foreign.currency, foreign.currency_amount, foreign.open_currency_amount) == (
        "EUR", Decimal("8.81"), Decimal("8.81"),
    )  # fmt: skip
    assert audit_lines(folder) == 1


def test_the_same_file_again_changes_nothing(folder):
    first = folder.load(ROWS)
    books, said = folder.books(), customers(folder)
    again = folder.load(ROWS)
    assert again["entries"] == {"created": 0, "unchanged": 4}
    assert again["customers"] == {"created": 0, "updated": 0, "unchanged": 2}
    assert again["totals"] == first["totals"]
    assert (folder.books(), customers(folder), audit_lines(folder)) == (books, said, 1)


def test_what_is_new_in_a_longer_file_is_added(folder):
    folder.load(ROWS[:2])
    assert folder.load(ROWS)["entries"] == {"created": 2, "unchanged": 2}
    books = folder.books()
    other = Folder(folder.folder, "310011118", "Furuly Lys II AS")
    other.load(ROWS)
    assert other.books() == books


def test_an_entry_of_nothing_is_closed_from_its_day(folder):
    folder.load([entry("Z", "0.00", kind="journal")])
    with client_scope(folder.company()):
        assert LedgerEntry.objects.for_client(folder.company()).get().closed_on == date(2026, 1, 10)


def test_the_columns_that_may_follow(folder):
    more = {"country": "SE", "private_person": "Ja", "department": "10", "project": "P7", "disputed": "TRUE",
            "in_collection": "0"}  # fmt: skip
    folder.load([entry("I1", "1.00", **more), entry("I2", "1.00", number="1002", **dict.fromkeys(OPTIONAL, ""))])
    with client_scope(folder.company()):
        rows = LedgerEntry.objects.for_client(folder.company()).order_by("entry_id")
        found = list(rows.values_list("department", "project", "disputed", "in_collection"))
    assert found == [("10", "P7", True, False), ("", "", False, False)]
    assert customers(folder) == {"1001": ("Kunde 1001", "", "SE", True), "1002": ("Kunde 1002", "", "NO", False)}


def test_columns_in_any_order_a_byte_order_mark_crlf_and_empty_lines_at_the_end(folder):
    path = folder.entries(*ROWS)
    header, *lines = path.read_text().splitlines()
    mixed = [",".join(reversed(one.split(","))) for one in (header, *lines)]
    folder.load(ROWS)
    books = folder.books()
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(mixed).encode() + b"\r\n\r\n\n")
    assert folder.run(path)["entries"] == {"created": 0, "unchanged": 4}
    assert folder.books() == books


def test_quoted_texts_keep_commas_quotation_marks_and_line_ends(folder):
    name = 'Ola "Rør", Nordmann\nog sønn'
    rows = [entry("I1", "1.00", name=name), entry("I2", "wrong")]
    assert ":4: amount 'wrong'" in folder.refused(folder.entries(*rows))
    folder.load(rows[:1])
    assert customers(folder)["1001"][0] == name


# What the company is


def test_a_wrong_company_number_is_refused(tmp_path):
    folder = Folder(tmp_path, "310000001")
    path = folder.entries(*ROWS)
    assert folder.refused(path).startswith(f"error: {path}:1: 310000001 is not an organisation number")
    assert not Client.objects.exists()


def test_a_known_company_keeps_its_name_and_its_currency(folder):
    create_client(organisation_number=NUMBER, name="Gamle Furuly AS", base_currency="EUR")
    path = folder.entries(entry("I1", "1.00"))
    assert "keeps its books in EUR, not in NOK" in folder.refused(path, currency="NOK")
    summary = folder.run(path)
    assert codes(summary) == {"company_name_differs"} and list(summary["totals"]) == ["EUR"]
    assert folder.company().name == "Gamle Furuly AS"


@pytest.mark.parametrize(("option", "value", "told"), [("currency", "nok", "three capital"), ("name", " ", "1 to 200")])
def test_what_no_company_can_have_is_refused(folder, option, value, told):
    folder.name = value if option == "name" else folder.name
    options = {"currency": value} if option == "currency" else {}
    assert told in folder.refused(folder.entries(*ROWS), **options)
    assert not Client.objects.exists()


# Customers


def test_a_customers_wrong_number_is_kept_with_a_warning(folder):
    wrong = [
        entry("I1", "1.00", organisation_number="123456789"),
        entry("I2", "1.00", number="1002", organisation_number="NO 310 011 118 MVA"),
        entry("I3", "1.00", number="1003", organisation_number="12"),
        entry("I4", "1.00", number="1004", organisation_number="310011118"),
    ]
    assert not is_organisation_number("123456789")
    summary = folder.load(wrong)
    told = [(one["code"], one["where"]) for one in summary["warnings"]]
    assert told == [("customer_number_check_digit", "1001"), ("customer_number_check_digit", "1003")]
    assert customers(folder)["1001"][1] == "123456789"


def test_a_foreign_number_has_no_check_digit_of_ours(folder):
    summary = folder.load([entry("I1", "1.00", organisation_number="5560360793", country="SE")])
    assert summary["warnings"] == []


def test_the_newest_entry_names_the_customer_whatever_comes_first(folder):
    rows = [
        entry("I2", "1.00", "2026-03-01", name="Ny AS"),
        entry("I1", "1.00", "2026-01-01", name="Gammel AS", organisation_number="310011118"),
        entry("I3", "1.00", "2026-01-02", name="Midt AS"),
    ]
    summary = folder.load(rows)
    assert codes(summary) == {"customer_differs"}
    assert customers(folder)["1001"][:2] == ("Ny AS", "310011118")
    other = Folder(folder.folder, "310011118", "Furuly Lys II AS")
    for one in (rows[2], rows[0], rows[1]):
        other.load([one])
    assert customers(other) == customers(folder)


def test_a_customer_takes_a_new_name(folder):
    folder.load(ROWS)
    summary = folder.load([entry("I9", "1.00", "2026-03-01", name="Nytt navn AS")])
    assert summary["customers"] == {"created": 0, "updated": 1, "unchanged": 0}
    assert customers(folder)["1001"][0] == "Nytt navn AS"


# Known entries


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"amount": "1234.51"}, "another amount"),
        ({"customer_number": "1002"}, "another customer"),
        ({"entry_date": "2026-01-11"}, "another entry date"),
        ({"due_date": "2026-02-10"}, "another due date"),
        ({"currency": "EUR", "currency_amount": "100.00"}, "another currency"),
    ],
)
def test_posted_books_do_not_change(folder, change, told):
    folder.load(ROWS)
    books = folder.books()
    path = folder.entries(ROWS[0], entry("N1", "1.00"), ROWS[1] | change)
    message = folder.refused(path)
    assert message.startswith(f"error: {path}:4: I1 is held with {told}")
    assert folder.books() == books


def test_other_differences_of_a_known_entry_are_said_and_not_stored(folder):
    folder.load(ROWS)
    books = folder.books()
    summary = folder.load([ROWS[1] | {"kid": "9", "kind": "journal"}])
    assert [one["message"] for one in summary["warnings"]] == ["I1 is held with another kind, kid: what is held stays"]
    assert folder.books() == books


def test_what_is_disputed_is_taken_over_and_an_empty_cell_says_nothing(folder):
    folder.load([entry("I1", "1.00")])

    def flags():
        with client_scope(folder.company()):
            one = LedgerEntry.objects.for_client(folder.company()).get()
            return one.disputed, one.in_collection

    assert codes(folder.load([entry("I1", "1.00", disputed="true", in_collection="")])) == {"status_changed"}
    assert flags() == (True, False)
    assert folder.load([entry("I1", "1.00", disputed="", in_collection="")])["warnings"] == []
    assert flags() == (True, False) and audit_lines(folder) == 2


def test_an_opening_balances_due_date_is_left_out_with_a_warning(folder):
    rows = [entry("O1", "500.00", "2025-12-31", kind="opening_balance", due="2025-11-30")]
    assert codes(folder.load(rows)) == {"opening_due_date"}
    assert folder.load(rows)["entries"] == {"created": 0, "unchanged": 1}
    report = folder.report("aged-receivables", "2026-01-31")
    assert report["currencies"]["NOK"]["totals"][report["columns"].index("no_due_date")] == "500.00"


# Refused whole


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"entry_id": ""}, "entry_id is empty"),
        ({"customer_number": ""}, "customer_number is empty"),
        ({"customer_name": ""}, "customer_name is empty"),
        ({"voucher_number": ""}, "voucher_number is empty"),
        ({"kind": "faktura"}, "kind 'faktura' is not known"),
        ({"entry_date": ""}, "entry_date '' is no date"),
        ({"entry_date": "2026-02-30"}, "entry_date '2026-02-30' is no date"),
        ({"entry_date": "10.01.2026"}, "is no date"),
        ({"due_date": "tomorrow"}, "due_date 'tomorrow' is no date"),
        ({"due_date": "infinity"}, "is no date"),
        ({"amount": ""}, "amount '' is no amount"),
        ({"amount": "1.005"}, "at most two decimals"),
        ({"amount": "1,50"}, "amount '1,50' is no amount"),
        ({"amount": "NaN"}, "is no amount"),
        ({"amount": "1e3"}, "is no amount"),
        ({"amount": "12345678901234567"}, "sixteen digits"),
        ({"amount": "1.00\n"}, "is no amount"),
        ({"currency": "eur", "currency_amount": "1"}, "currency 'eur' is no code"),
        ({"currency": "EUR"}, "currency_amount is empty: give the amount in EUR"),
        ({"currency": "EUR", "currency_amount": "-1.00"}, "has another sign"),
        ({"currency": "EUR", "currency_amount": "1.001"}, "currency_amount '1.001' is no amount"),
        ({"currency_amount": "7.00"}, "though both are in NOK"),
        ({"country": "Norge"}, "country 'Norge' is no code"),
        ({"disputed": "maybe"}, "disputed 'maybe' is neither true nor false"),
        ({"entry_id": "x" * 301}, "entry_id has more than 300 characters"),
        ({"customer_number": "1" * 41}, "customer_number has more than 40 characters"),
    ],
)
def test_a_row_that_cannot_stand_is_refused_with_its_line(folder, change, told):
    blank = dict.fromkeys(OPTIONAL, "")
    path = folder.entries(ROWS[0] | blank, ROWS[3] | blank, ROWS[1] | blank | change)
    message = folder.refused(path)
    assert message.startswith(f"error: {path}:4: ") and told in message
    assert not Client.objects.exists()


def test_the_first_of_several_faults_is_said(folder):
    path = folder.entries(ROWS[0], entry("A", "x"), entry("B", "1.00", kind="x"))
    assert f"{path}:3: amount 'x'" in folder.refused(path)


def test_an_id_that_stands_twice_is_refused_naming_both_lines(folder):
    path = folder.entries(*ROWS, ROWS[1])
    assert folder.refused(path).startswith(f"error: {path}:6: entry_id I1 stands on line 3 already")


@pytest.mark.parametrize(
    ("change", "line", "told"),
    [
        (lambda text: b"", 1, "the header is missing"),
        (lambda text: b"\n\n", 1, "the header is missing"),
        (lambda text: text.replace(b"kid,", b"", 1), 1, "the header has no column kid"),
        (lambda text: text.replace(b"kid,", b"kid,colour,", 1), 1, "a column that is not known, colour"),
        (lambda text: text.replace(b"kid,", b"kid,kid,", 1), 1, "the column kid twice"),
        (lambda text: text.replace(b",", b";"), 1, "separated by semicolons"),
        (lambda text: text.replace(b"\n", b"\r"), 1, "the header cannot be read"),
        (lambda text: text.replace(b"I1,1001", b"I1,10\0001"), 3, "a zero byte"),
        (lambda text: text.replace(b"I2,", b"\xe6,"), 4, "not UTF-8"),
        (lambda text: text.decode().encode("utf-16"), 1, "a zero byte"),
        (lambda text: text.replace(b"I2,", b"I2,,,,,"), 4, "more than the header's 13 columns"),
        (lambda text: text.replace(b"P1,", b"P1\n", 1), 5, "fewer than the header's 13 columns"),
        (lambda text: text.replace(b"\nI2", b"\n\nI2"), 4, "fewer than the header's 13 columns"),
        (lambda text: text.replace(b"\nI2", b"\n\\.\nI2"), 4, "the line is no row"),
        (lambda text: text.replace(b"I2,", b"I\r2,"), 4, "a carriage return"),
        (lambda text: text.replace(b"Kunde 1002", b'"Kunde 1002'), 4, "a quotation mark"),
        (lambda text: text.replace(b"Kunde 100", b'12" rr 100'), 2, "a quotation mark"),
        (lambda text: text.replace(b"Kunde 1002", b"x" * 3_000_000), 4, "longer than a million"),
    ],
)
def test_what_is_no_such_table_is_refused_with_its_line(folder, change, line, told):
    path = folder.entries(*ROWS)
    path.write_bytes(change(path.read_bytes()))
    message = folder.refused(path)
    assert message.startswith(f"error: {path}:{line}: ") and told in message
    assert not Client.objects.exists()


def test_a_file_that_is_not_there_is_refused(folder):
    assert "the file cannot be read" in folder.refused(folder.folder / "none.csv")
    assert "the file cannot be read" in folder.refused(folder.folder)


def test_a_header_alone_is_an_empty_file_of_entries(folder):
    summary = folder.run(write(folder.folder / "entries.csv", []))
    assert summary["totals"] == {"NOK": {"opening": "0.00", "debit": "0.00", "credit": "0.00", "closing": "0.00"}}


def test_lines_are_right_across_the_pieces_that_are_read(folder):
    rows = [entry(f"I{number}", "1.00", name='Ola "Rør" AS') for number in range(6000)]
    rows[5000]["customer_name"] = "Ola\nog Kari"
    path = folder.entries(*rows, entry("last", "x"))
    assert path.stat().st_size > 1 << 18
    assert folder.refused(path).startswith(f"error: {path}:6003: ")
    path.write_bytes(path.read_bytes().replace(b"I5999,", b"\xe6,"))
    assert folder.refused(path).startswith(f"error: {path}:6002: the text is not UTF-8")
