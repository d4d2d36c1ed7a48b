"""Takes files out of a request straight into the private folder, counting as they come (accounting/imports/received.py)."""

import os
import shutil
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _

from accounting.imports.received import MEGABYTE, Received, Writer, remove

ROOM_LEFT = 256 * MEGABYTE  # what the disk keeps free besides what is uploaded
_AROUND = MEGABYTE  # what a form weighs besides its files
_DRAINED = 2  # times the limit that is still read to its end, so that the browser hears why


class UploadRefused(Exception):
    """The upload is taken no further; the message is for the person."""


class _Into(FileUploadHandler):
    """Django's door for the bytes of files. Nothing of them is kept in memory, nothing lies where others can read."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Received] = []
        self.left = settings.UPLOAD_MOST_BYTES
        self.too_large = False
        self.writer: Writer | None = None

    def new_file(self, *arguments: Any, **options: Any) -> None:
        super().new_file(*arguments, **options)
        if self.too_large:
            raise SkipFile
        self.writer = Writer(os.path.basename(self.file_name or ""))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self.writer is not None
        self.left -= len(raw_data)
        if self.left < 0:
            self.too_large = True
            self._drop()
            raise SkipFile
        self.writer.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        assert self.writer is not None
        self.received.append(self.writer.done())
        self.writer = None
        return UploadedFile(BytesIO(), name=self.file_name, size=file_size)  # the bytes lie in the folder

    def upload_interrupted(self) -> None:
        self._drop()

    def _drop(self) -> None:
        if self.writer:
            self.writer.drop()
            self.writer = None


def receive(request: HttpRequest) -> list[Received]:
    """The request's files, in the folder. Raises UploadRefused, and then none of them is left there.

    Must come before anything else looks at the form: the view is exempt from Django's early look at the token and
    checks it afterwards (accounting/import_views.py).
    """
    most = settings.UPLOAD_MOST_BYTES
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > most * _DRAINED:
        raise UploadRefused(too_large_told())
    settings.UPLOAD_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(settings.UPLOAD_DIR).free < 2 * min(length, most) + ROOM_LEFT:
        raise UploadRefused(_("There is too little room on the disk here. Try again later, or tell support."))
    into = _Into()
    into.too_large = length > most + _AROUND  # then nothing of it is written
    request.upload_handlers = [into]
    try:
        request.POST  # noqa: B018  reads the form, and with it the files
    except TooManyFilesSent:
        _remove(into)
        most_files = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        told = _("More than %(number)s files at once are not taken. Divide them, or pack them into a zip.")
        raise UploadRefused(told % {"number": most_files}) from None
    except (TooManyFieldsSent, RequestDataTooBig, MultiPartParserError, UnreadablePostError, StopUpload):
        _remove(into)
        raise UploadRefused(_("The upload was cut short. Try again.")) from None
    except BaseException:
        _remove(into)
        raise
    if into.too_large:
        _remove(into)
        raise UploadRefused(too_large_told())
    return into.received


def too_large_told() -> str:
    """What is said of an upload over the limit."""
    told = _("The files are larger than %(most)s MB together, which is the limit. Upload fewer at once.")
    return told % {"most": settings.UPLOAD_MOST_BYTES // MEGABYTE}


def _remove(into: _Into) -> None:
    into.upload_interrupted()
    for one in into.received:
        remove(one.stored)
