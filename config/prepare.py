"""A database that is new is migrated before its first use, once, whoever comes first."""

import fcntl
import sys
from contextlib import redirect_stdout

from config import env


def migrate_when_new() -> None:
    """Migrate where no migration was ever run. What the migrations print goes to standard error."""
    import django
    from django.core.management import call_command

    django.setup()
    if _migrated():
        return
    folder = env.state_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "migrate.lock", "w") as lock, redirect_stdout(sys.stderr):
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _migrated():
            call_command("migrate", verbosity=0, interactive=False)


def _migrated() -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        return bool(cursor.fetchone()[0])
