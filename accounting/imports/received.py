"""The folder in which uploaded files lie until their import has ended: written here, removed here, shown to nobody."""

import hashlib
import os
import re
import shutil
import struct
import time
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from accounting.imports.recognise import ZIP
from accounting.imports.refusal import ImportRefused

MEGABYTE = 1024 * 1024
CHUNK = 64 * 1024
LONGEST_NAME = 100  # characters of a file's name that are kept
ABANDONED = 7 * 24 * 60 * 60  # seconds after which nobody waits for a file any more

# A zip of invoices (TRUST H6).
MOST_ENTRIES = 200
MOST_BYTES_EACH = 50 * MEGABYTE
MOST_BYTES = 100 * MEGABYTE
MOST_RATIO = 100
_MOST_DIRECTORY = 256 * 1024  # bytes of the list of entries, before it is read into memory
_END = b"PK\x05\x06"
_PACKED = (ZIP, b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh")


@dataclass(frozen=True)
class Received:
    """A file as it lies in the folder: `name` as its owner calls it, `stored` the folder of its own."""

    name: str
    stored: str
    size: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies."""
        return settings.UPLOAD_DIR / self.stored / safe_name(self.name)


class Writer:
    """Writes one file into the folder, readable by us only. `done` closes it, `drop` removes it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stored = uuid.uuid4().hex
        self.size, self._hash = 0, hashlib.sha256()
        settings.UPLOAD_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = settings.UPLOAD_DIR / self.stored
        folder.mkdir(mode=0o700)
        descriptor = os.open(folder / safe_name(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.file: BinaryIO = os.fdopen(descriptor, "wb")

    def write(self, chunk: bytes) -> None:
        """Add a piece."""
        self.file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def done(self) -> Received:
        """Close it; what was received."""
        self.file.close()
        return Received(self.name, self.stored, self.size, self._hash.hexdigest())

    def drop(self) -> None:
        """Close and remove it."""
        self.file.close()
        remove(self.stored)


def safe_name(name: str) -> str:
    """The name as a file may bear it: what a message names is still what its owner knows."""
    return re.sub(r"[^\w.\- ()æøåÆØÅ]", "_", name).strip(". ")[-LONGEST_NAME:] or "file"


def remove(stored: str) -> None:
    """Remove a received file. What is not of the form that we give is left alone."""
    if re.fullmatch("[0-9a-f]{32}", stored):
        shutil.rmtree(settings.UPLOAD_DIR / stored, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove what a killed process left behind a week ago."""
    for one in settings.UPLOAD_DIR.glob("*"):
        try:
            if time.time() - one.stat().st_mtime > ABANDONED:
                remove(one.name)
        except OSError:
            continue


def is_zip(received: Received) -> bool:
    """Whether it begins as a zip archive does, an empty one included."""
    with received.path.open("rb") as file:
        return file.read(4) in (ZIP, _END)


def unpack(received: Received) -> list[Received]:
    """The files in a zip archive, each received by itself. Raises ImportRefused, and then nothing of it is left."""
    found: list[Received] = []
    try:
        for one in _unpacked(received.path):
            found.append(one)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError) as fault:
        _remove_all(found)
        raise ImportRefused("the zip archive is broken: pack the files anew") from fault
    except BaseException:
        _remove_all(found)
        raise
    if not found:
        raise ImportRefused("the zip archive holds no file: pack the files anew")
    return found


def _remove_all(found: list[Received]) -> None:
    for one in found:
        remove(one.stored)


def _unpacked(path: Path) -> Iterator[Received]:
    _check_directory(path)
    with zipfile.ZipFile(path) as archive:
        entries = [one for one in archive.infolist() if not one.is_dir()]
        if len(entries) > MOST_ENTRIES:
            raise ImportRefused(f"the zip archive holds more than {MOST_ENTRIES} files: divide it")
        for one in entries:
            _check_entry(one)
        if any(one.filename == "[Content_Types].xml" for one in entries):
            raise ImportRefused("the file is an Office document, which cannot be imported: save it as CSV in UTF-8")
        if sum(one.file_size for one in entries) > MOST_BYTES:
            raise ImportRefused(_TOGETHER_TOLD)
        left = MOST_BYTES
        for one in entries:
            if one.filename.startswith("__MACOSX/") or one.filename.rpartition("/")[2].startswith("."):
                continue
            received = _entry(archive, one, left)
            left -= received.size
            yield received


def _check_directory(path: Path) -> None:
    """The list of entries is read into memory whole: refuse one that is long, whatever it says of its entries."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 65_557))
        tail = file.read()
    at = len(tail) - 22
    if at < 0 or not tail[at:].startswith(_END) or tail[-2:] != b"\0\0":
        at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise ImportRefused("the zip archive is broken: pack the files anew")
    entries, directory = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries > MOST_ENTRIES or directory > _MOST_DIRECTORY:
        raise ImportRefused(f"the zip archive holds more than {MOST_ENTRIES} files: divide it")


def _check_entry(one: zipfile.ZipInfo) -> None:
    name = one.filename
    if name.startswith(("/", "\\")) or "\\" in name or ":" in name[:3] or ".." in name.split("/"):
        raise ImportRefused("a file in the zip archive names a folder outside it: pack the files anew")
    if one.flag_bits & 0x1:
        raise ImportRefused("the zip archive has a password: pack the files without")
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ImportRefused("the zip archive is packed in a way that is not read: pack the files anew")
    if one.file_size > MOST_BYTES_EACH:
        raise ImportRefused(_EACH_TOLD)


_TOGETHER_TOLD = f"the zip archive holds more than {MOST_BYTES // MEGABYTE} MB unpacked: divide it"
_EACH_TOLD = f"a file in the zip archive is larger than {MOST_BYTES_EACH // MEGABYTE} MB: give it by itself"


def _entry(archive: zipfile.ZipFile, one: zipfile.ZipInfo, left: int) -> Received:
    """One entry, counted as it comes: what an archive says of its sizes is not believed."""
    writer = Writer(one.filename.rpartition("/")[2])
    try:
        with archive.open(one) as source:
            while chunk := source.read(CHUNK):
                if not writer.size and chunk.startswith(_PACKED):
                    raise ImportRefused("the zip archive holds another archive: pack the files themselves")
                writer.write(chunk)
                if writer.size > MOST_BYTES_EACH:
                    raise ImportRefused(_EACH_TOLD)
                if writer.size > left:
                    raise ImportRefused(_TOGETHER_TOLD)
                if writer.size > MEGABYTE and writer.size > MOST_RATIO * max(one.compress_size, 1):
                    raise ImportRefused("the zip archive is packed suspiciously tight: give the files themselves")
    except BaseException:
        writer.drop()
        raise
    return writer.done()
