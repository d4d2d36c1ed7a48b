"""The supervisor, `python -m config.run`: embedded servers, then web, worker, beat and the bank until Ctrl-C.

docs/decisions/0006-supervisor.md says why honcho and gunicorn.
"""

import fcntl
import json
import os
import re
import shlex
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import honcho.manager
from honcho.printer import Printer

from config import embedded, env

STOPPED_WITHIN = 25  # seconds that a task under way may take at the end; then it is killed and runs again next time
STARTED_WITHIN = 120
# No query string: codes and states stand there.
ACCESS_LOG = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'
# The bank is a stranger: of our surroundings it gets these and what bears its own name, no key and no database of ours.
BANK_MAY_SEE = re.compile(r"(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|PYTHON.*|VIRTUAL_ENV|SANDBOX_.*)")


class CannotRun(Exception):
    """The product cannot be started; the message says why and what to do."""


class Lines(Printer):
    """Prints what the processes say, and remembers which of them ended first, and whether they were asked to."""

    ended = ""
    asked = False

    def write(self, message: Any) -> None:
        if message.name == honcho.manager.SYSTEM_PRINTER_NAME:
            self.asked = self.asked or message.data.endswith(" received\n")
            if not (self.asked or self.ended) and " stopped " in message.data:
                self.ended = message.data.strip()
        super().write(message)


def main() -> int:
    """Run the product until it is told to stop; the exit code."""
    state = env.state_dir()
    web, bank = (int(env.read(name, default)) for name, default in (("PORT", "8000"), ("SANDBOX_PORT", "8001")))
    os.environ.update({"PORT": str(web), "SANDBOX_PORT": str(bank), "PYTHONUNBUFFERED": "1"})
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the manager takes over
    try:
        with alone_in(state):
            refuse_taken(state, web, bank)
            with embedded_servers():
                _export_secrets()
                credentials = _prepare(state)
                return supervise(state, commands(state, web, bank), bank_environment(state, web, bank, credentials))
    except KeyboardInterrupt:
        return 0
    except (CannotRun, embedded.ServerFailed, env.SettingMissing) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _prepare(state: Path) -> dict[str, str]:
    """Bring the database up to date and the demo into it; the bank's credentials at our token endpoint."""
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    from config import demo

    call_command("migrate", verbosity=0, interactive=False)
    demo.follow_issuer(state)
    demo.seed_once(state)
    credentials = demo.provider_credentials(state)
    connections.close_all()  # the processes that are forked from here open their own
    return credentials


def commands(state: Path, web: int, bank: int) -> dict[str, str]:
    """The processes by name, as the shell runs them."""
    python = f"exec {shlex.quote(sys.executable)} -m"
    memory = " --worker-tmp-dir /dev/shm" if os.path.isdir("/dev/shm") else ""  # noqa: S108  a heartbeat, no data
    gunicorn = f"{python} gunicorn --no-control-socket --graceful-timeout 5{memory}"
    logged = f"--logger-class config.logs.Logger --access-logfile - --access-logformat {shlex.quote(ACCESS_LOG)}"
    celery = f"{python} celery -A config --quiet"
    worker = f"{shlex.quote(sys.executable)} -m celery -A config --quiet worker"
    schedule = shlex.quote(str(state / "beat-schedule"))
    return {
        "web": f"{gunicorn} config.wsgi:application --bind 127.0.0.1:{web} --workers 2 --threads 4 {logged}",
        # As many at once as there are kinds of work (financing/tasks.py) and two imports: none waits for another.
        "worker": f"{python} config.keep {worker} --concurrency 6 --without-mingle --without-gossip --loglevel INFO",
        "beat": f"{celery} beat -s {schedule} --pidfile= --loglevel INFO",
        "bank": f"{gunicorn} sandbox.wsgi:application --bind 127.0.0.1:{bank} --workers 1 --threads 8",
    }


def bank_environment(state: Path, web: int, bank: int, credentials: dict[str, str]) -> dict[str, str]:
    """All that the bank's process is told."""
    ours = env.read("PUBLIC_BASE_URL", f"http://localhost:{web}").rstrip("/")
    return {name: value for name, value in os.environ.items() if BANK_MAY_SEE.fullmatch(name)} | {
        "SANDBOX_PORT": str(bank),
        "SANDBOX_BASE_URL": f"http://127.0.0.1:{bank}",
        "SANDBOX_STATE": str(state / "sandbox"),
        "BUFFER_CLIENT_ID": env.read("BUFFER_CLIENT_ID", "regnskap"),
        "BUFFER_CLIENT_SECRET": env.read("BUFFER_CLIENT_SECRET"),
        "BUFFER_WEBHOOK_SECRET": env.read("BUFFER_WEBHOOK_SECRET"),
        "OIDC_CLIENT_ID": env.read("OIDC_CLIENT_ID", "regnskap"),
        "OIDC_CLIENT_SECRET": env.read("OIDC_CLIENT_SECRET"),
        "OIDC_REDIRECT_URIS": f"{ours}/oidc/callback/",
        "PARTNER_CLIENT_ID": credentials["client_id"],
        "PARTNER_CLIENT_SECRET": credentials["client_secret"],
    }


def _export_secrets() -> None:
    """Put the secrets of this copy where web, worker and bank read the same ones."""
    for name in ("SECRET_KEY", "OIDC_CLIENT_SECRET", "BUFFER_CLIENT_SECRET"):
        os.environ[name] = env.own_secret(name)
    os.environ["BUFFER_WEBHOOK_SECRET"] = env.own_secret("BUFFER_WEBHOOK_SECRET", env.webhook_secret)


def supervise(state: Path, processes: dict[str, str], bank: dict[str, str]) -> int:
    """Run the processes until one ends or somebody asks; 0 where somebody asked."""
    honcho.manager.KILL_WAIT = STOPPED_WITHIN
    lines = Lines(sys.stdout)
    manager = honcho.manager.Manager(lines)
    for name, command in processes.items():
        manager.add_process(name, command, env=bank if name == "bank" else None, cwd=str(env.ROOT))
    threading.Thread(target=_watch_start, args=(state, manager, lines), daemon=True).start()
    try:
        manager.loop()
    finally:
        pids_file(state).unlink(missing_ok=True)
    if lines.asked:
        return 0
    sys.stderr.write(
        f"error: {lines.ended or 'a process ended'}; the others were stopped. Its last lines stand above.\n"
    )
    return 1


def _watch_start(state: Path, manager: Any, lines: Lines) -> None:
    """Write down the process ids once all run (a thread may not be busy while they are forked), then say where to go."""
    while not all(one.get("pid") for one in manager._processes.values()):
        time.sleep(0.05)
    pids = [pid for one in manager._processes.values() for pid in (one["pid"], one["process"].pid)]
    pids_file(state).write_text(json.dumps([os.getpid(), *pids]))
    web, bank = os.environ["PORT"], os.environ["SANDBOX_PORT"]
    waiting = [f"http://127.0.0.1:{web}/healthz", f"http://127.0.0.1:{bank}/.well-known/openid-configuration"]
    until = time.monotonic() + STARTED_WITHIN
    while waiting and not (lines.asked or lines.ended):
        if time.monotonic() > until:
            sys.stderr.write(f"error: no answer from {', '.join(waiting)}; see the lines above\n")
            return
        waiting = [url for url in waiting if not _answers(url)]
        time.sleep(0.1)
    if not waiting:
        sys.stdout.write(WELCOME.format(web=web, bank=bank))
        sys.stdout.flush()


WELCOME = """
  Regnskap er klart:  http://localhost:{web}
  Banken (en etterligning):  http://127.0.0.1:{bank}/console/

  Logg inn som
    Ada Administrator   administrator i Furuly Lys AS og Fjordlys Sveis AS
    Dag Leder           daglig leder i Furuly Lys AS (signerer alene) og Fjordlys Sveis AS (bare sammen med Vera)
    Rita Regnskap       regnskapsfører i Furuly Lys AS og Furulia Lys AS
    Rolf Revisor        revisor i Furuly Lys AS
    Stine Standard      rollen Standard i Furuly Lys AS: ser ingen rapporter
    Vera Vest           administrator i Furulia Lys AS (signerer alene)
    Otto Operatør       drifter installasjonen: bare http://localhost:{web}/admin/

  Ctrl-C stopper alt. Dataene er der neste gang.

"""


def _answers(url: str) -> bool:
    host = "localhost:" + os.environ["PORT"] if url.endswith("/healthz") else ""
    request = urllib.request.Request(url, headers={"Host": host} if host else {})  # noqa: S310  our own address
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
            return answer.status == 200
    except OSError:
        return False


# One supervisor per state folder, on free ports


@contextmanager
def alone_in(state: Path) -> Iterator[None]:
    """Hold the state folder's lock. Raises CannotRun where another supervisor, or what is left of one, holds it."""
    state.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    with open(state / "run.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(
                f"the product runs on {state} already. {_how_to_end(state)}Or give another STATE_DIR, PORT and SANDBOX_PORT."
            ) from None
        yield


def refuse_taken(state: Path, *ports: int) -> None:
    """Raise CannotRun where somebody listens on one of the ports."""
    for name, port in zip(("PORT", "SANDBOX_PORT"), ports, strict=True):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError as error:
                raise CannotRun(
                    f"port {port} is taken ({error.strerror}). {_how_to_end(state)}Or choose another: {name}={port + 10} make run"
                ) from None


def pids_file(state: Path) -> Path:
    """Where a running supervisor keeps its process ids: itself, then each process and its runner."""
    return state / "run.pids"


def _how_to_end(state: Path) -> str:
    """A sentence about the supervisor of this state folder, or about what a killed one left behind."""
    try:
        supervisor, *others = json.loads(pids_file(state).read_text())
    except (OSError, ValueError):
        return "Stop whatever uses it. "
    alive = [pid for pid in others if os.path.isdir(f"/proc/{pid}")]
    if os.path.isdir(f"/proc/{supervisor}"):
        return f"Stop it with Ctrl-C (process {supervisor}). "
    if alive:
        return f"It was killed and left processes behind; end them: kill {' '.join(map(str, alive))}. "
    return "Stop whatever uses it. "


@contextmanager
def embedded_servers() -> Iterator[None]:
    """The embedded servers, for as long as the block runs."""
    try:
        with later(signal.SIGINT, signal.SIGTERM):
            embedded.provide()
        yield
    finally:
        embedded.let_go()


@contextmanager
def later(*signals: signal.Signals) -> Iterator[None]:
    """Keep signals back until the block is through: a server that is half started could not be stopped."""
    came: list[int] = []
    former = {one: signal.signal(one, lambda number, frame: came.append(number)) for one in signals}
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)
        if came:
            raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
