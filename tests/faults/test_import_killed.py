"""A worker that is killed in the middle of an import leaves nothing half done, and the import ends all the same."""

import json
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from tests.accounting.importing import HEADER

from .conftest import Place

ROWS = 60_000
KILLED, UNHARMED = "310000000", "310011118"


@pytest.fixture(scope="module")
def place():
    state = Path(tempfile.mkdtemp(prefix="regnskap-imports-"))
    state.chmod(0o711)
    found = Place(state)
    try:
        found.run("manage.py", "migrate", "--verbosity", "0")
        yield found
    finally:
        for name in list(found.processes):
            found.kill(name)
        found.bank.server.shutdown()
        found.bank.server.server_close()
        found.servers.release()
        found.log.close()
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def ledger(place):
    """A file that takes a few seconds."""
    path = place.state / "poster.csv"
    rows = (
        f"{n},{n % 900},Kunde {n % 900},,invoice,{n},{n},,2026-01-{n % 28 + 1:02},2026-02-{n % 28 + 1:02},,{n}.50,"
        for n in range(1, ROWS)
    )
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return str(path)


def run(place, pk):
    return place.rows("SELECT status, tries, summary FROM accounting_importrun WHERE id = %s", pk)[0]


def until(place, true, seconds):
    began = time.monotonic()
    while not (found := true()):
        assert time.monotonic() - began < seconds, place.tail()
        time.sleep(0.02)
    return found


def books(place, number):
    """Count and sum of the entries and of what is open, and a sum over everything that identifies them."""
    return place.rows(
        "SELECT count(*), sum(amount), sum(open_amount), md5(string_agg(entry_id || amount || c.number, ',' ORDER BY entry_id))"
        " FROM accounting_ledgerentry e JOIN accounting_customer c ON c.id = e.customer_id"
        " JOIN access_client k ON k.id = e.client_id WHERE k.organisation_number = %s", number,
    )[0]  # fmt: skip


def test_a_worker_killed_in_the_middle_is_followed_by_another(place, ledger):
    place.start("worker")
    (pk,) = json.loads(place.run("-m", "tests.faults.imports", KILLED, ledger))
    until(place, lambda: run(place, pk)[0] == "running", 60)
    until(place, lambda: place.rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'INSERT INTO accounting_ledgerentry%%' OR"
                                    " query LIKE '%%INSERT INTO accounting_ledgerentry%%' AND state = 'active'"
                                    " AND pid <> pg_backend_pid()"), 60)  # fmt: skip
    place.kill("worker")
    assert run(place, pk)[0] == "running"
    assert books(place, KILLED)[0] == 0
    assert list((place.state / "uploads").iterdir()) != []
    place.start("worker")
    place.start("beat")
    began = time.monotonic()
    until(place, lambda: run(place, pk)[0] not in ("running", "waiting"), 120)
    status, tries, summary = run(place, pk)
    print(f"ended {time.monotonic() - began:.0f} s after the next worker was started, at try {tries}")
    assert (status, tries) == ("done", 2)
    assert summary["entries"] == {"created": ROWS - 1, "unchanged": 0}
    assert list((place.state / "uploads").iterdir()) == []
    (other,) = json.loads(place.run("-m", "tests.faults.imports", UNHARMED, ledger))
    until(place, lambda: run(place, other)[0] == "done", 120)
    assert books(place, KILLED) == books(place, UNHARMED)


def test_the_same_file_twice_at_once_is_in_the_books_once(place, ledger):
    for name in ("worker", "beat"):
        if name not in place.processes:
            place.start(name)
    before = "310022225"
    first, second = json.loads(place.run("-m", "tests.faults.imports", before, ledger, ledger))
    until(place, lambda: run(place, second)[0] not in ("running", "waiting"), 180)
    assert run(place, first)[2]["entries"] == {"created": ROWS - 1, "unchanged": 0}
    assert run(place, second)[2]["entries"] == {"created": 0, "unchanged": ROWS - 1}
    assert books(place, before)[0] == ROWS - 1
