"""Bank files as they are read: OCR giro and camt, their oddities, and what is refused."""

import resource
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest

from accounting.imports.bank_lines import account_of
from accounting.imports.payments import read_payments
from accounting.imports.refusal import ImportRefused
from accounting.kid import is_kid, mod10, mod11
from tests.accounting.bank_files import Paid, camt, entry, ocr

PAID = [Paid("1234567", "100.00"), Paid("7777777", "-5.00"), Paid("8888888", "0.07", "2026-02-03")]


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return read_payments(path)

    return read


@pytest.fixture
def refused(read):
    def refused(content):
        with pytest.raises(ImportRefused) as why:
            read(content)
        return str(why.value), why.value.line

    return refused


class TestOcr:
    def test_a_minus_is_a_minus(self, read):
        assert [(one.reference, one.amount, one.booked_on) for one in read(ocr(PAID)).lines] == [
            ("1234567", Decimal("100.00"), date(2026, 2, 2)),
            ("7777777", Decimal("-5.00"), date(2026, 2, 2)),
            ("8888888", Decimal("0.07"), date(2026, 2, 3)),
        ]

    def test_the_sum_may_be_with_or_without_signs_and_nothing_else(self, read, refused):
        net, gross = f"{9507:017}".encode(), f"{10507:017}".encode()
        assert len(read(ocr(PAID).replace(net, gross)).lines) == 3
        told, line = refused(ocr(PAID).replace(net, f"{9508:017}".encode()))
        assert "adds up to 95.07, its end record says 95.08" in told and line == 9

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda lines: lines[:-1], "the end record is missing"),
            (lambda lines: lines[:4] + lines[6:], "2 transactions, its end record says 3"),
            (lambda lines: [*lines[:3], *lines[4:]], "the assignment has 7 records, its end record says 8"),
            (lambda lines: ["XX" + lines[0], *lines[1:]], "is not a bank file that is known"),
            (lambda lines: [lines[0], "NYxx", *lines[1:]], "service xx is not OCR giro"),
            (lambda lines: [lines[0], "hei", *lines[1:]], "not with NY"),
            (lambda lines: [lines[0], *lines[2:]], "outside an assignment"),
            (lambda lines: lines[1:], "outside a transmission"),
            (lambda lines: [*lines[:2], lines[2].replace("020226", "310226"), *lines[3:]], "'310226' is no date"),
            (lambda lines: [*lines[:2], lines[2][:31] + "x" + lines[2][32:], *lines[3:]], "position 32 is 'x'"),
            (lambda lines: [*lines[:2], lines[2] + "0", *lines[3:]], "has 81 characters"),
            (lambda lines: [*lines[:3], lines[5], *lines[4:]], "does not follow its record 30"),
        ],
    )
    def test_what_is_broken_is_refused(self, refused, change, told):
        lines = ocr(PAID).decode().splitlines()
        assert told in refused("\r\n".join(change(lines)).encode())[0]

    def test_who_agreed_to_avtalegiro_may_stand_beside(self, read):
        lines = ocr(PAID[:1]).decode().splitlines()
        beside = ["NY212420".ljust(80, "0"), "NY21947000000011".ljust(80, "0"), "NY212488" + "0" * 72]
        lines[5] = lines[5][:16] + f"{9:08}" + lines[5][24:]
        assert len(read("\n".join([*lines[:5], *beside, lines[5]]).encode()).lines) == 1

    def test_claims_are_no_payments(self, refused):
        lines = ["NY000010".ljust(80, "0"), "NY210020".ljust(80, "0")]
        assert "is an AvtaleGiro claim file, not OCR" in refused("\n".join(lines).encode())[0]

    def test_of_two_alike_each_counts(self, read):
        lines = read(ocr([PAID[0], PAID[0]])).lines
        assert len({one.identity for one in lines}) == 2
        same = read(ocr([Paid("1", "1.00", ref="77"), Paid("1", "1.00", ref="77")])).lines
        assert len({one.identity for one in same}) == 2


class TestCamt:
    def test_version_2_and_8_and_a_byte_order_mark(self, read):
        eight = camt("053", [entry(PAID[:1])], identity="S")
        two = eight.replace(b"053.001.08", b"053.001.02").replace(b"<Cd>BOOK</Cd>", b"BOOK")
        party = eight.replace(b"<Refs>", b"<Refs>")
        assert read(eight).lines == read(two).lines == read(b"\xef\xbb\xbf" + party).lines

    def test_prefixes_do_not_matter(self, read):
        plain = camt("054", [entry(PAID[:1])], identity="S").decode()
        prefixed = plain.replace("</", "</n:").replace("<", "<n:").replace("<n:/n:", "</n:").replace("<n:?", "<?")
        prefixed = prefixed.replace("xmlns=", "xmlns:n=")
        assert read(prefixed.encode()).lines == read(plain.encode()).lines

    def test_several_statements_and_accounts(self, read):
        one = camt("053", [entry(PAID[:1])], identity="S").decode()
        start, end = one.index("<Stmt>"), one.index("</Stmt>") + 7
        other = one[start:end].replace("NO5512345678903", "DK7650643711684327")
        found = read((one[:end] + other + one[end:]).encode())
        assert [line.account for line in found.lines] == ["12345678903", "DK7650643711684327"]

    def test_a_detail_may_pay_several_invoices(self, read):
        parts = "".join(
            f"<Strd><RfrdDocAmt><RmtdAmt Ccy='NOK'>{amount}</RmtdAmt></RfrdDocAmt>"
            f"<CdtrRefInf><Ref>{kid}</Ref></CdtrRefInf></Strd>"
            for kid, amount in (("111", "60.00"), ("222", "40.00"))
        )
        plain = entry([Paid("999", "100.00")])
        written = plain.replace("<Strd><CdtrRefInf><Ref>999</Ref></CdtrRefInf></Strd>", parts)
        assert [(one.reference, one.amount) for one in read(camt("054", [written])).lines] == [
            ("111", Decimal("60.00")), ("222", Decimal("40.00")),
        ]  # fmt: skip
        wrong = written.replace("60.00</Rmtd", "61.00</Rmtd")
        assert [(one.reference, one.amount) for one in read(camt("054", [wrong])).lines] == [("", Decimal("100.00"))]

    def test_details_that_do_not_make_up_the_entry_leave_it_whole(self, read):
        written = entry([PAID[0], PAID[2]]).replace(">100.07<", ">100.08<")
        found = read(camt("054", [written]))
        assert [one.amount for one in found.lines] == [Decimal("100.08")]
        assert [code for code, *_ in found.odd] == ["details_differ"]

    def test_odd_decimals_are_rounded_half_up_and_added_up_as_they_are(self, read):
        balance = (
            "<Bal><Tp><CdOrPrtry><Cd>{}</Cd></CdOrPrtry></Tp><Amt Ccy='NOK'>{}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>"
        )
        balances = balance.format("OPBD", "1.0000") + balance.format("CLBD", "1.0100")
        written = [entry([Paid("", "0.005")]), entry([Paid("", "0.005", ref="2")])]
        found = read(camt("053", written, balances=balances))
        assert [one.amount for one in found.lines] == [Decimal("0.01")] * 2
        assert found.statements[0].difference == 0 and {code for code, *_ in found.odd} == {"odd_decimals"}

    def test_a_kid_in_the_text_is_read(self, read):
        assert (
            read(camt("054", [entry([Paid("", "1.00", text="Betaling KID: 1234567")])])).lines[0].reference == "1234567"
        )

    @pytest.mark.parametrize(
        ("before", "after", "told"),
        [
            ("CRDT", "BOTH", "CdtDbtInd is 'BOTH'"),
            ("<Dt>2026-02-02</Dt>", "", "has no BookgDt"),
            ("2026-02-02", "2026-02-30", "cannot be read"),
            (">100.00</Amt><Cdt", ">1OO</Amt><Cdt", "Amt is '1OO'"),
            (">100.00</Amt><Cdt", ">-1</Amt><Cdt", "negative"),
            ("NO5512345678903", "", "names no account"),
            ('Ccy="NOK">100.00</Amt><Cdt', 'Ccy="N">100.00</Amt><Cdt', "not a code of three letters"),
            ("BkToCstmrDbtCdtNtfctn", "BkToCstmrAcctRpt", "camt.052"),
            ("BkToCstmrDbtCdtNtfctn", "CstmrCdtTrfInitn", "not a bank statement"),
            ("Document", "Invoice", "the root is not Document"),
        ],
    )
    def test_what_is_broken_is_refused(self, refused, before, after, told):
        assert told in refused(camt("054", [entry(PAID[:1])]).replace(before.encode(), after.encode()))[0]


HOSTILE = {
    "a bomb": b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Document>&b;</Document>',
    "a file of this machine": b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><Document>&a;</Document>',
    "deep": b"<Document>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Document>",
    "wide": camt("054", ["<a/>" * 2_000_000]),
    "long": camt("054", ["<Ntry>" + "x" * 20_000_000 + "</Ntry>"]),
    "large": b"<Document>" + b" " * 33_000_000,
    "a zip": b"PK\x03\x04" + bytes(1000),
    "of another encoding": '<?xml version="1.0" encoding="UTF-7"?><Document/>'.encode("utf-7"),
    "cut off": camt("054", [entry(PAID[:1])])[:-50],
    "zeros": bytes(1_000_000),
    "empty": b"",
    "one record": b"NY" + b"0" * 31_000_000,
    "any bytes": b"NY" + bytes(range(256)) * 1000,
    "many records": ocr(PAID[:1]).replace(b"NY090088", b"NY091030" * 10, 1)[:200] + b"\nNY091030" * 3_000_000,
}
_READ = """
import sys, time
from pathlib import Path
from accounting.imports.payments import read_payments
from accounting.imports.refusal import ImportRefused
try:
    read_payments(Path(sys.argv[1]))
except ImportRefused as why:
    print(why)
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_refused_in_little_time_and_memory(tmp_path, name):
    path = tmp_path / "file"
    path.write_bytes(HOSTILE[name])

    def bounded():
        resource.setrlimit(resource.RLIMIT_CPU, (3, 3))  # seconds, Python's start among them
        resource.setrlimit(resource.RLIMIT_AS, (600_000_000, 600_000_000))  # addresses: of them a half is memory

    done = subprocess.run([sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, preexec_fn=bounded)
    assert done.returncode == 0 and ": " in done.stdout + ":  ", done.stderr[-500:]
    assert len(done.stdout) > 20


def test_a_norwegian_account_is_one_however_it_is_written():
    assert {account_of(one) for one in ("NO55 1234 5678 903", "1234.56.78903", "12345678903")} == {"12345678903"}
    assert account_of("DK7650643711684327") == "DK7650643711684327"


@pytest.mark.parametrize(
    ("text", "check", "length", "good"),
    [
        ("1234567", "", None, True), ("1", "", None, False), ("12a", "", None, False), ("1234567", "", 8, False),
        ("1234566", "10", None, True), ("1234567", "10", None, False), ("0000531", "11", None, True),
        ("0000532", "11", None, False), ("02311291038304", "10", 14, True), ("02311291038304", "11", 14, True),
        ("1" * 26, "", None, False), ("RF18539007547034", "", None, False),
    ],
)  # fmt: skip
def test_check_digits(text, check, length, good):
    assert is_kid(text, check=check, length=length) is good


def test_check_digits_of_eleven_may_be_a_dash():
    dashed = next(str(n) for n in range(10, 200) if mod11(str(n)) == "-")
    assert is_kid(f"{dashed}-", check="11") and mod10("123456") == "6"
