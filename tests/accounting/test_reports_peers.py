"""Ageing and open-item cases of other systems, restated in shared/data/peer_cases.json, entered entry by entry."""

import json

import pytest
from django.db import IntegrityError, transaction

from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.open_items import open_items
from accounting.reports.options import Credits
from tests.accounting.factories import Books
from tests.conftest import SHARED

pytestmark = pytest.mark.django_db
FILE = SHARED / "data" / "peer_cases.json"
CASES = [one for one in json.loads(FILE.read_text())["cases"] if one["kind"] == "open_items"] if FILE.exists() else []


def test_there_are_cases(shared):
    assert len(CASES) > 10


@pytest.mark.parametrize("case", CASES, ids=[one["id"] for one in CASES])
def test_gives_the_peers_figures(make_client, case):
    books = Books(make_client(base_currency=case["currency"]))
    entries = {
        line["ref"]: books.entry(
            line["customer"], line["date"], line["amount"], kind=line["type"], due=line["due"], entry_id=line["ref"]
        )
        for line in case["lines"]
    }
    for one in case["allocations"]:
        books.match(entries[one["debit"]], entries[one["credit"]], one["amount"], on=one["date"])
    part = books.report(open_items, case["as_of"])["currencies"][case["currency"]]
    expected = case["expected"]
    assert {one["entry_id"]: one["open_amount"] for one in part["items"]} == expected["outstanding"]
    assert part["total"] == expected["total"]
    if case["buckets"]:
        limits = tuple(end for _name, _start, end in case["buckets"][1:-1])
        report = books.report(aged_receivables, case["as_of"], bucket_days=limits, credits=Credits.AGED)
        *totals, no_due_date = report["currencies"][case["currency"]]["totals"]
        assert (dict(zip((name for name, *_ in case["buckets"]), totals, strict=True)), no_due_date) == (
            expected["buckets"],
            "0.00",
        )
    for other in (*expected.get("earlier", ()), *filter(None, [expected.get("next_day")])):
        report = books.report(open_items, other["as_of"])
        assert report["currencies"][case["currency"]]["total"] == other["total"]
    for one in expected.get("refuse", ()):
        with pytest.raises(IntegrityError), transaction.atomic():
            books.match(entries[one["debit"]], entries[one["credit"]], one["amount"], on=case["as_of"])
