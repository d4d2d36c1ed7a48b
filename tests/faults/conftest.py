"""Web, worker and beat as processes of their own on servers of their own, and a bank that the test plays: all may be killed."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg2
import pytest

from config import embedded
from tests.browser.conftest import free_port
from tests.financing.conftest import Bank

ROOT = Path(__file__).resolve().parent.parent.parent
COMPANIES = 100
KEY = b"only for the tests of the faults"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Place:
    """The product in pieces."""

    def __init__(self, state: Path):
        self.state, self.bank, self.port = state, Bank(), free_port()
        self.servers = embedded.Servers(state, postgres=True, valkey=True, durable=True)  # an answer is a promise
        kept = {name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_SECRET"))}
        self.environment = kept | self.servers.acquire() | {
            "STATE_DIR": str(state), "PORT": str(self.port), "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "BUFFER_BASE_URL": self.bank.url, "BUFFER_WEBHOOK_SECRET": SECRET, "PYTHONUNBUFFERED": "1",
            "SECRET_KEY": "only-for-tests",
            "CREDIT_SYNC_SECONDS": "3600",  # what is applied here was applied because of an event
        }  # fmt: skip
        self.log = open(state / "run.log", "w")  # noqa: SIM115
        self.processes = {}

    def run(self, *arguments) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, name, **more):
        celery = ["celery", "-A", "config", "--quiet"]
        commands = {
            "web": ["gunicorn", "--no-control-socket", "config.wsgi:application", "--bind", f"127.0.0.1:{self.port}",
                    "--workers", "2", "--threads", "4"],
            "worker": [*celery, "worker", "--concurrency", "4", "--without-mingle", "--without-gossip"],
            "beat": [*celery, "beat", "-s", str(self.state / "beat"), "--pidfile="],
            "kept": ["config.keep", sys.executable, "-m", *celery, "worker", "--concurrency", "1"],
            "beat2": [*celery, "beat", "-s", str(self.state / "beat2"), "--pidfile="],
        }  # fmt: skip
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", *commands[name]], cwd=ROOT, env=self.environment | more, stdout=self.log, stderr=self.log,
            start_new_session=True,
        )  # fmt: skip

    def kill(self, name, how=signal.SIGKILL):
        """The process and its children, as a machine that goes down would."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        process.wait(60)

    def signal_valkey(self, how):
        os.kill(int((self.state / "valkey" / "valkey.pid").read_text()), how)

    def kill_valkey(self):
        self.signal_valkey(signal.SIGKILL)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.servers.sockets / "valkey.sock")

    def start_valkey(self):
        self.servers._start_valkey()

    def restart_postgres(self):
        self.servers._postgres("pg_ctl", "-D", str(self.servers.data), "-m", "immediate", "-w", "stop")
        self.servers._start_postgres()

    def rows(self, statement, *values):
        """As the superuser, past row-level security."""
        with (
            contextlib.closing(
                psycopg2.connect(host=str(self.servers.sockets), user="postgres", dbname=embedded.DATABASE)
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)
            return cursor.fetchall()

    def inbox(self) -> dict:
        return dict(self.rows("SELECT state, count(*) FROM financing_providerevent GROUP BY 1"))

    def until_drained(self, seconds):
        """How long it took until no event waits."""
        began = time.monotonic()
        while self.inbox().get("waiting"):
            assert time.monotonic() - began < seconds, (self.inbox(), self.tail())
            time.sleep(0.25)
        return time.monotonic() - began

    def forget(self):
        """Begin the next test with an empty inbox."""
        with (
            contextlib.closing(
                psycopg2.connect(host=str(self.servers.sockets), user="postgres", dbname=embedded.DATABASE)
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("DELETE FROM financing_providerevent")
            connection.commit()

    def tail(self):
        return (self.state / "run.log").read_text()[-4000:]

    # The bank's side

    def change(self, identity, used):
        """The bank books something on an agreement; the event of it."""
        one = self.bank.agreements[identity]
        changed = one | {"sequence": one["sequence"] + 1, "credit": one["credit"] | {"used": f"{used}.00"}}
        self.bank.agreements[identity] = changed
        return {"type": "agreement.updated", "timestamp": "2026-11-24T10:00:00Z", "data": changed}

    def stands(self):
        """{agreement: (used, sequence)} as we hold it, and as the bank does."""
        ours = self.rows("SELECT provider_reference, used::text, sequence FROM financing_agreement")
        bank = {name: (one["credit"]["used"], one["sequence"]) for name, one in self.bank.agreements.items()}
        return {name: (used, sequence) for name, used, sequence in ours}, bank


class Sender:
    """Delivers as the bank does: signed, until a 2xx answer, over a few connections at once."""

    def __init__(self, place, threads=8):
        self.place, self.todo, self.times, self.tries = place, queue.Queue(), [], 0
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(threads)]
        for one in self.threads:
            one.start()

    def put(self, identity, body):
        self.todo.put((identity, body))

    def work(self):
        connection = HTTPConnection("127.0.0.1", self.place.port, timeout=30)
        while (taken := self.todo.get()) is not None:
            while not self.deliver(connection, *taken):
                time.sleep(0.5)
            self.todo.task_done()
        self.todo.task_done()

    def deliver(self, connection, identity, body):
        stamp = str(int(time.time()))
        signature = hmac.new(KEY, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "Host": f"localhost:{self.place.port}", "Content-Type": "application/json", "webhook-id": identity,
            "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(signature).decode(),
        }  # fmt: skip
        began = time.monotonic()
        self.tries += 1
        try:
            connection.request("POST", "/webhooks/buffer", body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            connection.close()
            return False
        self.times.append(time.monotonic() - began)
        return answer.status == 204

    def finish(self):
        self.todo.join()
        for _ in self.threads:
            self.todo.put(None)
        for one in self.threads:
            one.join()

    def quantile(self, share):
        return sorted(self.times)[int(len(self.times) * share)]


@pytest.fixture(scope="session")
def running():
    state = Path(tempfile.mkdtemp(prefix="regnskap-faults-"))
    state.chmod(0o711)
    place = Place(state)
    try:
        place.run("manage.py", "migrate", "--verbosity", "0")
        for number, one in enumerate(json.loads(place.run("-m", "tests.faults.companies", str(COMPANIES)))):
            row = place.bank.onboarding(one["reference"], one["number"], id=one["onboarding"], status="accepted")
            place.bank.onboardings[one["onboarding"]] = row
            place.bank.agreement(row, id=f"agr-{number}")
        for name in ("web", "worker", "beat"):
            place.start(name)
        wait_for_web(place)
        sender = Sender(place)
        for identity in place.bank.agreements:  # each is known before anything is killed
            sender.put(f"first_{identity}", json.dumps(place.change(identity, 0)).encode())
        sender.finish()
        place.until_drained(60)
        yield place
    finally:
        for name in list(place.processes):
            place.kill(name)
        place.bank.server.shutdown()
        place.bank.server.server_close()
        place.servers.release()
        place.log.close()
        shutil.rmtree(state, ignore_errors=True)


def wait_for_web(place):
    for _ in range(240):
        assert place.processes["web"].poll() is None, place.tail()
        connection = HTTPConnection("127.0.0.1", place.port, timeout=2)
        try:
            connection.request("GET", "/healthz", headers={"Host": f"localhost:{place.port}"})
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.25)
        finally:
            connection.close()
    raise AssertionError(place.tail())


@pytest.fixture
def place(running):
    """Everything runs and the inbox is empty."""
    for name in ("web", "worker", "beat"):
        if name not in running.processes:
            running.start(name)
    running.bank.answers.clear()
    running.bank.requests.clear()
    running.forget()
    return running
