"""Tells how much of a file was read, while it is read."""

import os
from collections.abc import Callable
from typing import BinaryIO

Told = Callable[[int, int], None]  # how much is done, of how much


def untold(done: int, total: int) -> None:
    """For whom nobody waits."""


class Counted:
    """The file, told of as it is read: bytes read, of all."""

    def __init__(self, file: BinaryIO, progress: Told) -> None:
        self._file, self._progress = file, progress
        self._size = os.fstat(file.fileno()).st_size

    def read(self, size: int = -1) -> bytes:
        """As the file's own."""
        chunk = self._file.read(size)
        self._progress(self._file.tell(), self._size)
        return chunk
