"""The one way in for XML that others wrote: what is no plain, bounded XML is refused before it is parsed into anything.

Expat reads ahead of lxml, block by block: it stops at the word DOCTYPE, before anything of it is declared, in every
encoding that it knows, and whatever it does not know is refused. So no entity is ever declared, expanded or fetched.
TRUST H5 and H7.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers import expat

from lxml import etree

from accounting.imports.refusal import ImportRefused

MB = 1_000_000
# What lxml is told besides: nothing outside the file is looked at, and libxml2's own limits stay on.
SAFELY: dict[str, Any] = {
    "resolve_entities": False, "load_dtd": False, "no_network": True, "huge_tree": False,
    "remove_comments": True, "remove_pis": True,
}  # fmt: skip
# A tag, a comment or a text without an end is searched anew with every block: its length is bounded.
_LONGEST_TOKEN = MB
# libxml2 takes no longer text; said here in words that help.
_LONGEST_TEXT = 10 * MB
# The first bytes of what is given in place of the file in it.
_PACKED = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "packed by gzip",
    b"%PDF": "a PDF",
    b"7z\xbc\xaf": "a 7z archive",
}


@dataclass(frozen=True)
class Limits:
    """What a file may hold at most; `attributes` of one element, the declarations of namespaces among them."""

    size: int = 20 * MB  # bytes
    depth: int = 64
    elements: int = 200_000
    attributes: int = 64


def read_xml(path: Path, limits: Limits = Limits()) -> Any:
    """The root element of a small file (lxml). Raises ImportRefused with the line; the values: saft_values."""
    with guarded(path, limits) as file:
        root = etree.parse(file, etree.XMLParser(**SAFELY)).getroot()
        check_no_doctype(root)
        return root


def stream_xml(path: Path, names: Iterable[str], limits: Limits) -> Iterator[tuple[str, Any]]:
    """("start" or "end", element) of those local names, for files too large for a tree. Raises ImportRefused.

    Whoever goes through them clears the elements that are done with (`element.clear()`), else memory grows all the same.
    """
    with guarded(path, limits) as file:
        tags = [f"{{*}}{name}" for name in names]
        parser: Any = etree.iterparse(file, events=("start", "end"), tag=tags, **SAFELY)
        yield from parser
        check_no_doctype(parser.root)


@contextmanager
def guarded(path: Path, limits: Limits | None) -> Iterator[BinaryIO]:
    """The file, opened for lxml to read, every block judged before lxml sees it. Inside it, faults become ImportRefused.

    Without limits only what comes before the first element is judged: for what is streamed and may be large.
    """
    try:
        with path.open("rb") as file:
            _check_start(file)
            if limits and (size := os.fstat(file.fileno()).st_size) > limits.size:
                raise _too_much(f"is {size // MB} MB large, of which {limits.size // MB} are read", 1)
            yield _Guard(file, limits)  # type: ignore[misc]  # lxml asks for `read` only
    except expat.ExpatError as error:
        raise ImportRefused(_told(error), error.lineno) from error
    except etree.XMLSyntaxError as error:
        raise ImportRefused(_broken(error.msg), error.lineno or 1) from error
    except OSError as error:
        raise ImportRefused(f"the file cannot be read ({error.strerror}): give another") from error


def check_no_doctype(root: Any) -> None:
    """That lxml saw none either. Raises ImportRefused."""
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise _doctype(1)


class _Guard:
    """Hands on what it has read and found harmless."""

    def __init__(self, file: BinaryIO, limits: Limits | None) -> None:
        self._file, self._limits = file, limits
        self._depth = self._elements = self._fed = self._text = 0
        self._begun = False
        self._expat = parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start if limits else self._begin
        if limits:
            parser.EndElementHandler = self._end
            parser.CharacterDataHandler = self._characters

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        if self._limits or not self._begun:
            self._judge(block)
        return block

    def _judge(self, block: bytes) -> None:
        self._fed += len(block)
        if self._limits and self._fed > self._limits.size:
            raise _too_much(f"is larger than the {self._limits.size // MB} MB that are read", self._line())
        try:
            self._expat.Parse(block, not block)
        except (LookupError, ValueError) as error:  # of an encoding that is none, or of several bytes a character
            raise ImportRefused(_ENCODING, self._line()) from error
        if self._fed - max(self._expat.CurrentByteIndex, 0) > _LONGEST_TOKEN:
            raise _too_much(f"has a tag or a comment of more than {_LONGEST_TOKEN // MB} MB", self._line())

    def _line(self) -> int:
        return max(self._expat.CurrentLineNumber, 1)

    def _refuse_doctype(self, *_declared: Any) -> None:
        raise _doctype(self._line())

    def _begin(self, _name: str, _attributes: list[str]) -> None:
        self._begun = True

    def _start(self, _name: str, attributes: list[str]) -> None:
        assert self._limits
        self._depth += 1
        self._elements += 1
        self._text = 0
        if self._depth > self._limits.depth:
            raise _too_much(f"is nested deeper than the {self._limits.depth} levels that are read", self._line())
        if self._elements > self._limits.elements:
            raise _too_much(f"has more than the {self._limits.elements} elements that are read", self._line())
        if len(attributes) > 2 * self._limits.attributes:
            raise _too_much(f"has an element with more than {self._limits.attributes} attributes", self._line())

    def _end(self, _name: str) -> None:
        self._depth -= 1
        self._text = 0

    def _characters(self, text: str) -> None:
        self._text += len(text.encode("utf-8", "surrogatepass"))
        if self._text >= _LONGEST_TEXT:
            raise _too_much(f"has a text or an attachment of more than {_LONGEST_TEXT // MB} MB", self._line())


_ENCODING = "the XML is broken (it is in an encoding that is not read): save it as UTF-8"


def _check_start(file: BinaryIO) -> None:
    start = file.read(4)
    file.seek(0)
    if not start:
        raise ImportRefused("the file is empty: export it anew")
    for mark, what in _PACKED.items():
        if start.startswith(mark):
            raise ImportRefused(f"the file is {what}, not XML: give the XML file itself, unpacked")


def _doctype(line: int) -> ImportRefused:
    return ImportRefused("the file has a DOCTYPE, which these files do not use: export it anew without", line)


def _too_much(what: str, line: int) -> ImportRefused:
    return ImportRefused(f"the file {what}: give a smaller one, without attachments", line)


def _broken(what: str | None) -> str:
    return f"the XML is broken ({what}): export the file anew"


def _told(error: expat.ExpatError) -> str:
    codes = expat.errors.codes
    if error.code in (codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING], codes[expat.errors.XML_ERROR_INCORRECT_ENCODING]):
        return _ENCODING
    return _broken(expat.ErrorString(error.code))
