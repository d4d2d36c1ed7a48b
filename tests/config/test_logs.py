"""Canaries in every input of running processes: gunicorn's and Celery's real output holds none of them."""

import http.client
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from config import run
from tests.config.loud import fail

CANARY = "zKq4canaryHu7pWm2"
ONE = "15108695088"
ROOT = Path(__file__).resolve().parent.parent.parent


def surroundings():
    """The environment of a process that uses the test's database and broker."""
    login = connection.get_connection_params()
    url = f"postgresql://{login['user']}@{quote(login['host'], safe='')}/{login['dbname']}"
    owner = url.replace(f"//{login['user']}@", f"//{settings.DATABASE_OWNER['USER']}@")
    named = {"DATABASE_URL": url, "DATABASE_OWNER_URL": owner, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    return (
        os.environ
        | named
        | {"REDIS_URL": settings.CELERY_BROKER_URL.replace("redis+socket", "unix"), "PYTHONUNBUFFERED": "1"}
    )


@contextmanager
def running(command, log):
    """The process, its output in `log`, until the block ends."""
    with log.open("wb") as out:
        words = shlex.split(command.removeprefix("exec "))
        process = subprocess.Popen(words, cwd=ROOT, env=surroundings(), stdout=out, stderr=out, start_new_session=True)
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(port, method, path, body=None, **headers):
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    asked.request(method, path, body, {"Host": "localhost", **headers})
    answer = asked.getresponse()
    answer.read()
    asked.close()
    return answer.status


def answers(port):
    try:
        return ask(port, "GET", "/healthz") == 200
    except OSError:
        return False


def raw(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as asked:
        asked.sendall(text.encode("latin-1"))
        return asked.recv(4096)


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_to_the_web_stands_in_no_log(tmp_path, port):
    log = tmp_path / "web.log"
    command = run.commands(tmp_path, port, port)["web"].replace(
        "config.wsgi:application", "tests.config.loud:application"
    )
    assert "tests.config.loud" in command
    secret = {
        "Authorization": f"Bearer {CANARY}",
        "Cookie": f"sessionid={CANARY}; csrftoken={CANARY}",
        "X-CSRFToken": CANARY,
    }
    with running(command, log):
        until(lambda: answers(port))
        query = f"?code={CANARY}&state={CANARY}&refresh_token={CANARY}&x={ONE}"
        for path in ("/oidc/callback/", "/fakturafinansiering/retur", "/api/v1/receivables", "/tull", "/innlogging/"):
            ask(port, "GET", path + query, **secret)
            ask(port, "GET", path + query, Referer=f"http://localhost/{query}", **{"User-Agent": f"code={CANARY}"})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert ask(port, "POST", "/oauth/token", f"code={CANARY}&client_secret={CANARY}", **form, **secret) == 400
        ask(port, "POST", "/webhooks/buffer", f'{{"code": "{CANARY}", "who": "{ONE}"}}', **secret)
        assert ask(port, "GET", f"/klient/{ONE}/") in (302, 404)
        assert ask(port, "GET", "/healthz", Host=f"code={CANARY}") == 400
        # What Django never sees: gunicorn refuses one, and the other breaks beneath it.
        assert b"400" in raw(port, f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization : Bearer {CANARY}\r\n\r\n")
        raw(port, f"GET /{'x' * 9000}?code={CANARY} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert ask(port, "GET", f"/loud?code={CANARY}&state={CANARY}&who={ONE}", **secret) == 500
        assert ask(port, "GET", "/tull%0d%0a2026-01-01%2000:00:00,000%20ERROR%20forged") == 404
    said = log.read_text(encoding="utf-8")
    assert "RuntimeError: code=***" in said and "Not Found: /tull" in said and '"GET /oidc/callback/" 302' in said
    assert CANARY not in said and ONE not in said
    assert "ERROR forged" not in [line[24:36] for line in said.splitlines()]
    assert "Traceback" not in said.split("RuntimeError: code=***")[1]  # of all that, one alone was ours to mend


@pytest.mark.django_db(transaction=True)
def test_what_a_task_fails_with_stands_in_no_log(tmp_path):
    log = tmp_path / "worker.log"
    command = run.commands(tmp_path, 1, 1)["worker"].replace("-A config", "-A tests.config.loud")
    with running(f"{command} --queues canaries", log):
        until(lambda: log.exists() and "ready" in log.read_text())
        fail.apply_async(
            [f'{{"access_token": "{CANARY}"}} code={CANARY} {ONE}\n2026-01-01 ERROR forged'], queue="canaries"
        )
        until(lambda: "RuntimeError" in log.read_text())
    said = log.read_text(encoding="utf-8")
    assert "tests.config.loud.fail" in said and "Traceback" in said
    assert CANARY not in said and ONE not in said
    assert not [line for line in said.splitlines() if line.startswith("2026-01-01")]
    # Celery's own records are in our format too.
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO celery\.\S+ ", said, re.MULTILINE)


def test_the_access_log_names_no_query():
    assert not {"%(r)s", "%(q)s", "%(f)s"} & set(re.findall(r"%\([^)]+\)s", run.ACCESS_LOG))
    assert sys.executable in run.commands(Path("/x"), 1, 2)["web"]
