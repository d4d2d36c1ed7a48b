"""Imports EHF / PEPPOL BIS Billing 3 invoices and credit notes that the company issued."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import transaction

from access.models import Client, User
from access.redaction import without_identity_numbers
from access.services import write_audit
from access.tenancy import client_scope
from accounting.imports.ehf import CORRECTED, read_ehf
from accounting.imports.ehf_file import EhfDocument, Form
from accounting.imports.refusal import FileRefused, ImportRefused
from accounting.imports.saft_values import LARGEST
from accounting.matching import ZERO
from accounting.models import Customer, Kind, LedgerEntry, Source
from accounting.services.invoice_matching import Prepaid, joined, settle_new
from accounting.services.invoice_parties import Customers, buyer_of, is_company
from accounting.services.locking import locked_through
from accounting.services.payment_import import book_waiting
from accounting.services.rates import RateMissing, in_base, rate_on
from accounting.services.receipt_booking import Booked
from accounting.services.saft_checks import Warnings
from accounting.services.statistics import analyse_ledger
from accounting.signals import ledger_changed

BATCH = 1000
MOST_NAMED = 20  # files in the audit line


def import_invoices(
    *, client: Client, paths: Sequence[Path], any_supplier: bool = False, actor: User | None = None
) -> dict[str, Any]:
    """Store the documents, all of them or none; the summary of INTERFACES «Management commands», amounts as strings.

    A document whose supplier is not the company is refused, else what it owes would become a claim; `any_supplier` is
    for tests. In which order documents come, in one call or in several, does not matter. Raises FileRefused, with the
    file and the line.
    """
    read = [_read(client, path, any_supplier) for path in paths]
    # The oldest first, so that customers get their numbers in an order that is nobody's choice.
    read.sort(key=lambda one: (one.document.issued, one.entry_id))
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        with client_scope(client):
            return _Import(client, _once(read)).run(actor, [path.name for path in paths])


@dataclass(frozen=True)
class _Read:
    path: Path
    document: EhfDocument
    entry_id: str

    def refused(self, message: str, line: int | None = None) -> FileRefused:
        return FileRefused(self.path, message, line or self.document.line)

    @property
    def what(self) -> str:
        """How it is called in messages."""
        word = "credit note" if self.document.is_credit_note else "invoice"
        return f"{word} {self.document.number}"


def _read(client: Client, path: Path, any_supplier: bool) -> _Read:
    try:
        document = read_ehf(path)
    except ImportRefused as refusal:
        raise FileRefused(path, str(refusal), refusal.line) from refusal
    own = is_company(client, document.supplier)
    one = _Read(path, document, _identity(document, own))
    if not (own or any_supplier):
        supplier = document.supplier
        named = without_identity_numbers(" ".join(filter(None, (supplier.number[:40], supplier.name[:100]))))
        told = f"{one.what} is not issued by {client.organisation_number} but by {named}"
        told = f"{told}: only what the company has issued itself becomes a claim, so leave it out"
        raise one.refused(told, supplier.line)
    if own and is_company(client, document.buyer):
        raise one.refused(f"{one.what} is issued to the company itself, which owes itself nothing: leave it out")
    if len(one.entry_id) > 300:
        raise one.refused(f"the ids of {one.what} are too long to be kept: shorten them")
    return one


def _identity(document: EhfDocument, own: bool) -> str:
    """What tells the document from all others for ever: its number is one of the issuer's own series.

    A self-billed one has its number from the buyer.
    """
    parts = ["ehf"]
    if not own:
        parts.append(without_identity_numbers(document.supplier.number or document.supplier.name))
    if document.form is Form.SELF_BILLING:
        parts += ["self-billed", without_identity_numbers(document.buyer.number or document.buyer.name)]
    parts += ["credit_note" if document.is_credit_note else "invoice", document.number]
    return ":".join(quote(part, safe="#/ æøåÆØÅ") for part in parts)


def _once(read: list[_Read]) -> list[_Read]:
    """Each document once; refused where two with one number differ."""
    found: dict[str, _Read] = {}
    for one in read:
        before = found.setdefault(one.entry_id, one)
        if before is not one and _content(before.document) != _content(one.document):
            raise one.refused(f"{one.what} stands in {before.path.name} too, with other content: leave one of them out")
    return list(found.values())


def _content(document: EhfDocument) -> tuple[Any, ...]:
    """What may not differ between two documents of one number."""
    buyer = document.buyer
    return (
        document.issued, document.due, document.currency, document.payable, document.prepaid, buyer.number, buyer.name,
    )  # fmt: skip


class _Import:
    """Documents into one company, inside its scope, its lock and one transaction."""

    def __init__(self, client: Client, read: list[_Read]) -> None:
        self.client, self.read, self.warnings = client, read, Warnings()
        self.buyers = {one.entry_id: buyer_of(one.document.buyer, client, one.path.name, self.warnings) for one in read}
        self.customers = Customers(client, self.buyers.values())
        self.locked = locked_through(client)
        self.rates: dict[tuple[str, Any], Decimal] = {}
        self.prepaid: list[tuple[LedgerEntry, LedgerEntry]] = []

    def run(self, actor: User | None, file_names: list[str]) -> dict[str, Any]:
        """Everything in its order; what the command prints."""
        new = self._new()
        named = [self.customers.held(self.buyers[one.entry_id]) for one in self.read]
        unchanged = len({one.pk for one in named if one})
        ready = Prepaid(self.client, {one.pk for one in self._held_customers(new) if one})
        entries = [self._entry(one, ready) for one in new]
        customers = self.customers.store()
        for entry in entries:
            entry.customer_id = entry.customer.pk
        LedgerEntry.objects.for_client(self.client).bulk_create(entries, batch_size=BATCH)
        matched = settle_new(self.client, entries, self.prepaid)
        # Payments that came before anybody could know whose they are.
        taken_up = book_waiting(self.client, actor) if entries else Booked()
        for one in self.read:
            self._warn(one)
        if entries:
            details = {
                "file": file_names[0], "files": file_names[:MOST_NAMED], "count": len(file_names),
                "entries": len(entries), "matches": matched, "customers": customers,
            }  # fmt: skip
            write_audit(action="ledger.imported", client=self.client, actor=actor, details=details)
            ledger_changed.send(sender=None, client=self.client)
        analyse_ledger(len(entries) + matched + taken_up.entries + taken_up.matches)
        return {
            "client": self.client.organisation_number,
            "customers": {"created": customers, "updated": 0, "unchanged": unchanged},
            "entries": {"created": len(entries), "unchanged": len(self.read) - len(entries)},
            "matches": {"created": matched + taken_up.matches},
            "payments": {"booked": len(taken_up.receipts)},
            "totals": self._totals(),
            "warnings": self.warnings.listed(),
        }

    def _held_customers(self, new: list[_Read]) -> list[Customer | None]:
        return [self.customers.held(self.buyers[one.entry_id]) for one in new]

    # What is held

    def _new(self) -> list[_Read]:
        """The documents that are not in the books. Raises FileRefused where one is, with other content."""
        rows = LedgerEntry.objects.for_client(self.client)
        held = {one.entry_id: one for one in rows.filter(entry_id__in=[one.entry_id for one in self.read])}
        new = []
        for one in self.read:
            if known := held.get(one.entry_id):
                self._compare(one, known)
            else:
                new.append(one)
        return self._not_held_elsewhere(new)

    def _compare(self, one: _Read, known: LedgerEntry) -> None:
        document, customer = one.document, self.customers.held(self.buyers[one.entry_id])
        effect = document.receivable_effect
        # Booked whole where what it calls prepaid was there to be matched with it.
        amounts = {effect, effect + document.prepaid} if not document.is_credit_note else {effect}
        differs = [
            word
            for word, alike in (
                ("currency", known.currency == document.currency),
                ("amount", known.currency_amount in amounts),
                ("date", known.entry_date == document.issued),
                ("due date", known.due_date == document.due),
                ("customer", customer is not None and known.customer_id == customer.pk),
            )
            if not alike
        ]
        if differs:
            told = f"{one.what} is in the books with another {' and another '.join(differs)}"
            raise one.refused(f"{told}: what is booked does not change, so credit it and issue a new one")

    def _not_held_elsewhere(self, new: list[_Read]) -> list[_Read]:
        """Without what a ledger file or SAF-T brought already: the same claim must not stand there twice."""
        rows = LedgerEntry.objects.for_client(self.client).filter(source__in=(Source.SAFT, Source.LEDGER))
        rows = rows.filter(invoice_number__in={one.document.number for one in new})
        held = {(one.invoice_number, one.entry_date, one.currency, one.currency_amount): one.entry_id for one in rows}
        left = []
        for one in new:
            document = one.document
            key = document.number, document.issued, document.currency
            amounts = (document.receivable_effect, document.receivable_effect + document.prepaid)
            if found := next((held[*key, amount] for amount in amounts if (*key, amount) in held), None):
                told = f"{one.what} is in the books already, as {found[:60]}: it is not booked again"
                self.warnings.add("already_held", told, one.path.name)
            else:
                left.append(one)
        return left

    # What is new

    def _entry(self, one: _Read, ready: Prepaid) -> LedgerEntry:
        document = one.document
        if self.locked and document.issued <= self.locked:
            told = f"{one.what} is dated {document.issued}, and the books are locked through {self.locked}"
            raise one.refused(f"{told}: open the period first, or leave it out")
        customer = self.customers.of(self.buyers[one.entry_id])
        effect = document.receivable_effect
        credit = None
        if document.prepaid > ZERO and not document.is_credit_note and document.payable >= ZERO:
            credit = ready.take(customer.pk, document)
            if credit:
                effect += document.prepaid
            else:
                told = (
                    f"{one.what} calls {document.prepaid} {document.currency} prepaid, and no open credit of that size is"
                    f" held: only the {document.payable} that are left to pay are booked"
                )
                self.warnings.add("prepaid", told, one.path.name)
        amount = self._in_base(one, effect)
        entry = LedgerEntry(
            client=self.client, customer=customer, entry_id=one.entry_id, source=Source.EHF,
            kind=Kind.CREDIT_NOTE if effect < 0 or (not effect and document.is_credit_note) else Kind.INVOICE,
            voucher_number=document.number, invoice_number=document.number, kid=document.kid,
            cross_reference=joined(document.billing_references) if document.is_credit_note else "",
            description=without_identity_numbers(document.terms)[:300], entry_date=document.issued,
            due_date=document.due, amount=amount, open_amount=amount, currency=document.currency,
            currency_amount=effect, open_currency_amount=effect if amount else ZERO,
            closed_on=None if amount else document.issued, assigned=document.assigned,
        )  # fmt: skip
        if credit:
            self.prepaid.append((entry, credit))
        return entry

    def _in_base(self, one: _Read, effect: Decimal) -> Decimal:
        document = one.document
        if document.currency == self.client.base_currency:
            return effect
        given = [found.rate for found in document.rates if found.currency == self.client.base_currency]
        rate = given[0] if given else self._rate(one)
        amount = in_base(effect, rate)
        if abs(amount) >= LARGEST:
            raise one.refused(f"{one.what} is more than can be kept: correct its amount or its rate")
        return amount

    def _rate(self, one: _Read) -> Decimal:
        key = one.document.currency, one.document.issued
        if key not in self.rates:
            try:
                self.rates[key] = rate_on(self.client, *key)
            except RateMissing as missing:
                raise one.refused(str(missing)) from missing
        return self.rates[key]

    # What is said of it

    def _warn(self, one: _Read) -> None:
        document, where = one.document, one.path.name
        for code, message in document.oddities:
            self.warnings.add(code, f"{one.what}: {without_identity_numbers(message)}", where)
        if document.payable < ZERO:
            side = "debit" if document.is_credit_note else "credit"
            self.warnings.add("negative_payable", f"{one.what} has a negative amount: it is booked as a {side}", where)
        if document.is_credit_note and document.prepaid:
            told = f"{one.what} calls {document.prepaid} prepaid: only its PayableAmount is booked"
            self.warnings.add("prepaid", told, where)
        if document.type_code == CORRECTED:
            told = f"{one.what} corrects another, which stays open until it is credited"
            self.warnings.add("corrected_invoice", told, where)
        if joined(document.billing_references).count(";") + 1 < len(document.billing_references):
            told = f"{one.what} names more invoices than can be kept: match the last ones by hand"
            self.warnings.add("references_left_out", told, where)
        own = self.client.bank_account
        account = document.account.removeprefix("NO")[-11:] if document.account.startswith("NO") else document.account
        if own and len(account) == 11 and account.isdigit() and account != own and not document.assigned:
            told = f"{one.what} is to be paid to account {account}, not to the company's own {own}"
            self.warnings.add("other_account", told, where)

    def _totals(self) -> dict[str, dict[str, str]]:
        """Of the files, new or not, in the documents' own currencies."""
        sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
        for one in self.read:
            effect = one.document.receivable_effect
            sums[one.document.currency][effect < ZERO] += abs(effect)
        return {
            currency: {
                "opening": str(ZERO), "debit": str(debit), "credit": str(credit), "closing": str(debit - credit),
            }
            for currency, (debit, credit) in sorted(sums.items())
        }  # fmt: skip
