"""What a bank file tells of payments, as plain values; amounts in the account's currency, money in positive."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

MOST_LINES = 50_000  # of one file: what memory it may take


class FileKind(StrEnum):
    """The three ways in which a bank tells of a payment, the most detailed first."""

    OCR = "ocr"
    CAMT054 = "camt054"
    CAMT053 = "camt053"


@dataclass(frozen=True, slots=True)
class Lump:
    """The entry on the account that a payment is a part of: what other files may tell as one sum.

    `key` is the same however often a file of this kind tells of it; `reference` is the bank's own, where it gives one.
    """

    key: str
    total: Decimal
    reference: str = ""


@dataclass(frozen=True, slots=True)
class BankLine:
    """One payment by a customer, or the reversal of one (negative), as one file tells of it. Absent texts are empty.

    `identity` tells it from every other line of its kind and account, and is the same when the bank tells of it again.
    """

    kind: FileKind
    account: str  # a Norwegian one as its eleven digits, another as its IBAN or as it is written
    identity: str
    booked_on: date
    value_on: date | None
    amount: Decimal
    currency: str
    reference: str  # a KID or another reference to be machine-read, without spaces
    invoice_numbers: tuple[str, ...]
    payer: str
    text: str
    lump: Lump
    line: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file says of itself or of one account: balances (None: not told), money in and out, to the øre.

    `difference` is closing less what opening and entries give, by unrounded amounts. `left_out`: payments out, and what is
    not booked.
    """

    name: str
    account: str
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    money_in: Decimal
    money_out: Decimal
    difference: Decimal | None
    left_out: int
    line: int


@dataclass
class BankFile:
    """One file, read whole. `odd` is what was odd and could be read all the same: code, message, line."""

    kind: FileKind
    lines: list[BankLine] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    odd: list[tuple[str, str, int]] = field(default_factory=list)


def account_of(written: str) -> str:
    """An account as it is kept: of a Norwegian IBAN or number the eleven digits, so that all files name it alike."""
    plain = "".join(written.split()).replace(".", "").upper()
    if plain.startswith("NO") and len(plain) == 15 and plain[2:].isdigit():
        return plain[4:]
    return plain


def reference_of(written: str) -> str:
    """A reference as it is kept and compared: without the spaces that people and banks put in."""
    return "".join(written.split())


def numbered(lines: Iterable[BankLine]) -> list[BankLine]:
    """The lines of one statement or assignment; several of one identity there are several payments, told apart by number."""
    times: Counter[str] = Counter()
    found = []
    for one in lines:
        times[one.identity] += 1
        again = times[one.identity]
        found.append(one if again == 1 else replace(one, identity=f"{one.identity}#{again}"))
    return found
