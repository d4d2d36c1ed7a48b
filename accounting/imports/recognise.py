"""What a file holds, told by its first bytes and never by its name."""

import re
from enum import Enum
from pathlib import Path
from typing import Any

from lxml import etree

from accounting.imports.refusal import ImportRefused

HEAD = 64 * 1024  # bytes that are enough to tell
_MOST_BEFORE_ROOT = 1024 * 1024  # bytes of XML in which no root begins

KNOWN_FORMATS = "SAF-T, EHF, OCR giro, camt.053, camt.054 and the ledger CSV"


class Content(Enum):
    """What can be imported."""

    SAFT = "saft"
    ENTRIES = "entries"
    MATCHES = "matches"
    INVOICE = "invoice"
    PAYMENTS = "payments"


ZIP = b"PK\x03\x04"
_FOREIGN = {
    ZIP: "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"\x1f\x8b": "packed by gzip",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BZh": "packed by bzip2",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a picture or a sound",
    b"II*\0": "a picture",
    b"MM\0*": "a picture",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"MZ": "a program",
    b"\x7fELF": "a program",
}
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAMT = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.05[234]\.001\.\d\d")
_ENCODINGS = frozenset(
    ("UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-8859-1", "ISO-8859-15", "WINDOWS-1252", "US-ASCII")
)
_OCR_START = re.compile(rb"\s*NY0000\d\d")
_SPACE = b" \t\r\n"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def recognise(path: Path) -> Content:
    """What the file holds. Raises ImportRefused where it is nothing that can be imported, with what to give instead."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as fault:
        raise ImportRefused(f"the file cannot be read ({fault.strerror}): give another") from fault
    if not head.strip(_SPACE + b"\0"):
        raise ImportRefused("the file is empty: export it anew")
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            raise ImportRefused(f"the file is {what}, which cannot be imported: give one of {KNOWN_FORMATS}")
    if _begins_as_xml(head):
        return _of_xml(path, head)
    if _OCR_START.match(head):
        return Content.PAYMENTS
    return _of_table(head)


def _begins_as_xml(head: bytes) -> bool:
    for mark in _MARKS:
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").lstrip(_SPACE).startswith(b"<")


def _of_xml(path: Path, head: bytes) -> Content:
    root = _root(path, head)
    if (doc := root.getroottree().docinfo).doctype or doc.internalDTD is not None:
        raise ImportRefused(DOCTYPE_TOLD)
    if (doc.encoding or "UTF-8").upper() not in _ENCODINGS:
        raise ImportRefused(ENCODING_TOLD)
    name = etree.QName(root)
    if name.localname == "AuditFile":
        return Content.SAFT
    if name.localname in ("Invoice", "CreditNote") and (name.namespace or "").startswith(_UBL):
        return Content.INVOICE
    if name.localname == "StandardBusinessDocument":  # an EHF invoice in its envelope
        return Content.INVOICE
    if name.localname == "Document" and _CAMT.fullmatch(name.namespace or ""):
        return Content.PAYMENTS
    raise ImportRefused(
        f"the file is XML of another kind ({name.localname[:40]}), which cannot be imported: give one of {KNOWN_FORMATS}"
    )


DOCTYPE_TOLD = "the file has a DOCTYPE, which no format that is imported here uses: export it anew without"
ENCODING_TOLD = "the text is not in the encoding that the file names, or in one that is not read: export it in UTF-8"


def _root(path: Path, head: bytes) -> Any:
    """The root element as it begins: nothing of what it holds is looked at, and nothing outside the file."""
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        with path.open("rb") as file:
            read = 0
            while read < _MOST_BEFORE_ROOT and (chunk := file.read(4096)):
                read += len(chunk)
                parser.feed(chunk)
                for _, element in parser.read_events():
                    return element
    except etree.XMLSyntaxError as fault:
        if b"<!DOCTYPE" in head.replace(b"\0", b"").upper():
            raise ImportRefused(DOCTYPE_TOLD, fault.lineno or 1) from fault
        if "encoding" in (fault.msg or "").lower():
            raise ImportRefused(ENCODING_TOLD, fault.lineno or 1) from fault
        raise ImportRefused(f"the XML is broken ({fault.msg}): export the file anew", fault.lineno or 1) from fault
    raise ImportRefused(f"the XML holds nothing: give one of {KNOWN_FORMATS}")


def _of_table(head: bytes) -> Content:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:400:2].count(0) > 100:
        raise ImportRefused("the text is in UTF-16: save the file as CSV in UTF-8")
    header = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").lower()
    if "debit_entry_id" in header and "credit_entry_id" in header:
        return Content.MATCHES
    if "entry_id" in header and "customer_number" in header:
        return Content.ENTRIES
    raise ImportRefused(f"the file is of no format that is known here: give one of {KNOWN_FORMATS}")
