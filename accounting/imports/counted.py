"""Tells how much of a file was read, while it is read."""

from collections.abc import Callable
from typing import Protocol

Told = Callable[[int, int], None]  # how much is done, of how much


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int = -1, /) -> bytes: ...


def untold(done: int, total: int) -> None:
    """For whom nobody waits."""


class Counted:
    """The file, told of as it is read: bytes read, of `size`."""

    def __init__(self, file: Readable, size: int, progress: Told) -> None:
        self._file, self._progress = file, progress
        self._done, self._size = 0, size

    def read(self, size: int = -1) -> bytes:
        """As the file's own."""
        chunk = self._file.read(size)
        self._done += len(chunk)
        self._progress(self._done, self._size)
        return chunk
