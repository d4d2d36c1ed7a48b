"""The tables of accounting: the customer ledger, what the bank told, and what a company has decided."""

from accounting.models.bank import BankFileKind, BankReceipt, BankTelling, ReceiptStatus
from accounting.models.decisions import KidCheck, LedgerLock, LedgerSettings
from accounting.models.ledger import (
    ZERO,
    ControlAccountMovement,
    Customer,
    HeldPeriod,
    How,
    Kind,
    LedgerEntry,
    Match,
    Money,
    NumberKey,
    Source,
)
from accounting.models.rates import ExchangeRate

__all__ = [
    "ZERO",
    "BankFileKind",
    "BankReceipt",
    "BankTelling",
    "ControlAccountMovement",
    "Customer",
    "ExchangeRate",
    "HeldPeriod",
    "How",
    "KidCheck",
    "Kind",
    "LedgerEntry",
    "LedgerLock",
    "LedgerSettings",
    "Match",
    "Money",
    "NumberKey",
    "ReceiptStatus",
    "Source",
]
