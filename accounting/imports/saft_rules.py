"""How a line of a SAF-T file becomes an entry: whose it is, when it is due, of which kind (INTERFACES: «SAF-T»)."""

import calendar
from datetime import date, timedelta

from accounting.imports.saft_file import Customer, Line, Terms, Transaction

# Voucher types that say plainly what they are; for a debit and for a credit.
_PLAIN = {
    "si": ("invoice", "credit_note"),
    "sales invoice": ("invoice", "credit_note"),
    "sales-invoice": ("invoice", "credit_note"),
    "invoice": ("invoice", "credit_note"),
    "faktura": ("invoice", "credit_note"),
    "utgående faktura": ("invoice", "credit_note"),
    "cn": (None, "credit_note"),
    "credit note": (None, "credit_note"),
    "kreditnota": (None, "credit_note"),
    "innbetaling": (None, "payment"),
    "payment": (None, "payment"),
    "ocr": (None, "payment"),
}

# Counter-accounts, the first that fits; against a debit and against a credit.
_COUNTER: tuple[tuple[tuple[str, ...], str | None, str | None], ...] = (
    (("3", "27"), "invoice", "credit_note"),
    (("19",), None, "payment"),
    (("78",), None, "write_off"),
    (("8060", "8160"), "exchange_difference", "exchange_difference"),
    (("80", "81"), "interest", "interest"),
)


def is_receivable_account(account: str, named: frozenset[str] = frozenset()) -> bool:
    """An account that a customer's balance names, or 15xx."""
    return account in named or account.startswith("15")


def is_receivable(line: Line, customer: Customer | None, named: frozenset[str]) -> bool:
    """Whether the line belongs to the customer ledger. `named`: the accounts that any customer's balance names."""
    if not line.customer:
        return False
    if customer is not None and any(one.account for one in customer.balances):
        return any(one.account == line.account for one in customer.balances)
    return is_receivable_account(line.account, named)


def kinds_of(transaction: Transaction) -> dict[bool, tuple[str, bool]]:
    """For its debits (True) and its credits (False): the kind, and whether it is inferred because the file does not say.

    Once for the transaction, not per line: a voucher may hold a day's invoices.
    """
    accounts: dict[bool, set[str]] = {True: set(), False: set()}
    for one in transaction.lines:
        accounts[one.amount >= 0].add(one.account)
    plain = _PLAIN.get(transaction.voucher_type.lower(), (None, None))
    found: dict[bool, tuple[str, bool]] = {}
    for debit in (True, False):
        said = plain[0 if debit else 1]
        found[debit] = (said, False) if said else (_by_counter_accounts(accounts[not debit], debit), True)
    return found


def _by_counter_accounts(against: set[str], debit: bool) -> str:
    for prefixes, for_debit, for_credit in _COUNTER:
        kind = for_debit if debit else for_credit
        if kind and any(account.startswith(prefixes) for account in against):
            return kind
    return "journal"


def due_date_of(line: Line, entry_date: date, terms: Terms | None) -> tuple[date | None, bool]:
    """The due date, and whether it is assumed: the line's own, else for debits by the terms, else none."""
    if line.due_date is not None:
        return line.due_date, False
    if line.amount < 0 or terms is None:
        return None, False
    return due_by_terms(entry_date, terms), True


def due_by_terms(entry_date: date, terms: Terms) -> date:
    """From the month's last day where the invoice month is free, else from the entry date; plus months, plus days.

    Months go from a month's last day to a last day where the month is free.
    """
    start = _last_day(entry_date.year, entry_date.month) if terms.free_month else entry_date
    year, month = divmod(start.month - 1 + terms.months, 12)
    year, month = start.year + year, month + 1
    last = _last_day(year, month)
    moved = last if terms.free_month else date(year, month, min(start.day, last.day))
    return moved + timedelta(days=terms.days)


def _last_day(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])
