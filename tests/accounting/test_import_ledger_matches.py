"""Ledger CSV, matches: between a debit and a credit, never beyond what is open, the same in any order of files."""

from decimal import Decimal
from itertools import permutations

import pytest
from django.db import transaction

from access.tenancy import client_scope
from accounting.models import LedgerEntry, Match
from tests.accounting.ledger_files import Folder, entry, match

pytestmark = pytest.mark.django_db
ENTRIES = [
    entry("I1", "100.00", "2026-01-10"),
    entry("I2", "50.00", "2026-01-20"),
    entry("P1", "-120.00", "2026-01-15"),
    entry("X1", "-10.00", "2026-01-15", number="1002"),
    entry("F1", "100.00", "2026-01-10", currency="EUR", currency_amount="10.00"),
    entry("G1", "-33.33", "2026-01-11", currency="EUR", currency_amount="-3.33"),
    entry("G2", "-33.33", "2026-01-12", currency="EUR", currency_amount="-3.33"),
    entry("G3", "-33.34", "2026-01-13", currency="EUR", currency_amount="-3.35"),
]
THIRDS = [match("F1", "G1", "33.33"), match("F1", "G2", "33.33"), match("F1", "G3", "33.34")]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def open_of(folder, entry_id):
    with client_scope(folder.company()):
        one = LedgerEntry.objects.for_client(folder.company()).get(entry_id=entry_id)
        return str(one.open_amount), str(one.open_currency_amount), str(one.closed_on)


def shares(folder, debit):
    """By credit, what the debit gave in its currency, and the credit."""
    with client_scope(folder.company()):
        rows = Match.objects.for_client(folder.company()).filter(debit__entry_id=debit)
        found = rows.values_list("credit__entry_id", "debit_currency_amount", "credit_currency_amount")
        return {credit: (str(one), str(other)) for credit, one, other in found}


def test_a_match_takes_from_both_from_the_later_of_the_two_dates(folder):
    summary = folder.load(ENTRIES, [match("I1", "P1", "100.00"), match("I2", "P1", "20", "2026-02-01")])
    assert summary["matches"] == {"created": 2}
    assert open_of(folder, "I1") == ("0.00", "0.00", "2026-01-15")
    assert open_of(folder, "I2") == ("30.00", "30.00", "None")
    assert open_of(folder, "P1") == ("0.00", "0.00", "2026-02-01")
    before = folder.report("open-items", "2026-01-31")["currencies"]["NOK"]["items"]
    assert {"I2": "50.00", "P1": "-20.00"}.items() <= {one["entry_id"]: one["open_amount"] for one in before}.items()


def test_matches_of_entries_that_are_held_already(folder):
    folder.load(ENTRIES)
    assert folder.load([], [match("I1", "P1", "100.00")])["matches"] == {"created": 1}
    assert open_of(folder, "I1")[0] == "0.00"


def test_the_same_matches_again_are_not_doubled_and_two_alike_are_two(folder):
    alike = [match("I1", "P1", "10.00"), match("I1", "P1", "10.00"), match("I1", "P1", "10.00", "2026-01-15")]
    assert folder.load(ENTRIES, alike[:1])["matches"] == {"created": 1}
    assert folder.load(ENTRIES, alike)["matches"] == {"created": 2}
    books = folder.books()
    assert folder.load(ENTRIES, alike)["matches"] == {"created": 0}
    assert folder.load([], alike[1:])["matches"] == {"created": 0}
    assert folder.load([], [*alike, match("I1", "P1", "5.00")])["matches"] == {"created": 1}
    assert len(folder.books()[1]) == len(books[1]) + 1
    assert open_of(folder, "I1")[0] == "65.00"


def test_given_currency_amounts_are_known_again(folder):
    given = [
        match("F1", "G1", "33.33", debit_currency_amount="2.00", credit_currency_amount="3.33"),
        match("F1", "G2", "33.33", debit_currency_amount="3.33"),
        match("F1", "G3", "33.34"),
    ]
    assert folder.load(ENTRIES, given)["matches"] == {"created": 3}
    assert shares(folder, "F1") == {"G1": ("2.00", "3.33"), "G2": ("3.33", "3.33"), "G3": ("4.67", "3.35")}
    assert folder.load(ENTRIES, given)["matches"] == {"created": 0}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_last_match_by_date_takes_the_rest_whatever_comes_last(folder, order):
    for number in order:
        folder.load(ENTRIES, [THIRDS[number]])
    assert shares(folder, "F1") == {"G1": ("3.33", "3.33"), "G2": ("3.33", "3.33"), "G3": ("3.34", "3.35")}
    assert open_of(folder, "F1") == ("0.00", "0.00", "2026-01-13")
    assert folder.load(ENTRIES, THIRDS)["matches"] == {"created": 0}


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 2, 0), (2, 1, 0, 3)])
def test_shares_that_are_rounded_up_give_way_in_the_order_of_dates(folder, order):
    parts = ("1.01", "1.01", "1.01", "0.98")  # the first three are 0.00504 of EUR 0.02 each, so 0.01
    rows = [entry("F1", "4.01", "2026-01-10", currency="EUR", currency_amount="0.02")]
    rows += [entry(f"G{number}", f"-{part}", f"2026-01-1{number + 1}") for number, part in enumerate(parts)]
    matches = [match("F1", f"G{number}", part) for number, part in enumerate(parts)]
    for number in order:
        folder.load(rows, [matches[number]])
        assert Decimal(open_of(folder, "F1")[1]) >= 0
    assert {credit: one for credit, (one, _) in shares(folder, "F1").items()} == {
        "G0": "0.01", "G1": "0.01", "G2": "0.00", "G3": "0.00",
    }  # fmt: skip


def test_a_half_is_rounded_up_whatever_the_size_of_the_amounts(folder):
    rows = [
        entry("F1", "3000000000000.00", currency="EUR", currency_amount="1000000000000.01"),
        entry("P1", "-1500000000000.00"),
    ]
    folder.load(rows, [match("F1", "P1", "1500000000000.00")])
    assert shares(folder, "F1")["P1"][0] == "500000000000.01"


def test_an_exchange_difference_has_nothing_in_the_currency(folder):
    rows = [
        entry("F1", "100.00", currency="EUR", currency_amount="10.00"),
        entry("P1", "-110.00", currency="EUR", currency_amount="-10.00"),
        entry("D1", "10.00", kind="exchange_difference", currency="EUR", currency_amount="0.00"),
    ]
    folder.load(rows, [match("F1", "P1", "100.00", credit_currency_amount="10.00"), match("D1", "P1", "10.00")][::-1])
    assert open_of(folder, "F1")[:2] == open_of(folder, "P1")[:2] == open_of(folder, "D1")[:2] == ("0.00", "0.00")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (match("", "P1", "1"), "debit_entry_id is empty"),
        (match("I1", "", "1"), "credit_entry_id is empty"),
        (match("I1", "P1", "0.00"), "amount '0.00' is no amount"),
        (match("I1", "P1", "-1"), "amount '-1' is no amount"),
        (match("I1", "P1", "1.005"), "amount '1.005' is no amount"),
        (match("I1", "P1", "1", "soon"), "matched_on 'soon' is no date"),
        (match("I1", "P1", "1", "2026-01-14"), "2026-01-14 lies before the later of the two entry dates, 2026-01-15"),
        (match("I9", "P1", "1"), "the debit I9 is not known"),
        (match("I1", "P9", "1"), "the credit P9 is not known"),
        (match("P1", "I1", "1"), "P1 is no debit"),
        (match("I1", "I2", "1"), "I2 is no credit"),
        (match("I1", "X1", "1"), "entries of two customers"),
        (match("I1", "P1", "60.01"), "the match takes 60.01 of I1, of which 60.00 is open"),
        (match("I2", "P1", "50.01"), "the match takes 50.01 of I2, of which 50.00 is open"),
        (match("I1", "P1", "5", debit_currency_amount="6"), "is not the amount 5"),
        (match("F1", "P1", "5", credit_currency_amount="6"), "is not the amount 5"),
        (match("F1", "G1", "5", debit_currency_amount="-1"), "debit_currency_amount '-1' is no amount"),
        (match("F1", "G1", "5", debit_currency_amount="10.01"), "take 0.01 more in its currency of F1"),
        (match("F1", "G1", "33.33", credit_currency_amount="3.00"), "leave 0.33 of G1"),
    ],
)
def test_a_match_that_cannot_stand_is_refused_with_its_line(folder, wrong, told):
    folder.load(ENTRIES)
    books = folder.books()
    path = folder.matches(match("I1", "P1", "40.00"), wrong)
    new = folder.entries(*ENTRIES, entry("N1", "1.00"))
    message = folder.refused(new, path)
    assert message.startswith(f"error: {path}:3: ") and told in message
    assert folder.books() == books


def test_a_given_amount_that_leaves_too_little_for_the_others_is_refused_in_any_order(folder):
    matches = [match("F1", "G1", "30.00"), match("F1", "G2", "30.00", debit_currency_amount="7.50")]
    for first, second in (matches, matches[::-1]):
        with transaction.atomic():
            folder.load(ENTRIES, [first])
            assert "take 0.50 more in its currency of F1" in folder.refused(
                folder.entries(*ENTRIES), folder.matches(second)
            )
            transaction.set_rollback(True)


def test_a_match_made_anew_keeps_its_time_and_its_amount(folder):
    folder.load(ENTRIES, [THIRDS[2]])
    with client_scope(folder.company()):
        before = Match.objects.for_client(folder.company()).get()
    folder.load(ENTRIES, THIRDS[:2])
    with client_scope(folder.company()):
        after = Match.objects.for_client(folder.company()).get(credit__entry_id="G3")
    assert before.debit_currency_amount == Decimal("3.33") and after.debit_currency_amount == Decimal("3.34")
    assert (after.registered_at, after.amount, after.matched_on) == (
        before.registered_at, before.amount, before.matched_on,
    )  # fmt: skip
    assert after.pk != before.pk
