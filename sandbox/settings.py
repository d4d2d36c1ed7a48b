"""Settings of the stand-in bank: own cookies, own SQLite file, secrets without defaults."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent

_NEEDED = (
    "BUFFER_CLIENT_ID", "BUFFER_CLIENT_SECRET", "BUFFER_WEBHOOK_SECRET", "PARTNER_CLIENT_ID", "PARTNER_CLIENT_SECRET",
    "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_REDIRECT_URIS",
)  # fmt: skip
_missing = [name for name in _NEEDED if not os.environ.get(name, "").strip()]
if _missing:
    raise ImproperlyConfigured("the bank needs these in its environment: " + ", ".join(_missing))

PORT = os.environ.get("SANDBOX_PORT", "8001")
BASE_URL = os.environ.get("SANDBOX_BASE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
STATE = Path(os.environ.get("SANDBOX_STATE", BASE_DIR.parent / "var" / "sandbox"))
STATE.mkdir(parents=True, exist_ok=True, mode=0o700)

# The accounting system at the bank, the bank at the accounting system, and the relying party at BankID.
PARTNER = (os.environ["BUFFER_CLIENT_ID"], os.environ["BUFFER_CLIENT_SECRET"])
OURS_THERE = (os.environ["PARTNER_CLIENT_ID"], os.environ["PARTNER_CLIENT_SECRET"])
RELYING_PARTY = (os.environ["OIDC_CLIENT_ID"], os.environ["OIDC_CLIENT_SECRET"])
REDIRECT_URIS = os.environ["OIDC_REDIRECT_URIS"].split()
WEBHOOK_SECRETS = os.environ["BUFFER_WEBHOOK_SECRET"].split()
REANALYSE_SECONDS = float(os.environ.get("SANDBOX_REANALYSE_SECONDS", "60"))
LINK_SECONDS = float(os.environ.get("SANDBOX_LINK_SECONDS", "300"))


def _own_key() -> str:
    path = STATE / "django-secret"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text()


SECRET_KEY = _own_key()
DEBUG = False
ALLOWED_HOSTS = [
    urlsplit(BASE_URL).hostname or "127.0.0.1",
    *os.environ.get("SANDBOX_ALLOWED_HOSTS", "").replace(",", " ").split(),
]
ROOT_URLCONF = "sandbox.urls"
INSTALLED_APPS = ["django.contrib.sessions", "django.contrib.staticfiles", "sandbox"]
MIDDLEWARE = [
    "sandbox.middleware.BankHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": STATE / "bank.sqlite3",
        # IMMEDIATE: writers queue for the file at the beginning of a transaction instead of failing in the middle.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
LANGUAGE_CODE = "nb"
TIME_ZONE = "Europe/Oslo"
USE_TZ = True
APPEND_SLASH = False

# Other names than the accounting system's: cookies ignore ports.
SESSION_COOKIE_NAME = "bank_session"
CSRF_COOKIE_NAME = "bank_csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
SESSION_COOKIE_AGE = 30 * 60
CSRF_FAILURE_VIEW = "sandbox.pages.errors.csrf_failed"
# Not no-referrer: browsers then send "Origin: null" with the bank's own forms, and they are refused.
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # Django would log addresses, and a link's address is its secret; middleware.py logs the route instead.
    "loggers": {"django.request": {"level": "CRITICAL"}, "urllib3": {"level": "WARNING"}},
}
