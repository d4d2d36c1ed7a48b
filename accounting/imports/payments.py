"""Reads a bank file of whatever kind: what it is, is seen from its content."""

from pathlib import Path

from accounting.imports.bank_lines import BankFile
from accounting.imports.camt import read_camt
from accounting.imports.ocr import read_ocr
from accounting.imports.refusal import ImportRefused

LARGEST = 32_000_000  # bytes
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# The first bytes of what is given in place of the file in it.
_PACKED = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "packed by gzip",
    b"%PDF": "a PDF",
    b"7z\xbc\xaf": "a 7z archive",
}


def read_payments(path: Path) -> BankFile:
    """The file's payments, whether OCR giro, camt.053 or camt.054. Raises ImportRefused."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(512)
            if size > LARGEST:
                told = (
                    f"the file has {size // 1_000_000} MB, more than the {LARGEST // 1_000_000} that are read: split it"
                )
                raise ImportRefused(told)
            for mark, what in _PACKED.items():
                if start.startswith(mark):
                    raise ImportRefused(f"the file is {what}: give the bank's file itself, unpacked")
            plain = start
            for mark in _MARKS:
                plain = plain.removeprefix(mark)
            plain = plain.replace(b"\0", b"").lstrip()
            if not plain:
                raise ImportRefused("the file is empty: get it anew")
            if plain.startswith(b"NY"):
                return read_ocr(start + file.read())
    except OSError as error:
        raise ImportRefused(f"the file cannot be read ({error.strerror}): give another") from error
    if plain.startswith(b"<"):
        return read_camt(path)
    raise ImportRefused("this is not a bank file that is known: give OCR giro, camt.053 or camt.054")
