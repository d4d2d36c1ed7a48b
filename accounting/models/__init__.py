"""The tables of accounting: the customer ledger, what the bank told, what a company has decided, what people keep."""

from accounting.models.bank import BankFileKind, BankReceipt, BankTelling, ReceiptStatus
from accounting.models.decisions import KidCheck, LedgerLock, LedgerSettings
from accounting.models.exports import ExportFormat, ExportJob, ExportState, ReportName, SavedView
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
from accounting.models.notes import Note
from accounting.models.rates import ExchangeRate
from accounting.models.sign_off import SignOff

__all__ = [
    "UNDER_WAY",
    "ZERO",
    "BankFileKind",
    "BankReceipt",
    "BankTelling",
    "ControlAccountMovement",
    "Customer",
    "ExchangeRate",
    "ExportFormat",
    "ExportJob",
    "ExportState",
    "HeldPeriod",
    "How",
    "ImportKind",
    "ImportRun",
    "ImportStatus",
    "KidCheck",
    "Kind",
    "LedgerEntry",
    "LedgerLock",
    "LedgerSettings",
    "Match",
    "Money",
    "Note",
    "NumberKey",
    "ReceiptStatus",
    "ReportName",
    "SavedView",
    "SignOff",
    "Source",
]
