"""`manage.py report`: what it prints, what it refuses and how."""

import json
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import call_command

from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db
NAMES = ("open-items", "aged-receivables", "unpaid-invoices")


@pytest.fixture
def books(make_client):
    found = Books(make_client())
    found.invoice("10", "2026-01-10", "1000.00", due="2026-01-24", kid="123", invoice_number="77")
    found.payment("10", "2026-01-12", "300.00")
    return found


def run(*arguments):
    """(exit code, standard output, standard error)."""
    out, err = StringIO(), StringIO()
    try:
        call_command("report", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return end.code, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def asked(name, *more):
    return run(name, "--client", "310000000", "--as-of", "2026-01-31", *more)


def test_aged_receivables_as_json_is_what_interfaces_says(books):
    code, out, err = asked("aged-receivables")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "report": "aged-receivables", "client": "310000000", "as_of": "2026-01-31", "age_by": "due_date",
        "credits": "separate", "bucket_days": [30, 60, 90],
        "columns": ["not_due", "1-30", "31-60", "61-90", "91+", "no_due_date", "unallocated"],
        "currencies": {"NOK": {
            "rows": [{"customer_number": "10", "customer_name": "Kunde 10", "total": "700.00",
                      "amounts": ["0.00", "1000.00", "0.00", "0.00", "0.00", "0.00", "-300.00"]}],
            "totals": ["0.00", "1000.00", "0.00", "0.00", "0.00", "0.00", "-300.00"],
            "total": "700.00", "reconciliation": None,
        }},
    }  # fmt: skip


def test_open_items_as_json_is_what_interfaces_says(books):
    report = json.loads(asked("open-items")[1])
    assert (report["report"], report["client"], report["as_of"]) == ("open-items", "310000000", "2026-01-31")
    assert report["currencies"]["NOK"]["total"] == "700.00"
    assert report["currencies"]["NOK"]["items"][0] == {
        "entry_id": "e1", "customer_number": "10", "customer_name": "Kunde 10", "kind": "invoice",
        "voucher_number": "1", "invoice_number": "77", "kid": "123", "entry_date": "2026-01-10",
        "due_date": "2026-01-24", "due_date_assumed": False, "days_overdue": 7, "currency": "NOK",
        "amount": "1000.00", "open_amount": "1000.00",
    }  # fmt: skip


def test_csv_has_the_json_names_as_header_and_no_total(books):
    assert asked("aged-receivables", "--format", "csv", "--credits", "aged", "--buckets", "30")[1] == (
        "customer_number,customer_name,currency,not_due,1-30,31+,no_due_date,total\r\n"
        "10,Kunde 10,NOK,0.00,700.00,0.00,0.00,700.00\r\n"
    )
    assert asked("unpaid-invoices", "--format", "csv")[1] == (
        "entry_id,customer_number,customer_name,kind,voucher_number,invoice_number,kid,entry_date,due_date,"
        "due_date_assumed,days_overdue,currency,amount,open_amount\r\n"
        "e1,10,Kunde 10,invoice,1,77,123,2026-01-10,2026-01-24,false,7,NOK,1000.00,1000.00\r\n"
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", ["json", "csv"])
def test_output_writes_the_same_to_a_file(books, tmp_path, name, layout):
    target = tmp_path / "report"
    assert asked(name, "--format", layout, "--output", str(target)) == (0, "", "")
    assert target.read_bytes().decode() == asked(name, "--format", layout)[1]


@pytest.mark.parametrize("name", NAMES)
def test_page_and_command_agree(books, name, client, make_member):
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    address = dict(zip(NAMES, ("rapporter/apne-poster", "rapporter/aldersfordelt", "fakturaer/ubetalte"), strict=True))
    response = client.get(
        f"/klient/310000000/{address[name]}/",
        {"per": "2026-01-31", "alder": "bilagsdato", "intervaller": "10,20", "kreditposter": "aldersfordelt",
         "valuta": "original", "format": "json"},
    )  # fmt: skip
    options = ("--age-by", "entry_date", "--buckets", "10,20", "--credits", "aged", "--currency", "original")
    assert response.content.decode() == asked(name, *options)[1]


@pytest.mark.parametrize(("arguments", "said"), [
    (("balance", "--client", "310000000", "--as-of", "2026-01-31"), "there is no report balance; choose one of: open"),
    ((), "there is no report without a name"),
    (("open-items", "--as-of", "2026-01-31"), "--client: give the company's organisation number"),
    (("open-items", "--client", "310011118", "--as-of", "2026-01-31"), "no company has the number 310011118; import"),
    (("open-items", "--client", "310000000"), "--as-of: Write the date as year-month-day"),
    (("open-items", "--client", "310000000", "--as-of", "31.01.2026"), "--as-of: Write the date as year-month-day"),
    (("open-items", "--client", "310000000", "--as-of", "2026-01-31", "--format", "doc"), "--format: choose one of: json"),
    (("open-items", "--client", "310000000", "--as-of", "2026-01-31", "--buckets", "60,30"), "--buckets: Write the limits"),
    (("open-items", "--client", "310000000", "--as-of", "2026-01-31", "--age-by", "x"), "--age-by: Choose one of: due_date,"),
    (("open-items", "--client", "310000000", "--as-of", "2026-01-31", "--credits", "x"), "--credits: Choose one of: separate"),
    (("open-items", "--client", "310000000", "--as-of", "2026-01-31", "--currency", "NOK"), "--currency: Choose one of: base,"),
    (("open-items", "--client", "310000000", "--as-of", "2026-01-31", "--output", "/no/such/folder/x"), "cannot be written"),
])  # fmt: skip
def test_wrong_input_ends_in_exit_code_1_and_says_what_to_do(books, arguments, said):
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ") and said in err


def test_every_fault_is_named_at_once(books):
    _, _, err = run("open-items", "--client", "310000000", "--as-of", "x", "--buckets", "x")
    assert [line.split(":")[1].strip() for line in err.splitlines()] == ["--as-of", "--buckets"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("layout", "begins"), [("xlsx", b"PK\x03\x04"), ("pdf", b"%PDF-")])
def test_excel_and_pdf_go_to_a_file_or_as_bytes_to_standard_output(books, tmp_path, name, layout, begins):
    target = tmp_path / "report"
    assert asked(name, "--format", layout, "--output", str(target)) == (0, "", "")
    assert target.read_bytes().startswith(begins)
    raw = BytesIO()
    out = TextIOWrapper(raw, write_through=True)
    call_command("report", name, "--client", "310000000", "--as-of", "2026-01-31", "--format", layout, stdout=out)
    assert raw.getvalue().startswith(begins)


def test_bytes_are_not_poured_over_a_terminal(books):
    class Terminal(StringIO):
        def isatty(self):
            return True

    err = StringIO()
    with pytest.raises(SystemExit):
        call_command("report", "open-items", "--client", "310000000", "--as-of", "2026-01-31", "--format", "pdf",
                     stdout=Terminal(), stderr=err)  # fmt: skip
    assert "give a file to --output" in err.getvalue()
