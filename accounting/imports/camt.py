"""Reads bank statements and notifications (ISO 20022 camt.053 and camt.054, all versions alike), booked entries only.

Customer payments are the credits, and of the debits those that reverse one (RvslInd). Namespace, prefixes and a byte order
mark do not matter. docs/decisions/0027-one-payment-is-one-entry.md says what makes a line's identity.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from accounting.imports.bank_lines import (
    MOST_LINES,
    BankFile,
    BankLine,
    FileKind,
    Lump,
    Statement,
    account_of,
    numbered,
    reference_of,
)
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_values import (
    ORE,
    child,
    children,
    content,
    day_in,
    exact_amount_in,
    line_of,
    local,
    text,
)
from accounting.imports.xml_door import MB, Limits, stream_xml

ZERO = Decimal("0.00")
# Of some 20,000 payments; what is not an entry stays in memory until the end.
LIMITS = Limits(size=32 * MB, elements=500_000)
BOOKED = "BOOK"
NOT_GIVEN = frozenset(("", "NOTPROVIDED", "NOTAPPLICABLE"))
_MESSAGES = {"BkToCstmrStmt": FileKind.CAMT053, "BkToCstmrDbtCdtNtfctn": FileKind.CAMT054}
_PARTS = {"Stmt": "BkToCstmrStmt", "Ntfctn": "BkToCstmrDbtCdtNtfctn"}
_KID_IN_TEXT = re.compile(r"\bKID\b[\s:.]{0,3}([0-9]{2,25}-?)(?![0-9])", re.IGNORECASE | re.ASCII)


@dataclass
class _Part:
    """What is known of a statement or notification while its entries come."""

    kind: FileKind
    name: str
    account: str
    currency: str
    line: int
    count: int = 0
    money_in: Decimal = ZERO
    money_out: Decimal = ZERO
    left_out: int = 0
    lines: list[BankLine] = field(default_factory=list)


@dataclass(frozen=True)
class _Entry:
    """One entry on the account, `amount` positive to the øre, `sign` of what it is to a customer's payments."""

    amount: Decimal
    currency: str
    sign: int
    booked_on: date
    value_on: date | None
    bank_reference: str
    place: str  # in its statement
    note: str
    line: int


def read_camt(path: Path) -> BankFile:
    """The payments of the file. Raises ImportRefused."""
    found: BankFile | None = None
    part: _Part | None = None
    root: Any = None
    for event, element in stream_xml(path, ["Document", *_PARTS, "Ntry"], LIMITS):
        if root is None:
            root = _root_of(element)
        name, parent = local(element), element.getparent()
        if event == "start" or parent is None:
            continue
        if name == "Ntry" and local(parent) in _PARTS:
            if found is None or part is None:
                found, part = _begin(parent, found)
            _take(element, part, found)
            _forget(element)
            if len(part.lines) + len(found.lines) > MOST_LINES:
                raise ImportRefused(f"the file has more than {MOST_LINES} payments: split it", part.line)
        elif _PARTS.get(name) == local(parent):
            if found is None or part is None:
                found, part = _begin(element, found)
            found.lines += numbered(part.lines)
            found.statements.append(_statement(element, part, found))
            part = None
            _forget(element)
    if root is None:
        raise ImportRefused("the root is not Document: this is neither camt.053, camt.054 nor OCR giro")
    return found or BankFile(_kind(root))


def _root_of(element: Any) -> Any:
    root = element.getroottree().getroot()
    if local(root) != "Document":
        raise ImportRefused("the root is not Document: this is neither camt.053, camt.054 nor OCR giro")
    return root


def _kind(root: Any) -> FileKind:
    for one in root:
        if kind := _MESSAGES.get(local(one)):
            return kind
        if local(one) == "BkToCstmrAcctRpt":
            raise ImportRefused("this is camt.052, which tells of what is not booked yet: give camt.053 or camt.054")
    raise ImportRefused("this is not a bank statement: give camt.053, camt.054 or OCR giro")


def _forget(element: Any) -> None:
    element.clear()
    element.getparent().remove(element)


def _begin(element: Any, found: BankFile | None) -> tuple[BankFile, _Part]:
    if found is None:
        found = BankFile(_kind(element.getroottree().getroot()))
    account = child(element, "Acct")
    identity = child(account, "Id") if account is not None else None
    number = text(identity, "IBAN") if identity is not None else ""
    if not number and identity is not None and (other := child(identity, "Othr")) is not None:
        number = text(other, "Id")
    if not number:
        raise ImportRefused(f"{local(element)} names no account: get the file anew", line_of(element))
    if len(number) > 60:
        raise ImportRefused(f"the account {number[:40]}… is no account number: get the file anew", line_of(element))
    currency = text(account, "Ccy").upper()
    return found, _Part(found.kind, text(element, "Id")[:100], account_of(number), currency, line_of(element))


# Entries


def _take(element: Any, part: _Part, found: BankFile) -> None:
    part.count += 1
    if _status(element) != BOOKED:
        part.left_out += 1
        return
    exact = _amount(child(element, "Amt"), element)
    is_credit, is_reversal = _is_credit(element), text(element, "RvslInd").lower() in ("true", "1")
    if exact != exact.quantize(ORE):
        told = f"the amount {exact} has more than two decimals: it is rounded half up"
        found.odd.append(("odd_decimals", told, line_of(element)))
    if is_credit:
        part.money_in += exact
    else:
        part.money_out += exact
    if is_credit == is_reversal:  # paid by the company, or such a payment coming back
        part.left_out += 1
        return
    entry = _entry(element, part, exact, 1 if is_credit else -1)
    if entry.amount:
        part.lines += _lines(element, entry, part, found)


def _entry(element: Any, part: _Part, exact: Decimal, sign: int) -> _Entry:
    booked_on = _date(element, "BookgDt") or _date(element, "ValDt")
    if booked_on is None:
        raise ImportRefused("an entry has no BookgDt that can be used: get the file anew", line_of(element))
    currency = child(element, "Amt").get("Ccy", "").upper() or part.currency
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise ImportRefused(f"the currency is {currency[:40]!r}, not a code of three letters", line_of(element))
    bank_reference = _given(text(element, "AcctSvcrRef"))[:100]
    return _Entry(
        exact.quantize(ORE, ROUND_HALF_UP), currency, sign, booked_on, _date(element, "ValDt"), bank_reference,
        place=bank_reference or f"{part.name}/{_given(text(element, 'NtryRef'))[:100] or part.count}",
        note=text(element, "AddtlNtryInf"), line=line_of(element),
    )  # fmt: skip


def _lines(element: Any, entry: _Entry, part: _Part, found: BankFile) -> list[BankLine]:
    """The entry's payments: each of its details, or the entry whole where they do not make it up."""
    details = [one for group in children(element, "NtryDtls") for one in children(group, "TxDtls")]
    amounts = [_detail_amount(one, entry) for one in details]
    known = [one for one in amounts if one is not None]
    if len(details) > 1 and (len(known) < len(details) or sum(known, ZERO) != entry.amount):
        told = f"the details do not make up the entry of {entry.amount}: it is taken whole"
        found.odd.append(("details_differ", told, entry.line))
        return [_line(None, entry, part, entry.amount)]
    if not details:
        return [_line(None, entry, part, entry.amount)]
    if len(details) == 1:
        known = [entry.amount]
    return [line for one, amount in zip(details, known, strict=True) for line in _split(one, entry, part, amount)]


def _split(detail: Any, entry: _Entry, part: _Part, amount: Decimal) -> list[BankLine]:
    """One payment for each reference that has an amount of its own, as OCR tells of them; else one for all."""
    whole = _line(detail, entry, part, amount)
    paid: list[tuple[str, Decimal]] = []
    for strd in _structured(detail):
        reference, own = _reference(strd), _remitted(strd, entry)
        if not reference or own is None:
            return [whole]
        paid.append((reference, own))
    if len(paid) < 2 or sum((own for _, own in paid), ZERO) != amount:
        return [whole]
    return [
        replace(
            whole, reference=reference, invoice_numbers=(), amount=own * entry.sign,
            identity=f"{whole.identity}/{reference}/{own}",
        )
        for reference, own in paid
    ]  # fmt: skip


def _line(detail: Any, entry: _Entry, part: _Part, amount: Decimal) -> BankLine:
    structured = _structured(detail)
    references = {reference for one in structured if (reference := _reference(one))}
    numbers = [text(one, "Nb") for strd in structured for one in children(strd, "RfrdDocInf")]
    remittance = child(detail, "RmtInf") if detail is not None else None
    told = [content(one) for one in children(remittance, "Ustrd")] if remittance is not None else []
    if not told:
        told = [text(detail, "AddtlTxInf") if detail is not None else "", entry.note]
    message = " ".join(one for one in told if one)
    reference = references.pop() if len(references) == 1 else ""
    if not reference and not references and (in_text := _KID_IN_TEXT.search(message)):
        reference = in_text[1]
    own = _own_reference(detail)
    return BankLine(
        kind=part.kind, account=part.account,
        identity=f"{part.account}/{entry.booked_on}/{entry.place}/{own}/{reference}/{entry.sign * amount}",
        booked_on=entry.booked_on, value_on=entry.value_on, amount=entry.sign * amount, currency=entry.currency,
        reference=reference[:140], invoice_numbers=tuple(dict.fromkeys(one for one in [*numbers, *sorted(references)] if one)),
        payer=_payer(detail), text=message,
        lump=Lump(f"{part.account}/{entry.booked_on}/{entry.place}", entry.sign * entry.amount, entry.bank_reference),
        line=entry.line,
    )  # fmt: skip


# What stands where


def _status(entry: Any) -> str:
    """`<Sts>BOOK</Sts>` in version 2, `<Sts><Cd>BOOK` later, `<Sts><Prtry>BOOK` at some banks."""
    status = child(entry, "Sts")
    if status is None:
        return ""
    return (text(status, "Cd") or text(status, "Prtry") or content(status)).upper()


def _is_credit(element: Any) -> bool:
    told = text(element, "CdtDbtInd")
    if told not in ("CRDT", "DBIT"):
        raise ImportRefused(f"CdtDbtInd is {told[:40]!r}, neither CRDT nor DBIT: get the file anew", line_of(element))
    return told == "CRDT"


def _amount(element: Any, of: Any) -> Decimal:
    value = exact_amount_in(element) if element is not None else None
    if value is None or value < 0:
        raise ImportRefused(f"{local(of)} has no Amt, or a negative one: get the file anew", line_of(of))
    return value


def _date(element: Any, name: str) -> date | None:
    """Of a time the day as it is written: the bank's own."""
    found = child(element, name)
    if found is None:
        return None
    return day_in(child(found, "Dt")) or day_in(child(found, "DtTm"))


def _given(told: str) -> str:
    return "" if told.upper() in NOT_GIVEN else told


def _detail_amount(detail: Any, entry: _Entry) -> Decimal | None:
    """A detail's amount in the entry's currency, negative where it goes the other way; None where there is none."""
    other_way = (told := text(detail, "CdtDbtInd")) and (told == "CRDT") != (entry.sign > 0)
    amounts = child(detail, "AmtDtls")
    of_transaction = child(amounts, "TxAmt") if amounts is not None else None
    for place in (detail, of_transaction):
        amount = child(place, "Amt") if place is not None else None
        if amount is not None and amount.get("Ccy", "").upper() in (entry.currency, ""):
            value = _amount(amount, place).quantize(ORE, ROUND_HALF_UP)
            return -value if other_way else value
    return None


def _structured(detail: Any) -> list[Any]:
    remittance = child(detail, "RmtInf") if detail is not None else None
    return children(remittance, "Strd") if remittance is not None else []


def _reference(structured: Any) -> str:
    told = child(structured, "CdtrRefInf")
    return _given(reference_of(text(told, "Ref"))) if told is not None else ""


def _remitted(structured: Any, entry: _Entry) -> Decimal | None:
    """What was paid of the one document that a part names; of a credit note negative."""
    amounts = child(structured, "RfrdDocAmt")
    if amounts is None:
        return None
    for name, sign in (("RmtdAmt", 1), ("CdtNoteAmt", -1), ("DuePyblAmt", 1)):
        amount = child(amounts, name)
        if amount is not None and amount.get("Ccy", entry.currency).upper() == entry.currency:
            return sign * _amount(amount, amounts).quantize(ORE, ROUND_HALF_UP)
    return None


def _own_reference(detail: Any) -> str:
    """What tells this payment from the others of its entry, where the bank or the payer gave it something."""
    references = child(detail, "Refs") if detail is not None else None
    if references is None:
        return ""
    for name in ("AcctSvcrRef", "TxId", "EndToEndId", "InstrId"):
        if told := _given(text(references, name)):
            return told[:100]
    return ""


def _payer(detail: Any) -> str:
    parties = child(detail, "RltdPties") if detail is not None else None
    for name in ("UltmtDbtr", "Dbtr"):
        party = child(parties, name) if parties is not None else None
        if party is not None:
            inner = child(party, "Pty")  # from version 8 on
            if told := text(inner if inner is not None else party, "Nm"):
                return told
    return ""


# What the file says of itself


def _statement(element: Any, part: _Part, found: BankFile) -> Statement:
    opening, closing = _balance(element, ("OPBD", "PRCD")), _balance(element, ("CLBD",))
    pages = child(element, "StmtPgntn")
    is_whole = pages is None or (text(pages, "PgNb") in ("", "1") and text(pages, "LastPgInd") != "false")
    difference = None
    if opening and closing and is_whole:
        if opening[1] == closing[1]:
            reckoned = opening[0] + part.money_in - part.money_out
            difference = (closing[0] - reckoned).quantize(ORE, ROUND_HALF_UP)
        else:
            told = f"the balances are in {opening[1]} and {closing[1]}: they are not compared"
            found.odd.append(("balance_currencies", told, part.line))
    return Statement(
        name=part.name, account=part.account, currency=part.currency or (opening[1] if opening else ""),
        opening=_ore(opening), closing=_ore(closing),
        money_in=part.money_in.quantize(ORE, ROUND_HALF_UP), money_out=part.money_out.quantize(ORE, ROUND_HALF_UP),
        difference=difference, left_out=part.left_out, line=part.line,
    )  # fmt: skip


def _balance(element: Any, codes: tuple[str, ...]) -> tuple[Decimal, str] | None:
    for code in codes:
        for balance in children(element, "Bal"):
            kind = child(balance, "Tp")
            kind = child(kind, "CdOrPrtry") if kind is not None else None
            if kind is not None and text(kind, "Cd") == code:
                amount = child(balance, "Amt")
                value = _amount(amount, balance)
                return value if _is_credit(balance) else -value, amount.get("Ccy", "").upper()
    return None


def _ore(balance: tuple[Decimal, str] | None) -> Decimal | None:
    return balance[0].quantize(ORE, ROUND_HALF_UP) if balance else None
