"""Where settings come from: the environment, files it names, and the state folder of this copy."""

import base64
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent


class SettingMissing(Exception):
    """A setting without a default was not given; the message says which and how to give it."""


def read(name: str, default: str | None = None) -> str:
    """The value of NAME, or the content of the file that NAME_FILE names, or the default.

    Raises SettingMissing when there is none of the three.
    """
    path = os.environ.get(f"{name}_FILE")
    if name in os.environ:
        return os.environ[name]
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingMissing(f"{name}_FILE names a file that cannot be read: {error.strerror}") from error
    if default is None:
        raise SettingMissing(f"{name} is not set: give {name}, or {name}_FILE with the path of a file that holds it")
    return default


def file_of(name: str) -> str:
    """The path of the file that `read(name)` takes its value from; empty where it comes from elsewhere."""
    return "" if name in os.environ else os.environ.get(f"{name}_FILE", "")


def state_dir() -> Path:
    """The folder of the embedded servers' data, logs and the demo's secrets; absolute.

    As root the default lies outside the home, because the database server then runs as another user
    who must be able to enter every parent folder.
    """
    given = os.environ.get("STATE_DIR")
    if given:
        return Path(given).expanduser().resolve()
    if os.geteuid() == 0:
        return Path("/var/lib/regnskap") / hashlib.sha256(str(ROOT).encode()).hexdigest()[:10]
    return ROOT / "var" / "state"


def own_secret(name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """A secret of this copy: from the environment, else made once and kept in the state folder (0600)."""
    try:
        return read(name)
    except SettingMissing:
        if os.environ.get(f"{name}_FILE"):
            raise
    folder = state_dir() / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name.lower()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        value = make()
        file.write(value)
    return value


def webhook_secret() -> str:
    """A new key as Standard Webhooks write it: whsec_ and 32 bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def database(url: str) -> dict[str, object]:
    """Django's settings of one login at a PostgreSQL server, from postgresql://user:password@host:port/name?option=…

    A percent-encoded folder as the host means the server's socket in it.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise SettingMissing("a database URL must begin with postgresql://")
    login, _, address = parts.netloc.rpartition("@")
    host, _, port = (address, "", "") if address.startswith("%2F") else address.partition(":")
    user, _, password = login.partition(":")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(user),
        "PASSWORD": unquote(password),
        "HOST": unquote(host),
        "PORT": port,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


if __name__ == "__main__":
    print(state_dir())  # noqa: T201  for `make clean`
