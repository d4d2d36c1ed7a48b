"""Reading EHF: every real file beside the project as EXPECTED.json says, and each rule of the format with a case."""

import json
from datetime import date
from decimal import Decimal

import pytest

from accounting.imports.ehf import read_ehf
from accounting.imports.ehf_file import Form
from accounting.imports.refusal import ImportRefused
from tests.accounting.ehf_builder import BILLING, PROFILE, document, party, tag

REFUSED = {
    "dfo_Reminder-Example.xml": "this is a reminder, no sales invoice",
    "dfo_PaymentRequest-example-1.xml": "this is a payment request, no sales invoice",
}


@pytest.fixture
def read(tmp_path):
    def reader(text):
        path = tmp_path / "file.xml"
        path.write_text(text, encoding="utf-8")
        return read_ehf(path)

    return reader


def number_of(value):
    return None if value is None else Decimal(value)


def expected(shared):
    return json.loads((shared / "data" / "ehf" / "EXPECTED.json").read_text())


def test_every_real_file_reads_as_expected(shared):
    seen = 0
    for one in expected(shared):
        if one["file"] in REFUSED:
            continue
        found = read_ehf(shared / "data" / "ehf" / one["file"])
        assert found.is_credit_note is (one["kind"] == "CreditNote")
        assert (found.type_code, found.number, found.currency) == (one["type"], one["id"], one["currency"])
        assert found.issued == date.fromisoformat(one["issue"])
        assert found.due == (date.fromisoformat(one["due"]) if one["due"] else None)
        assert (found.exclusive, found.inclusive) == (number_of(one["excl"]), number_of(one["incl"]))
        assert found.tax == number_of(one["tax"][0])  # that in the document's currency, of two
        assert found.prepaid == (number_of(one["prepaid"]) or 0)
        assert found.rounding == (number_of(one["rounding"]) or 0)
        assert found.payable == number_of(one["payable"])
        assert found.receivable_effect == number_of(one["receivable_effect"])
        assert found.kid == (one["payment_id"][0] or "") and found.account == (one["account"][0] or "")
        assert list(found.billing_references) == one["billing_reference"]
        if one["supplier"]:
            assert found.supplier.number == one["supplier"]
        if one["buyer"]:
            assert found.buyer.number == one["buyer"]
        assert (found.supplier.name, found.buyer.name) == (one["supplier_name"], one["buyer_name"])
        assert found.assigned is bool(one["payee"])
        assert (found.payee.name if found.payee else None) == one["payee"]
        assert found.terms == one["terms"]
        assert found.oddities == ()  # every check of EXPECTED is true
        seen += 1
    assert seen == 12


def test_reminders_and_payment_requests_are_no_sales_invoices(shared):
    for name, told in REFUSED.items():
        with pytest.raises(ImportRefused, match=told) as refused:
            read_ehf(shared / "data" / "ehf" / name)
        assert refused.value.line in (5, 6) and "urn:fdc:anskaffelser.no" in str(refused.value)


def test_every_invoice_of_the_catering_company(shared):
    want = json.loads((shared / "data" / "nsg" / "EXPECTED.json").read_text())
    total = Decimal(0)
    for one in want["invoices"]:
        found = read_ehf(shared / "data" / "nsg" / "sales_invoices" / f"{one['id']}.xml")
        assert (found.number, found.kid, found.currency) == (one["id"], one["ref"], one["currency"])
        assert (str(found.issued), str(found.due)) == (one["issue"], one["due"])
        assert (found.exclusive, found.tax, found.payable) == tuple(Decimal(one[n]) for n in ("excl", "tax", "payable"))
        assert (found.buyer.number, found.buyer.name) == (one["buyer"], one["buyer_name"])
        assert found.oddities == ()
        total += found.receivable_effect
    assert total == Decimal(want["totals"]["payable"]) == Decimal("506800.00")


# What is taken


FORWARD = f"{BILLING}#conformant#urn:fdc:anskaffelser.no:2019:ehf:forward-billing:3.0"
SELF = BILLING.replace("billing:3.0", "selfbilling:3.0")


@pytest.mark.parametrize(("customization", "profile", "form"), [
    (BILLING, PROFILE, Form.BILLING),
    (FORWARD, "urn:fdc:anskaffelser.no:2019:ehf:postaward:g3:08:1.0", Form.FORWARD_BILLING),
    (SELF, "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0", Form.SELF_BILLING),
])  # fmt: skip
def test_the_forms_that_are_taken(read, customization, profile, form):
    code = "389" if form is Form.SELF_BILLING else "380"
    assert read(document("1", "10", customization=customization, profile=profile, type_code=code)).form is form


@pytest.mark.parametrize(("customization", "profile", "told"), [
    (BILLING, "urn:fdc:anskaffelser.no:2019:ehf:postaward:g3:06:1.0", "a reminder"),
    (f"{BILLING}#conformant#urn:fdc:anskaffelser.no:2019:ehf:reminder:3.0", PROFILE, "a reminder"),
    (BILLING, "urn:fdc:anskaffelser.no:2019:ehf:postaward:g3:07:1.0", "a payment request"),
    ("urn:fdc:anskaffelser.no:2019:ehf:spec:payment-request:3.0", PROFILE, "a payment request"),
    (BILLING, "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0", "no PEPPOL BIS Billing 3"),
    (f"{BILLING}#conformant#urn:other", PROFILE, "urn:other"),
    ("urn:www.cenbii.eu:transaction:biitrns010:ver2.0", "urn:www.cenbii.eu:profile:bii05:ver2.0", "biitrns010"),
    ("", "", "CustomizationID ''"),
    (BILLING, "", "ProfileID ''"),
])  # fmt: skip
def test_what_is_no_sales_invoice_is_refused_by_its_ids(read, customization, profile, told):
    with pytest.raises(ImportRefused, match=r"no sales invoice|no PEPPOL") as refused:
        read(document("1", "10", customization=customization, profile=profile))
    assert told in str(refused.value)


@pytest.mark.parametrize(("code", "note", "taken"), [
    ("380", False, True), ("82", False, True), ("84", False, True), ("384", False, True), ("386", False, True),
    ("388", False, True), ("393", False, True), ("381", True, True), ("396", True, True), ("81", True, True),
    ("83", True, True), ("381", False, False), ("380", True, False), ("325", False, False), ("71", False, False),
    ("389", False, False), ("261", True, False), ("83", False, False), ("999", False, False), ("x", True, False),
])  # fmt: skip
def test_type_codes(read, code, note, taken):
    text = document("1", "10", note=note, type_code=code)
    if taken:
        found = read(text)
        assert found.receivable_effect == (-10 if note else 10)
        assert found.assigned is (code in ("393", "396"))
    else:
        with pytest.raises(ImportRefused, match="TypeCode"):
            read(text)


def test_an_invoice_of_another_namespace_or_in_an_envelope(read):
    for text in (
        document("1", "10").replace("xsd:Invoice-2", "xsd:Order-2"),
        '<StandardBusinessDocument xmlns="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"/>',
    ):
        with pytest.raises(ImportRefused, match="without an envelope"):
            read(text)


# Dates, references, accounts


def means(name, day):
    return f"<cac:{name}>{tag('PaymentDueDate', day)}</cac:{name}>"


@pytest.mark.parametrize(("text", "due"), [
    (document("1", "10", due="2026-02-01"), "2026-02-01"),
    (document("1", "10", due="2026-02-01", note=True), "2026-02-01"),
    (document("1", "10", extra=means("PaymentMeans", "2026-02-02")), "2026-02-02"),
    (document("1", "10", extra=means("PaymentTerms", "2026-02-03")), "2026-02-03"),
    (document("1", "10", due="2026-02-01", extra=means("PaymentTerms", "2026-02-03")), "2026-02-01"),
    (document("1", "10", terms="Betales innen 30 dager"), "None"),
])  # fmt: skip
def test_the_due_date_from_all_its_places(read, text, due):
    assert str(read(text).due) == due


def test_a_due_date_before_the_issue(read):
    found = read(document("1", "10", "2026-01-10", due="2026-01-09"))
    assert [one.code for one in found.oddities] == ["due_before_issue"]


def test_the_reference_of_payment(read):
    assert read(document("1", "10", kid=" 000 3434 32 ")).kid == "000343432"
    assert read(document("1", "10", kid="Faktura 17 b")).kid == "Faktura 17 b"
    several = f"<cac:PaymentMeans>{tag('PaymentID', '22')}</cac:PaymentMeans>"
    found = read(document("1", "10", kid="11", extra=several))
    assert (found.kid, [one.code for one in found.oddities]) == ("11", ["several_references"])
    assert read(document("1", "10", kid="11", extra=several.replace("22", "11"))).oddities == ()


def test_the_account(read):
    assert read(document("1", "10", account="NO93 8601 1117 947")).account == "NO9386011117947"
    assert read(document("1", "10", account="8601.11.17947")).account == "86011117947"


def test_the_invoices_that_are_credited(read):
    assert read(document("2", "10", note=True, refers=("1", " 3  b ", "1"))).billing_references == ("1", "3 b")


# Money


def test_two_totals_of_tax(read):
    second = '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">99.00</cbc:TaxAmount></cac:TaxTotal>'
    found = read(document("1", "125", tax="25", extra=second))
    assert (found.tax, found.oddities) == (Decimal("25.00"), ())


@pytest.mark.parametrize(("values", "code"), [
    ({"inclusive": "100.01"}, "payable_differs"),
    ({"prepaid": "10", "inclusive": "100"}, "payable_differs"),
    ({"rounding": "0.22", "inclusive": "100"}, "payable_differs"),
])  # fmt: skip
def test_what_does_not_add_up_is_said_and_the_payable_counts(read, values, code):
    found = read(document("1", "100.00", **values))
    assert ([one.code for one in found.oddities], found.payable) == ([code], Decimal("100.00"))


def test_a_total_that_is_not_its_parts(read):
    found = read(document("1", "100", tax="20").replace(">20<", ">25<"))
    assert [one.code for one in found.oddities] == ["total_differs"]


def test_prepaid_and_rounding_that_add_up(read):
    found = read(document("1", "802.00", prepaid="1000", rounding="0.22", inclusive="1801.78", tax="365.28"))
    assert (found.prepaid, found.rounding, found.oddities) == (Decimal("1000.00"), Decimal("0.22"), ())


def test_more_than_two_decimals_are_rounded_and_said(read):
    found = read(document("1", "10.005", inclusive="10.01"))
    assert (found.payable, [one.code for one in found.oddities]) == (Decimal("10.01"), ["amount_decimals"])
    assert read(document("1", "10.500", inclusive="10.50")).oddities == ()


@pytest.mark.parametrize(("broken", "told"), [
    (("<cbc:PayableAmount currencyID=\"NOK\">10</cbc:PayableAmount>", ""), "PayableAmount is missing"),
    (('<cbc:PayableAmount currencyID="NOK"', '<cbc:PayableAmount currencyID="EUR"'), "in EUR, the document in NOK"),
    ((">10<", ">1 0<"), "cannot be read: write it as 1234.50"),
    ((">10<", ">10,00<"), "cannot be read: write it as 1234.50"),
    ((">10<", ">NaN<"), "cannot be read"),
    ((">10<", ">1e15<"), "more than can be kept"),
    ((">NOK<", ">nok<"), "three capital letters"),
    (("<cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>", ""), "DocumentCurrencyCode is missing"),
    (("<cbc:ID>1</cbc:ID>", "<cbc:ID> </cbc:ID>"), "no number (ID)"),
    (("<cbc:ID>1</cbc:ID>", f"<cbc:ID>{'1' * 101}</cbc:ID>"), "no number (ID)"),
    (("<cbc:IssueDate>2026-01-10</cbc:IssueDate>", ""), "IssueDate is missing"),
    (("2026-01-10", "2026-02-30"), "write a date as 2026-01-31"),
    (("2026-01-10", "0001-01-01"), "IssueDate is missing"),
    (("<cbc:RegistrationName>Bjørka AS</cbc:RegistrationName>", ""), "AccountingCustomerParty has no name"),
    (("AccountingSupplierParty", "SellerSupplierParty"), "AccountingSupplierParty is missing"),
    (("LegalMonetaryTotal", "RequestedMonetaryTotal"), "LegalMonetaryTotal is missing"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_line(read, broken, told):
    text = document("1", "10")
    assert broken[0] in text
    with pytest.raises(ImportRefused) as refused:
        read(text.replace(*broken))
    assert told in str(refused.value) and refused.value.line >= 2


# Parties


@pytest.mark.parametrize(("buyer", "number", "person"), [
    (party("310001015", "A"), "310001015", False),
    (party("", "A", vat="NO310001015MVA"), "NO310001015MVA", False),
    (party("", "A", endpoint="310001015"), "310001015", False),
    (party("", "A", endpoint="7080001234567", scheme="0088"), "", False),
    (party("", "A", endpoint="kari@example.org", scheme="EM"), "", True),
    (party("", "A"), "", True),
    (party("", "A", identifier="10045"), "", True),
])  # fmt: skip
def test_a_buyer_without_anything_of_a_company_is_a_person(read, buyer, number, person):
    found = read(document("1", "10", buyer=buyer)).buyer
    assert (found.number, found.person) == (number, person)


def rate(name, source, target, written, operator=""):
    inner = tag("SourceCurrencyCode", source) + tag("TargetCurrencyCode", target) + tag("CalculationRate", written)
    return f"<cac:{name}>{inner}{tag('MathematicOperatorCode', operator)}</cac:{name}>"


@pytest.mark.parametrize(("extra", "found"), [
    (rate("TaxExchangeRate", "EUR", "NOK", "11.7425"), [("NOK", "11.7425")]),
    (rate("PaymentExchangeRate", "NOK", "EUR", "0.08"), [("NOK", "12.5")]),
    (rate("PricingExchangeRate", "EUR", "NOK", "0.08", "divide"), [("NOK", "12.5")]),
    (rate("PricingExchangeRate", "NOK", "EUR", "12.5", "Divide"), [("NOK", "12.5")]),
    (rate("TaxExchangeRate", "SEK", "NOK", "1.02"), []),
    (rate("TaxExchangeRate", "EUR", "NOK", ""), []),
    (rate("TaxExchangeRate", "EUR", "EUR", "1"), []),
    ("", []),
])  # fmt: skip
def test_a_rate_that_the_document_gives(read, extra, found):
    rates = read(document("1", "10", currency="EUR", extra=extra)).rates
    assert [(one.currency, str(one.rate)) for one in rates] == found


@pytest.mark.parametrize("written", ["0", "-1", "x", "1e20"])
def test_a_rate_that_is_none(read, written):
    with pytest.raises(ImportRefused, match="CalculationRate"):
        read(document("1", "10", currency="EUR", extra=rate("TaxExchangeRate", "EUR", "NOK", written)))
