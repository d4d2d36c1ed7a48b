"""What every import says when it cannot read a file."""

from pathlib import Path


class ImportRefused(Exception):
    """The file is refused whole and nothing of it is stored. `line` is where in the file; the message says what to do."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class FileRefused(ImportRefused):
    """As ImportRefused, naming which of the files it is about."""

    def __init__(self, path: Path, message: str, line: int = 1) -> None:
        super().__init__(message, line)
        self.path = path
