"""The arithmetic of the account, pure, and as the days pass at the bank."""

import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import account
from sandbox.account import Due

from .books import today
from .conftest import Bank
from .reckoned import kroner, ore

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


# Rules that hold whatever happens

MONEY = st.integers(0, 300_000_00).map(lambda ore: D(ore) / 100)


@given(st.lists(st.tuples(MONEY, MONEY, st.sampled_from([0, 0, 1, 1, 5])), max_size=40))
def test_over_the_limit_is_due_fourteen_days_after_the_day_it_began_and_never_later(moves):
    """Limits and figures change within a day (0 days pass) and over days; a day that passes is closed first."""
    day, due, began = DAY, None, None
    limit = used = D(0)
    for new_limit, new_used, passing in moves:
        for _ in range(passing):
            due = account.over_limit(limit, used, due, closing=day)
            if used > limit:
                began = began or day
            day += timedelta(days=1)
        limit, used = new_limit, new_used
        due = account.over_limit(limit, used, due)  # what happens in the middle of a day
        if used <= limit:
            began = None
        if began is None:
            assert due is None  # nothing begins in the middle of a day, and it goes at once
        else:
            assert due == Due(used - limit, began + timedelta(days=14))


@given(st.lists(st.tuples(MONEY, st.integers(0, 9)), min_size=1, max_size=20))
def test_at_the_end_all_is_due_thirty_days_after_the_first_day_of_debt(moves):
    day, due, first = DAY, None, None
    for used, passing in moves:
        due = account.at_the_end(used, due, day)
        first = (first or day) if used else None
        assert due == (Due(used, first + timedelta(days=30)) if used else None)
        day += timedelta(days=passing)


@given(MONEY, MONEY, MONEY, st.booleans())
def test_available_is_what_is_left_and_never_below_zero(limit, used, pending, is_open):
    found = account.available(limit, used, pending, is_open=is_open)
    assert found >= 0 and (is_open or found == 0)
    if is_open and used + pending <= limit:
        assert found + used + pending == limit


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
    bank.pass_days(days)


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


def half_up(value):
    return int(value * 100 + Fraction(1, 2))


def test_a_life_of_two_months_reckoned_day_by_day(later):
    """Draws, repayments, limits that move, months that end: used, due and interest as a plain diary of days has them.

    The diary knows the rules of the account only: interest of a day is what was used when the day ended, 12.5 % / 365,
    booked on the last day of the month; `due` begins at the end of a day above the limit, 14 days later.
    """
    chance = random.Random(20261124)
    agreement, company = later.opened()
    manager = later.manage(agreement)
    day, used, limit, due, grown = today(), 0, 160_000_00, None, Fraction(0)
    expected_interest, left, was_due = [], 50_000_00, 0
    for _ in range(64):
        what = chance.choice(["draw", "repay", "limit", "nothing", "nothing"])
        if what == "draw" and limit - used >= 100:
            amount = chance.randint(100, limit - used)
            manager.press("Overfør til bedriften", amount=f"{D(amount) / 100}")
            used += amount
        if what == "repay" and used:
            amount = chance.randint(1, used)
            manager.press("Tilbakebetal", amount=f"{D(amount) / 100}")
            used -= amount
        if what == "limit":
            left = chance.choice([0, 20_000_00, 50_000_00])
        if due and used <= limit:
            due = None
        # the day ends
        grown += Fraction(used) * Fraction(125, 1000) / 365
        if (day + timedelta(days=1)).month != day.month:
            booked = half_up(grown / 100)
            grown = Fraction(0)
            if booked:
                expected_interest.append((day.isoformat(), booked))
                used += booked
        due = due or (day + timedelta(days=14)).isoformat() if used > limit else None
        was_due += due is not None
        day += timedelta(days=1)
        # in the morning the bank reads the books anew; invoices are renewed, so that none grows old
        for key, item in company.items.items():
            fresh = {"entry_date": day.isoformat(), "due_date": (day + timedelta(days=14)).isoformat()}
            company.change(item | fresh | ({"open_amount": f"{D(left) / 100:.2f}"} if key == "i0" else {}))
        pass_days(later, 1)
        each = [left, 50_000_00, 50_000_00, 50_000_00]
        cap = (sum(each) * 25 + 50) // 100
        limit = sum(min(one, cap) for one in each) * 80 // 100 // 1000_00 * 1000_00
        if used <= limit:
            due = None
        found = later.agreement(agreement)
        assert (found["status"], ore(found["credit"]["limit"]), ore(found["credit"]["used"])) == (
            "open",
            limit,
            used,
        ), day
        assert found["due"] == (due and {"amount": kroner(used - limit), "date": due}), day
        assert ore(found["credit"]["available"]) == max(0, limit - used)
    rows = later.call("listTransactions", "GET", f"/v1/agreements/{agreement}/transactions", query={"page_size": 500})[
        "items"
    ]
    assert [(one["booked_on"], ore(one["amount"])) for one in rows if one["kind"] == "interest"] == expected_interest
    assert len(expected_interest) >= 2 and was_due > 3
    balance = 0
    for one in rows:
        balance += ore(one["amount"])
        assert ore(one["balance_after"]) == balance
    assert balance == used


def test_terminated_with_debt_all_is_due_thirty_days_later_and_no_later_when_paid_in_part(later):
    agreement, _ = later.opened()
    manager = later.manage(agreement)
    manager.press("Overfør til bedriften", amount="90000")
    manager.press("Si opp avtalen")
    manager.press("Ja, si opp avtalen")
    until = (today() + timedelta(days=30)).isoformat()
    assert later.agreement(agreement)["due"] == {"amount": "90000.00", "date": until}
    pass_days(later, 10)
    manager.press("Tilbakebetal", amount="40000")
    found = later.agreement(agreement)
    assert found["due"] == {"amount": found["credit"]["used"], "date": until} and found["credit"]["limit"] == "0.00"
    manager.press("Tilbakebetal", amount=found["credit"]["used"])
    rest = later.agreement(agreement)  # the interest that had grown came on top when the last of it was paid
    if rest["status"] == "terminating":
        manager.press("Tilbakebetal", amount=rest["credit"]["used"])
    ended = later.agreement(agreement)
    assert (ended["status"], ended["due"], ended["credit"]["used"]) == ("terminated", None, "0.00")
    rows = later.call("listTransactions", "GET", f"/v1/agreements/{agreement}/transactions")["items"]
    assert sum(D(one["amount"]) for one in rows) == 0
    interest = sum(D(one["amount"]) for one in rows if one["kind"] == "interest")
    assert abs(interest - D("308.22")) < D("0.50")  # 90,000 × 12.5 % × 10 / 365, and a little on a month's end between


def test_the_bank_still_reads_while_debt_is_left_but_the_limit_stays_nothing(later):
    agreement, company = later.opened()
    manager = later.manage(agreement)
    manager.press("Overfør til bedriften", amount="1000")
    manager.press("Si opp avtalen")
    manager.press("Ja, si opp avtalen")
    reads = len(company.reads)
    company.change(company.items["i0"] | {"open_amount": "60000.00"})
    pass_days(later, 1)
    found = later.agreement(agreement)
    assert len(company.reads) > reads and found["analysis"]["limit"] == "162000.00"
    assert (found["status"], found["credit"]["limit"], found["credit"]["available"]) == ("terminating", "0.00", "0.00")
    manager.press("Tilbakebetal", amount=found["credit"]["used"])
    while later.agreement(agreement)["status"] != "terminated":
        manager.press("Tilbakebetal", amount=later.agreement(agreement)["credit"]["used"])
    reads = len(company.reads)
    pass_days(later, 1)
    assert len(company.reads) == reads  # over: it reads no more
