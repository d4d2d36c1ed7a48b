"""The tables of accounting: the customer ledger, and what a company has decided about it."""

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

__all__ = [
    "ZERO",
    "ControlAccountMovement",
    "Customer",
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
    "Source",
]
