"""Hostile XML: every one is refused in words, in under 2 seconds and with under 300 MB, by whichever reader takes the file."""

import gzip
import resource
import subprocess
import sys
import zipfile
from io import BytesIO
from time import monotonic

import pytest

from accounting.imports.refusal import ImportRefused
from accounting.imports.xml_door import Limits, read_xml, stream_xml

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BODY = "<a><b>1</b></a>"


def zipped():
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", b"<a>" + b" " * 50_000_000 + b"</a>")
    return packed.getvalue()


HOSTILE = {
    "entity bomb": (f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>', "DOCTYPE"),
    "quadratic blow-up": (f'<!DOCTYPE a [<!ENTITY b "{"b" * 100_000}">]><a>{"&b;" * 100_000}</a>', "DOCTYPE"),
    "XXE": ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "DOCTYPE"),
    "XXE over the net": ('<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:1/x">]><a>&x;</a>', "DOCTYPE"),
    "external DTD": ('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "DOCTYPE"),
    "public DTD": ('<!DOCTYPE a PUBLIC "-//X//EN" "http://127.0.0.1:1/a.dtd"><a/>', "DOCTYPE"),
    "parameter entities": ('<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]><a/>', "DOCTYPE"),
    "parameter bomb": (
        '<!DOCTYPE a [<!ENTITY % a0 "' + "x" * 1000 + '">'
        + "".join(f'<!ENTITY % a{n} "{f"&#37;a{n - 1};" * 10}">' for n in range(1, 9)) + "%a8;]><a/>",
        "DOCTYPE",
    ),
    "an empty DOCTYPE": (f"<!DOCTYPE a>{BODY}", "DOCTYPE"),
    "a DOCTYPE after a comment": (f"<?xml version='1.0'?><!-- {'x' * 90_000} --><!DOCTYPE a>{BODY}", "DOCTYPE"),
    "a DOCTYPE in UTF-16": (f"<!DOCTYPE a>{BODY}".encode("utf-16"), "DOCTYPE"),
    "a DOCTYPE in UTF-16 without a mark": (f"<!DOCTYPE a>{BODY}".encode("utf-16-le"), ""),
    "a DOCTYPE in UTF-16, declared UTF-8": (
        f"<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE a>{BODY}".encode("utf-16-be"), ""),
    "a DOCTYPE in UTF-7": (
        b"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE a+AFsAPAAhAC0ALQBdAD4-<a/>", "encoding"),
    "a DOCTYPE in UTF-32": (f"<!DOCTYPE a>{BODY}".encode("utf-32"), "broken"),
    "EBCDIC": (f"<?xml version='1.0' encoding='cp037'?><!DOCTYPE a>{BODY}".encode("cp037"), "broken"),
    "an encoding that is none": ("<?xml version='1.0' encoding='rot13'?><a/>", "encoding"),
    "an encoding of several bytes": ("<?xml version='1.0' encoding='shift_jis'?><a/>", "encoding"),
    "bytes that are no UTF-8": (b"<a>\xe6\xf8\xe5</a>", "broken"),
    "UTF-8 called UTF-16": (f"<?xml version='1.0' encoding='UTF-16'?>{BODY}", "encoding"),
    "an entity that nobody declared": ("<a>&unknown;</a>", "broken"),
    "over the limit": ("<a>" + "<b>12345678</b>" * 1_400_000 + "</a>", "21 MB large, of which 20 are read"),
    "a text over the limit": ("<a>" + "x" * 11_000_000 + "</a>", "attachment of more than 10 MB"),
    "deep nesting": ("<a>" * 100_000 + "</a>" * 100_000, "deeper than the 64 levels"),
    "many elements": ("<a>" + "<b/>" * 4_000_000 + "</a>", "more than the 200000 elements"),
    "many attributes": ("<a " + " ".join(f'b{n}="1"' for n in range(80_000)) + "/>", "attributes"),
    "many namespaces": ("<a " + " ".join(f'xmlns:b{n}="{n}"' for n in range(30_000)) + "/>", "more than 64 attributes"),
    "an attribute over the limit": (f'<a b="{"x" * 15_000_000}"/>', "a tag or a comment of more than 1 MB"),
    "a name over the limit": (f"<{'a' * 15_000_000}/>", "a tag or a comment of more than 1 MB"),
    "a comment over the limit": (f"<a><!--{'x' * 15_000_000}--></a>", "a tag or a comment of more than 1 MB"),
    "a comment without an end": (f"<!--{'x' * 15_000_000}", "a tag or a comment of more than 1 MB"),
    "an attribute twice": ('<a b="1" b="2"/>', "broken"),
    "truncated": (BODY[:-3], "broken"),
    "truncated in a tag": ("<a><b", "broken"),
    "two roots": (BODY + BODY, "broken"),
    "rubbish after the root": (BODY + "\0\0\0\0", "broken"),
    "NUL": ("<a>\0</a>", "broken"),
    "NULs only": ("\0" * 1000, "broken"),
    "a control character": ("<a>\x01</a>", "broken"),
    "empty": ("", "the file is empty"),
    "blank": (" \n\t ", "broken"),
    "a byte order mark only": (b"\xef\xbb\xbf", "broken"),
    "JSON": ('{"a": 1}', "broken"),
    "zip": (zipped(), "a zip archive"),
    "gzip": (gzip.compress(b"<a>" + b" " * 50_000_000 + b"</a>"), "packed by gzip"),
    "PDF": (b"%PDF-1.7\n...", "a PDF"),
}  # fmt: skip


def bytes_of(hostile):
    return hostile if isinstance(hostile, bytes) else hostile.encode()


@pytest.fixture
def put(tmp_path):
    def put(content):
        path = tmp_path / "file.xml"
        path.write_bytes(bytes_of(content))
        return path

    return put


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_words(put, name):
    hostile, told = HOSTILE[name]
    path = put(hostile)
    for read in (read_xml, lambda path: list(stream_xml(path, ["a", "b"], Limits()))):
        with pytest.raises(ImportRefused) as refused:
            read(path)
        assert told in str(refused.value), name
        assert refused.value.line >= 1
        assert ": " in str(refused.value)  # what is wrong, and what to do


_READ = """
import sys
from pathlib import Path
from accounting.imports.refusal import ImportRefused
from accounting.imports.xml_door import Limits, read_xml, stream_xml
for read in (read_xml, lambda path: list(stream_xml(path, ["a", "b"], Limits()))):
    try:
        read(Path(sys.argv[1]))
    except ImportRefused:
        continue
    sys.exit(3)
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_little(put, name):
    path = put(HOSTILE[name][0])

    def bounded():
        resource.setrlimit(resource.RLIMIT_AS, (300_000_000, 300_000_000))
        resource.setrlimit(resource.RLIMIT_CPU, (4, 4))  # for both readers, and for Python to begin

    ended = subprocess.run([sys.executable, "-c", _READ, str(path)], preexec_fn=bounded, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_plain_xml_is_read_in_the_encodings_that_are_used(put, encoding):
    named = encoding.removesuffix("-sig")
    path = put(f"<?xml version='1.0' encoding='{named}'?><!-- x --><a xmlns='u:x'><b>Blåbær</b></a>".encode(encoding))
    assert read_xml(path).findtext("{*}b") == "Blåbær"
    assert [one.text for event, one in stream_xml(path, ["b"], Limits()) if event == "end"] == ["Blåbær"]


def test_what_is_within_the_limits_is_read(put):
    limits = Limits(size=1_000, depth=3, elements=4, attributes=2)
    assert len(read_xml(put('<a b="1" c="2"><b><c/></b><b/></a>'), limits)) == 2
    for beyond in (
        '<a b="1" c="2" d="3"/>',
        "<a><b><c><d/></c></b></a>",
        "<a><b/><b/><b/><b/></a>",
        f"<a>{' ' * 1000}</a>",
    ):
        with pytest.raises(ImportRefused):
            read_xml(put(beyond), limits)


def test_a_file_that_cannot_be_opened(tmp_path):
    for path in (tmp_path, tmp_path / "none.xml"):
        with pytest.raises(ImportRefused, match="cannot be read"):
            read_xml(path)


def test_streaming_keeps_no_more_than_a_block(put):
    """A file that grows while it is read (its size was judged when it was opened) is refused all the same."""
    limits = Limits(size=100_000)
    path = put("<a>" + "<b>1</b>" * 12_000)
    began = monotonic()
    with pytest.raises(ImportRefused, match="larger than"):
        for count, _ in enumerate(stream_xml(path, ["b"], limits)):
            if count == 0:
                with path.open("ab") as more:
                    more.write(b"<b>1</b>" * 10_000)
    assert monotonic() - began < 60
