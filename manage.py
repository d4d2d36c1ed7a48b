#!/usr/bin/env python3
"""Management commands; with DATABASE_URL unset they start or join this copy's embedded servers."""

import os
import sys


def main() -> None:
    """Run one command of the project."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    from config import embedded, prepare

    embedded.provide()
    if len(sys.argv) > 1 and sys.argv[1] not in ("migrate", "makemigrations", "collectstatic"):
        prepare.migrate_when_new()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
