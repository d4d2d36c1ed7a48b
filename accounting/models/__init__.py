"""The tables of accounting: the customer ledger, and what a company has decided about it."""

from accounting.models.decisions import LedgerLock, LedgerSettings
from accounting.models.imports import UNDER_WAY, ImportKind, ImportRun, ImportStatus
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
    "UNDER_WAY",
    "ZERO",
    "ControlAccountMovement",
    "Customer",
    "HeldPeriod",
    "How",
    "ImportKind",
    "ImportRun",
    "ImportStatus",
    "Kind",
    "LedgerEntry",
    "LedgerLock",
    "LedgerSettings",
    "Match",
    "Money",
    "NumberKey",
    "Source",
]
