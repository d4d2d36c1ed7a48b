"""EHF documents out of short words, the command that imports them, and what the books are afterwards."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from access.models import AuditEntry, Client
from access.tenancy import client_scope
from accounting.models import LedgerEntry, Match

NUMBER, NAME = "310000000", "Furuly Lys AS"
BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"


def tag(name, value, attributes=""):
    return f"<cbc:{name}{attributes}>{value}</cbc:{name}>" if value not in (None, "") else ""


def party(number, name, country="NO", *, vat="", endpoint="", scheme="0192", identifier=""):
    legal = tag("RegistrationName", name) + tag("CompanyID", number)
    scheme_of = f' schemeID="{scheme}"'
    return (
        tag("EndpointID", endpoint, scheme_of)
        + (f"<cac:PartyIdentification>{tag('ID', identifier)}</cac:PartyIdentification>" if identifier else "")
        + f"<cac:PostalAddress><cac:Country>{tag('IdentificationCode', country)}</cac:Country></cac:PostalAddress>"
        + (
            f"<cac:PartyTaxScheme>{tag('CompanyID', vat)}<cac:TaxScheme>{tag('ID', 'VAT')}</cac:TaxScheme>"
            "</cac:PartyTaxScheme>" if vat else ""
        )
        + f"<cac:PartyLegalEntity>{legal}</cac:PartyLegalEntity>"
    )  # fmt: skip


def document(
    number, amount, on="2026-01-10", *, due="", kid="", note=False, refers=(), prepaid="", rounding="", inclusive="",
    tax="0", currency="NOK", type_code="", supplier=None, buyer=("310001015", "Bjørka AS"), account="", payee="",
    customization=BILLING, profile=PROFILE, terms="", extra="",
):  # fmt: skip
    """A document as text; `amount` is the PayableAmount, `buyer` (number, name[, country]) or a party's text."""
    root = "CreditNote" if note else "Invoice"
    in_currency = f' currencyID="{currency}"'
    supplier = supplier or party(NUMBER, NAME)
    buyer = buyer if isinstance(buyer, str) else party(*buyer)
    due_tag = tag("PaymentDueDate" if note else "DueDate", due)
    means = (due_tag if note else "") + tag("PaymentID", kid)
    if account:
        means += f"<cac:PayeeFinancialAccount>{tag('ID', account)}</cac:PayeeFinancialAccount>"
    references = "".join(
        f"<cac:BillingReference><cac:InvoiceDocumentReference>{tag('ID', one)}</cac:InvoiceDocumentReference>"
        "</cac:BillingReference>" for one in refers
    )  # fmt: skip
    if not inclusive:
        inclusive = f"{float(amount) + float(prepaid or 0) - float(rounding or 0):.2f}"
    exclusive = f"{float(inclusive) - float(tax):.2f}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"'
        ' xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"'
        ' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">\n'
        + tag("CustomizationID", customization) + tag("ProfileID", profile) + tag("ID", number) + tag("IssueDate", on)
        + ("" if note else due_tag) + tag(f"{root}TypeCode", type_code or ("381" if note else "380"))
        + tag("DocumentCurrencyCode", currency) + references
        + f"\n<cac:AccountingSupplierParty><cac:Party>{supplier}</cac:Party></cac:AccountingSupplierParty>"
        + f"\n<cac:AccountingCustomerParty><cac:Party>{buyer}</cac:Party></cac:AccountingCustomerParty>"
        + (f"<cac:PayeeParty><cac:PartyName>{tag('Name', payee)}</cac:PartyName></cac:PayeeParty>" if payee else "")
        + (f"<cac:PaymentMeans>{tag('PaymentMeansCode', '30')}{means}</cac:PaymentMeans>" if means else "")
        + (f"<cac:PaymentTerms>{tag('Note', terms)}</cac:PaymentTerms>" if terms else "") + extra
        + f"<cac:TaxTotal>{tag('TaxAmount', tax, in_currency)}</cac:TaxTotal>"
        + "<cac:LegalMonetaryTotal>" + tag("TaxExclusiveAmount", exclusive, in_currency)
        + tag("TaxInclusiveAmount", inclusive, in_currency) + tag("PrepaidAmount", prepaid, in_currency)
        + tag("PayableRoundingAmount", rounding, in_currency) + tag("PayableAmount", amount, in_currency)
        + f"</cac:LegalMonetaryTotal>\n</{root}>\n"
    )  # fmt: skip


class Invoices:
    """Files of one company in a folder, and the command that imports them."""

    def __init__(self, folder, number=NUMBER):
        self.folder, self.number, self.count = folder, number, 0

    def file(self, text):
        self.count += 1
        path = self.folder / f"{self.count}.xml"
        path.write_text(text, encoding="utf-8")
        return path

    def load(self, *texts, **options):
        """The summary of an import of these documents in one call."""
        return self.run(*(self.file(one) for one in texts), **options)

    def run(self, *paths, **options):
        out = StringIO()
        call_command("import_invoices", *map(str, paths), client=self.number, stdout=out, **options)
        return json.loads(out.getvalue())

    def refused(self, *texts, **options):
        """What is said of documents that are refused; nothing of them is stored."""
        return self.refused_files(*(self.file(one) for one in texts), **options)

    def refused_files(self, *paths, **options):
        before, err = self.books(), StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("import_invoices", *map(str, paths), client=self.number, stderr=err, no_color=True, **options)
        assert ended.value.code == 1
        assert self.books() == before
        told = err.getvalue()
        assert told.startswith("error: ") and told.count("\n") == 1 and "Traceback" not in told
        return told

    def company(self):
        return Client.objects.get(organisation_number=self.number)

    def entry(self, number, **values):
        client = self.company()
        with client_scope(client):
            rows = LedgerEntry.objects.for_client(client).select_related("customer")
            return rows.get(invoice_number=number, **values)

    def audit(self):
        client = self.company()
        with client_scope(client):
            rows = AuditEntry.objects.for_client(client).filter(action="ledger.imported").order_by("at")
            return [one.details for one in rows]

    def books(self):
        """Entries and matches by what identifies them: not by when they came, nor by the numbers customers were given."""
        client = self.company()
        with client_scope(client):
            entries = LedgerEntry.objects.for_client(client).exclude(source="own").order_by("entry_id")
            matches = Match.objects.for_client(client)
            return (
                list(entries.values_list(
                    "entry_id", "customer__organisation_number", "customer__name", "kind", "entry_date", "due_date",
                    "amount", "open_amount", "currency", "currency_amount", "open_currency_amount", "closed_on", "kid",
                    "cross_reference", "assigned",
                )),
                sorted(matches.values_list(
                    "debit__invoice_number", "credit__invoice_number", "amount", "matched_on", "how", "assumed",
                    "debit_currency_amount", "credit_currency_amount",
                )),
            )  # fmt: skip

    def matched(self):
        """[(invoice number, credit's entry id, amount, how)]"""
        client = self.company()
        with client_scope(client):
            rows = Match.objects.for_client(client).order_by("debit__entry_id", "credit__entry_id")
            return [
                (debit, credit, str(amount), how)
                for debit, credit, amount, how in rows.values_list(
                    "debit__invoice_number", "credit__entry_id", "amount", "how"
                )
            ]
