"""The bank's reckoning against ANALYSIS.md: its example to the øre, every reason, and an independent reckoning."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.analysis import Item, analyse

DAY = date(2017, 4, 30)
D = Decimal


def item(key="a", amount="100000.00", debtor="d", **more):
    values = {
        "kind": "invoice", "currency": "NOK", "entry_date": DAY - timedelta(days=10), "due_date": DAY + timedelta(days=4),
        "organisation_number": "974760673", "country": "NO", "private_person": False,
    }  # fmt: skip
    return Item(id=key, debtor=debtor, open_amount=D(amount), **(values | more))


def test_the_example_of_the_rules():
    items = [
        item("1", "263500.00", "Leker på Nett", due_date=date(2017, 5, 9), entry_date=date(2017, 4, 25)),
        item("2", "2000.00", "Leker på Nett", due_date=date(2017, 2, 11), entry_date=date(2017, 1, 28)),
        item("3", "10000.00", "NYE LEKER AS", due_date=date(2017, 5, 30), entry_date=date(2017, 4, 30)),
        item("4", "-140000.00", "Super Grossisten", kind="payment", due_date=None),
    ]
    result = analyse(items, DAY)
    assert {(line.receivable_id, line.debtor, line.amount, line.counted, line.reason) for line in result.lines} == {
        ("1", "Leker på Nett", D("263500.00"), D("263500.00"), None),
        ("2", "Leker på Nett", D("2000.00"), D("0.00"), "overdue"),
        (None, "Leker på Nett", D("0.00"), D("-195125.00"), "concentration"),
        ("3", "NYE LEKER AS", D("10000.00"), D("10000.00"), None),
        ("4", "Super Grossisten", D("-140000.00"), D("-140000.00"), None),
        (None, "Super Grossisten", D("0.00"), D("140000.00"), "credit_note"),
    }
    assert (result.outstanding, result.eligible, result.limit) == (D("135500.00"), D("78375.00"), D("62000.00"))
    assert set(result.exclusions) == {
        ("overdue", 1, D("2000.00")), ("concentration", 1, D("195125.00")), ("credit_note", 1, D("-140000.00")),
    }  # fmt: skip


REASONS = [
    ("not_an_invoice", {"kind": "reminder_fee"}),
    ("not_yet_invoiced", {"entry_date": DAY + timedelta(days=1)}),
    ("assigned", {"assigned": True}),
    ("related_party", {"related_party": True}),
    ("foreign_currency", {"currency": "EUR"}),
    ("private_person", {"private_person": True}),
    ("missing_organisation_number", {"organisation_number": None}),
    ("foreign_debtor", {"country": "SE"}),
    ("in_collection", {"in_collection": True}),
    ("disputed", {"disputed": True}),
    ("overdue", {"due_date": DAY - timedelta(days=31)}),
    ("long_terms", {"entry_date": DAY - timedelta(days=1), "due_date": DAY + timedelta(days=90)}),
    ("below_minimum", {"open_amount": D("199.99")}),
]
REST = [item(f"r{n}", debtor=f"r{n}") for n in range(5)]


@pytest.mark.parametrize(("reason", "change"), REASONS)
def test_each_reason(reason, change):
    found = replace(item("x", debtor="x"), **change)
    result = analyse([*REST, found], DAY)
    assert [(line.reason, line.counted) for line in result.lines if line.receivable_id == "x"] == [(reason, D("0.00"))]
    assert result.exclusions == [(reason, 1, found.open_amount)]


@pytest.mark.parametrize("first", range(len(REASONS) - 1))
def test_the_first_reason_that_fits_is_given(first):
    later = [one for one in REASONS[first:] if not (REASONS[first][0] == "not_yet_invoiced" and one[0] == "long_terms")]
    change: dict = {}
    for _, one in reversed(later):
        change |= one
    found = replace(item("x", debtor="x"), **change)
    assert analyse([*REST, found], DAY).lines[-1].reason == REASONS[first][0]


@pytest.mark.parametrize(
    "change",
    [
        {"due_date": DAY - timedelta(days=30)}, {"due_date": DAY}, {"country": None}, {"country": ""},
        {"entry_date": DAY, "due_date": DAY + timedelta(days=90)}, {"open_amount": D("200.00")}, {"entry_date": DAY},
        {"due_date": None}, {"due_date": None, "entry_date": DAY - timedelta(days=30)},
    ],
)  # fmt: skip
def test_the_edges_count(change):
    assert analyse([*REST, replace(item("x", debtor="x"), **change)], DAY).lines[-1].reason is None


def test_without_a_due_date_the_entry_date_stands_in():
    old = item("x", debtor="x", due_date=None, entry_date=DAY - timedelta(days=31))
    assert analyse([*REST, old], DAY).lines[-1].reason == "overdue"


@pytest.mark.parametrize("number", ["12345678", "1234567890", "97476067a", "٩٧٤٧٦٠٦٧٣", " 974760673", ""])
def test_not_nine_digits(number):
    found = item("x", debtor="x", organisation_number=number)
    assert analyse([*REST, found], DAY).lines[-1].reason == "missing_organisation_number"


def test_credits_are_taken_from_their_debtor_only_and_in_whatever_currency():
    result = analyse([*REST, item("c", "-30000.00", "r0", kind="credit_note", currency="EUR")], DAY)
    assert result.eligible == D("470000.00") and result.exclusions == []


@pytest.mark.parametrize(
    ("each", "limit"),
    [("6250.00", "0.00"), ("7812.49", "0.00"), ("7812.50", "25000.00"), ("2000000.00", "5000000.00"),
     ("50312.50", "161000.00"), ("50312.49", "160000.00")],
)  # fmt: skip
def test_the_limit_is_80_percent_in_whole_thousands(each, limit):
    assert analyse([item(str(n), each, str(n)) for n in range(4)], DAY).limit == D(limit)


def test_the_cap_is_rounded_half_up():
    # base 0.02 above four equal debtors: 25 % of 1000.02 = 250.005 → 250.01
    items = [item("a", "400.02", "a"), item("b", "300.00", "b"), item("c", "300.00", "c")]
    assert analyse(items, DAY).eligible == D("750.03")


def test_nothing_at_all():
    result = analyse([item("a", "0.00")], DAY)
    assert (result.outstanding, result.eligible, result.limit, result.lines) == (D("0"), D("0"), D("0.00"), ())


def independent(items, day):
    """(outstanding, eligible, limit) in øre, reckoned another way: whole numbers, per debtor, no lines."""
    left, credit, outstanding = defaultdict(int), defaultdict(int), 0
    for one in items:
        ore = int(one.open_amount * 100)
        outstanding += ore
        if ore < 0:
            credit[one.debtor] -= ore
            continue
        due = one.due_date or one.entry_date
        out = (
            one.kind != "invoice" or one.entry_date > day or one.assigned or one.related_party or one.currency != "NOK"
            or one.private_person or not one.organisation_number or len(one.organisation_number) != 9
            or (one.country or "NO") != "NO" or one.in_collection or one.disputed
            or due < day - timedelta(days=30) or due > one.entry_date + timedelta(days=90) or ore < 200_00
        )  # fmt: skip
        left[one.debtor] += 0 if out else ore
    after = [max(0, left[name] - credit[name]) for name in left]
    quarter = Fraction(sum(after), 4)
    cap = int(quarter + Fraction(1, 2))
    eligible = sum(min(one, cap) for one in after)
    limit = min(eligible * 80 // 100 // 1000_00 * 1000_00, 5_000_000_00)
    return outstanding, eligible, limit if limit >= 25_000_00 else 0


ITEMS = st.lists(
    st.builds(
        Item, id=st.uuids().map(str), debtor=st.sampled_from("abcdefg"),
        kind=st.sampled_from(["invoice"] * 6 + ["reminder_fee", "opening_balance"]),
        open_amount=st.one_of(st.integers(-50_000_00, 900_000_00), st.integers(-300_00, 300_00)).map(lambda n: D(n) / 100),
        currency=st.sampled_from(["NOK"] * 6 + ["EUR"]),
        entry_date=st.integers(-200, 3).map(lambda n: DAY + timedelta(days=n)),
        due_date=st.one_of(st.none(), st.integers(-60, 110).map(lambda n: DAY + timedelta(days=n))),
        organisation_number=st.sampled_from(["974760673"] * 6 + [None, "1"]), country=st.sampled_from(["NO", None, "NO", "SE"]),
        private_person=st.sampled_from([False] * 9 + [True]), in_collection=st.sampled_from([False] * 9 + [True]),
        disputed=st.sampled_from([False] * 9 + [True]), assigned=st.sampled_from([False] * 9 + [True]),
        related_party=st.sampled_from([False] * 9 + [True]),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(ITEMS)
def test_lines_add_up_and_an_independent_reckoning_agrees(items):
    result = analyse(items, DAY)
    assert (int(result.outstanding * 100), int(result.eligible * 100), int(result.limit * 100)) == independent(
        items, DAY
    )
    assert sum((line.amount for line in result.lines), D(0)) == result.outstanding
    assert sum((line.counted for line in result.lines), D(0)) == result.eligible
    assert result.outstanding == result.eligible + sum((amount for _, _, amount in result.exclusions), D(0))
    for reason, count, amount in result.exclusions:
        lines = [line for line in result.lines if line.reason == reason]
        assert len(lines) == count and sum((line.amount - line.counted for line in lines), D(0)) == amount
    assert all(line.amount == line.counted for line in result.lines if line.reason is None)
    assert all(line.amount == 0 for line in result.lines if line.receivable_id is None)
    assert sorted(line.receivable_id for line in result.lines if line.receivable_id) == sorted(
        one.id for one in items if one.open_amount
    )
