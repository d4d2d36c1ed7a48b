"""Two logins at one database: the owner, who migrates, and the application, which row-level security binds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

_application: dict[str, dict[str, Any]] = {}


def application_login(alias: str = "default") -> dict[str, Any]:
    """USER and PASSWORD of the application's role; remembered, because settings.DATABASES *is* what we change."""
    if alias not in _application:
        current = connections[alias].settings_dict
        _application[alias] = {key: current[key] for key in ("USER", "PASSWORD")}
    return _application[alias]


def owner_login() -> dict[str, Any]:
    """USER and PASSWORD of the owner. Raises CommandError where DATABASE_OWNER_URL is not given."""
    owner = settings.DATABASE_OWNER
    if not owner:
        raise CommandError(
            "DATABASE_OWNER_URL is not set: migrations need a role that owns the tables, and the application's"
            " role must not (row-level security would not bind it). Give both URLs."
        )
    return {key: owner[key] for key in ("USER", "PASSWORD")}


def become(login: dict[str, Any], alias: str = "default") -> None:
    """Use this login from now on. Refused in the middle of a transaction."""
    connection = connections[alias]
    if connection.in_atomic_block:
        raise RuntimeError("cannot change the database role inside a transaction")
    connection.close()
    connection.settings_dict.update(login)


@contextmanager
def as_owner(alias: str = "default") -> Iterator[None]:
    """Run a block as the owner of the tables."""
    application_login(alias)
    login = owner_login()
    current = connections[alias].settings_dict
    before = {key: current[key] for key in ("USER", "PASSWORD")}
    become(login, alias)
    try:
        yield
    finally:
        become(before, alias)


def grant_to_application(alias: str = "default") -> None:
    """Let the application's role use the tables that the owner is about to create. Run as the owner."""
    connection = connections[alias]
    role = connection.ops.quote_name(application_login(alias)["USER"])
    with connection.cursor() as cursor:
        cursor.execute(
            f"GRANT USAGE ON SCHEMA public TO {role};"
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
        )
