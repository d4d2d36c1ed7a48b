"""Imports a SAF-T Financial file: the company, its customers, its customer ledger and the control accounts' movements."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from access.models import Client, User, check_bank_account, is_organisation_number
from access.services import create_client, write_audit
from access.tenancy import client_scope
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_reader import ZERO, Customer, Header, SaftFile, Transaction, read_saft
from accounting.imports.saft_rules import due_date_of, is_receivable, is_receivable_account, kind_of
from accounting.models import HeldPeriod, LedgerEntry
from accounting.services import saft_store

MOST_WARNINGS = 50  # of one code; the rest is counted


@dataclass
class Warnings:
    """What was odd, and where."""

    found: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    left_out: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, code: str, message: str, where: str) -> None:
        if len(self.found[code]) < MOST_WARNINGS:
            self.found[code].append({"code": code, "message": message, "where": where})
        else:
            self.left_out[code] += 1

    def listed(self) -> list[dict[str, str]]:
        """In the order of codes; at most MOST_WARNINGS of each, then how many more there were."""
        for code, count in self.left_out.items():
            self.found[code].append({"code": code, "message": f"{count} more of the same", "where": ""})
        self.left_out.clear()
        return [one for code in sorted(self.found) for one in self.found[code]]


@dataclass
class Read:
    """What a file gave: entries not yet saved, in the order of the file, and sums that it is checked by."""

    entries: list[LedgerEntry] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)  # entry_id → line in the file
    moved: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))  # by customer number
    movements: dict[tuple[str, date], Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    unknown: dict[str, int] = field(default_factory=dict)  # customer number → first line
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    all_debit: Decimal = ZERO
    all_credit: Decimal = ZERO
    transactions: int = 0


def import_saft(
    *, path: Path, client_number: str | None = None, shift_days: int = 0, actor: User | None = None
) -> dict[str, Any]:
    """Read the file and store it whole, or nothing; the summary of INTERFACES «Management commands».

    Dates are moved by `shift_days` after periods and due dates were reckoned by the file's own. Raises ImportRefused.
    """
    saft = read_saft(path)
    with transaction.atomic():
        client = _client(saft.header, client_number, actor)
        Client.objects.select_for_update().get(pk=client.pk)  # two imports at once go one after the other
        with client_scope(client):
            return _Import(client, saft, timedelta(days=shift_days), path.name).run(actor)


class _Import:
    """One file into one company. Everything happens inside the client's scope and one transaction."""

    def __init__(self, client: Client, saft: SaftFile, shift: timedelta, file_name: str) -> None:
        self.client, self.saft, self.shift, self.file_name = client, saft, shift, file_name
        self.header = saft.header
        self.warnings = Warnings()
        self.named = frozenset(account for one in saft.customers.values() for account in one.accounts)
        self.read = Read()

    def run(self, actor: User | None) -> dict[str, Any]:
        start, end = self.header.start + self.shift, self.header.end + self.shift
        is_first = self._check_period(start, end)
        self._set_bank_account()
        for one in self.saft.transactions:
            self._take(one)
        self._check_totals()
        openings = self._openings()
        if is_first:
            self._add_openings(openings, start)
        else:
            self._check_openings(openings, start)
        customers, counted = saft_store.store_customers(self.client, self._customers())
        entries = saft_store.store_entries(self.client, self.read.entries, customers, self.read.lines)
        assumed, matched = saft_store.match_new(self.client, entries.new)
        if assumed:
            told = f"{assumed} of {matched} matches were assumed: by amount or by age, not by a reference"
            self.warnings.add("assumed_matches", told, self.file_name)
        self._store_movements(start, end, is_first)
        HeldPeriod.objects.for_client(self.client).get_or_create(
            start=start, end=end, defaults={"client": self.client, "file_name": self.file_name[:300]}
        )
        self._check_closings(openings, end)
        summary = self._summary(counted, entries, matched, openings)
        changed = entries.new or any(counted[key] for key in ("created", "updated"))
        if changed:
            write_audit(
                action="ledger.imported", client=self.client, actor=actor,
                details={"file": self.file_name, "entries": len(entries.new), "start": str(start), "end": str(end)},
            )  # fmt: skip
        return summary

    # Periods

    def _check_period(self, start: date, end: date) -> bool:
        """True for the company's first file. Raises ImportRefused at a gap, and before the first period held."""
        held = list(HeldPeriod.objects.for_client(self.client).order_by("start"))
        if not held:
            return True
        first, last = held[0].start, max(one.end for one in held)
        if start < first:
            told = (
                f"the file begins {start}, before the first period that is held ({first}): import older periods first"
            )
            raise ImportRefused(told, self.header.line)
        if start > last + timedelta(days=1):
            missing = f"{last + timedelta(days=1)} to {start - timedelta(days=1)}"
            raise ImportRefused(f"the period {missing} is missing: import it first", self.header.line)
        # The very first file again is first still: its opening balances are entries that are known.
        return start == first

    # Lines

    def _take(self, voucher: Transaction) -> None:
        read, header = self.read, self.header
        read.transactions += 1
        if not header.start <= voucher.date <= header.end:
            told = f"dated {voucher.date}, outside the file's period {header.start} to {header.end}"
            self.warnings.add("period_differs", told, f"line {voucher.line}, voucher {voucher.id}")
        for line in voucher.lines:
            if line.amount >= 0:
                read.all_debit += line.amount
            else:
                read.all_credit -= line.amount
            if line.account in self.named:
                read.movements[line.account, voucher.date + self.shift] += line.amount
            customer = self.saft.customers.get(line.customer)
            where = f"line {line.line}, voucher {voucher.id}"
            if line.customer and customer is None:
                told = f"customer {line.customer} is not in the master files"
                self.warnings.add("unknown_customer", told, where)
            if not line.customer and is_receivable_account(line.account, self.named):
                told = f"{line.amount} on the receivable account {line.account} names no customer"
                self.warnings.add("line_without_customer", told, where)
            if is_receivable(line, customer, self.named):
                self._take_entry(voucher, line, customer)

    def _take_entry(self, voucher: Transaction, line: Any, customer: Customer | None) -> None:
        read = self.read
        entry_id = self._identity(voucher, line.record_id)
        kind, inferred = kind_of(voucher, line)
        due, assumed = due_date_of(line, voucher.date, customer.terms if customer else None)
        base, amount = self.header.currency, line.amount
        in_currency = line.currency_amount if line.currency != base else amount
        if in_currency is None or in_currency * amount < 0:
            raise ImportRefused(f"an amount in {line.currency} needs a CurrencyAmount of the same sign", line.line)
        if customer is None:
            read.unknown.setdefault(line.customer, line.line)
        read.moved[line.customer] += amount
        read.debit += max(amount, ZERO)
        read.credit += max(-amount, ZERO)
        read.lines[entry_id] = line.line
        moved = None if due is None else due + self.shift
        analyses = dict(reversed(line.analyses))
        read.entries.append(
            LedgerEntry(
                entry_id=entry_id, source="saft", kind=kind, kind_inferred=inferred, account=line.account,
                voucher_number=voucher.id[:100], invoice_number=line.reference[:100], kid=line.kid[:100],
                cross_reference=line.cross_reference[:100], source_document_id=line.source_document[:100],
                description=line.description[:300], entry_date=voucher.date + self.shift,
                posting_date=voucher.posting_date + self.shift if voucher.posting_date else None,
                due_date=moved, due_date_assumed=assumed, amount=amount, open_amount=amount, currency=line.currency,
                currency_amount=in_currency, open_currency_amount=in_currency,
                closed_on=None if amount else voucher.date + self.shift,
                department=analyses.get("A", "")[:60], project=analyses.get("P", "")[:60],
            )
        )  # fmt: skip
        read.entries[-1].customer_number = line.customer  # type: ignore[attr-defined]

    def _identity(self, voucher: Transaction, record: str) -> str:
        """Year, journal, voucher and record; the position among its like where a record's id repeats."""
        parts = (voucher.year, voucher.journal, voucher.id, record)
        identity = "saft:" + ":".join(quote(part, safe="") for part in parts)
        if len(identity) > 280:
            raise ImportRefused(f"the ids of voucher {voucher.id[:40]} are too long", voucher.line)
        found, position = identity, 1
        while found in self.read.lines:
            position += 1
            found = f"{identity}~{position}"
        return found

    # Openings and checks

    def _openings(self) -> dict[str, Decimal]:
        """By customer number; a balance without an account counts all the same."""
        return {
            number: sum((one.opening for one in customer.balances), ZERO)
            for number, customer in self.saft.customers.items()
        }

    def _add_openings(self, openings: dict[str, Decimal], start: date) -> None:
        day = start - timedelta(days=1)
        entries = []
        for number, amount in openings.items():
            customer = self.saft.customers[number]
            entry_id = f"opening:{quote(number, safe='')}"
            self.read.lines[entry_id] = customer.line
            if not amount:
                continue
            entry = LedgerEntry(
                entry_id=entry_id, source="saft", kind="opening_balance", account=min(customer.accounts, default=""),
                entry_date=day, amount=amount, open_amount=amount, currency=self.header.currency, currency_amount=amount,
                open_currency_amount=amount,
            )  # fmt: skip
            entry.customer_number = number  # type: ignore[attr-defined]
            entries.append(entry)
        self.read.entries[:0] = entries

    def _check_openings(self, openings: dict[str, Decimal], start: date) -> None:
        ours = saft_store.balances(self.client, start - timedelta(days=1))
        for number, amount in openings.items():
            held = ours.get(number, ZERO)
            if held != amount:
                told = f"customer {number}: the file opens with {amount}, our balance of that day is {held}"
                self.warnings.add("opening_differs", told, f"line {self.saft.customers[number].line}")

    def _check_totals(self) -> None:
        declared, read = self.saft.declared, self.read
        for name, said, found in (
            ("NumberOfEntries", declared.entries, read.transactions),
            ("TotalDebit", declared.debit, read.all_debit),
            ("TotalCredit", declared.credit, read.all_credit),
        ):
            if said is not None and said != found:
                self.warnings.add("header_totals_differ", f"{name} says {said}, the file has {found}", self.file_name)

    def _check_closings(self, openings: dict[str, Decimal], end: date) -> None:
        for number, customer in self.saft.customers.items():
            said = [one.closing for one in customer.balances if one.closing is not None]
            found = openings[number] + self.read.moved[number]
            if said and sum(said, ZERO) != found:
                told = f"customer {number}: the file closes with {sum(said, ZERO)}, its lines give {found}"
                self.warnings.add("closing_differs", told, f"line {customer.line}")
        control = saft_store.control_balance(self.client, end)
        ours = sum(saft_store.balances(self.client, end).values(), ZERO)
        if control is not None and control != ours:
            told = f"at {end} the customers' ledger is {ours}, the control accounts are {control}: {ours - control} differs"
            self.warnings.add("control_account_differs", told, ", ".join(sorted(self.named)))

    def _store_movements(self, start: date, end: date, is_first: bool) -> None:
        opening = {
            account: self.saft.accounts[account].opening for account in self.named if account in self.saft.accounts
        }
        movements = dict(self.read.movements)
        if is_first:
            for account, amount in opening.items():
                movements[account, start - timedelta(days=1)] = amount
        saft_store.store_movements(self.client, movements, start - timedelta(days=1) if is_first else start, end)

    # Company and customers

    def _set_bank_account(self) -> None:
        right = []
        for number in self.header.bank_accounts:
            try:
                check_bank_account(number)
                right.append(number)
            except ValidationError:
                told = (
                    f"the bank account {number} is not a Norwegian account number: its check digit or length is wrong"
                )
                self.warnings.add("bank_account_check_digit", told, f"line {self.header.line}")
        if right and not self.client.bank_account:
            self.client.bank_account = right[0]
            self.client.save(update_fields=["bank_account"])

    def _customers(self) -> Iterator[dict[str, Any]]:
        for number, one in self.saft.customers.items():
            written = one.organisation_number
            if written and one.country == "NO" and not is_organisation_number(written):
                told = f"customer {number}: the organisation number {written} has a wrong check digit or length"
                self.warnings.add("customer_number_check_digit", told, f"line {one.line}")
            if len(number) > 40 or len(written) > 40:
                raise ImportRefused(f"customer {number[:40]} has a number of more than 40 characters", one.line)
            yield {
                "number": number, "name": one.name[:300], "organisation_number": written,
                "country": one.country[:2].upper() if len(one.country) == 2 else "NO",
            }  # fmt: skip
        for number, line in self.read.unknown.items():
            if len(number) > 40:
                raise ImportRefused(f"customer {number[:40]} has a number of more than 40 characters", line)
            yield {"number": number, "name": number, "organisation_number": "", "country": "NO"}

    def _summary(
        self, counted: dict[str, int], entries: saft_store.Stored, matched: int, openings: dict[str, Decimal]
    ) -> dict[str, Any]:
        opening = sum(openings.values(), ZERO)
        totals = {
            "opening": str(opening), "debit": str(self.read.debit), "credit": str(self.read.credit),
            "closing": str(opening + self.read.debit - self.read.credit),
        }  # fmt: skip
        return {
            "client": self.client.organisation_number,
            "customers": counted,
            "entries": {"created": len(entries.new), "unchanged": entries.unchanged},
            "matches": {"created": matched},
            "totals": {self.header.currency: totals},
            "warnings": self.warnings.listed(),
        }


def _client(header: Header, given: str | None, actor: User | None) -> Client:
    """The company of the file, created where it is not yet known. Raises ImportRefused."""
    written = _digits(header.company_number)
    if given and is_organisation_number(written) and written != given:
        raise ImportRefused(f"the file is of company {written}, not of {given}", header.line)
    number = given or written
    if not is_organisation_number(number) and not Client.objects.filter(organisation_number=number).exists():
        told = f"the organisation number {number or '(none)'} has a wrong check digit: name the right one with --client"
        raise ImportRefused(told, header.line)
    with connection.cursor() as cursor:  # the same new company twice at once: the second waits, and finds the first's
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"client:{number}"])
    client = Client.objects.filter(organisation_number=number).first()
    if client is None:
        return create_client(
            organisation_number=number, name=header.company_name[:200] or number, country="NO",
            base_currency=header.currency, actor=actor,
        )  # fmt: skip
    if client.base_currency != header.currency:
        told = f"the file is in {header.currency}, the company keeps its books in {client.base_currency}"
        raise ImportRefused(told, header.line)
    return client


def _digits(number: str) -> str:
    """«NO 888 888 888 MVA» as 888888888."""
    bare = number.replace(" ", "").upper().removesuffix("MVA").removeprefix("NO")
    return bare if bare.isascii() and bare.isdigit() else number
