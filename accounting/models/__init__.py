"""The tables of accounting: the customer ledger, what a company has decided about it, what people keep."""

from accounting.models.decisions import LedgerLock, LedgerSettings
from accounting.models.exports import ExportFormat, ExportJob, ExportState, ReportName, SavedView
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
    "ExportFormat",
    "ExportJob",
    "ExportState",
    "HeldPeriod",
    "How",
    "Kind",
    "LedgerEntry",
    "LedgerLock",
    "LedgerSettings",
    "Match",
    "Money",
    "NumberKey",
    "ReportName",
    "SavedView",
    "SignOff",
    "Source",
]
