"""`python -m tests.accounting.hostile_runner PERSON FOLDER`: each file of the folder to the page and to the worker.

Prints a line of JSON for each. A process of its own, so that its memory is that of the product and the file: `peak` is
the most that was resident while the one file was handled, in megabytes.
"""

import json
import re
import sys
import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import django

BOUND = "hostile"
MEGABYTE = 1 << 20


class Body:
    """A form with one file, read as a socket would be."""

    def __init__(self, name, content, size):
        head = (
            f'--{BOUND}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self.parts, self.size = [BytesIO(head), content, BytesIO(f"\r\n--{BOUND}--\r\n".encode())], size
        self.length = len(head) + size + len(BOUND) + 8

    def read(self, size=-1):
        found = b""
        while self.parts and len(found) < size:
            piece = self.parts[0].read(size - len(found))
            if not piece:
                self.parts.pop(0)
            found += piece
        return found

    readline = read  # Django's stream looks for it and never calls it


class Zeros:
    """So many zero bytes that nobody keeps."""

    def __init__(self, left):
        self.left = left

    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)


def peak():
    status = open("/proc/self/status").read()  # noqa: SIM115
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def forget_peak():
    with suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def main(subject, folder):
    django.setup()
    from django.test import Client as Browser

    from access.models import Client, User
    from tests.accounting.importing import PAGE, words, work

    browser, company = Browser(), Client.objects.get()
    browser.force_login(User.objects.get(subject=subject))

    def send(name, content, size):
        body = Body(name, content, size)
        return browser.request(**{
            "REQUEST_METHOD": "POST", "PATH_INFO": PAGE, "CONTENT_LENGTH": str(body.length), "wsgi.input": body,
            "CONTENT_TYPE": f"multipart/form-data; boundary={BOUND}",
        })  # fmt: skip

    def tell(name, content, size):
        forget_peak()
        before = peak()
        began, worked = time.perf_counter(), time.process_time()
        answer = send(name, content, size)
        ended = [run.status for run in work(company)][-1:] if answer.status_code == 302 else ["not taken"]
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
        most = peak()
        page = browser.get(answer["Location"]) if answer.status_code == 302 else answer
        sys.stdout.write(json.dumps({
            "name": name, "status": ended[0], "seconds": round(seconds, 2), "cpu": round(worked, 2), "peak": round(most),
            "before": round(before), "said": words(page),
        }) + "\n")  # fmt: skip

    for path in sorted(Path(folder).iterdir()):
        with path.open("rb") as file:
            tell(path.name, file, path.stat().st_size)
    tell("over-the-limit", Zeros(301 * MEGABYTE), 301 * MEGABYTE)
    tell("far-over", Zeros(5000 * MEGABYTE), 5000 * MEGABYTE)


if __name__ == "__main__":
    main(*sys.argv[1:])
