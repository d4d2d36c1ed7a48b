"""The arithmetic of the account, pure, and as the days pass at the bank."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import account
from sandbox.account import Due

from .books import today
from .conftest import Bank, Person

D = Decimal
DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("limit", "used", "pending", "is_open", "expected"),
    [
        ("100.00", "30.00", "0.00", True, "70.00"), ("100.00", "30.00", "20.00", True, "50.00"),
        ("100.00", "130.00", "0.00", True, "0.00"), ("100.00", "0.00", "0.00", False, "0.00"),
    ],
)  # fmt: skip
def test_available(limit, used, pending, is_open, expected):
    assert account.available(D(limit), D(used), D(pending), is_open=is_open) == D(expected)


def test_over_the_limit():
    assert account.over_limit(D(100), D(100), None, closing=DAY) is None
    assert account.over_limit(D(100), D(130), None) is None  # not in the middle of a day
    due = account.over_limit(D(100), D(130), None, closing=DAY)
    assert due == Due(D(30), DAY + timedelta(days=14))
    assert account.over_limit(D(90), D(130), due, closing=DAY + timedelta(days=3)) == Due(D(40), due.on)
    assert account.over_limit(D(120), D(130), due) == Due(D(10), due.on)
    assert account.over_limit(D(130), D(130), due) is None


def test_at_the_end():
    assert account.at_the_end(D(0), None, DAY) is None
    due = account.at_the_end(D(50), None, DAY)
    assert due == Due(D(50), DAY + timedelta(days=30))
    assert account.at_the_end(D(20), due, DAY + timedelta(days=9)) == Due(D(20), due.on)
    assert account.at_the_end(D(0), due, DAY) is None


def test_interest_by_hand():
    # 20,000 for 31 days at 12.5 %: 20000 × 0.125 × 31 / 365 = 212.328… → 212.33
    assert account.interest([(date(2026, 3, 1), D(20000))], date(2026, 3, 1), date(2026, 4, 1)) == D("212.33")
    assert account.interest([(DAY, D("1.46"))], DAY, DAY + timedelta(days=1)) == D("0.00")
    assert account.interest([(DAY, D("14.60"))], DAY, DAY + timedelta(days=1)) == D("0.01")  # 0.005, half up
    assert account.interest([(DAY, D(1000))], DAY + timedelta(days=5), DAY) == D("0.00")


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 10_000_00)), min_size=1, max_size=8), st.integers(0, 30))
def test_interest_day_by_day(moves, start):
    balances = sorted(((DAY + timedelta(days=n), D(ore) / 100) for n, ore in moves), key=lambda one: one[0])
    first, end = DAY + timedelta(days=start), DAY + timedelta(days=start + 31)
    total = Fraction(0)
    for n in range(31):
        day = first + timedelta(days=n)
        held = [used for since, used in balances if since <= day]
        total += Fraction(held[-1]) * Fraction(125, 1000) / 365 if held else 0
    expected = int(total * 100 + Fraction(1, 2))
    assert int(account.interest(balances, first, end) * 100) == expected


def test_effective_rate():
    assert account.effective_annual_percent() == "13.24"


def test_account_numbers_have_their_check_digit_and_differ():
    numbers = [account.account_number(n) for n in range(300)]
    assert len(set(numbers)) == 300
    for number in numbers:
        digits = [int(sign) for sign in number]
        assert len(digits) == 11
        assert sum(d * w for d, w in zip(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 11 == 0


@pytest.fixture
def later(valid, books):
    """A bank of its own, since its date is moved."""
    found = Bank(valid, books)
    yield found
    found.end()


def pass_days(bank, days):
    visitor = Person(bank)
    visitor.open("/console/")
    visitor.press("Flytt datoen fram", days=str(days))
    assert "er flyttet" in visitor.text


def test_as_days_pass(later):
    start = today()
    if (start + timedelta(days=3)).month != start.month:  # begin in a month that has days left: no interest in between
        pass_days(later, 4)
        start += timedelta(days=4)
    agreement, company = later.opened()
    later.manage(agreement).press("Overfør til bedriften", amount="160000")
    company.change(company.items["i0"] | {"open_amount": "0.00"})
    pass_days(later, 1)
    # the day ended with the limit of its last analysis; the reading that cut it is the next day's
    found = later.agreement(agreement)
    assert found["credit"]["limit"] == "90000.00" and found["due"] is None
    pass_days(later, 1)
    due = later.agreement(agreement)["due"]
    assert due == {"amount": "70000.00", "date": (start + timedelta(days=15)).isoformat()}
    later.manage(agreement).press("Tilbakebetal", amount="50000")
    assert later.agreement(agreement)["due"] == due | {"amount": "20000.00"}
    later.manage(agreement).press("Tilbakebetal", amount="20000")
    assert later.agreement(agreement)["due"] is None

    to_next_month = (start.replace(day=28) + timedelta(days=4)).replace(day=1) - start
    if to_next_month.days <= 2:
        to_next_month = timedelta(days=to_next_month.days + 31)
    pass_days(later, to_next_month.days)
    rows = later.call("listTransactions", "GET", f"/v1/agreements/{agreement}/transactions")["items"]
    interest = [one for one in rows if one["kind"] == "interest"]
    assert interest and all((date.fromisoformat(one["booked_on"]) + timedelta(days=1)).day == 1 for one in interest)
    assert sum(D(one["amount"]) for one in rows) == D(later.agreement(agreement)["credit"]["used"])
    booked_on, first = date.fromisoformat(interest[0]["booked_on"]), start + timedelta(days=2)
    whole = 160000 * 2 + 90000 * ((booked_on - first).days + 1)
    assert D(interest[0]["amount"]) == (D(whole) * D("0.125") / 365).quantize(D("0.01"), "ROUND_HALF_UP")


def test_data_older_than_three_days_pauses(later):
    agreement, company = later.opened()
    for one in company.items.values():
        one["entry_date"] = "unreadable"
    company.change(company.items["i0"])
    pass_days(later, 3)
    assert later.agreement(agreement)["status"] == "open"
    pass_days(later, 1)
    found = later.agreement(agreement)
    assert (found["status"], found["reason"], found["credit"]["limit"]) == ("paused", "no_data", "160000.00")
    assert found["credit"]["available"] == "0.00" and not found["needs_grant"]


def test_interest_since_the_last_booking_comes_on_top_at_the_end(later):
    agreement, _ = later.opened()
    later.manage(agreement).press("Overfør til bedriften", amount="100000")
    pass_days(later, 1)
    manager = later.manage(agreement)
    manager.press("Si opp avtalen")
    manager.press("Ja, si opp avtalen")
    # 100,000 × 12.5 % × 1 / 365 = 34.246… → 34.25
    found = later.agreement(agreement)
    assert (found["status"], found["credit"]["used"]) == ("terminating", "100034.25")
    assert found["due"]["amount"] == "100034.25"
    manager.press("Tilbakebetal", amount="100034.25")
    assert later.agreement(agreement)["status"] == "terminated"
    rows = later.call("listTransactions", "GET", f"/v1/agreements/{agreement}/transactions")["items"]
    assert [one["kind"] for one in rows] == ["draw", "interest", "repayment"]
