"""Imports a SAF-T Financial file: the company, its customers, its customer ledger and the control accounts' movements."""

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max

from access.models import Client, User, check_bank_account, is_organisation_number
from access.services import create_client, write_audit
from access.tenancy import client_scope
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_file import Customer, Header, Line, SaftFile, Transaction
from accounting.imports.saft_reader import read_saft
from accounting.imports.saft_rules import due_date_of, is_receivable, is_receivable_account, kinds_of
from accounting.models import Kind, LedgerEntry, Source
from accounting.services import saft_checks, saft_store
from accounting.services.ledger_matching import match_entries_after
from accounting.services.saft_store import DAY, ZERO


def import_saft(
    *, path: Path, client_orgnr: str | None = None, shift_days: int = 0, actor: User | None = None
) -> dict[str, Any]:
    """Read the file and store it whole, or nothing; the summary of INTERFACES «Management commands», amounts as strings.

    `client_orgnr` is for a file that carries no company number or a wrong one. Dates are moved by `shift_days` after
    periods and due dates were reckoned by the file's own. Raises ImportRefused. The rules: INTERFACES «SAF-T: how it is
    read».
    """
    try:
        shift = timedelta(days=shift_days)
        saft = read_saft(path)
        with transaction.atomic():
            warnings = saft_checks.Warnings()
            client = _client(saft.header, client_orgnr, warnings, actor)
            with client_scope(client):
                return _Import(client, saft, shift, path.name, warnings).run(actor)
    except OverflowError:
        raise ImportRefused("--shift-days moves dates out of the calendar: give fewer days") from None


class _Import:
    """One file into one company, inside the client's scope and one transaction, lines in batches as they are read."""

    def __init__(
        self, client: Client, saft: SaftFile, shift: timedelta, file_name: str, warnings: saft_checks.Warnings
    ) -> None:
        self.client, self.saft, self.shift, self.file_name = client, saft, shift, file_name
        self.header, self.warnings = saft.header, warnings
        self.covered = saft_store.coverage(client, saft.header, shift)
        self.named = frozenset(account for one in saft.customers.values() for account in one.accounts)
        self.followed = saft_store.followed_accounts(client)
        self.customers = saft_store.Customers(client)
        self.sums = saft_checks.Sums()
        self.movements: saft_store.Movements = defaultdict(lambda: ZERO)
        self.vouchers: Counter[tuple[str, str, str]] = Counter()
        self.strangers: set[str] = set()
        self.pending: list[tuple[LedgerEntry, str, int]] = []  # with the customer's number and the line of the file
        self.created = self.unchanged = 0

    def run(self, actor: User | None) -> dict[str, Any]:
        """Everything in its order; what the command prints."""
        last_pk = LedgerEntry.objects.for_client(self.client).aggregate(last=Max("pk"))["last"] or 0
        newest = self.covered.held_last is None or self.covered.end >= self.covered.held_last
        self.customers.store([self._customer(one) for one in self.saft.customers.values()], update=newest)
        self._take_openings()
        for voucher in self.saft.transactions:
            self._take(voucher)
        self._flush()
        matched = match_entries_after(self.client, last_pk)
        if matched.assumed:
            told = f"{matched.assumed} of {matched.created} matches are assumed, by amount or age, not by a reference"
            self.warnings.add("assumed_matches", told, self.file_name)
        accounts = {account: one.opening for account, one in self.saft.accounts.items() if account in self.named}
        saft_store.store_movements(self.client, self.covered, self.movements, accounts, self.followed)
        saft_store.hold_period(self.client, self.covered, self.file_name)
        saft_checks.check_totals(self.saft, self.sums, self.warnings)
        saft_checks.check_closings(self.saft, self.sums, self.warnings)
        saft_checks.check_control_accounts(self.saft, self.sums, self.named, self.warnings)
        counts = self.customers.counts
        if self.covered.extends or self.created or counts["created"] or counts["updated"]:
            details = {
                "file": self.file_name, "start": str(self.covered.start), "end": str(self.covered.end),
                "entries": self.created, "matches": matched.created,
            }  # fmt: skip
            write_audit(action="ledger.imported", client=self.client, actor=actor, details=details)
        return {
            "client": self.client.organisation_number,
            "customers": counts,
            "entries": {"created": self.created, "unchanged": self.unchanged},
            "matches": {"created": matched.created},
            "totals": {self.header.currency: self._totals()},
            "warnings": self.warnings.listed(),
        }

    def _customer(self, one: Customer) -> dict[str, Any]:
        _short(one.number, "customer number", one.line)
        for account in one.accounts:
            _short(account, "account", one.line)
        saft_checks.check_customer(one, self.warnings)
        country = one.country.upper()
        values = {
            "number": one.number,
            "name": one.name[:300],
            "organisation_number": one.organisation_number[:40],
            "country": country if len(country) == 2 and country.isalpha() else "NO",
        }
        # Only ever set: that a file says nothing of it does not make a person a company.
        return values | {"private_person": True} if saft_checks.is_person(one) else values

    # Opening balances

    def _take_openings(self) -> None:
        """Entries from the company's first file, one per account; in any other only a check."""
        entries = [
            (self._opening(one, number, balance.account, balance.opening), number, one.line)
            for number, one in self.saft.customers.items()
            for balance in one.balances
            if balance.opening
        ]
        if self.covered.is_first:
            self.pending = entries
            return
        self.unchanged += saft_store.opening_ids(self.client, [entry.entry_id for entry, _, _ in entries])
        held = saft_store.balances(self.client, self.covered.start - DAY)
        saft_checks.check_openings(saft_checks.openings(self.saft), held, self.warnings)

    def _opening(self, customer: Customer, number: str, account: str | None, amount: Decimal) -> LedgerEntry:
        parts = ("opening", number, account) if account else ("opening", number)
        return LedgerEntry(
            entry_id=_identity(parts, customer.line),
            source=Source.SAFT,
            kind=Kind.OPENING_BALANCE,
            account=account or "",
            entry_date=self.covered.start - DAY,
            amount=amount,
            open_amount=amount,
            currency=self.header.currency,
            currency_amount=amount,
            open_currency_amount=amount,
        )

    # Lines

    def _take(self, voucher: Transaction) -> None:
        self.sums.take(voucher)
        if not self.header.start <= voucher.date <= self.header.end:
            told = f"voucher {voucher.id} is dated {voucher.date}, outside {self.header.start} to {self.header.end}"
            self.warnings.add("period_differs", told, f"line {voucher.line}")
        # A voucher that stands twice in its journal is told apart by its turn.
        name = (voucher.year, voucher.journal, voucher.id)
        self.vouchers[name] += 1
        turn = f"~{self.vouchers[name]}" if self.vouchers[name] > 1 else ""
        kinds: dict[bool, tuple[str, bool]] | None = None
        for line in voucher.lines:
            customer = self.saft.customers.get(line.customer)
            self._warn(line, customer, voucher)
            if is_receivable(line, customer, self.named):
                kinds = kinds or kinds_of(voucher)
                identity = _identity(("saft", *name, turn + line.record_id), line.line)
                entry = self._entry(voucher, line, customer, identity, kinds[line.amount >= 0])
                self.sums.take_receivable(line.customer, line.amount)
                self.pending.append((entry, _short(line.customer, "customer number", line.line), line.line))
            elif self._is_followed(line.account):
                self.movements[line.account, voucher.date + self.shift] += line.amount
            if line.account in self.named:
                self.sums.ledger[line.account] += line.amount
        if len(self.pending) >= saft_store.BATCH:
            self._flush()

    def _warn(self, line: Line, customer: Customer | None, voucher: Transaction) -> None:
        if line.customer and customer is None and line.customer not in self.strangers:
            self.strangers.add(line.customer)
            told = f"customer {line.customer} of voucher {voucher.id} is not in the master files"
            self.warnings.add("unknown_customer", told, f"line {line.line}")
        # Other accounts of 15xx than those named are no customers' where any are named.
        if not line.customer and (
            line.account in self.named or (not self.named and is_receivable_account(line.account))
        ):
            told = f"{line.amount} on account {line.account} of voucher {voucher.id} names no customer"
            self.warnings.add("line_without_customer", told, f"line {line.line}")

    def _is_followed(self, account: str) -> bool:
        return account in self.followed or (account in self.named and account in self.saft.accounts)

    def _entry(
        self, voucher: Transaction, line: Line, customer: Customer | None, identity: str, kind: tuple[str, bool]
    ) -> LedgerEntry:
        day = voucher.date + self.shift
        due, assumed = due_date_of(line, voucher.date, customer.terms if customer else None)
        currency, in_currency = self._in_currency(line)
        analyses = dict(reversed(line.analyses))  # the first of a type counts; A and P are the standard's own
        return LedgerEntry(
            entry_id=identity,
            source=Source.SAFT,
            kind=kind[0],
            kind_inferred=kind[1],
            account=_short(line.account, "account", line.line),
            voucher_number=voucher.id[:100],
            invoice_number=line.reference[:100],
            kid=line.kid[:100],
            cross_reference=line.cross_reference[:100],
            source_document_id=line.source_document[:100],
            description=line.description[:300],
            entry_date=day,
            posting_date=voucher.posting_date + self.shift if voucher.posting_date else None,
            due_date=due + self.shift if due else None,
            due_date_assumed=assumed,
            amount=line.amount,
            open_amount=line.amount,
            currency=currency,
            currency_amount=in_currency,
            open_currency_amount=in_currency,
            closed_on=None if line.amount else day,
            department=analyses.get("A", "")[:60],
            project=analyses.get("P", "")[:60],
        )

    def _in_currency(self, line: Line) -> tuple[str, Decimal]:
        """The line's currency and its amount in it, with the sign of the amount; the company's own where not told."""
        code, value = line.currency, line.currency_amount
        if not code or code == self.header.currency:
            return self.header.currency, line.amount
        if value is None or not (len(code) == 3 and code.isascii() and code.isalpha()):
            told = f"an amount in {code[:10]} has no CurrencyAmount or no code of three letters: read as {line.amount} only"
            self.warnings.add("currency_not_read", told, f"line {line.line}")
            return self.header.currency, line.amount
        return code, abs(value) if line.amount > 0 else -abs(value) if line.amount < 0 else ZERO

    def _flush(self) -> None:
        """Save what is pending, and count what it moved on the control accounts."""
        self.customers.add_unknown(number for _, number, _ in self.pending)
        for entry, number, _ in self.pending:
            entry.customer_id = self.customers.keys[number]
        entries = [entry for entry, _, _ in self.pending]
        held = saft_store.store_entries(self.client, entries, [line for _, _, line in self.pending])
        self.unchanged += len(held)
        self.created += len(entries) - len(held)
        for entry in entries:
            # Held though this file's days are not: an earlier file had the line already, and its movement.
            repeated = entry.entry_id in held and not self.covered.overlaps
            if entry.kind != Kind.OPENING_BALANCE and self._is_followed(entry.account) and not repeated:
                self.movements[entry.account, entry.entry_date] += entry.amount
        self.pending = []

    def _totals(self) -> dict[str, str]:
        opening = sum(saft_checks.openings(self.saft).values(), ZERO)
        debit, credit = self.sums.debit, self.sums.credit
        found = {"opening": opening, "debit": debit, "credit": credit, "closing": opening + debit - credit}
        return {name: str(amount) for name, amount in found.items()}


def _identity(parts: tuple[str, ...], line: int) -> str:
    """Joined by colons; what could be taken for a separator in a part is escaped, so that two lines never share one."""
    found = ":".join(quote(part, safe="~#/ æøåÆØÅ") for part in parts)
    if len(found) > 300:
        raise ImportRefused(f"the ids of {found[:60]}… are too long to be kept: shorten them", line)
    return found


def _short(number: str, word: str, line: int) -> str:
    if len(number) > 40:
        raise ImportRefused(f"the {word} {number[:40]}… has more than 40 characters: shorten it", line)
    return number


def _client(header: Header, given: str | None, warnings: saft_checks.Warnings, actor: User | None) -> Client:
    """The company of the file, locked until the import ends; created where it is not known. Raises ImportRefused."""
    bank_account = _bank_account(header, warnings)
    written = saft_checks.bare_number(header.company_number)
    if given and is_organisation_number(written) and written != given:
        raise ImportRefused(f"the file is of company {written}, not of {given}: leave --client out", header.line)
    number = given or written
    if not number:
        raise ImportRefused("the file carries no company number: name the company with --client", header.line)
    if not is_organisation_number(number):
        remedy = "give the right one with --client"
        raise ImportRefused(
            f"{number[:40]} is not an organisation number, its check digit is wrong: {remedy}", header.line
        )
    known = Client.objects.select_for_update().filter(organisation_number=number)
    client = known.first()
    if client is None:
        try:
            with transaction.atomic():
                return create_client(
                    organisation_number=number,
                    name=header.company_name[:200] or number,
                    base_currency=header.currency,
                    bank_account=bank_account,
                    actor=actor,
                )
        except IntegrityError:  # the same new company in another import at once, which has ended by now
            client = known.get()
    if client.base_currency != header.currency:
        told = f"the file is in {header.currency}, the company keeps its books in {client.base_currency}"
        raise ImportRefused(f"{told}: export it in that currency", header.line)
    return client


def _bank_account(header: Header, warnings: saft_checks.Warnings) -> str:
    """The first right one; empty where there is none. Only a new company takes it: an import moves nobody's payouts."""
    right = ""
    for number in header.bank_accounts:
        try:
            check_bank_account(number)
            right = right or number
        except ValidationError:
            told = f"the bank account {number[:40]} has not 11 digits or a wrong check digit, so it is left out"
            warnings.add("bank_account_check_digit", told, f"line {header.line}")
    return right
