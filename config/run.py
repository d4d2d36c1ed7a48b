"""The supervisor behind `make run`: embedded servers, migrations, the demo, and four processes that live and end together."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any

from config import embedded, env

STARTED_WITHIN = 60  # seconds
PATIENCE = 15  # seconds between SIGTERM and SIGKILL; longer than a task usually takes
STOPPED = (130, 143)  # honcho's codes for SIGINT and SIGTERM
PEOPLE = (
    "Ada Administrator, Dag Leder, Rita Regnskap, Rolf Revisor, Stine Standard, Vera Vest, Otto Operatør (operatør)"
)


class CannotStart(Exception):
    """Something outside is in the way; the message says what to do."""


def main() -> int:
    """Run until Ctrl-C; 0 after a clean stop, 1 where something could not start or a process died."""
    port, bank_port = env.read("PORT", "8000"), env.read("SANDBOX_PORT", "8001")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    os.environ.setdefault("PUBLIC_BASE_URL", f"http://localhost:{port}")
    os.environ.setdefault("BUFFER_BASE_URL", f"http://127.0.0.1:{bank_port}")
    try:
        _check_ports(port, bank_port)
        embedded.provide()
        state = env.state_dir()
        _share_secrets(state)
        _manage("migrate", "--verbosity", "0")
        _demo(state)
        partner = _provider_credentials(state)
        return _supervise(state, port, bank_port, partner)
    except (CannotStart, env.SettingMissing, embedded.ServerFailed) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        embedded.let_go()


def _check_ports(*ports: str) -> None:
    for port in ports:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", int(port)))
            except OSError:
                raise CannotStart(_taken(port)) from None


def _taken(port: str) -> str:
    told = f"port {port} is taken: stop what uses it, or choose others with PORT=… SANDBOX_PORT=…"
    left = env.state_dir() / "processes.json"
    if left.exists():
        alive = [str(pid) for pid in json.loads(left.read_text()).values() if Path(f"/proc/{pid}").exists()]
        if alive:
            told += f". A former run may have been killed; end its processes with: kill {' '.join(alive)}"
    return told


def _share_secrets(state: Path) -> None:
    """Both sides of the demo get the same secrets, made once and kept in the state folder."""
    for name in ("SECRET_KEY", "OIDC_CLIENT_SECRET", "BUFFER_CLIENT_SECRET"):
        os.environ[name] = env.own_secret(name)
    os.environ["BUFFER_WEBHOOK_SECRET"] = env.own_secret("BUFFER_WEBHOOK_SECRET", _webhook_secret)
    os.environ.setdefault("OIDC_CLIENT_ID", "regnskap")
    os.environ.setdefault("BUFFER_CLIENT_ID", "regnskap")


def _webhook_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()  # the form of Standard Webhooks


def _demo(state: Path) -> None:
    """The demo companies, on the first run in a state folder; its people follow the bank where its address moved."""
    issuer = os.environ.get("OIDC_ISSUER") or os.environ["BUFFER_BASE_URL"]
    kept = state / "demo-issuer"
    if kept.exists() and kept.read_text() != issuer:
        _manage("move_demo_people", kept.read_text(), issuer)
    if not kept.exists():
        _manage("seed_demo")
    kept.write_text(issuer)


def _provider_credentials(state: Path) -> dict[str, str]:
    """What the bank presents at our token endpoint; ours to give, once."""
    path = state / "secrets" / "provider.json"
    if not path.exists():
        given = _manage("add_provider_client", "buffer")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(given)
    return json.loads(path.read_text())


def _manage(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(env.ROOT / "manage.py"), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotStart(f"manage.py {arguments[0]} failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def _processes(
    state: Path, port: str, bank_port: str, partner: dict[str, str]
) -> dict[str, tuple[str, dict[str, str]]]:
    """Name → (command, environment). The bank is a stranger: it gets none of our database, broker or key."""
    python, ours = f"exec {sys.executable} -m", dict(os.environ)
    private = {"SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    bank = {key: value for key, value in ours.items() if key not in private} | {
        "SANDBOX_PORT": bank_port,
        "SANDBOX_BASE_URL": os.environ["BUFFER_BASE_URL"],
        "SANDBOX_STATE": str(state / "bank"),
        "PARTNER_CLIENT_ID": partner["client_id"],
        "PARTNER_CLIENT_SECRET": partner["client_secret"],
        "OIDC_REDIRECT_URIS": os.environ["PUBLIC_BASE_URL"] + "/oidc/callback/",
    }
    # No query strings in the access log: codes and states travel in them.
    served = "--no-control-socket --access-logfile - --access-logformat '%(h)s \"%(m)s %(U)s\" %(s)s %(M)sms'"
    return {
        "web": (f"{python} gunicorn config.wsgi:application -b 127.0.0.1:{port} -w 2 --threads 4 {served}", ours),
        "worker": (f"{python} celery -A config worker -c 2 --without-mingle --without-gossip -l INFO", ours),
        "beat": (f"{python} celery -A config beat -s {state}/beat --pidfile= -l WARNING", ours),
        "bank": (
            f"{python} gunicorn sandbox.wsgi:application -b 127.0.0.1:{bank_port} -w 1 --threads 8 {served}",
            bank,
        ),
    }


def _supervise(state: Path, port: str, bank_port: str, partner: dict[str, str]) -> int:
    from honcho import manager as honcho

    honcho.KILL_WAIT = PATIENCE
    manager = honcho.Manager()
    for name, (command, environment) in _processes(state, port, bank_port, partner).items():
        manager.add_process(name, command, env=environment, cwd=str(env.ROOT))
    threading.Thread(target=_greet, args=(manager, state, port, bank_port), daemon=True).start()
    manager.loop()
    (state / "processes.json").unlink(missing_ok=True)
    if manager.returncode in STOPPED:
        return 0
    print("error: a process ended by itself; what it said stands above", file=sys.stderr)  # noqa: T201
    return 1


def _greet(manager: Any, state: Path, port: str, bank_port: str) -> None:
    """Say where it is, once it answers."""
    web, bank = f"http://localhost:{port}", f"http://127.0.0.1:{bank_port}"
    for url in (web + "/healthz", bank + "/.well-known/openid-configuration"):
        if not _answers(url):
            return
    # For whoever finds the port taken after this supervisor was killed: honcho leaves the others running then.
    running = {name: one["pid"] for name, one in manager._processes.items() if "pid" in one}
    (state / "processes.json").write_text(json.dumps(running))
    print(  # noqa: T201
        f"\n  Regnskap:      {web}\n  Banken (test): {bank}/console/\n\n  Logg inn som:  {PEOPLE}\n  Stopp med Ctrl-C\n",
        flush=True,
    )


def _answers(url: str) -> bool:
    for _ in range(STARTED_WITHIN * 4):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            if answer.status == 200:
                return True
        time.sleep(0.25)
    return False


if __name__ == "__main__":
    sys.exit(main())
