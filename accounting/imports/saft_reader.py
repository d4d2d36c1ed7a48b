"""Reads a SAF-T Financial file (Norway, 1.10 to 1.40) element by element; knows the format and nothing of the ledger.

Memory does not grow with the number of transactions. Namespace prefixes and a byte order mark do not matter.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from accounting.imports.counted import Counted, Told, untold
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_file import Balance, Customer, Declared, Header, Line, SaftFile, Terms, Transaction
from accounting.imports.saft_values import (
    FIRST_YEAR,
    LAST_YEAR,
    amount_in,
    child,
    children,
    content,
    day_in,
    line_of,
    local,
    text,
    whole,
    whole_in,
)
from accounting.imports.xml_door import SAFELY, check_no_doctype, guarded

ZERO = Decimal("0.00")
VIRTUAL = "VIRTUAL"  # 1.40: an amount in bitcoin and the like, which two places do not hold

# What is read, each with the element it must stand in (source documents have totals of the same names).
_WANTED = {
    "Header": "AuditFile",
    "Account": "GeneralLedgerAccounts",
    "Customer": "Customers",
    "Transaction": "Journal",
    "NumberOfEntries": "GeneralLedgerEntries",
    "TotalDebit": "GeneralLedgerEntries",
    "TotalCredit": "GeneralLedgerEntries",
}
# What is only thrown away again, because there can be much of it.
_UNWANTED = frozenset(
    ("Journal", "Taxonomy", "Supplier", "TaxTableEntry", "UOMTableEntry", "AnalysisTypeTableEntry",
     "MovementTypeTableEntry", "Product", "PhysicalStockEntry", "Owner", "Asset", "Invoice", "Payment", "StockMovement",
     "AssetTransaction")
)  # fmt: skip


def read_saft(path: Path, progress: Told = untold) -> SaftFile:
    """Read header and master files; the transactions come as they are asked for. Raises ImportRefused, there too.

    Amounts are in the company's currency (`header.currency`), debits positive, rounded half up to two places once.
    `progress` is told how many bytes of how many were read.
    """
    events = _events(path, progress)
    header: Header | None = None
    customers: dict[str, Customer] = {}
    accounts: dict[str, Balance] = {}
    declared = Declared()
    first: Any = None
    for name, element in events:
        if name == "Transaction":
            first = element
            break
        if name == "Header":
            if header is not None:
                raise ImportRefused("there is a second Header: give a file of one company", line_of(element))
            header = _header(element)
        elif name == "Account":
            _account(element, accounts)
        elif name == "Customer":
            _customer(element, customers)
        else:
            _declare(name, element, declared)
        _forget(element)
    if header is None:
        told = "there is no Header before the transactions: this is not a SAF-T Financial file"
        raise ImportRefused(told, line_of(first) if first is not None else 1)
    return SaftFile(header, customers, accounts, _transactions(first, events, declared), declared)


def read_header(path: Path) -> Header:
    """The header alone: whose file it is, and of which period. Raises ImportRefused."""
    for name, element in _events(path):
        if name == "Header":
            return _header(element)
        if name == "Transaction":
            break
        _forget(element)
    raise ImportRefused("there is no Header before the transactions: this is not a SAF-T Financial file")


def _events(path: Path, progress: Told = untold) -> Iterator[tuple[str, Any]]:
    """The wanted elements as they end. Any DOCTYPE is refused, and nothing outside the file is ever looked at."""
    names = ["AuditFile", *_WANTED, *_UNWANTED]
    begun = False
    with guarded(path, None) as file:
        counted = Counted(file, path.stat().st_size, progress)
        parser = etree.iterparse(counted, events=("start", "end"), tag=[f"{{*}}{name}" for name in names], **SAFELY)
        for event, element in parser:
            if not begun:
                _check_root(element)
                begun = True
            if event == "start" or (parent := element.getparent()) is None:
                continue
            name = local(element)
            if name in _UNWANTED:
                _forget(element)
            elif _WANTED.get(name) == local(parent):
                yield name, element
        _check_root(parser.root)


def _check_root(element: Any) -> None:
    tree = element.getroottree() if element is not None else None
    if tree is None or local(tree.getroot()) != "AuditFile":
        raise ImportRefused("the root is not AuditFile: this is not a SAF-T Financial file")
    check_no_doctype(tree.getroot())


def _transactions(first: Any, events: Iterator[tuple[str, Any]], declared: Declared) -> Iterator[Transaction]:
    if first is not None:
        yield _transaction(first)
        _forget(first)
    for name, element in events:
        if name == "Transaction":
            yield _transaction(element)
        elif name in ("Header", "Account", "Customer"):
            raise ImportRefused(f"a {name} stands after the transactions: export it anew before them", line_of(element))
        else:
            _declare(name, element, declared)
        _forget(element)


def _forget(element: Any) -> None:
    element.clear()
    element.getparent().remove(element)


def _header(element: Any) -> Header:
    company = child(element, "Company")
    if company is None:
        raise ImportRefused("the Header names no Company: fill it in", line_of(element))
    accounts = []
    for one in children(company, "BankAccount"):
        if number := text(one, "BankAccountNumber"):
            accounts.append(number.replace(".", "").replace(" ", ""))
        elif (iban := text(one, "IBANNumber").replace(" ", "")).startswith("NO"):
            accounts.append(iban[4:])
    currency = text(element, "DefaultCurrencyCode") or "NOK"
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise ImportRefused(f"DefaultCurrencyCode is {currency[:40]!r}, not a code of three letters", line_of(element))
    start, end = _period(element)
    return Header(
        company_number=text(company, "RegistrationNumber"),
        company_name=text(company, "Name"),
        country=text(element, "AuditFileCountry").upper() or "NO",
        currency=currency.upper(),
        bank_accounts=tuple(accounts),
        start=start,
        end=end,
        line=line_of(company),
    )


def _period(header: Any) -> tuple[date, date]:
    """SelectionStartDate to SelectionEndDate, or months of a year from PeriodStart to PeriodEnd; inclusive."""
    found = child(header, "SelectionCriteria")
    if found is None:
        raise ImportRefused("the Header has no SelectionCriteria: fill in the period", line_of(header))
    start: date | None
    end: date | None
    if text(found, "SelectionStartDate"):
        start, end = (day_in(child(found, name)) for name in ("SelectionStartDate", "SelectionEndDate"))
    else:
        start = date(_year(found, "PeriodStartYear"), _month(found, "PeriodStart"), 1)
        year, month = _year(found, "PeriodEndYear"), _month(found, "PeriodEnd")
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    if start is None or end is None or start > end:
        raise ImportRefused("the period has no end or ends before it begins: correct it", line_of(found))
    return start, end


def _year(element: Any, name: str) -> int:
    return whole(element, name, least=FIRST_YEAR, most=LAST_YEAR)


def _month(element: Any, name: str) -> int:
    # Period 0 and those after 12 are the openings and the adjustments of a year: its first and its last month.
    return min(max(whole(element, name, most=99), 1), 12)


def _account(element: Any, accounts: dict[str, Balance]) -> None:
    for balance in _balances(element):
        if balance.account:
            accounts[balance.account] = _together(accounts.get(balance.account), balance)


def _customer(element: Any, customers: dict[str, Customer]) -> None:
    number = text(element, "CustomerID")
    if not number:
        raise ImportRefused("a customer has no CustomerID: give it one", line_of(element))
    parts = children(element, "BalanceAccount")  # 1.30 on; before, account and balances stand on the customer
    found = [balance for part in parts or [element] for balance in _balances(part)]
    if known := customers.get(number):  # once per account, in some files
        again = line_of(element) if {one.account for one in known.balances} & {one.account for one in found} else 0
        balances = _by_account([*known.balances, *found])
        customers[number] = replace(known, balances=balances, repeated_at=known.repeated_at or again)
        return
    address = child(element, "Address")
    info = child(element, "PartyInfo")
    customers[number] = Customer(
        number=number,
        name=text(element, "Name") or number,
        organisation_number=text(element, "RegistrationNumber"),
        country=text(address, "Country") if address is not None else "",
        type=text(info, "Type") if info is not None else "",
        terms=_terms(info),
        balances=_by_account(found),
        line=line_of(element),
    )


def _terms(info: Any) -> Terms | None:
    terms = child(info, "PaymentTerms") if info is not None else None
    if terms is None or not (text(terms, "Days") or text(terms, "Months")):
        return None
    free = text(terms, "FreeBillingMonth").lower() in ("true", "1")
    return Terms(whole(terms, "Days", 0), whole(terms, "Months", 0), free)


def _balances(element: Any) -> list[Balance]:
    """Every AccountID of an element with the balances that follow it; balances without an AccountID count too."""
    found: list[Balance] = []
    for one in element:
        name = local(one)
        if name == "AccountID":
            if account := content(one):
                found.append(Balance(account, ZERO, None))
        elif name.startswith(("Opening", "Closing")) and name.endswith(("DebitBalance", "CreditBalance")):
            value = (amount_in(one) or ZERO) * (1 if name.endswith("DebitBalance") else -1)
            if not found:
                found.append(Balance(None, ZERO, None))
            last = found[-1]
            if name.startswith("Opening"):
                found[-1] = replace(last, opening=last.opening + value)
            else:
                found[-1] = replace(last, closing=(last.closing or ZERO) + value)
    return found


def _by_account(balances: list[Balance]) -> tuple[Balance, ...]:
    found: dict[str | None, Balance] = {}
    for one in balances:
        found[one.account] = _together(found.get(one.account), one)
    return tuple(found.values())


def _together(before: Balance | None, balance: Balance) -> Balance:
    """The same account twice: the sum."""
    if before is None:
        return balance
    closings = [one.closing for one in (before, balance) if one.closing is not None]
    return Balance(balance.account, before.opening + balance.opening, sum(closings, ZERO) if closings else None)


def _transaction(element: Any) -> Transaction:
    fields, lines = _fields(element, "Line")
    on = day_in(fields.get("TransactionDate"))
    if on is None:
        raise ImportRefused("a transaction has no TransactionDate that can be used: fill it in", line_of(element))
    if not (number := content(fields.get("TransactionID"))):
        raise ImportRefused("a transaction has no TransactionID: give it one", line_of(element))
    read = [_fields(one, "Analysis") for one in lines]
    records = [content(found.get("RecordID")) for found, _ in read]
    times = Counter(records)
    return Transaction(
        journal=text(element.getparent(), "JournalID"),
        id=number,
        year=content(fields.get("PeriodYear")) or str(on.year),
        date=on,
        posting_date=day_in(fields.get("GLPostingDate")),
        voucher_type=content(fields.get("VoucherType")),
        lines=tuple(
            _line(one, found, analyses, record if record and times[record] == 1 else f"#{position}")
            for position, (one, (found, analyses), record) in enumerate(zip(lines, read, records, strict=True), start=1)
        ),
        line=line_of(element),
    )


def _fields(element: Any, many: str) -> tuple[dict[str, Any], list[Any]]:
    """An element's children by name, of several the first; and all those that are called `many`."""
    fields: dict[str, Any] = {}
    found = []
    for one in element:
        name = local(one)
        if name == many:
            found.append(one)
        else:
            fields.setdefault(name, one)
    return fields, found


def _line(element: Any, fields: dict[str, Any], analyses: list[Any], record: str) -> Line:
    debit, credit = fields.get("DebitAmount"), fields.get("CreditAmount")
    if (debit is None) == (credit is None):
        raise ImportRefused("a line must have a DebitAmount or a CreditAmount, and not both", line_of(element))
    side, sign = (debit, 1) if debit is not None else (credit, -1)
    money, _ = _fields(side, "")
    value = amount_in(money.get("Amount"))
    if value is None:
        raise ImportRefused("a line has no Amount: fill it in", line_of(element))
    in_currency = amount_in(money.get("CurrencyAmount"))

    def said(name: str) -> str:
        return content(fields.get(name))

    return Line(
        record_id=record,
        account=said("AccountID"),
        customer=said("CustomerID"),
        amount=value * sign,
        on_debit=debit is not None,
        currency=(content(money.get("VirtualCurrencyType")) and VIRTUAL) or content(money.get("CurrencyCode")).upper(),
        currency_amount=None if in_currency is None else in_currency * sign,
        due_date=day_in(fields.get("DueDate")),
        reference=said("ReferenceNumber"),
        kid=said("CID"),
        cross_reference=said("CrossReference"),
        source_document=said("SourceDocumentID"),
        description=said("Description"),
        analyses=tuple((text(one, "AnalysisType"), text(one, "AnalysisID")) for one in analyses),
        line=line_of(element),
    )


def _declare(name: str, element: Any, declared: Declared) -> None:
    if not content(element):
        return
    if name == "NumberOfEntries":
        declared.entries = whole_in(element)
    elif name == "TotalDebit":
        declared.debit = amount_in(element)
    else:
        declared.credit = amount_in(element)
