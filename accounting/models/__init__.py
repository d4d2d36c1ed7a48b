"""The tables of accounting: the customer ledger, what a company has decided about it, and notes beside it."""

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
from accounting.models.notes import Note

__all__ = [
    "ZERO",
    "ControlAccountMovement",
    "Customer",
    "HeldPeriod",
    "How",
    "Kind",
    "LedgerEntry",
    "LedgerLock",
    "LedgerSettings",
    "Match",
    "Money",
    "Note",
    "NumberKey",
    "Source",
]
