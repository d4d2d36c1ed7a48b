"""The embedded servers: started, joined, stopped by their last user. Each user is a process of its own, as in life."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# Says its URLs, then holds the servers until its standard input ends.
USER = """
import sys
from config import embedded
embedded.provide(durable=False)
import os, psycopg2, redis
from config import env
from urllib.parse import unquote, urlsplit
host = unquote(urlsplit(os.environ["DATABASE_URL"]).netloc.rpartition("@")[2])
psycopg2.connect(host=host, user="app_web", dbname="regnskap").close()
redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
print(host, flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses the servers of a state folder."""

    def __init__(self, state):
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER], cwd=ROOT, env={**kept, "STATE_DIR": str(state)}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.sockets = Path(self.process.stdout.readline().strip())

    def leave(self):
        self.process.communicate(timeout=30)
        return self.process.returncode

    def die(self):
        self.process.kill()
        self.process.communicate(timeout=30)


def running(state):
    """The state folder's database and broker processes that live."""
    found = []
    for name in ("postgres/postmaster.pid", "valkey/valkey.pid"):
        path = state / name
        if path.exists():
            pid = path.read_text().split()[0]
            if Path(f"/proc/{pid}").exists():
                found.append(name)
    return found


@pytest.fixture
def state():
    """A folder that the database's user may enter, as root too (pytest's own may not be entered)."""
    folder = Path(tempfile.mkdtemp(prefix="regnskap-embedded-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_the_last_user_stops_the_servers(state):
    first = User(state)
    second = User(state)
    assert first.sockets == second.sockets == state / "sockets"
    assert first.leave() == 0
    assert len(running(state)) == 2
    assert second.leave() == 0
    assert running(state) == []

    again = User(state)  # on the data that is there
    assert again.leave() == 0
    assert running(state) == []


def test_a_user_who_was_killed_does_not_keep_the_servers_for_ever(state):
    User(state).die()
    assert len(running(state)) == 2  # nobody was left to stop them
    assert User(state).leave() == 0
    assert running(state) == []


def test_a_path_too_long_for_a_socket_falls_back_to_a_short_one(state):
    deep = state / ("long-" * 20)
    deep.mkdir(mode=0o711)
    user = User(deep)
    try:
        assert user.sockets.parent == Path(tempfile.gettempdir())
        assert user.sockets.stat().st_mode & 0o077 == 0
    finally:
        assert user.leave() == 0
        shutil.rmtree(user.sockets)
    assert running(deep) == []
