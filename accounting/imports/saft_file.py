"""What a SAF-T Financial file says, as plain values; amounts in the company's currency, debits positive."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """A customer's terms of payment."""

    days: int = 0
    months: int = 0
    free_month: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """Opening and closing of a customer on an account, or of an account. Account or closing None: not named."""

    account: str | None
    opening: Decimal
    closing: Decimal | None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the master files; organisation number and country as written.

    `repeated_at`: the line on which it stood once more, with an account that had been named (0: it did not).
    """

    number: str
    name: str
    organisation_number: str
    country: str
    type: str
    terms: Terms | None
    balances: tuple[Balance, ...]
    line: int
    repeated_at: int = 0

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts that its balances name."""
        return frozenset(one.account for one in self.balances if one.account)


@dataclass(frozen=True)
class Header:
    """Whose books, in which currency, for which period (inclusive dates)."""

    company_number: str
    company_name: str
    country: str
    currency: str
    bank_accounts: tuple[str, ...]
    start: datetime.date
    end: datetime.date
    line: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a transaction. Absent texts are empty; `record_id` is unique in its transaction.

    `on_debit` is the side it stands on in the file: a negative debit is a credit here, but counts in the file's debits.
    """

    record_id: str
    account: str
    customer: str
    amount: Decimal
    on_debit: bool
    currency: str  # not of three letters for a virtual one
    currency_amount: Decimal | None
    due_date: datetime.date | None
    reference: str
    kid: str
    cross_reference: str
    source_document: str
    description: str
    analyses: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """A voucher, with all its lines."""

    journal: str
    id: str
    year: str
    date: datetime.date
    posting_date: datetime.date | None
    voucher_type: str
    lines: tuple[Line, ...]
    line: int


@dataclass
class Declared:
    """What the file says of its own totals (None: nothing); filled while the transactions are read."""

    entries: int | None = None
    debit: Decimal | None = None
    credit: Decimal | None = None


@dataclass
class SaftFile:
    """The head of a file, and an iterator over its transactions, to be gone through once."""

    header: Header
    customers: dict[str, Customer]
    accounts: dict[str, Balance]
    transactions: Iterator[Transaction]
    declared: Declared = field(default_factory=Declared)
