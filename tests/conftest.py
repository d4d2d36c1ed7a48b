"""The tests' own servers and database: real ones, the schema made by the owner, the code run as the application."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# Order matters: the settings are read when Django is first imported by pytest-django, below.
_state = Path(tempfile.mkdtemp(prefix="regnskap-test-"))
_state.chmod(0o711)  # as root the database runs as another user, who must be able to enter
os.environ["STATE_DIR"] = str(_state)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
for _name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
    if f"TEST_{_name}" in os.environ:
        os.environ[_name] = os.environ[f"TEST_{_name}"]
    else:
        os.environ.pop(_name, None)

from config import embedded  # noqa: E402

embedded.provide(durable=False)


@atexit.register
def _remove_state() -> None:
    if os.getpid() == _pid:
        embedded.let_go()
        shutil.rmtree(_state, ignore_errors=True)


_pid = os.getpid()

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402

from access import ownership  # noqa: E402


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """The test database is made by the owner."""
    ownership.application_login()
    ownership.become({key: settings.DATABASE_OWNER[key] for key in ("USER", "PASSWORD")})


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The code under test connects as the application's role; the owner drops the database afterwards."""
    with django_db_blocker.unblock():
        ownership.become(ownership.application_login())
    yield
    with django_db_blocker.unblock():
        ownership.become({key: settings.DATABASE_OWNER[key] for key in ("USER", "PASSWORD")})


@pytest.fixture
def shared() -> Path:
    """The folder beside the project with real files and their expected figures."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared, the folder with real files beside the project")
    return SHARED


@pytest.fixture
def make_client(db):
    """Make a company: make_client("310000000", "Furuly Lys AS")."""
    from access.services import create_client

    def make(number: str = "310000000", name: str = "Furuly Lys AS", **values):
        return create_client(organisation_number=number, name=name, **values)

    return make


@pytest.fixture
def make_member(db):
    """Make a person a member: make_member(client, "dag", "daglig_leder")."""
    from access.services import add_member, known_person

    def make(client, subject: str, role: str):
        user = known_person(subject=subject, name=subject.capitalize())
        add_member(client=client, user=user, role_key=role)
        return user

    return make
