"""Reads an EHF / PEPPOL BIS Billing 3 invoice or credit note (UBL 2.1); knows the format and nothing of the ledger.

The format: docs.peppol.eu/poacc/billing/3.0 and anskaffelser.dev/postaward/g3. Type codes are those of UNCL1001.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from accounting.imports.ehf_file import EhfDocument, FileRate, Form, Oddity, Party
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_values import (
    amount_in,
    child,
    children,
    content,
    day_in,
    line_of,
    local,
    rate_in,
    text,
)
from accounting.imports.xml_door import read_xml

ZERO = Decimal("0.00")
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CREDIT_NOTE = f"{{{_UBL}CreditNote-2}}CreditNote"
_ROOTS = (f"{{{_UBL}Invoice-2}}Invoice", _CREDIT_NOTE)

# (CustomizationID, ProfileID) of what is a sale.
_EN16931 = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:"
_EHF = "urn:fdc:anskaffelser.no:2019:ehf:"
_BILLING = f"{_EN16931}billing:3.0"
_FORMS = {
    (_BILLING, "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"): Form.BILLING,
    (f"{_BILLING}#conformant#{_EHF}forward-billing:3.0", f"{_EHF}postaward:g3:08:1.0"): Form.FORWARD_BILLING,
    (f"{_EN16931}selfbilling:3.0", "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0"): Form.SELF_BILLING,
}
# What else is written as an Invoice, by a word of either id or the EHF process of the ProfileID.
_OTHERS = {
    "ehf:reminder:": "a reminder",
    "postaward:g3:06:": "a reminder",
    "payment-request:": "a payment request",
    "postaward:g3:07:": "a payment request",
}
# Of UNCL1001 what claims money for something sold. Left out: 71 and 102 (claims of what is claimed already), 325 (pro
# forma), 395 (nothing is sold yet), 553 and 817 (complaints).
_INVOICES = frozenset(
    ("80", "82", "84", "218", "219", "326", "331", "380", "382", "383", "384", "386", "388", "393", "575", "623", "780",
     "870", "875", "876", "877")
)  # fmt: skip
_CREDIT_NOTES = frozenset(("81", "83", "381", "396", "532"))
_SELF_BILLED = {False: frozenset(("389", "527")), True: frozenset(("261",))}
CORRECTED = "384"

# Schemes (ICD, EAS) whose identifiers are organisation numbers; that of EAN locations names a company too.
_ORGANISATION = frozenset(
    ("0192", "9908", "0007", "0184", "0212", "0196", "0002", "0106", "0208", "0183", "0204", "0060")
)
_LOCATION = "0088"


def read_ehf(path: Path) -> EhfDocument:
    """One document, amounts in its own currency. Raises ImportRefused, with the line, for whatever is no sales invoice.

    What does not add up is no refusal but an oddity: PayableAmount counts.
    """
    root = read_xml(path)
    if root.tag not in _ROOTS:
        told = f"the root is {local(root)[:40]}, not an Invoice or a CreditNote of UBL 2.1"
        raise ImportRefused(f"{told}: give the invoice itself, without an envelope", line_of(root))
    is_credit_note = root.tag == _CREDIT_NOTE
    form = _form(root)
    type_code = _type_code(root, form, is_credit_note)
    number = " ".join(text(root, "ID").split())
    if not 1 <= len(number) <= 100:
        raise ImportRefused("the document has no number (ID) of 1 to 100 characters: give it one", line_of(root))
    issued = day_in(child(root, "IssueDate"))
    if issued is None:
        _missing(root, "IssueDate")
    oddities: list[Oddity] = []
    currency = _currency(child(root, "DocumentCurrencyCode"), root)
    totals = _Totals(root, currency, oddities)
    due = _due_date(root)
    if due and due < issued:
        oddities.append(Oddity("due_before_issue", f"it falls due {due}, before it is issued {issued}"))
    kid, account = _payment(root, oddities)
    payee = child(root, "PayeeParty")
    return EhfDocument(
        form=form,
        is_credit_note=is_credit_note,
        type_code=type_code,
        number=number,
        issued=issued,
        due=due,
        currency=currency,
        tax=totals.tax,
        exclusive=totals.exclusive,
        inclusive=totals.inclusive,
        prepaid=totals.prepaid,
        rounding=totals.rounding,
        payable=totals.payable,
        supplier=_party_of(root, "AccountingSupplierParty"),
        buyer=_party_of(root, "AccountingCustomerParty"),
        payee=_party(payee) if payee is not None else None,
        kid=kid,
        account=account,
        billing_references=_billing_references(root),
        terms=" ".join(text(child(root, "PaymentTerms"), "Note").split())
        if child(root, "PaymentTerms") is not None
        else "",
        rates=tuple(_rates(root, currency)),
        oddities=tuple(oddities),
        line=line_of(root),
    )


def _form(root: Any) -> Form:
    customization, profile = text(root, "CustomizationID"), text(root, "ProfileID")
    if form := _FORMS.get((customization, profile)):
        return form
    line = line_of(child(root, "CustomizationID") if child(root, "CustomizationID") is not None else root)
    for word, what in _OTHERS.items():
        if word in customization or word in profile:
            raise ImportRefused(f"this is {what}, no sales invoice ({profile[:100]}): leave it out", line)
    told = f"this is no PEPPOL BIS Billing 3 or EHF 3 invoice: CustomizationID {customization[:200]!r}"
    raise ImportRefused(f"{told}, ProfileID {profile[:100]!r}: leave it out, or send it in that format", line)


def _type_code(root: Any, form: Form, is_credit_note: bool) -> str:
    name = "CreditNoteTypeCode" if is_credit_note else "InvoiceTypeCode"
    found = child(root, name)
    code = content(found)
    known = _CREDIT_NOTES if is_credit_note else _INVOICES
    if form is Form.SELF_BILLING:
        known = _SELF_BILLED[is_credit_note]
    if code not in known:
        told = f"{name} is {code[:10]!r}, which is no sales invoice or credit note of this form (UNCL1001)"
        raise ImportRefused(f"{told}: leave it out, or correct the code", line_of(found if found is not None else root))
    return code


def _missing(element: Any, name: str) -> NoReturn:
    raise ImportRefused(f"{name} is missing in {local(element)}: fill it in", line_of(element))


def _currency(element: Any, parent: Any) -> str:
    code = content(element)
    if not code:
        _missing(parent, "DocumentCurrencyCode")
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise ImportRefused(f"{local(element)} is {code[:40]!r}, not a code of three capital letters", line_of(element))
    return code


class _Totals:
    """LegalMonetaryTotal and the TaxTotal in the document's own currency, and whether they add up (EN 16931 BR-CO-15, 16)."""

    def __init__(self, root: Any, currency: str, oddities: list[Oddity]) -> None:
        self._currency, self._oddities = currency, oddities
        totals = child(root, "LegalMonetaryTotal")
        if totals is None:
            _missing(root, "LegalMonetaryTotal")
        payable = self._money(child(totals, "PayableAmount"))
        if payable is None:
            _missing(totals, "PayableAmount")
        self.payable: Decimal = payable
        self.exclusive = self._money(child(totals, "TaxExclusiveAmount"))
        self.inclusive = self._money(child(totals, "TaxInclusiveAmount"))
        self.prepaid = self._money(child(totals, "PrepaidAmount")) or ZERO
        self.rounding = self._money(child(totals, "PayableRoundingAmount")) or ZERO
        # A second one, without subtotals, stands in the currency that the tax is accounted for in (TaxCurrencyCode).
        taxes = [child(one, "TaxAmount") for one in children(root, "TaxTotal")]
        taxes = [one for one in taxes if one is not None and one.get("currencyID", currency) == currency]
        self.tax = self._money(taxes[0]) if taxes else None
        self._check()

    def _money(self, element: Any) -> Decimal | None:
        value = amount_in(element)
        if value is None:
            return None
        if (code := element.get("currencyID", self._currency)) != self._currency:
            told = f"{local(element)} is in {code[:10]}, the document in {self._currency}: correct it"
            raise ImportRefused(told, line_of(element))
        if Decimal(content(element)) != value:  # BR-DEC: two decimals at most
            told = f"{local(element)} is {content(element)[:40]}, with more than two decimals: read as {value}"
            self._oddities.append(Oddity("amount_decimals", told))
        return value

    def _check(self) -> None:
        if None not in (self.exclusive, self.inclusive):
            found = (self.exclusive or ZERO) + (self.tax or ZERO)
            if found != self.inclusive:
                told = f"TaxInclusiveAmount is {self.inclusive}, without tax and with it {found}: PayableAmount counts"
                self._oddities.append(Oddity("total_differs", told))
        if self.inclusive is not None:
            found = self.inclusive - self.prepaid + self.rounding
            if found != self.payable:
                told = f"PayableAmount is {self.payable}, the totals give {found}: PayableAmount counts"
                self._oddities.append(Oddity("payable_differs", told))


def _due_date(root: Any) -> Any:
    """From wherever it may stand: a credit note's is in its PaymentMeans, and terms may carry it. Words are not read."""
    places = [child(root, "DueDate")]
    for name in ("PaymentMeans", "PaymentTerms"):
        places += [child(one, "PaymentDueDate") for one in children(root, name)]
    return next((day for one in places if (day := day_in(one))), None)


def _payment(root: Any, oddities: list[Oddity]) -> tuple[str, str]:
    """The reference that a payment is to carry, and the account it is to go to; the first of each."""
    kids: list[str] = []
    accounts: list[str] = []
    for one in children(root, "PaymentMeans"):
        for found in children(one, "PaymentID"):
            written = " ".join(content(found).split())
            bare = written.replace(" ", "")
            kids.append((bare if bare.isascii() and bare.isdigit() else written)[:100])
        account = child(one, "PayeeFinancialAccount")
        if account is not None:
            accounts.append(text(account, "ID").replace(" ", "").replace(".", ""))
    kids, accounts = list(dict.fromkeys(filter(None, kids))), list(filter(None, accounts))
    if len(kids) > 1:
        told = f"it asks for several references of payment: {kids[0]} is the one that counts"
        oddities.append(Oddity("several_references", told))
    return kids[0] if kids else "", accounts[0] if accounts else ""


def _billing_references(root: Any) -> tuple[str, ...]:
    """The numbers of the invoices that it is about, each once."""
    found = []
    for one in children(root, "BillingReference"):
        for reference in children(one, "InvoiceDocumentReference"):
            found.append(" ".join(text(reference, "ID").split())[:100])
    return tuple(dict.fromkeys(filter(None, found)))


def _party_of(root: Any, name: str) -> Party:
    element = child(root, name)
    party = child(element, "Party") if element is not None else None
    if party is None:
        _missing(root, name)
    found = _party(party)
    if not found.name:
        raise ImportRefused(f"the {name} has no name: fill in its RegistrationName", line_of(party))
    return found


def _party(element: Any) -> Party:
    legal = child(element, "PartyLegalEntity")
    endpoint = child(element, "EndpointID")
    identifiers = [one for part in children(element, "PartyIdentification") for one in children(part, "ID")]
    addresses = [one for one in (endpoint, *identifiers) if one is not None]
    numbers = [text(legal, "CompanyID") if legal is not None else "", _vat_number(element)]
    numbers += [content(one) for one in addresses if one.get("schemeID") in _ORGANISATION]
    number = next(filter(None, numbers), "")
    company = number or any(one.get("schemeID") == _LOCATION for one in addresses)
    trading = child(element, "PartyName")
    name = text(legal, "RegistrationName") if legal is not None else ""
    if not name and trading is not None:
        name = text(trading, "Name")
    return Party(" ".join(number.split()), " ".join(name.split()), _country(element), not company, line_of(element))


def _vat_number(party: Any) -> str:
    for one in children(party, "PartyTaxScheme"):  # of another scheme stands «Foretaksregisteret»
        scheme = child(one, "TaxScheme")
        if scheme is not None and text(scheme, "ID") == "VAT" and (number := text(one, "CompanyID")):
            return number
    return ""


def _country(party: Any) -> str:
    address = child(party, "PostalAddress")
    country = child(address, "Country") if address is not None else None
    code = text(country, "IdentificationCode").upper() if country is not None else ""
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def _rates(root: Any, currency: str) -> list[FileRate]:
    """What one unit of the document's currency costs, where UBL's own elements say it plainly; BIS 3 has none of them."""
    found = []
    for name in ("PaymentExchangeRate", "PricingExchangeRate", "TaxExchangeRate"):
        for one in children(root, name):
            source, target = text(one, "SourceCurrencyCode"), text(one, "TargetCurrencyCode")
            if any(
                text(one, base) not in ("", "1", "1.0", "1.00")
                for base in ("SourceCurrencyBaseRate", "TargetCurrencyBaseRate")
            ):
                continue
            rate = rate_in(child(one, "CalculationRate"))
            if rate is None or currency not in (source, target) or source == target:
                continue
            # «Source × rate = target» unless it says to divide.
            upside_down = (text(one, "MathematicOperatorCode").lower() == "divide") is (currency == source)
            other = target if currency == source else source
            found.append(FileRate(other, 1 / rate if upside_down else rate))
    return found
