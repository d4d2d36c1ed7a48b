"""Production's settings pass Django's deployment checks without a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GIVEN = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "DATABASE_URL": "postgresql://app_web@database/regnskap",
    "REDIS_URL": "redis://broker",
    "SECRET_KEY": "abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "PUBLIC_BASE_URL": "https://regnskap.example",
    "ALLOWED_HOSTS": "regnskap.example",
    "OIDC_ISSUER": "https://id.example",
    "OIDC_CLIENT_ID": "regnskap",
    "OIDC_CLIENT_SECRET": "x",
    "BUFFER_BASE_URL": "https://buffer.example",
    "BUFFER_CLIENT_ID": "regnskap",
    "BUFFER_CLIENT_SECRET": "x",
    "BUFFER_WEBHOOK_SECRET": "x",
}


def check(**changed):
    environment = {"PATH": os.environ["PATH"], **GIVEN, **changed}
    return subprocess.run(
        [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_nothing_is_warned_of():
    done = check()
    assert done.returncode == 0, done.stderr


def test_plain_http_is_refused():
    done = check(BUFFER_BASE_URL="http://buffer.example")
    assert done.returncode != 0 and "BUFFER_BASE_URL must begin with https://" in done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "https://localhost:8001",
        "https://127.0.0.1:8001",
        "https://10.0.0.5",
        "https://[64:ff9b::7f00:1]",
        "https://bank.internal",
    ],
)
def test_a_bank_inside_is_refused(address):
    done = check(BUFFER_BASE_URL=address)
    assert done.returncode != 0 and "financing.E001" in done.stderr


def test_a_demo_with_a_real_bank_is_refused():
    done = check(DJANGO_SETTINGS_MODULE="config.settings.dev", BUFFER_BASE_URL="https://buffer.example")
    assert done.returncode != 0 and "financing.E002" in done.stderr
