"""Reads a SAF-T Financial file (Norway, 1.10 to 1.40) element by element; knows the format and nothing of the ledger.

Memory does not grow with the number of transactions. Namespace prefixes and a byte order mark do not matter.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from lxml import etree

from accounting.imports.refusal import ImportRefused

ORE = Decimal("0.01")
ZERO = Decimal("0.00")
LARGEST = Decimal(10) ** 16


@dataclass(frozen=True)
class Terms:
    """A customer's terms of payment."""

    days: int = 0
    months: int = 0
    free_month: bool = False


@dataclass(frozen=True)
class Balance:
    """Opening and closing of a customer on an account (None: the file names none), or of an account; debits positive."""

    account: str | None
    opening: Decimal
    closing: Decimal | None


@dataclass(frozen=True)
class Customer:
    """A customer of the master files."""

    number: str
    name: str
    organisation_number: str
    country: str
    terms: Terms | None
    balances: tuple[Balance, ...]
    line: int

    @property
    def accounts(self) -> frozenset[str]:
        return frozenset(one.account for one in self.balances if one.account)


@dataclass(frozen=True)
class Header:
    """Whose books, in which currency, for which period (inclusive dates)."""

    company_number: str
    company_name: str
    country: str
    currency: str
    bank_accounts: tuple[str, ...]
    start: date
    end: date
    line: int


@dataclass(frozen=True)
class Line:
    """A line of a transaction; `amount` in the company's currency, debits positive. Absent texts are empty."""

    record_id: str
    account: str
    customer: str
    amount: Decimal
    currency: str
    currency_amount: Decimal | None
    due_date: date | None
    reference: str
    kid: str
    cross_reference: str
    source_document: str
    description: str
    analyses: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True)
class Transaction:
    """A voucher, with all its lines."""

    journal: str
    id: str
    year: str
    date: date
    posting_date: date | None
    voucher_type: str
    lines: tuple[Line, ...]
    line: int


@dataclass
class Declared:
    """What the file says of its own totals; filled while the transactions are read."""

    entries: int | None = None
    debit: Decimal | None = None
    credit: Decimal | None = None


@dataclass
class SaftFile:
    """The head of a file, and an iterator over its transactions, to be gone through once."""

    header: Header
    customers: dict[str, Customer]
    accounts: dict[str, Balance]
    transactions: Iterator[Transaction]
    declared: Declared = field(default_factory=Declared)


def read_saft(path: Path) -> SaftFile:
    """Read header and master files; the transactions come as they are asked for. Raises ImportRefused."""
    events = _events(path)
    header: Header | None = None
    customers: dict[str, Customer] = {}
    accounts: dict[str, Balance] = {}
    declared = Declared()
    first: Any = None
    for name, element in events:
        if name == "Header":
            header = _header(element)
        elif name == "Account":
            _account(element, accounts)
        elif name == "Customer":
            customer = _customer(element)
            if customer.number in customers:
                raise ImportRefused(f"customer {customer.number} stands twice: keep one of them", element.sourceline)
            customers[customer.number] = customer
        elif name == "Transaction":
            first = element
            break
        else:
            _declare(name, element, declared)
        _forget(element)
    if header is None:
        raise ImportRefused("there is no Header: this is not a SAF-T Financial file")
    return SaftFile(header, customers, accounts, _transactions(first, events, header, declared), declared)


_WANTED = ("Header", "Account", "Customer", "Transaction", "NumberOfEntries", "TotalDebit", "TotalCredit")


def _events(path: Path) -> Iterator[tuple[str, Any]]:
    """The wanted elements as they end. Any DOCTYPE is refused, and nothing outside the file is ever looked at."""
    checked = False
    try:
        with path.open("rb") as file:
            parser = etree.iterparse(
                file, events=("end",), tag=[f"{{*}}{name}" for name in _WANTED], resolve_entities=False, load_dtd=False,
                no_network=True, huge_tree=False, remove_comments=True, remove_pis=True,
            )  # fmt: skip
            for _, element in parser:
                if not checked:
                    _check_root(element)
                    checked = True
                yield _local(element), element
            if not checked:
                raise ImportRefused("there is no SAF-T header: this is not a SAF-T Financial file")
    except etree.XMLSyntaxError as error:
        raise ImportRefused(f"the XML is broken ({error.msg}): export the file anew", error.lineno or 1) from error
    except OSError as error:
        raise ImportRefused(f"the file cannot be read: {error.strerror}") from error


def _check_root(element: Any) -> None:
    tree = element.getroottree()
    if tree.docinfo.doctype or tree.docinfo.internalDTD is not None:
        raise ImportRefused("the file has a DOCTYPE, which SAF-T does not use: export it anew without")
    if _local(tree.getroot()) != "AuditFile":
        raise ImportRefused("the root is not AuditFile: this is not a SAF-T Financial file")


def _transactions(
    first: Any, events: Iterator[tuple[str, Any]], header: Header, declared: Declared
) -> Iterator[Transaction]:
    if first is not None:
        yield _transaction(first, header)
        _forget(first)
    for name, element in events:
        if name == "Transaction":
            yield _transaction(element, header)
        else:
            _declare(name, element, declared)
        _forget(element)


def _forget(element: Any) -> None:
    element.clear()
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _header(element: Any) -> Header:
    company = _child(element, "Company")
    if company is None:
        raise ImportRefused("the Header names no Company", element.sourceline)
    accounts = []
    for one in _children(company, "BankAccount"):
        if number := _text(one, "BankAccountNumber"):
            accounts.append(number.replace(".", "").replace(" ", ""))
        elif (iban := _text(one, "IBANNumber").replace(" ", "")) and iban.startswith("NO") and len(iban) == 15:
            accounts.append(iban[4:])
    start, end = _period(element)
    return Header(
        company_number=_text(company, "RegistrationNumber"),
        company_name=_text(company, "Name"),
        country=_text(element, "AuditFileCountry") or "NO",
        currency=_currency(_text(element, "DefaultCurrencyCode") or "NOK", element),
        bank_accounts=tuple(accounts),
        start=start,
        end=end,
        line=company.sourceline or 1,
    )


def _period(header: Any) -> tuple[date, date]:
    """SelectionStartDate to SelectionEndDate, or months of a year from PeriodStart to PeriodEnd; inclusive."""
    found = _child(header, "SelectionCriteria")
    if found is None:
        raise ImportRefused("the Header has no SelectionCriteria: the period is unknown", header.sourceline)
    if _text(found, "SelectionStartDate"):
        start, end = _date(found, "SelectionStartDate"), _date(found, "SelectionEndDate")
    else:
        start = date(_whole(found, "PeriodStartYear"), _month(found, "PeriodStart"), 1)
        year, month = _whole(found, "PeriodEndYear"), _month(found, "PeriodEnd")
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    if start is None or end is None or start > end:
        raise ImportRefused("the period ends before it begins: correct SelectionCriteria", found.sourceline)
    return start, end


def _month(element: Any, name: str) -> int:
    found = _whole(element, name)
    if not 1 <= found <= 12:
        raise ImportRefused(f"{name} is {found}: periods are read as months, 1 to 12", element.sourceline)
    return found


def _account(element: Any, accounts: dict[str, Balance]) -> None:
    number = _text(element, "AccountID")
    if not number:
        return  # an element of the same name elsewhere in the master files
    before = accounts.get(number)
    balance = _balance(element, number)
    if before:  # the same account twice: together
        closing = (before.closing or ZERO) + (balance.closing or ZERO)
        balance = Balance(number, before.opening + balance.opening, closing)
    accounts[number] = balance


def _customer(element: Any) -> Customer:
    number = _text(element, "CustomerID")
    if not number:
        raise ImportRefused("a customer has no CustomerID", element.sourceline)
    parts = _children(element, "BalanceAccount")  # 1.30 on; before, account and balances stand on the customer
    balances = [_balance(part, _text(part, "AccountID") or None) for part in parts] or [
        _balance(element, _text(element, "AccountID") or None)
    ]
    address = _child(element, "Address")
    return Customer(
        number=number,
        name=_text(element, "Name") or number,
        organisation_number=_text(element, "RegistrationNumber"),
        country=(_text(address, "Country") if address is not None else "") or "NO",
        terms=_terms(element),
        balances=tuple(balances),
        line=element.sourceline or 1,
    )


def _terms(customer: Any) -> Terms | None:
    info = _child(customer, "PartyInfo")
    terms = _child(info, "PaymentTerms") if info is not None else None
    if terms is None or not (_text(terms, "Days") or _text(terms, "Months")):
        return None
    free = _text(terms, "FreeBillingMonth").lower() in ("true", "1")
    return Terms(_whole(terms, "Days", 0), _whole(terms, "Months", 0), free)


def _balance(element: Any, account: str | None) -> Balance:
    opening = (_amount(element, "OpeningDebitBalance") or ZERO) - (_amount(element, "OpeningCreditBalance") or ZERO)
    debit, credit = _amount(element, "ClosingDebitBalance"), _amount(element, "ClosingCreditBalance")
    closing = None if debit is None and credit is None else (debit or ZERO) - (credit or ZERO)
    return Balance(account, opening, closing)


def _transaction(element: Any, header: Header) -> Transaction:
    journal = element.getparent()
    day = _date(element, "TransactionDate")
    if day is None:
        raise ImportRefused("a transaction has no TransactionDate", element.sourceline)
    lines = tuple(_line(one, position, header) for position, one in enumerate(_children(element, "Line"), start=1))
    return Transaction(
        journal=_text(journal, "JournalID") if journal is not None else "",
        id=_text(element, "TransactionID"),
        year=_text(element, "PeriodYear") or str(day.year),
        date=day,
        posting_date=_date(element, "GLPostingDate"),
        voucher_type=_text(element, "VoucherType"),
        lines=lines,
        line=element.sourceline or 1,
    )


def _line(element: Any, position: int, header: Header) -> Line:
    fields: dict[str, Any] = {}
    analyses = []
    for child in element:
        name = _local(child)
        if name == "Analysis":
            analyses.append((_text(child, "AnalysisType"), _text(child, "AnalysisID")))
        else:
            fields.setdefault(name, child)
    debit, credit = fields.get("DebitAmount"), fields.get("CreditAmount")
    if (debit is None) == (credit is None):
        raise ImportRefused("a line must have a DebitAmount or a CreditAmount, and not both", element.sourceline)
    side, sign = (debit, 1) if debit is not None else (credit, -1)
    amount = _amount(side, "Amount")
    if amount is None:
        raise ImportRefused("a line has no Amount", element.sourceline)
    in_currency = _amount(side, "CurrencyAmount")

    def said(name: str) -> str:
        found = fields.get(name)
        return (found.text or "").strip() if found is not None else ""

    return Line(
        record_id=said("RecordID") or str(position),
        account=said("AccountID"),
        customer=said("CustomerID"),
        amount=amount * sign,
        currency=_currency(_text(side, "CurrencyCode") or header.currency, element),
        currency_amount=None if in_currency is None else in_currency * sign,
        due_date=_parsed(said("DueDate"), date.fromisoformat, "DueDate", element) if said("DueDate") else None,
        reference=said("ReferenceNumber"),
        kid=said("CID"),
        cross_reference=said("CrossReference"),
        source_document=said("SourceDocumentID"),
        description=said("Description"),
        analyses=tuple(analyses),
        line=element.sourceline or 1,
    )


def _declare(name: str, element: Any, declared: Declared) -> None:
    parent = element.getparent()
    if parent is None or _local(parent) != "GeneralLedgerEntries":
        return  # source documents have totals of the same names
    if name == "NumberOfEntries":
        declared.entries = _parsed((element.text or "").strip(), int, name, element)
    elif name in ("TotalDebit", "TotalCredit"):
        value = _parsed((element.text or "").strip(), Decimal, name, element)
        setattr(declared, "debit" if name == "TotalDebit" else "credit", value.quantize(ORE, ROUND_HALF_UP))


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _child(element: Any, name: str) -> Any:
    return element.find(f"{{*}}{name}")


def _children(element: Any, name: str) -> list[Any]:
    return element.findall(f"{{*}}{name}")


def _text(element: Any, name: str) -> str:
    found = _child(element, name)
    return (found.text or "").strip() if found is not None else ""


def _currency(code: str, element: Any) -> str:
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ImportRefused(f"{code!r} is not a currency code of three letters", element.sourceline)
    return code.upper()


def _amount(element: Any, name: str) -> Decimal | None:
    """To the øre, half up, once. None where it is absent."""
    text = _text(element, name)
    if not text:
        return None
    value = _parsed(text, Decimal, name, element)
    if not value.is_finite() or abs(value) >= LARGEST:
        raise ImportRefused(f"{name} is {text[:40]!r}, which is no amount", element.sourceline)
    return value.quantize(ORE, ROUND_HALF_UP)


def _date(element: Any, name: str) -> date | None:
    text = _text(element, name)
    return _parsed(text[:10], date.fromisoformat, name, element) if text else None


def _whole(element: Any, name: str, default: int | None = None) -> int:
    text = _text(element, name)
    if not text and default is not None:
        return default
    found = _parsed(text, int, name, element)
    if not 0 <= found <= 9999:
        raise ImportRefused(f"{name} is {text!r}", element.sourceline)
    return found


def _parsed(text: str, read: Callable[[str], Any], name: str, element: Any) -> Any:
    try:
        return read(text)
    except (ValueError, InvalidOperation):
        raise ImportRefused(f"{name} is {text[:40]!r}, which cannot be read: correct it", element.sourceline) from None
