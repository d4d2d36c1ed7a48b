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
from accounting.models.sign_off import SignOff

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
    "NumberKey",
    "SignOff",
    "Source",
]
