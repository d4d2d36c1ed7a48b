"""The tables of accounting: the customer ledger, and what a company has decided about it."""

from accounting.models.decisions import LedgerLock, LedgerSettings
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
    "ControlAccountMovement",
    "Customer",
    "ExchangeRate",
    "HeldPeriod",
    "How",
    "Kind",
    "LedgerEntry",
    "LedgerLock",
    "LedgerSettings",
    "Match",
    "Money",
    "NumberKey",
    "Source",
]
