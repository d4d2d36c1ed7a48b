"""Django's migrate, run as the owner of the tables."""

from typing import Any

from django.core.management.commands.migrate import Command as DjangoMigrate

from access.ownership import as_owner, grant_to_application


class Command(DjangoMigrate):
    """Migrates as the owner and lets the application's role use what was created."""

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner(options["database"]):
            grant_to_application(options["database"])
            super().handle(*args, **options)
