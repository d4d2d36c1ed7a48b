"""EHF: two imports at once, and one that is killed in the middle, give the books of one; hostile files through the command."""

import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from access.services import create_client
from tests.accounting.ehf_builder import NUMBER, Invoices, document
from tests.accounting.test_xml_door import HOSTILE, bytes_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def invoices(tmp_path):
    create_client(organisation_number=NUMBER, name="Furuly Lys AS")
    return Invoices(tmp_path)


def at_once(invoices, *calls):
    def once(paths):
        try:
            return invoices.run(*paths)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(once, calls))


def test_two_imports_of_the_same_files_at_once(invoices):
    paths = [invoices.file(document(str(number), "10", f"2026-01-{number:02}")) for number in range(1, 21)]
    paths.append(invoices.file(document("K", "5", note=True, refers=("1",))))
    summaries = at_once(invoices, paths, paths[::-1])
    assert sorted(one["entries"]["created"] for one in summaries) == [0, 21]
    assert sorted(one["matches"]["created"] for one in summaries) == [0, 1]
    assert sorted(one["customers"]["created"] for one in summaries) == [0, 1]
    assert (len(invoices.books()[0]), len(invoices.books()[1]), len(invoices.audit())) == (21, 1, 1)


def test_an_invoice_and_its_credit_note_at_once(invoices):
    calls = [[invoices.file(document("1", "10"))], [invoices.file(document("K", "4", note=True, refers=("1",)))]]
    summaries = at_once(invoices, *calls)
    assert sum(one["matches"]["created"] for one in summaries) == 1
    assert str(invoices.entry("1").open_amount) == "6.00"
    assert sum(one["customers"]["created"] for one in summaries) == 1


_IMPORT = """
import sys
import django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.core.management import call_command
call_command("import_invoices", *sys.argv[3:], client=sys.argv[2])
"""


def command(*paths):
    name = connections["default"].settings_dict["NAME"]
    return [sys.executable, "-c", _IMPORT, name, NUMBER, *map(str, paths)]


def test_a_killed_import_leaves_nothing_and_can_be_made_again(invoices):
    """It is stopped where it waits for an entry that somebody holds: with customers and entries written."""
    invoices.load(document("1", "100"))
    paths = [invoices.file(document(str(number), "10", buyer=(f"X{number}", "X", "SE"))) for number in range(2, 40)]
    paths.append(invoices.file(document("K", "5", note=True, refers=("1",))))
    with connections["default"].cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT set_config('app.client_ids', %s, true)", [f"{{{invoices.company().pk}}}"])
        cursor.execute("SELECT id FROM accounting_ledgerentry FOR UPDATE")
        process = subprocess.Popen(command(*paths), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            for _ in range(1500):
                cursor.execute("SELECT pg_stat_clear_snapshot()")
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND query LIKE '%accounting_ledgerentry%'"
                )
                if cursor.fetchone()[0]:
                    break
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.02)
            else:
                pytest.fail("it never came to its matches")
        finally:
            process.kill()
            process.wait()
            cursor.execute("ROLLBACK")
    assert len(invoices.books()[0]) == 1 and len(invoices.audit()) == 1
    summary = invoices.run(*paths)
    assert (summary["entries"]["created"], summary["customers"]["created"]) == (39, 38)
    assert summary["matches"]["created"] == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_by_the_command(invoices, name):
    path = invoices.folder / "hostile.xml"
    path.write_bytes(bytes_of(HOSTILE[name][0]))
    began = resource.getrusage(resource.RUSAGE_SELF)
    assert "hostile.xml:" in invoices.refused_files(path)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    assert (ended.ru_utime + ended.ru_stime) - (began.ru_utime + began.ru_stime) < 2
