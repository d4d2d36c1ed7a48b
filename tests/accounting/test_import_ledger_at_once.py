"""Ledger CSV: two imports at once, and one that is killed in the middle, give the books of one."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from access.services import create_client
from tests.accounting.ledger_files import NUMBER, Folder, entry, match

ROWS = [entry("O1", "500.00", "2025-12-31", kind="opening_balance"), entry("I1", "1234.50"),
        entry("I2", "100.00", number="1002"), entry("P1", "-1000.00", "2026-02-01")]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_known", [False, True])
def test_two_imports_at_once_give_the_books_of_one(folder, is_known):
    if is_known:
        create_client(organisation_number=NUMBER, name="Furuly Lys AS")
    files = folder.entries(*ROWS), folder.matches(match("I1", "P1", "1000.00"))

    def once(_):
        try:
            return folder.run(*files)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        summaries = list(pool.map(once, range(2)))
    assert sorted(one["entries"]["created"] for one in summaries) == [0, 4]
    assert sorted(one["matches"]["created"] for one in summaries) == [0, 1]
    assert len(folder.books()[0]) == 4 and len(folder.books()[1]) == 1


_IMPORT = """
import os, sys
import django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.core.management import call_command
call_command("import_ledger", sys.argv[2], client=sys.argv[3], name="Furuly Lys AS")
"""


@pytest.mark.django_db(transaction=True)
def test_a_killed_import_leaves_nothing_and_can_be_made_again(folder):
    path = folder.entries(*(entry(f"I{number}", "1.00", number=str(number % 97)) for number in range(60_000)))
    command = [sys.executable, "-c", _IMPORT, connections["default"].settings_dict["NAME"], str(path), NUMBER]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        with connections["default"].cursor() as cursor:
            for _ in range(600):  # until it writes the entries
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%INSERT INTO accounting_ledgerentry%'"
                    " AND pid <> pg_backend_pid()"
                )
                if cursor.fetchone()[0]:
                    break
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    assert folder.run(path)["entries"] == {"created": 60_000, "unchanged": 0}
