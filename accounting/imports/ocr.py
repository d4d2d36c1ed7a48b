"""Reads an OCR giro file (Nets, records of 80 characters, ISO-8859-1, amounts in øre); knows nothing of the ledger.

The record layouts are those of Nets' «Systemspesifikasjon OCR giro». Counts and sums of the end records are checked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from io import BytesIO

from accounting.imports.bank_lines import (
    MOST_LINES,
    BankFile,
    BankLine,
    FileKind,
    Lump,
    Statement,
    account_of,
    numbered,
)
from accounting.imports.refusal import ImportRefused

ZERO = Decimal("0.00")
WIDTH = 80
OCR, CLAIMS, MANDATES = "09", ("21", "00"), ("21", "24")
TRANSACTIONS = frozenset(
    str(number) for number in range(10, 22)
)  # 10 to 21: giro, direct debit, at the counter, cheque …


@dataclass
class _Payment:
    """The records 30 to 32 of one transaction."""

    number: str
    type: str
    day: date
    amount: Decimal
    kid: str
    line: int
    origin: str  # what record 30 says of where it was registered
    archive: str = ""
    form: str = ""
    payer_account: str = ""
    text: str = ""


@dataclass
class _Assignment:
    """The records from 20 to 88."""

    agreement: str
    number: str
    account: str
    line: int
    payments: list[_Payment] = field(default_factory=list)
    records: int = 0


def read_ocr(content: bytes) -> BankFile:
    """The payments of the file; NOK. Raises ImportRefused."""
    found = BankFile(FileKind.OCR)
    transmission = ""
    assignment: _Assignment | None = None
    in_mandates = False
    count = total = gross = 0
    begun_at = line = 0
    for place, (line, record) in enumerate(_records(content)):
        service, kind, type_ = record[2:4], record[4:6], record[6:8]
        if type_ == "10" and service == "00":
            if transmission:
                raise ImportRefused("a transmission begins before the last one has ended: get the file anew", line)
            transmission, begun_at = record[16:23], place
            count = total = gross = 0
        elif not transmission:
            raise ImportRefused("a record stands outside a transmission: get the file anew", line)
        elif type_ == "89" and service == "00":
            if assignment or in_mandates:
                raise ImportRefused("the transmission ends before its last assignment: the file is cut off", line)
            _check_end(record, line, "transmission", count, place - begun_at + 1, total, gross)
            transmission = ""
        elif (service, kind) == CLAIMS:
            raise ImportRefused(
                "this is an AvtaleGiro claim file, not OCR: give the OCR file that the bank sends", line
            )
        elif (service, kind) == MANDATES or in_mandates:
            in_mandates = type_ != "88"  # who has agreed to AvtaleGiro: no payments
            count += _number(record, 8, 16, line) if type_ == "88" else 0
        elif service != OCR:
            told = f"service {service} is not OCR giro (09): give the OCR file that the bank sends"
            raise ImportRefused(told, line)
        elif type_ == "20":
            if assignment:
                raise ImportRefused("an assignment begins before the last one has ended: get the file anew", line)
            assignment = _Assignment(record[8:17].strip(), record[17:24], account_of(record[24:35]), line, records=1)
            if not assignment.account.isdigit() or not int(assignment.account):
                raise ImportRefused("the assignment names no account: get the file anew", line)
        elif assignment is None:
            raise ImportRefused("a record stands outside an assignment: get the file anew", line)
        else:
            assignment.records += 1
            if type_ == "88":
                net = sum((one.amount for one in assignment.payments), ZERO)
                whole = sum((abs(one.amount) for one in assignment.payments), ZERO)
                _check_end(
                    record, line, "assignment", len(assignment.payments), assignment.records, _ore(net), _ore(whole)
                )
                count, total, gross = count + len(assignment.payments), total + _ore(net), gross + _ore(whole)
                _add(found, assignment, transmission, net)
                assignment = None
            else:
                _take(assignment, kind, type_, record, line)
                if len(assignment.payments) > MOST_LINES:
                    raise ImportRefused(f"the file has more than {MOST_LINES} payments: split it", line)
    if transmission:
        raise ImportRefused("the end record is missing: the file is cut off, get it anew", line)
    return found


def _records(content: bytes) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(BytesIO(content), start=1):
        record = raw.decode("iso-8859-1").rstrip("\r\n")
        if not record.strip("\x1a \t"):
            continue
        if len(record.rstrip()) > WIDTH:
            raise ImportRefused(f"a record has {len(record)} characters, not {WIDTH}: get the file anew", number)
        if not record.startswith("NY"):
            raise ImportRefused(f"a record begins with {record[:2]!r}, not with NY: this is not an OCR file", number)
        yield number, record.ljust(WIDTH)


def _take(assignment: _Assignment, kind: str, type_: str, record: str, line: int) -> None:
    if kind not in TRANSACTIONS:
        raise ImportRefused(f"transaction type {kind} is not one of OCR giro: get the file anew", line)
    if type_ == "30":
        amount = Decimal(_number(record, 32, 49, line)).scaleb(-2)
        sign = record[31]
        if sign not in "-0 +":
            raise ImportRefused(f"position 32 is {sign!r}, neither a minus nor empty: get the file anew", line)
        assignment.payments.append(
            _Payment(
                number=record[8:15], type=kind, day=_day(record, 15, line), amount=-amount if sign == "-" else amount,
                kid=record[49:74].strip(), line=line, origin=record[21:31].strip(),
            )
        )  # fmt: skip
        return
    if type_ not in ("31", "32", "33"):
        raise ImportRefused(f"record type {type_} is not one of OCR giro: get the file anew", line)
    if not assignment.payments or assignment.payments[-1].number != record[8:15]:
        raise ImportRefused(f"a record {type_} does not follow its record 30: get the file anew", line)
    payment = assignment.payments[-1]
    if type_ == "31":
        payment.form, payment.archive = record[15:25].strip("0 "), record[25:34].strip("0 ")
        payment.payer_account = record[47:58].strip("0 ")
    elif type_ == "32":
        payment.text = record[15:55].strip()


def _check_end(record: str, line: int, word: str, count: int, records: int, net: int, gross: int) -> None:
    """Counts and sum of an end record; the sum with the payments' signs or without: banks do either."""
    told = _number(record, 8, 16, line), _number(record, 16, 24, line), _number(record, 24, 41, line)
    if told[0] != count:
        raise ImportRefused(f"the {word} has {count} transactions, its end record says {told[0]}: get it anew", line)
    if told[1] != records:
        raise ImportRefused(f"the {word} has {records} records, its end record says {told[1]}: get it anew", line)
    if told[2] not in (abs(net), gross):
        said, given = Decimal(told[2]).scaleb(-2), Decimal(net).scaleb(-2)
        raise ImportRefused(f"the {word} adds up to {given}, its end record says {said}: get it anew", line)


def _add(found: BankFile, assignment: _Assignment, transmission: str, net: Decimal) -> None:
    of_day: dict[date, Decimal] = {}
    for one in assignment.payments:
        of_day[one.day] = of_day.get(one.day, ZERO) + one.amount
    lines = []
    for one in assignment.payments:
        origin = f"{assignment.account}/{one.day}"
        # The archive's number is the payment's own, in whatever transmission it comes; without one its place must do.
        place = f"{one.archive}/{one.form}" if one.archive else f"{transmission}/{assignment.number}/{one.number}"
        lines.append(
            BankLine(
                kind=FileKind.OCR, account=assignment.account,
                identity=f"{origin}/{place}/{one.type}/{one.kid}/{one.amount}",
                booked_on=one.day, value_on=None, amount=one.amount, currency="NOK", reference=one.kid,
                invoice_numbers=(), payer="", text=one.text,
                lump=Lump(f"{origin}/{transmission}/{assignment.number}", of_day[one.day]), line=one.line,
            )
        )  # fmt: skip
    found.lines += numbered(lines)
    money_in = sum((one.amount for one in assignment.payments if one.amount > 0), ZERO)
    found.statements.append(
        Statement(
            name=f"{transmission}/{assignment.number}", account=assignment.account, currency="NOK", opening=None,
            closing=None, money_in=money_in, money_out=money_in - net, difference=None, left_out=0, line=assignment.line,
        )
    )  # fmt: skip


def _ore(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _number(record: str, start: int, end: int, line: int) -> int:
    written = record[start:end].strip() or "0"
    if not (written.isascii() and written.isdigit()):
        told = f"positions {start + 1} to {end} are {written!r}, not a number: get the file anew"
        raise ImportRefused(told, line)
    return int(written)


def _day(record: str, start: int, line: int) -> date:
    """DDMMYY; the years 80 to 99 are those of last century."""
    written = record[start : start + 6]
    try:
        if not (written.isascii() and written.isdigit()):
            raise ValueError(written)
        year = int(written[4:])
        return date(1900 + year if year >= 80 else 2000 + year, int(written[2:4]), int(written[:2]))
    except ValueError:
        raise ImportRefused(f"{written!r} is no date (DDMMYY): get the file anew", line) from None
