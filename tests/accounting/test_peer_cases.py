"""Ageing and open-item cases of other systems (shared/data/peer_cases.json), from files to reports by the commands."""

import json

import pytest

from accounting.models import Kind
from tests.accounting.ledger_files import Folder, entry, match
from tests.conftest import SHARED

pytestmark = pytest.mark.django_db
FILE = SHARED / "data" / "peer_cases.json"
CASES = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
REPORTED = [one for one in CASES if one["kind"] == "open_items"]
# What reports do not reckon, and why each is not run here.
OTHERS = {
    "fx": "a revaluation is an entry that the accounting system makes; a ledger only receives it",
    "interest": "interest on late payment is reckoned nowhere in the reports",
    "journal": "invoice discounting is booked in the general ledger, not in the customer ledger",
    "kid": "check digits of payment references are tested with the bank files",
    "arithmetic": "sums without a ledger",
}


def test_every_case_is_run_or_named(shared):
    assert len(REPORTED) > 10
    assert {one["kind"] for one in CASES} == {"open_items", *OTHERS}


@pytest.mark.parametrize("case", REPORTED, ids=[one["id"] for one in REPORTED])
def test_the_reports_of_the_imported_files_give_the_peers_figures(db, tmp_path, case):
    assert {line["type"] for line in case["lines"]} <= set(Kind.values)
    folder = Folder(tmp_path)
    lines = [
        entry(one["ref"], one["amount"], one["date"], kind=one["type"], due=one["due"] or "", number=one["customer"])
        for one in case["lines"]
    ]
    matches = [match(one["debit"], one["credit"], one["amount"], one["date"]) for one in case["allocations"]]
    summary = folder.load(lines, matches, currency=case["currency"])
    assert (summary["entries"]["created"], summary["matches"]["created"]) == (len(lines), len(matches))
    expected, currency = case["expected"], case["currency"]

    def open_items(as_of):
        part = folder.report("open-items", as_of)["currencies"].get(currency, {"items": [], "total": "0.00"})
        return {one["entry_id"]: one["open_amount"] for one in part["items"]}, part["total"]

    assert open_items(case["as_of"]) == (expected["outstanding"], expected["total"])
    if "remaining" in expected:  # once what is dated later counts too
        latest = max(one["date"] for one in (*case["lines"], *case["allocations"]))
        assert open_items(latest)[0] == {ref: left for ref, left in expected["remaining"].items() if left != "0.00"}
    if "total_debits" in expected:
        told = summary["totals"][currency]
        assert {told["debit"], told["credit"]} == {
            expected["total_debits"].lstrip("-"),
            expected["total_credits"].lstrip("-"),
        }
    for other in (*expected.get("earlier", ()), *filter(None, [expected.get("next_day")])):
        items, total = open_items(other["as_of"])
        assert total == other["total"]
        assert items == other.get("outstanding", items)
    if case["buckets"]:
        policy = {"own_bucket": "aged", "unallocated_column": "separate"}[case.get("credit_policy", "own_bucket")]
        limits = ",".join(str(end) for _name, _start, end in case["buckets"][1:-1])
        ages = {"due": "due_date", "date": "entry_date"}[case.get("age_by", "due")]
        report = folder.report("aged-receivables", case["as_of"], buckets=limits, credits=policy, age_by=ages)
        part = report["currencies"][currency]
        amounts = dict(zip(report["columns"], part["totals"], strict=True))
        assert amounts.pop("no_due_date") == "0.00"
        assert list(amounts.values()) == list(expected["buckets"].values())
        assert part["total"] == expected["total"]
    for one in expected.get("refuse", ()):
        more = folder.matches(match(one["debit"], one["credit"], one["amount"], case["as_of"]))
        assert "0.00 is open" in folder.refused(folder.entries(*lines), more)
        assert open_items(case["as_of"])[1] == expected["total"]
