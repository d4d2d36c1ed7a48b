"""`import_invoices`: which customer an invoice is for, and what another currency is booked at."""

import json
from datetime import date
from decimal import Decimal

import pytest

from access.tenancy import client_scope
from accounting.models import ExchangeRate
from accounting.receivables import receivables_page
from tests.accounting.ehf_builder import NUMBER, Invoices, document, party
from tests.accounting.factories import Books
from tests.accounting.ledger_files import codes
from tests.accounting.saft_runner import warned
from tests.accounting.test_identity_numbers import ONE, tables_that_hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoices(tmp_path, make_client):
    make_client()
    return Invoices(tmp_path)


# Customers


@pytest.mark.parametrize("kept", ["310001015", "NO310001015MVA", "310 001 015", "no 310 001 015 mva"])
def test_a_customer_is_found_by_his_number_however_it_is_written(invoices, kept):
    Books(invoices.company()).customer("77", "Bjørka i reskontro", organisation_number=kept)
    summary = invoices.load(document("1", "100"), document("2", "1", buyer=party("", "B", vat="NO310001015MVA")))
    assert summary["customers"] == {"created": 0, "updated": 0, "unchanged": 1}
    found = invoices.entry("1").customer
    assert (found.number, found.name, found.organisation_number) == ("77", "Bjørka i reskontro", kept)


@pytest.mark.parametrize(("kept", "country", "written"), [
    ("FI27490185", "FI", "2749018-5"), ("5560360793", "SE", "SE556036079301"), ("DK37202020", "DK", "37202020"),
])  # fmt: skip
def test_a_customer_abroad(invoices, kept, country, written):
    Books(invoices.company()).customer("77", "X", organisation_number=kept, country=country)
    invoices.load(document("1", "100", buyer=(written, "Y", country)))
    assert invoices.entry("1").customer.number == "77"


def test_a_customer_whose_country_the_ledger_has_wrong(invoices):
    Books(invoices.company()).customer("77", "Arccos Oy", organisation_number="2749018-5")  # NO, as it stands there
    invoices.load(document("1", "100", buyer=("2749018-5", "ARCCOS  OY", "FI")))
    assert invoices.entry("1").customer.number == "77"
    invoices.load(document("2", "100", buyer=("2749018-5", "Another", "FI")))
    assert invoices.entry("2").customer.number == "10000"


def test_numbers_of_new_customers_go_on_in_the_series(invoices):
    books = Books(invoices.company())
    for number in ("9", "10007", "A-1", "20500"):
        books.customer(number)
    invoices.load(document("1", "1"), document("2", "1", "2026-01-11", buyer=("310011118", "Gran AS")))
    assert [invoices.entry(one).customer.number for one in "12"] == ["10008", "10009"]


def test_past_the_end_of_the_series_they_go_on_after_the_greatest(invoices):
    books = Books(invoices.company())
    for number in ("19998", "20500"):
        books.customer(number)
    invoices.load(document("1", "1"))
    assert invoices.entry("1").customer.number == "19999"
    invoices.load(document("2", "1", buyer=("310011118", "Gran AS")))
    assert invoices.entry("2").customer.number == "20501"


def test_a_private_buyer_is_found_by_name_and_country(invoices):
    kari = party("", "Kari Nordmann")
    Books(invoices.company()).customer("77", "Kari Nordmann")  # of the ledger: perhaps another Kari
    invoices.load(document("1", "100", buyer=kari))
    invoices.load(
        document("2", "100", buyer=party("", "kari  nordmann")), document("3", "1", buyer=party("", "Kari", "SE"))
    )
    first, second, third = (invoices.entry(one).customer for one in "123")
    assert first.pk == second.pk != third.pk and first.number == "10000"
    assert (first.private_person, first.organisation_number, third.country) == (True, "", "SE")
    with client_scope(invoices.company()):
        page = receivables_page(client=invoices.company(), changed_since="", cursor="", page_size=10)
    assert {one["debtor"]["name"] for one in page.items} == {None}


@pytest.mark.django_db(transaction=True)
def test_a_national_identity_number_is_not_kept(invoices):
    text = document(
        "1", "100", buyer=party(ONE, f"Kari {ONE}"), terms=f"Gjelder {ONE}", supplier=party(NUMBER, f"Furuly {ONE}")
    )
    summary = invoices.load(text)
    assert len(warned(summary, "national_identity_number")) == 2 and ONE not in json.dumps(summary)
    customer = invoices.entry("1").customer
    assert (customer.name, customer.organisation_number, customer.private_person) == ("Kari ***", "", True)
    assert invoices.load(text)["entries"] == {"created": 0, "unchanged": 1}
    invoices.load(document("2", "1", supplier=party(ONE, "Selger")), any_supplier=True)
    assert ONE not in invoices.refused(document("3", "1", supplier=party(ONE, f"Selger {ONE}")))
    assert tables_that_hold(ONE) == []


def test_a_wrong_check_digit_is_said_and_kept(invoices):
    summary = invoices.load(document("1", "1", buyer=("310001016", "Bjørka AS")))
    assert codes(summary) == {"customer_number_check_digit"}
    assert invoices.entry("1").customer.organisation_number == "310001016"


# Other currencies


def set_rate(client, currency, day, rate):
    with client_scope(client):
        ExchangeRate.objects.for_client(client).create(currency=currency, day=date.fromisoformat(day), rate=rate)


def test_another_currency_is_booked_at_the_days_rate_or_the_weeks(invoices):
    client = invoices.company()
    set_rate(client, "EUR", "2026-01-09", "11.74250000")
    set_rate(client, "EUR", "2026-01-20", "99")
    invoices.load(
        document("1", "100.01", "2026-01-09", currency="EUR"), document("2", "10", "2026-01-16", currency="EUR")
    )
    one, two = (invoices.entry(number) for number in "12")
    assert (one.amount, one.currency, one.currency_amount) == (Decimal("1174.37"), "EUR", Decimal("100.01"))
    assert (two.amount, two.open_amount, two.open_currency_amount) == (Decimal("117.43"), Decimal("117.43"), 10)
    told = invoices.refused(document("3", "10", "2026-01-17", currency="EUR"))
    assert "no rate for EUR on 2026-01-17: give it with add_rate" in told
    assert "no rate for SEK" in invoices.refused(document("4", "10", "2026-01-17", currency="SEK"))


def test_what_is_booked_stands_at_its_rate_though_the_table_changes(invoices):
    set_rate(invoices.company(), "EUR", "2026-01-10", "10")
    one = document("1", "100", currency="EUR")
    invoices.load(one)
    with client_scope(invoices.company()):
        ExchangeRate.objects.for_client(invoices.company()).update(rate=12)
    assert invoices.load(one)["entries"] == {"created": 0, "unchanged": 1}
    assert invoices.entry("1").amount == 1000


def test_a_rate_of_the_document_goes_before_the_table(invoices):
    set_rate(invoices.company(), "EUR", "2026-01-10", "10")
    rate = (
        "<cac:TaxExchangeRate><cbc:SourceCurrencyCode>EUR</cbc:SourceCurrencyCode><cbc:TargetCurrencyCode>NOK"
        "</cbc:TargetCurrencyCode><cbc:CalculationRate>11.5</cbc:CalculationRate></cac:TaxExchangeRate>"
    )
    invoices.load(document("1", "100", currency="EUR", extra=rate))
    invoices.load(document("2", "100", currency="EUR", extra=rate.replace("NOK", "SEK")))
    assert [invoices.entry(one).amount for one in "12"] == [1150, 1000]


def test_two_totals_of_tax_are_no_rate(invoices):
    second = '<cac:TaxTotal><cbc:TaxAmount currencyID="NOK">1174.25</cbc:TaxAmount></cac:TaxTotal>'
    told = invoices.refused(document("1", "500", tax="100", currency="EUR", extra=second))
    assert "no rate for EUR" in told


def test_an_amount_that_cannot_be_kept_at_its_rate(invoices):
    set_rate(invoices.company(), "EUR", "2026-01-10", "999999999")
    assert "more than can be kept" in invoices.refused(document("1", "99999999999", currency="EUR"))
