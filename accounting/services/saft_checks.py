"""What is odd in a SAF-T file though it can be read: the warnings, and the sums that the file is checked by."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from access.models import is_organisation_number
from access.redaction import holds_identity_number
from accounting.imports.saft_file import Customer, Header, SaftFile, Transaction

ZERO = Decimal("0.00")
IDENTITY_NUMBER_TOLD = "a national identity number, which is not kept here: give the customer another number"
MOST_WARNINGS = 50  # of one code; the rest is counted


@dataclass
class Warnings:
    """What was odd, and where: a customer's number, an account, or a line of the file."""

    found: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    left_out: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, code: str, message: str, where: str) -> None:
        """One more; beyond MOST_WARNINGS of a code they are only counted."""
        if len(self.found[code]) < MOST_WARNINGS:
            self.found[code].append({"code": code, "message": message, "where": where})
        else:
            self.left_out[code] += 1

    def count(self, code: str, total: int) -> None:
        """That there were `total` of a code, of which the first were added."""
        self.left_out[code] = total - len(self.found[code])

    def listed(self) -> list[dict[str, str]]:
        """In the order of codes, each code's by its place in the file; then how many more there were."""
        listed = []
        for code in sorted(self.found):
            listed += self.found[code]
            if count := self.left_out[code]:
                listed.append({"code": code, "message": f"{count} more of the same", "where": ""})
        return listed


@dataclass
class Sums:
    """What the lines of a file give, in the company's currency; `moved` and `ledger` debits less credits."""

    transactions: int = 0
    all_debit: Decimal = ZERO
    all_credit: Decimal = ZERO
    debit: Decimal = ZERO  # of receivable lines
    credit: Decimal = ZERO
    moved: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))  # by customer number
    ledger: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))  # by control account

    def take(self, voucher: Transaction) -> None:
        """Count a voucher, as the file's own totals do: by the side a line stands on, whatever its sign."""
        self.transactions += 1
        for line in voucher.lines:
            if line.on_debit:
                self.all_debit += line.amount
            else:
                self.all_credit -= line.amount

    def take_receivable(self, customer: str, amount: Decimal) -> None:
        """Count a line of the customer ledger."""
        self.moved[customer] += amount
        self.debit += max(amount, ZERO)
        self.credit += max(-amount, ZERO)


def openings(saft: SaftFile) -> dict[str, Decimal]:
    """By customer number; a balance without an account counts all the same."""
    return {number: sum((one.opening for one in of.balances), ZERO) for number, of in saft.customers.items()}


def check_customer(customer: Customer, warnings: Warnings) -> None:
    """The check digit of its organisation number, kept as written all the same; and whether it stands there twice."""
    if customer.repeated_at:
        told = f"customer {customer.number} stands twice with the same account: its balances are added"
        warnings.add("customer_repeated", told, f"line {customer.repeated_at}")
    written = customer.organisation_number
    if holds_identity_number(written):
        warn_of_identity_number(customer.number, "organisation number", warnings)
    if holds_identity_number(customer.name):
        warn_of_identity_number(customer.number, "name", warnings)
    if not written or (customer.country or "NO").upper() != "NO" or is_person(customer):
        return
    if not is_organisation_number(bare_number(written)):
        told = f"customer {customer.number}: the organisation number {written} has a wrong check digit or length"
        warnings.add("customer_number_check_digit", told, customer.number)


def warn_of_identity_number(number: str, field: str, warnings: Warnings) -> None:
    """That a national identity number stood there and was not kept; the number itself is not said."""
    told = (
        f"customer {number}: the {field} holds a national identity number, which is not kept: take it out of the books"
    )
    warnings.add("national_identity_number", told, number)


def check_voucher(voucher: Transaction, header: Header, warnings: Warnings) -> None:
    """A date outside the period, and debits that are not its credits."""
    if not header.start <= voucher.date <= header.end:
        told = f"voucher {voucher.id[:40]} is dated {voucher.date}, outside {header.start} to {header.end}"
        warnings.add("period_differs", told, f"line {voucher.line}")
    if balance := sum((one.amount for one in voucher.lines), ZERO):
        told = f"voucher {voucher.id[:40]} does not balance: its debits less its credits are {balance}"
        warnings.add("unbalanced_voucher", told, f"line {voucher.line}")


def check_openings(given: Mapping[str, Decimal], held: Mapping[str, Decimal], warnings: Warnings) -> None:
    """A later file's opening balances beside our balances of that day."""
    for number, amount in given.items():
        ours = held.get(number, ZERO)
        if ours != amount:
            told = f"customer {number}: the file opens with {amount}, our balance of that day is {ours}"
            warnings.add("opening_differs", told, number)


def check_totals(saft: SaftFile, sums: Sums, warnings: Warnings) -> None:
    """What the file says of its own totals."""
    for name, said, found in (
        ("NumberOfEntries", saft.declared.entries, sums.transactions),
        ("TotalDebit", saft.declared.debit, sums.all_debit),
        ("TotalCredit", saft.declared.credit, sums.all_credit),
    ):
        if said is not None and said != found:
            warnings.add("header_totals_differ", f"{name} says {said}, the file has {found}", name)


def check_closings(saft: SaftFile, sums: Sums, warnings: Warnings) -> None:
    """Each customer's closing balance beside what opening and lines give."""
    for number, customer in saft.customers.items():
        said = [one.closing for one in customer.balances if one.closing is not None]
        found = sum((one.opening for one in customer.balances), ZERO) + sums.moved.get(number, ZERO)
        if said and sum(said, ZERO) != found:
            told = f"customer {number}: the file closes with {sum(said, ZERO)}, its opening and lines give {found}"
            warnings.add("closing_differs", told, number)


def check_control_accounts(saft: SaftFile, sums: Sums, named: frozenset[str], warnings: Warnings) -> None:
    """The customers together beside the control accounts, and the accounts' own closing beside their lines."""
    known = sorted(named & saft.accounts.keys())
    if not known:
        return
    ledger = ZERO
    for number in known:
        account = saft.accounts[number]
        found = account.opening + sums.ledger[number]
        ledger += found
        if account.closing is not None and account.closing != found:
            told = f"account {number}: the file closes with {account.closing}, its opening and lines give {found}"
            warnings.add("control_account_differs", told, number)
    ours = sum(openings(saft).values(), ZERO) + sum(sums.moved.values(), ZERO)
    if ours != ledger:
        told = f"the customers together are {ours}, the control accounts {ledger}: {ours - ledger} apart"
        warnings.add("control_account_differs", told, ", ".join(known))


def is_person(customer: Customer) -> bool:
    """Whether the file says plainly that this is a private person: by a type, or by a national identity number."""
    if customer.type.lower() in ("private", "privat", "person", "privatperson", "private person"):
        return True
    return holds_identity_number(customer.organisation_number)


def bare_number(number: str) -> str:
    """«NO 888 888 888 MVA» as 888888888; what is not of that form stays as it is."""
    bare = number.replace(" ", "").upper().removesuffix("MVA").removeprefix("NO")
    return bare if bare.isascii() and bare.isdigit() else number
