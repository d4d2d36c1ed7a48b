"""Imports a SAF-T Financial file: the company, its customers, its customer ledger and the control accounts' movements."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import transaction
from django.db.models import Max

from access.models import Client, User
from access.redaction import holds_identity_number, without_identity_numbers
from access.services import write_audit
from access.tenancy import client_scope
from accounting.imports.counted import Told, untold
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_file import Customer, Line, SaftFile, Transaction
from accounting.imports.saft_reader import read_saft
from accounting.imports.saft_rules import due_date_of, is_receivable, is_receivable_account, kinds_of
from accounting.models import Kind, LedgerEntry
from accounting.services import saft_checks, saft_store
from accounting.services.hand_set import warn_of_what_is_kept
from accounting.services.held_twice import warn_of_held_twice
from accounting.services.ledger_matching import match_entries_after
from accounting.services.payment_import import book_waiting
from accounting.services.receipt_booking import Booked
from accounting.services.saft_checks import IDENTITY_NUMBER_TOLD
from accounting.services.saft_company import company_of
from accounting.services.saft_entries import Staged, held_openings
from accounting.services.saft_store import DAY, ZERO
from accounting.services.statistics import analyse_ledger
from accounting.signals import ledger_changed

BATCH = 5000  # lines


def import_saft(
    *,
    path: Path,
    client_orgnr: str | None = None,
    shift_days: int = 0,
    actor: User | None = None,
    founding: bool | None = None,
    progress: Told = untold,
) -> dict[str, Any]:
    """Read the file and store it whole, or nothing; the summary of INTERFACES «Management commands», amounts as strings.

    `client_orgnr` is for a file that carries no company number or a wrong one. Dates are moved by `shift_days` after
    periods and due dates were reckoned by the file's own. `founding` says that the company must be new, or known; None
    takes either. `progress` is told how many bytes of the file were read. Raises ImportRefused.
    The rules: INTERFACES «SAF-T: how it is read».
    """
    try:
        shift = timedelta(days=shift_days)
        saft = read_saft(path, progress)
        with transaction.atomic():
            warnings = saft_checks.Warnings()
            client = company_of(saft.header, client_orgnr, warnings, actor, founding)
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
        self.named = frozenset(one.account for of in saft.customers.values() for one in of.balances if one.account)
        already = saft_store.followed_accounts(client)
        self.known_before = already
        self.followed = already | (self.named & saft.accounts.keys())
        self.sums = saft_checks.Sums()
        self.movements: saft_store.Movements = defaultdict(lambda: ZERO)
        self.strangers: set[str] = set()
        self.staged = Staged(client)
        self.pending: list[tuple[Any, ...]] = []

    def run(self, actor: User | None) -> dict[str, Any]:
        """Everything in its order; what the command prints."""
        last_pk = LedgerEntry.objects.for_client(self.client).aggregate(last=Max("pk"))["last"] or 0
        newest = self.covered.held_last is None or self.covered.end >= self.covered.held_last
        given = (self._customer(one) for one in self.saft.customers.values())
        counts = saft_store.store_customers(self.client, given, update=newest)
        warn_of_what_is_kept(self.client, "saft_customer", self.warnings, false_says_nothing=True)
        held_before = self._take_openings()
        for voucher in self.saft.transactions:
            self._take(voucher)
        self._flush()
        unchanged = self.staged.compare(self.warnings)
        self.staged.refuse_locked()
        self.staged.add_strangers(counts)
        self.staged.warn_of_missing(self.covered, self.warnings)
        created = self.staged.store()
        warn_of_held_twice(self.client, last_pk, self.warnings)
        matched = match_entries_after(self.client, last_pk)
        if matched.assumed:
            told = f"{matched.assumed} of {matched.created} matches are assumed, by amount or age, not by a reference"
            self.warnings.add("assumed_matches", told, self.file_name)
        taken_up = book_waiting(self.client, actor) if created else Booked()
        self._store_movements()
        saft_store.hold_period(self.client, self.covered, self.file_name)
        saft_checks.check_totals(self.saft, self.sums, self.warnings)
        saft_checks.check_closings(self.saft, self.sums, self.warnings)
        saft_checks.check_control_accounts(self.saft, self.sums, self.named, self.warnings)
        if self.covered.extends or created or counts["created"] or counts["updated"]:
            details = {
                "file": self.file_name, "start": str(self.covered.start), "end": str(self.covered.end),
                "entries": created, "matches": matched.created,
            }  # fmt: skip
            write_audit(action="ledger.imported", client=self.client, actor=actor, details=details)
            ledger_changed.send(sender=None, client=self.client)
        analyse_ledger(created + taken_up.entries)
        return {
            "client": self.client.organisation_number,
            "customers": counts,
            "entries": {"created": created + taken_up.entries, "unchanged": unchanged + held_before},
            "matches": {"created": matched.created + taken_up.matches},
            "totals": {self.header.currency: self._totals()},
            "warnings": self.warnings.listed(),
        }

    def _customer(self, one: Customer) -> tuple[Any, ...]:
        _customer_number(one.number, one.line)
        for balance in one.balances:
            _short(balance.account or "", "account", one.line)
        saft_checks.check_customer(one, self.warnings)
        country = one.country.upper()
        known = len(country) == 2 and country.isascii() and country.isalpha()
        person = saft_checks.is_person(one)
        number = "" if holds_identity_number(one.organisation_number) else one.organisation_number[:40]
        name = without_identity_numbers(one.name)[:300]
        return one.number, name, number, country if known else "NO", person

    # Opening balances

    def _take_openings(self) -> int:
        """Entries from the company's first file, one per account; in any other only a check. How many are held."""
        openings = [
            (one, balance.account, balance.opening)
            for one in self.saft.customers.values()
            for balance in one.balances
            if balance.opening
        ]
        if self.covered.is_first:
            for one, account, amount in openings:
                self.pending.append(self._opening(one, account, amount))
            return 0
        held = saft_store.balances(self.client, self.covered.start - DAY)
        saft_checks.check_openings(saft_checks.openings(self.saft), held, self.warnings)
        return held_openings(self.client, [_opening_id(one, account) for one, account, _ in openings])

    def _opening(self, one: Customer, account: str | None, amount: Decimal) -> tuple[Any, ...]:
        day, currency = self.covered.start - DAY, self.header.currency
        return (
            one.line, _opening_id(one, account), "", one.number, Kind.OPENING_BALANCE.value, False, account or "",
            "", "", "", "", "", "", day, None, None, False, amount, currency, amount, "", "",
        )  # fmt: skip

    # Lines

    def _take(self, voucher: Transaction) -> None:
        self.sums.take(voucher)
        saft_checks.check_voucher(voucher, self.header, self.warnings)
        kinds: dict[bool, tuple[str, bool]] | None = None
        identity = ""
        for line in voucher.lines:
            customer = self.saft.customers.get(line.customer) if line.customer else None
            self._warn(line, customer, voucher)
            if is_receivable(line, customer, self.named):
                if kinds is None:
                    kinds = kinds_of(voucher)
                    identity = _identity("saft", voucher.year, voucher.journal, voucher.id)
                self.pending.append(self._entry(voucher, line, customer, identity, kinds[line.amount >= 0]))
                self.sums.take_receivable(line.customer, line.amount)
            elif line.account in self.followed:
                self.movements[line.account, voucher.date + self.shift] += line.amount
            if line.account in self.named:
                self.sums.ledger[line.account] += line.amount
        if len(self.pending) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        self.staged.add(self.pending)
        self.pending = []

    def _warn(self, line: Line, customer: Customer | None, voucher: Transaction) -> None:
        if line.customer:
            if customer is None and line.customer not in self.strangers:
                self.strangers.add(line.customer)
                number = without_identity_numbers(line.customer)[:40]
                told = f"customer {number} of voucher {voucher.id[:40]} is not in the master files"
                self.warnings.add("unknown_customer", told, f"line {line.line}")
        # Other accounts of 15xx than those named are no customers' where any are named.
        elif line.account in self.named or (not self.named and is_receivable_account(line.account)):
            told = f"{line.amount} on account {line.account[:40]} of voucher {voucher.id[:40]} names no customer"
            self.warnings.add("line_without_customer", told, f"line {line.line}")

    def _entry(
        self, voucher: Transaction, line: Line, customer: Customer | None, identity: str, kind: tuple[str, bool]
    ) -> tuple[Any, ...]:
        """The line as it is staged."""
        due, assumed = due_date_of(line, voucher.date, customer.terms if customer else None)
        currency, in_currency = self._in_currency(line)
        analyses = dict(reversed(line.analyses))  # the first of a type counts; A and P are the standard's own
        record = _identity(line.record_id)
        if len(identity) + len(record) > 285:  # of the 300 that are kept; a turn may be added
            raise ImportRefused(f"the ids of {identity[:60]}… are too long to be kept: shorten them", line.line)
        return (
            line.line, identity, record, _customer_number(line.customer, line.line), kind[0], kind[1],
            _short(line.account, "account", line.line), voucher.id[:100], line.reference[:100], line.kid[:100],
            line.cross_reference[:100], line.source_document[:100],
            without_identity_numbers(line.description)[:300], voucher.date + self.shift,
            voucher.posting_date + self.shift if voucher.posting_date else None, due + self.shift if due else None,
            assumed, line.amount, currency, in_currency, analyses.get("A", "")[:60], analyses.get("P", "")[:60],
        )  # fmt: skip

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

    def _store_movements(self) -> None:
        of_lines = self.staged.movements(self.followed, overlaps=self.covered.overlaps)
        for place, amount in of_lines.items():
            self.movements[place] += amount
        openings = {account: one.opening for account, one in self.saft.accounts.items() if account in self.named}
        saft_store.store_movements(self.client, self.covered, self.movements, openings, self.known_before)

    def _totals(self) -> dict[str, str]:
        opening = sum(saft_checks.openings(self.saft).values(), ZERO)
        debit, credit = self.sums.debit, self.sums.credit
        found = {"opening": opening, "debit": debit, "credit": credit, "closing": opening + debit - credit}
        return {name: str(amount) for name, amount in found.items()}


def _opening_id(one: Customer, account: str | None) -> str:
    return _identity("opening", one.number, account) if account else _identity("opening", one.number)


def _identity(*parts: str) -> str:
    """Joined by colons; what could be taken for a separator in a part is escaped, so that two lines never share one."""
    return ":".join(quote(part, safe="#/ æøåÆØÅ") for part in parts)


def _customer_number(number: str, line: int) -> str:
    if holds_identity_number(number):
        raise ImportRefused(f"a customer number is {IDENTITY_NUMBER_TOLD}", line)
    return _short(number, "customer number", line)


def _short(number: str, word: str, line: int) -> str:
    if len(number) > 40:
        raise ImportRefused(f"the {word} {number[:40]}… has more than 40 characters: shorten it", line)
    return number
