"""Files that mean harm, or are merely broken: `hostile_files(folder)` writes them all; each with what the page must say."""

import struct
import zipfile
from importlib.util import find_spec
from io import BytesIO

from tests.accounting import saft_builder
from tests.accounting.importing import HEADER, invoice

MEGABYTE = 1 << 20
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
DOCTYPE = "Filen har en DOCTYPE"
UNKNOWN = "Filen har ikke noe format som kjennes her"
BROKEN = "XML-en er ødelagt eller avkortet"
ZIP = "ip-arkivet "


def saft(before="", inside="", encoding="UTF-8"):
    return f'<?xml version="1.0" encoding="{encoding}"?>{before}<AuditFile>{inside}</AuditFile>'.encode(encoding)


def xml_files():
    laughs = f'<!DOCTYPE AuditFile [<!ENTITY l0 "haha">{LAUGHS}]>'
    yield "laughs.xml", saft(laughs, "<Header>&l11;</Header>"), DOCTYPE
    long = f'<!DOCTYPE AuditFile [<!ENTITY a "{"a" * 100_000}">]>'
    yield "quadratic.xml", saft(long, "<Header>" + "&a;" * 10_000 + "</Header>"), DOCTYPE
    yield "xxe.xml", saft('<!DOCTYPE A [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "<Header>&x;</Header>"), DOCTYPE
    yield "dtd.xml", saft('<!DOCTYPE A SYSTEM "http://127.0.0.1:9/a.dtd">'), DOCTYPE
    yield "parameter.xml", saft('<!DOCTYPE A [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'), DOCTYPE
    yield "utf16-doctype.xml", saft(laughs, "&l11;", "UTF-16"), DOCTYPE
    yield "invoice-xxe.xml", (
        b'<!DOCTYPE Invoice [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">&x;</Invoice>'
    ), DOCTYPE  # fmt: skip
    yield "camt-laughs.xml", (
        laughs + '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">&l11;</Document>'
    ).encode(), DOCTYPE  # fmt: skip
    sly = b'<?xml version="1.0" encoding="UTF-7"?>+ADw-+ACE-DOCTYPE A+AD4-<AuditFile/>'
    yield "utf7.xml", sly, ""
    yield "deep.xml", saft("", "<Header>" * 1_000_000), BROKEN
    yield "attributes.xml", b"<AuditFile " + b" ".join(b'a%d="1"' % n for n in range(300_000)) + b"/>", ""
    yield "long-text.xml", saft("", f"<Header>{'x' * (30 * MEGABYTE)}</Header>"), BROKEN
    yield "latin1.xml", '<?xml version="1.0" encoding="UTF-8"?><AuditFile>Bær'.encode("latin-1"), ""
    yield "truncated.xml", saft_builder.saft(customers=[saft_builder.customer("C1")])[:-60].encode(), BROKEN
    yield "other.xml", b"<html><body>Hei</body></html>", "Filen er XML av et annet slag (html)"
    if find_spec("accounting.services.invoice_import"):
        opened = b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">'
        yield "deep-invoice.xml", opened + b"<a>" * 1_000_000, ""
    if find_spec("accounting.services.payment_import"):
        opened = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        yield "deep-camt.xml", opened + b"<a>" * 1_000_000, ""
        yield "cut.ocr", b"NY000010" + b"0" * 72 + b"\n", ""


def packed(*entries, method=zipfile.ZIP_DEFLATED):
    target = BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return target.getvalue()


def lying(content, claimed):
    """A zip whose headers say that its one file is of `claimed` bytes."""
    good = packed(("a.csv", content))
    size = struct.pack("<I", len(content))
    assert good.count(size) >= 2
    return good.replace(size, struct.pack("<I", claimed))


def zip_files():
    yield "ratio.zip", packed(("a.csv", bytes(49 * MEGABYTE))), ZIP
    yield "large.zip", packed(("a.csv", bytes(60 * MEGABYTE))), "en fil i zip-arkivet er større enn 50 MB"
    noise = bytes(range(256)) * 4096 + b"\n"
    many = packed(*((f"{n}.csv", noise * 45) for n in range(4)), method=zipfile.ZIP_STORED)
    yield "together.zip", many, "mer enn 100 MB utpakket"
    yield "lying.zip", lying(bytes(30 * MEGABYTE), 1000), ZIP
    yield "nested.zip", packed(("b.zip", packed(("a.csv", HEADER)))), "inneholder et annet arkiv"
    yield "many.zip", packed(*((f"{n}.csv", "") for n in range(201))), "flere enn 200 filer"
    yield "very-many.zip", packed(*((f"{n}.csv", "") for n in range(20_000))), "flere enn 200 filer"
    yield "outside.zip", packed(("../../a.csv", HEADER)), "peker på en mappe utenfor"
    yield "absolute.zip", packed(("/tmp/a.csv", HEADER)), "peker på en mappe utenfor"
    yield "cut.zip", packed(("a.csv", HEADER * 100))[:-30], "zip-arkivet er ødelagt"
    yield "empty.zip", packed(), "zip-arkivet inneholder ingen fil"
    yield "lzma.zip", packed(("a.csv", HEADER), method=zipfile.ZIP_LZMA), "pakket på en måte som ikke leses"
    yield "book.xlsx", packed(("[Content_Types].xml", "<a/>"), ("xl/workbook.xml", "<a/>")), "Office-dokument"


def other_files():
    yield "empty.csv", b"", "Filen er tom"
    yield "zeros.csv", bytes(10 * MEGABYTE), "Filen er tom"
    yield "picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(1000), "Filen er et bilde"
    yield "paper.xml", b"%PDF-1.7\n" + bytes(1000), "Filen er en PDF"
    yield "program.csv", b"MZ" + bytes(1000), "Filen er et program"
    yield "packed.csv", b"\x1f\x8b" + bytes(1000), "Filen er pakket med gzip"
    yield "old.xls", b"\xd0\xcf\x11\xe0" + bytes(1000), "gammelt Office-dokument"
    yield "letter.txt", "Kjære regnskapsfører".encode(), UNKNOWN
    table = "\n".join([HEADER, invoice("1").replace("Kari Kunde", "Bær & Sønn")])
    yield "latin1.csv", table.encode("latin-1"), "Teksten er ikke UTF-8"
    yield "utf16.csv", table.encode("utf-16"), "Teksten er i UTF-16"
    yield "zero.csv", (HEADER + "\na\0b\n").encode(), ""
    yield "one-line.csv", (HEADER + "\n" + "x" * (40 * MEGABYTE)).encode(), ""
    yield "quote.csv", (HEADER + '\n"' + "x\n" * (20 * MEGABYTE)).encode(), ""
    yield "header.csv", ("entry_id,customer_number," * (4 * MEGABYTE)).encode(), ""


def hostile_files():
    """(name, bytes, what the page says) of each; where nothing is to be said in particular: empty."""
    yield from xml_files()
    yield from zip_files()
    yield from other_files()
