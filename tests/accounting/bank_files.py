"""Writes payments as the three kinds of bank file that tell of them, and imports such files."""

import json
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO
from itertools import count

import pytest
from django.core.management import call_command

ACCOUNT = "12345678903"
IBAN = "NO5512345678903"


@dataclass(frozen=True)
class Paid:
    """One payment; `amount` as text, negative for a reversal; `ref` is the bank's own number of it."""

    kid: str
    amount: str
    day: str = "2026-02-02"
    ref: str = ""
    payer: str = ""
    text: str = ""

    @property
    def ore(self):
        return int(Decimal(self.amount) * 100)


def _rec(text):
    assert len(text) <= 80, text
    return text.ljust(80, "0")


def ocr(payments, *, transmission="1000001", account=ACCOUNT, number="0000001"):
    """An OCR giro file of one assignment."""
    lines = [_rec(f"NY000010{'00008080'}{transmission}{'00001234'}"), _rec(f"NY090020{'001008566'}{number}{account}")]
    for n, one in enumerate(payments, start=1):
        day = date.fromisoformat(one.day).strftime("%d%m%y")
        sign = "-" if one.ore < 0 else "0"
        lines.append(_rec(f"NY091030{n:07}{day}1320101464{sign}{abs(one.ore):017}{one.kid:>25}"))
        archive = one.ref or "0"
        lines.append(_rec(f"NY091031{n:07}{0:010}{archive:>09}{'0000000'}{day}{'99990512341'}"))
    total, last = abs(sum(one.ore for one in payments)), date.fromisoformat(payments[0].day).strftime("%d%m%y")
    lines.append(_rec(f"NY090088{len(payments):08}{len(lines):08}{total:017}{last}{last}{last}"))
    lines.append(_rec(f"NY000089{len(payments):08}{len(lines) + 1:08}{total:017}{last}"))
    return ("\n".join(lines) + "\n").encode("iso-8859-1")


def _tx(one, currency):
    reference = f"<Strd><CdtrRefInf><Ref>{one.kid}</Ref></CdtrRefInf></Strd>" if one.kid else ""
    text = f"<Ustrd>{one.text}</Ustrd>" if one.text else ""
    payer = f"<RltdPties><Dbtr><Nm>{one.payer}</Nm></Dbtr></RltdPties>" if one.payer else ""
    refs = f"<Refs><EndToEndId>{one.ref}</EndToEndId></Refs>" if one.ref else ""
    amount = f'<AmtDtls><TxAmt><Amt Ccy="{currency}">{abs(Decimal(one.amount))}</Amt></TxAmt></AmtDtls>'
    remittance = f"<RmtInf>{text}{reference}</RmtInf>" if reference or text else ""
    return f"<TxDtls>{refs}{amount}{payer}{remittance}</TxDtls>"


def entry(payments, *, details=True, ref="", currency="NOK", status="<Cd>BOOK</Cd>", day=""):
    """One entry on the account of these payments."""
    total = sum(Decimal(one.amount) for one in payments)
    way = "CRDT" if total > 0 else "DBIT"
    reversal = "" if total > 0 else "<RvslInd>true</RvslInd>"
    inside = "".join(_tx(one, currency) for one in payments) if details else ""
    own = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{abs(total)}</Amt><CdtDbtInd>{way}</CdtDbtInd>{reversal}<Sts>{status}</Sts>'
        f"<BookgDt><Dt>{day or payments[0].day}</Dt></BookgDt>{own}<NtryDtls>{inside}</NtryDtls></Ntry>"
    )


_ids = count(1)


def camt(kind, entries, *, account=IBAN, identity=None, version="08", balances=""):
    """A camt.053 or camt.054 file ("053", "054") of these entries."""
    message, part = {"053": ("BkToCstmrStmt", "Stmt"), "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}[kind]
    identity = identity or f"S{next(_ids)}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version}">'
        f"<{message}><GrpHdr><MsgId>{identity}</MsgId></GrpHdr><{part}><Id>{identity}</Id>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>NOK</Ccy></Acct>{balances}{''.join(entries)}</{part}></{message}></Document>"
    ).encode()


class Bank:
    """Files of one company in a folder, imported by the command."""

    def __init__(self, folder, number="310000000"):
        self.folder, self.number, self.count = folder, number, count(1)

    def file(self, content, name=None):
        path = self.folder / (name or f"bank{next(self.count)}")
        path.write_bytes(content)
        return path

    def load(self, *contents):
        """The summary of an import of these files."""
        return self.run(*[self.file(one) for one in contents])

    def run(self, *paths):
        out = StringIO()
        call_command("import_payments", *map(str, paths), client=self.number, stdout=out)
        return json.loads(out.getvalue())

    def refused(self, *contents):
        """What stands on standard error of an import that ends with exit code 1."""
        err = StringIO()
        paths = [str(one if hasattr(one, "open") else self.file(one)) for one in contents]
        with redirect_stderr(err), pytest.raises(SystemExit) as ended:
            call_command("import_payments", *paths, client=self.number, stderr=err)
        assert ended.value.code == 1
        return err.getvalue()
