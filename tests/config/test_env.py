"""Settings from the environment and from files; secrets of this copy; production, which has no default for any."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import env

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED = {
    "SECRET_KEY": "s", "PUBLIC_BASE_URL": "https://regnskap.example", "ALLOWED_HOSTS": "regnskap.example",
    "OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "i", "OIDC_CLIENT_SECRET": "s",
    "BUFFER_BASE_URL": "https://bank.example", "BUFFER_CLIENT_ID": "b", "BUFFER_CLIENT_SECRET": "s",
    "BUFFER_WEBHOOK_SECRET": "whsec_s", "DATABASE_URL": "postgresql://a@h/d", "REDIS_URL": "redis://h",
}  # fmt: skip


def test_a_value_comes_from_the_environment_then_a_file_then_the_default(monkeypatch, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("from the file\n")
    monkeypatch.delenv("THING", raising=False)
    assert env.read("THING", "default") == "default"
    monkeypatch.setenv("THING_FILE", str(secret))
    assert env.read("THING", "default") == "from the file"
    monkeypatch.setenv("THING", "given")
    assert env.read("THING") == "given"


def test_what_is_missing_is_named_with_both_ways_to_give_it(monkeypatch):
    monkeypatch.delenv("THING", raising=False)
    with pytest.raises(env.SettingMissing, match="THING is not set: give THING, or THING_FILE"):
        env.read("THING")


def test_a_file_that_cannot_be_read_is_said_not_passed_over(monkeypatch, tmp_path):
    monkeypatch.delenv("THING", raising=False)
    monkeypatch.setenv("THING_FILE", str(tmp_path / "none"))
    with pytest.raises(env.SettingMissing, match="THING_FILE names a file that cannot be read"):
        env.read("THING", "default")
    with pytest.raises(env.SettingMissing, match="THING_FILE"):
        env.own_secret("THING")


def test_a_secret_of_this_copy_is_made_once_and_readable_for_us_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    monkeypatch.delenv("THING", raising=False)
    made = env.own_secret("THING")
    assert len(made) >= 43
    assert env.own_secret("THING") == made
    assert (tmp_path / "secrets" / "thing").stat().st_mode & 0o777 == 0o600


def test_a_percent_encoded_folder_is_a_socket():
    found = env.database("postgresql://web:p%40ss@%2Fvar%2FRun%20it/books?sslmode=disable")
    assert (found["HOST"], found["PORT"], found["USER"], found["PASSWORD"], found["NAME"], found["OPTIONS"]) == (
        "/var/Run it", "", "web", "p@ss", "books", {"sslmode": "disable"}
    )  # fmt: skip
    found = env.database("postgresql://web@db.example:6432/books")
    assert (found["HOST"], found["PORT"]) == ("db.example", "6432")


def production(**changed):
    """Load the production settings in a process of its own; its standard error, empty where they loaded."""
    given = {name: value for name, value in (NEEDED | changed).items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings.production"], cwd=ROOT, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], **given}, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == (done.stderr == ""), done.stderr
    return done.stderr


def test_production_loads_when_all_is_given():
    assert production() == ""


@pytest.mark.parametrize("name", NEEDED)
def test_production_refuses_to_load_without_a_value_and_says_which(name):
    assert f"{name} is not set" in production(**{name: None})


@pytest.mark.parametrize("name", ["PUBLIC_BASE_URL", "BUFFER_BASE_URL"])
def test_production_is_https_only(name):
    assert f"{name} must begin with https://" in production(**{name: "http://plain.example"})
