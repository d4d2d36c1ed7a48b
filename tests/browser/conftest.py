"""The product as people get it: started like `make run` on a state folder and ports of its own, met with Chromium.

No ORM in here: once Playwright has started, database tests of the same process fail. What is set up is set up by
management commands.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = ROOT.parent / "shared"
STARTED_WITHIN = 120  # seconds


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@dataclass
class Product:
    """The running product."""

    url: str
    bank: str
    state: Path
    environment: dict
    process: subprocess.Popen

    def manage(self, *arguments) -> str:
        """What a management command printed; it must succeed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def report(self, name, number, day) -> dict:
        return json.loads(self.manage("report", name, "--client", number, "--as-of", str(day), "--format", "json"))


@pytest.fixture(scope="session")
def product():
    """Started once; ended with Ctrl-C, after which no process of it may be left."""
    state = Path(tempfile.mkdtemp(prefix="regnskap-browser-"))
    state.chmod(0o711)
    port, bank_port = free_port(), free_port()
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_URL")} | {
        "STATE_DIR": str(state), "PORT": str(port), "SANDBOX_PORT": str(bank_port), "CREDIT_SYNC_SECONDS": "5",
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }  # fmt: skip
    log = open(state / "run.log", "w")  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "-m", "config.run"], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    found = Product(f"http://localhost:{port}", f"http://127.0.0.1:{bank_port}", state, environment, process)
    try:
        wait_for(found.url + "/healthz", process, state)
        wait_for(found.bank + "/.well-known/openid-configuration", process, state)
        yield found
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0, (state / "run.log").read_text()[-3000:]
        assert left_behind(state) == []
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        for one in left_behind(state):
            os.kill(one, signal.SIGKILL)
        log.close()
        keep = os.environ.get("KEEP_BROWSER_LOG")
        if keep:
            shutil.copy(state / "run.log", keep)
        shutil.rmtree(state, ignore_errors=True)


def wait_for(url, process, state):
    for _ in range(STARTED_WITHIN * 4):
        assert process.poll() is None, (state / "run.log").read_text()[-3000:]
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(f"{url} did not answer: " + (state / "run.log").read_text()[-3000:])


def left_behind(state) -> list[int]:
    """Processes whose command line or environment names the state folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            dead = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            continue
        if str(state).encode() in told and not dead:
            found.append(int(folder.name))
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args():
    found = shutil.which("chromium")
    if not found:
        pytest.skip("needs Debian's chromium (make test installs it where it may: as root, with apt)")
    return {"executable_path": found, "args": ["--no-sandbox"] * (os.geteuid() == 0) + ["--disable-gpu"]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """A browser that would like English: the pages are Norwegian all the same."""
    return {**browser_context_args, "locale": "en-US", "viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def watched():
    """Call it with a page: any complaint about the Content-Security-Policy, and any error of a script, fails the test."""
    said = []

    def watch(page):
        page.on(
            "console", lambda m: said.append(f"{m.text} {m.location}") if "Content Security Policy" in m.text else None
        )
        page.on("pageerror", lambda error: said.append(str(error)))
        page.context.on("page", watch_once)
        return page

    def watch_once(page):
        page.on(
            "console", lambda m: said.append(f"{m.text} {m.location}") if "Content Security Policy" in m.text else None
        )

    yield watch
    assert said == []


@pytest.fixture
def sign_in(product, browser, browser_context_args, watched):
    """A page of a browser of her own, signed in as this person: sign_in("Dag Leder", "/klient/…/")."""
    contexts = []

    def go(person, path="/"):
        context = browser.new_context(**browser_context_args)
        contexts.append(context)
        page = watched(context.new_page())
        page.goto(product.url + path)
        page.get_by_role("button", name=person, exact=True).click()
        page.wait_for_url(product.url + "/**")
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.fixture
def shot():
    """Keep a picture, wide and narrow, whole page, where PICTURES names a folder; with `always` else in var/pictures."""
    named = os.environ.get("PICTURES")

    def take(page, name, *, always=False):
        folder = named or (always and str(ROOT / "var" / "pictures"))
        if not folder:
            return
        before = page.viewport_size
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            # As high as the page: what sticks to the window's edge would lie across the picture.
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": max(height, 600)})
            # Hiding the caret would put inline styles on fields, which the page's policy complains of.
            page.screenshot(path=f"{folder}/{name}-{width}.png", caret="initial")
        page.set_viewport_size(before)

    return take
