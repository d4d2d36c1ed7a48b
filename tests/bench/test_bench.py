"""The bench on a handful of rows: it runs whole, measures what is the same on both sides, and proves its data."""

import json
from decimal import Decimal

import pytest
from django.db import connection, connections

from access.models import Client
from access.tenancy import client_scope
from bench import __main__ as bench
from bench import data, reports
from bench.server import Server, django_on
from bench.timing import Measurement, in_turn
from config import embedded

SIZE = 2000
CROWD = data.Crowd(companies=3)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server():
    """The tests' own server, its test database as the empty one."""
    place = connection.settings_dict
    if not place["HOST"].startswith("/"):
        pytest.skip("needs the embedded server, whose superuser may be used")
    connection.close()  # a database with users cannot be copied
    return Server(place["HOST"], place["NAME"])


@pytest.fixture
def filled(server):
    """A database with the company among a few others, and Django on it; its name."""
    with server.copy("bench_test") as database:
        data.add_crowd(server, database, CROWD)
        data.add_company(server, database, SIZE)
        data.settle(server, database)
        with django_on(database) as made:
            connections["default"] = made[database]
            yield database


def test_it_runs_whole_and_writes_what_it_found(server, tmp_path, capsys):
    result = tmp_path / "var" / "bench.json"
    bench.run(server, SIZE, runs=1, imports=1, crowd=CROWD, result=result)
    found = json.loads(result.read_text(encoding="utf-8"))
    fields = {"name", "size", "ms", "reference", "reference_ms", "ratio", "goal", "met"}
    assert all(set(one) == fields and one["ms"] > 0 < one["reference_ms"] for one in found)
    # Of a tick the size is the number of agreements.
    assert all(one["size"] == (20 if one["name"].startswith("a tick") else SIZE) for one in found)
    assert {one["name"] for one in found} >= {
        "a tick, for each changed agreement",
        *reports.AGED,
        "open items, the last page",
        "aged report today, 10 x others",
    }
    assert all((one["goal"] is None) == (one["met"] is None) for one in found)
    assert capsys.readouterr().out.count("\n") == len(found) + 1


@pytest.mark.parametrize(("file", "as_of", "goal"), reports.AGED.values(), ids=reports.AGED)
def test_ours_and_the_reference_say_the_same_row_for_row(server, filled, file, as_of, goal):
    client = Client.objects.get(organisation_number=data.COMPANY)
    with reports.by_hand(server, filled, embedded.APPLICATION, client) as by_hand:
        theirs = [(*row[:5], *(amount or Decimal(0) for amount in row[5:])) for row in by_hand(file, as_of)]
    with client_scope(client, read_only=True):
        (ours,) = reports.report(client, as_of).currencies.values()
    assert [(*row[:5], *row.amounts) for row in ours.rows] == theirs
    assert len(theirs) > 50
    with connection.cursor() as cursor, client_scope(client):
        # Matches take as much from debits as from credits, so what is open is the sum of all entries.
        cursor.execute("SELECT sum(amount) FROM accounting_ledgerentry WHERE entry_date <= %s", [as_of])
        assert cursor.fetchone()[0] == ours.total == sum(row[4] for row in theirs)


def test_the_data_are_what_is_promised(filled):
    client = Client.objects.get(organisation_number=data.COMPANY)
    with connection.cursor() as cursor, client_scope(client):
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE closed_on IS NULL), count(*) FILTER (WHERE kind = 'credit_note'),"
            " count(*) FILTER (WHERE first_matched_on <= %(then)s AND last_matched_on > %(then)s),"
            " max(entry_date) - min(entry_date) FROM accounting_ledgerentry",
            {"then": data.YEAR_AGO},
        )
        entries, still_open, credit_notes, half_paid_then, days = cursor.fetchone()
    assert (entries, still_open) == (SIZE, SIZE * 6 // 100)
    assert credit_notes and half_paid_then and 1000 < days <= data.DAYS


def test_what_an_entry_keeps_wrong_is_found(server, filled):
    server.do(
        "UPDATE accounting_ledgerentry SET first_matched_on = first_matched_on - 1 WHERE id ="
        " (SELECT max(id) FROM accounting_ledgerentry WHERE first_matched_on > entry_date)",
        filled,
    )
    with pytest.raises(data.KeptWrong, match=r"^1 entries"):
        data.settle(server, filled)


def test_a_median_is_of_the_runs_that_count():
    went = []
    in_turn(3, lambda: went.append("a"), lambda: went.append("b"))
    assert sorted(went) == ["a"] * 4 + ["b"] * 4 and went[:4] != ["a", "b", "a", "b"]
    slow = Measurement("a", 1, ms=3.0, reference="b", reference_ms=2.0, goal=1.4).as_json()
    assert (slow["ratio"], slow["met"]) == (1.5, False)
    assert Measurement("a", 1, ms=3.0, reference="b", reference_ms=2.0).as_json()["met"] is None


@pytest.mark.parametrize(("text", "entries"), [("100k", 100_000), ("1M", 1_000_000), ("2050", 2000)])
def test_sizes(text, entries):
    assert bench.entries(text) == entries
