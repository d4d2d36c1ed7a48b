"""The bench's own PostgreSQL: started in a state folder of its own, its empty database copied for each measurement."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2

from config import embedded, env

SUPERUSER = "postgres"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL reached through a folder, with its superuser, and a migrated database with nothing in it."""

    folder: str
    empty: str

    def connect(self, database: str = "postgres", role: str = SUPERUSER) -> Any:
        """A connection outside Django, in autocommit. The superuser has no row-level security."""
        opened = psycopg2.connect(host=self.folder, user=role, dbname=database)
        opened.autocommit = True
        return opened

    @contextmanager
    def copy(self, name: str, *, of: str = "") -> Iterator[str]:
        """Make a database of this name, a copy of the empty one or of another that nobody uses; dropped afterwards."""
        self.do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.do(f'CREATE DATABASE "{name}" TEMPLATE "{of or self.empty}" OWNER {embedded.OWNER} STRATEGY file_copy')
        try:
            yield name
        finally:
            self.do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def do(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the superuser."""
        opened = self.connect(database)
        with opened.cursor() as cursor:
            cursor.execute(statement)
        opened.close()


@contextmanager
def django_on(*databases: str) -> Iterator[dict[str, Any]]:
    """Connections of Django's kind to these databases as the application, by name; its own is put back at the end.

    `connections["default"] = one` makes one of them Django's own: what is measured in turn must not connect each time.
    """
    from django.db import connections

    before = connections["default"]
    made = {}
    for name in databases:
        made[name] = connections.create_connection("default")
        made[name].settings_dict = {**before.settings_dict, "NAME": name}
    try:
        yield made
    finally:
        connections["default"] = before
        for one in made.values():
            one.close()


def start() -> Server:
    """Start it (or join it), set Django up on it and migrate its empty database. It stops with this process."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    own = embedded.Servers(env.state_dir() / "bench", postgres=True, valkey=False, durable=True)
    os.environ.update(own.acquire(), REDIS_URL="redis://none")  # nothing that is measured asks it
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0)
    connection.close()  # a database with users cannot be copied
    return Server(str(own.sockets), embedded.DATABASE)
