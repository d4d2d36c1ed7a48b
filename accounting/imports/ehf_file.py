"""What an EHF / PEPPOL BIS Billing 3 invoice or credit note says, as plain values."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import NamedTuple


class Oddity(NamedTuple):
    """What is odd though the document can be read: a code of the summary's warnings, and words for it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Party:
    """A seller, a buyer or a payee. `number` as written, empty where none is given; `country` of two letters or empty.

    `person`: nothing in it names a company.
    """

    number: str
    name: str
    country: str
    person: bool
    line: int


class Form(Enum):
    """Which kind of document it calls itself, by CustomizationID and ProfileID."""

    BILLING = "billing"
    FORWARD_BILLING = "forward-billing"
    SELF_BILLING = "selfbilling"


@dataclass(frozen=True, slots=True)
class FileRate:
    """A rate that the document itself gives: one unit of its currency in `currency`."""

    currency: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class EhfDocument:
    """One invoice or credit note; amounts in `currency`, to the øre, with the signs that the document gives them."""

    form: Form
    is_credit_note: bool
    type_code: str
    number: str
    issued: date
    due: date | None
    currency: str
    tax: Decimal | None
    exclusive: Decimal | None
    inclusive: Decimal | None
    prepaid: Decimal
    rounding: Decimal
    payable: Decimal
    supplier: Party
    buyer: Party
    payee: Party | None  # whom it is to be paid to where that is another than the supplier
    kid: str
    account: str
    billing_references: tuple[str, ...]
    terms: str
    rates: tuple[FileRate, ...]
    oddities: tuple[Oddity, ...]
    line: int

    @property
    def sign(self) -> int:
        """1 for an invoice, -1 for a credit note."""
        return -1 if self.is_credit_note else 1

    @property
    def receivable_effect(self) -> Decimal:
        """What it does to the customer ledger: debits positive."""
        return self.payable * self.sign

    @property
    def assigned(self) -> bool:
        """Sold or pledged to another: it is to be paid to somebody else, or calls itself factored (UNCL1001)."""
        return self.payee is not None or self.type_code in ("393", "396")
