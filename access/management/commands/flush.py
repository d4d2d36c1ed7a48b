"""Django's flush, run as the owner of the tables: only the owner may TRUNCATE."""

from typing import Any

from django.core.management.commands.flush import Command as DjangoFlush

from access.ownership import as_owner


class Command(DjangoFlush):
    """Empties the tables as the owner."""

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner(options["database"]):
            super().handle(*args, **options)
