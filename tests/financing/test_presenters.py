"""Which state comes before which, and what moved a limit: pure, without a database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from financing.models import Agreement, Consent, CreditSnapshot, Onboarding
from financing.presenters.analysis import change_by_sums
from financing.presenters.chart import chart_of
from financing.presenters.states import PRECEDENCE, Facts, state_of
from financing.services.analysis_lines import change_between, fault_of
from financing.services.credit import STALE_AFTER
from financing.services.seen import VISIT, SinceLast, since_last

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
D = Decimal


def facts(status="open", *, used="100", limit="500", pending="0", reason="", due=None, valid=300, ended=False, **more):
    due_date = NOW.date() + timedelta(days=due) if due is not None else None
    agreement = Agreement(
        status=status, limit=D(limit), used=D(used), available=max(D(limit) - D(used) - D(pending), D(0)), pending=D(pending),
        reason=reason, due_date=due_date, due_amount=D(1) if due_date else None,
    )  # fmt: skip
    ended_at, until = NOW if ended else None, NOW + timedelta(days=valid)
    onboarding = Onboarding(
        status=more.pop("onboarding", "offered"),
        offer=more.pop("offer", None),
        replaced_offer=more.pop("replaced", None),
    )
    read_at = more.pop("read_at", NOW)
    return Facts(agreement, onboarding, Consent(valid_until=until, ended_at=ended_at), read_at, NOW, **more)


SINCE = SinceLast(D(400), NOW, D(500))
PAIRS = [  # what holds at once, and what is said
    ("overdue", facts(used="600", due=-1)), ("overdue", facts("terminating", due=-1)), ("overdue", facts("paused", due=-1)),
    ("overdue", facts("disconnected", due=-1, ended=True)), ("terminating", facts("terminating", used="600", limit="0", due=30)),
    ("disconnected_debt", facts("disconnected", used="600", limit="0", due=30)),
    ("disconnected", facts("disconnected", used="0")),
    ("over", facts("paused", used="600", reason="no_data")), ("over", facts(used="600", valid=-1)),
    ("over", facts(used="600", pending="50", since=SINCE)), ("paused_no_data", facts("paused", reason="no_data", valid=-1)),
    ("paused_by_bank", facts("paused", reason="bank_decision", pending="50")), ("paused", facts("paused", reason="else")),
    ("lapsed", facts(valid=-1, pending="50")), ("withdrawn", facts(ended=True, since=SINCE)),
    ("pending", facts(pending="50", since=SINCE)), ("changed", facts(used="500", since=SINCE)), ("full", facts(used="500")),
    ("unused", facts(used="0")), ("partly", facts()), ("partly", facts(due=0)),
]  # fmt: skip


@pytest.mark.parametrize(("state", "given_facts"), PAIRS)
def test_of_what_holds_at_once_the_more_pressing_is_said(state, given_facts):
    assert state_of(given_facts) == state


def test_every_state_of_the_table_can_be_reached():
    offered = {
        "no_account": facts("offered", onboarding="accepted"),
        "offer_expired": facts("offered", offer={"expires_at": "2026-11-24T12:00:00Z"}),
        "offer_soon": facts("offered", offer={"expires_at": "2026-12-01T12:00:00Z"}, replaced={"limit": "1.00"}),
        "offer_replaced": facts("offered", offer={"expires_at": "2026-12-01T12:00:01Z"}, replaced={"limit": "1.00"}),
        "offer": facts("offered", offer={"expires_at": "2026-12-01T12:00:01Z"}),
        "terminated": facts("terminated", used="0", due=-1),
    }
    for state, given_facts in offered.items():
        assert state_of(given_facts) == state
    assert {state for state, _facts in PAIRS} | set(offered) == {state for state, _fits in PRECEDENCE}


@pytest.mark.parametrize(("seconds", "stale"), [(-1, False), (0, False), (1, True)])
def test_figures_are_old_after_half_an_hour(seconds, stale):
    assert facts(read_at=NOW - STALE_AFTER - timedelta(seconds=seconds)).stale is stale
    assert not facts("terminated", read_at=NOW - timedelta(days=9)).stale


def test_the_due_day_itself_is_in_time():
    assert not facts(due=0).overdue and facts(due=-1).overdue


def test_a_change_is_told_to_who_saw_another_limit_and_for_one_visit():
    from financing.models import SeenLimit

    seen = SeenLimit(limit=D(500), limit_before=D(400), first_at=NOW, last_at=NOW, before_at=NOW - timedelta(days=1))
    assert since_last(None, D(500), NOW) is None
    assert since_last(seen, D(600), NOW) == SinceLast(D(500), NOW, D(600))
    assert since_last(seen, D(500), NOW + VISIT - timedelta(seconds=1)).before == D(400)
    assert since_last(seen, D(500), NOW + VISIT) is None


REASONS = ["", "overdue", "disputed"]
ORE = st.integers(-(10**9), 10**9).map(lambda one: D(one).scaleb(-2))


@st.composite
def lines_of(draw):
    """Lines as a bank gives them: each item counts in full or not at all, and debtors as a whole."""
    found = []
    for item in draw(st.sets(st.integers(1, 9))):
        amount, reason = draw(ORE), draw(st.sampled_from(REASONS))
        found.append((str(item), f"c{item % 3}", f"{amount:.2f}", "0.00" if reason else f"{amount:.2f}", reason))
    for debtor in draw(st.sets(st.integers(0, 2))):
        for reason in draw(st.sets(st.sampled_from(["concentration", "credit_note"]), min_size=1)):
            found.append(("", f"c{debtor}", "0.00", f"{draw(ORE):.2f}", reason))
    return found


def analysis_of(lines, limit):
    """The figures that these lines add up to, reckoned here."""
    reasons = sorted({one[4] for one in lines if one[4]})
    return {
        "outstanding": str(sum((D(one[2]) for one in lines), D("0.00"))),
        "eligible": str(sum((D(one[3]) for one in lines), D("0.00"))),
        "limit": str(limit),
        "exclusions": [
            {
                "reason": reason,
                "count": sum(one[4] == reason for one in lines),
                "amount": str(sum((D(one[2]) - D(one[3]) for one in lines if one[4] == reason), D(0))),
            }
            for reason in reasons
        ],
    }


@given(lines_of(), lines_of(), ORE, ORE)
def test_what_moved_a_limit_adds_up_to_the_ore_by_lines_and_by_sums(before, after, limit_before, limit):
    by_lines = change_between(before, after, limit_before, limit)
    assert sum((D(amount) for _what, _count, amount in by_lines), D(0)) == limit - limit_before
    by_sums = change_by_sums(analysis_of(before, limit_before), analysis_of(after, limit))
    assert sum((amount for _what, _count, amount in by_sums), D(0)) == limit - limit_before


@given(lines_of(), st.data())
def test_lines_that_do_not_add_up_are_found(lines, data):
    analysis = analysis_of(lines, D(0))
    assert fault_of(analysis, lines) == ""
    if lines:
        place = data.draw(st.integers(0, len(lines) - 1))
        assert fault_of(analysis, lines[:place] + lines[place + 1 :]) or D(lines[place][2]) == D(lines[place][3]) == 0
        one = lines[place]
        wrong = (*one[:3], f"{D(one[3]) + D('0.01'):.2f}", one[4])
        assert fault_of(analysis, [*lines[:place], wrong, *lines[place + 1 :]])


def test_what_moved_is_named():
    before = [("1", "c1", "100.00", "100.00", ""), ("2", "c1", "50.00", "50.00", ""), ("3", "c2", "70.00", "70.00", ""),
              ("", "c1", "0.00", "-10.00", "concentration")]  # fmt: skip
    after = [
        ("2", "c1", "20.00", "20.00", ""),
        ("3", "c2", "70.00", "0.00", "overdue"),
        ("4", "c2", "300.00", "300.00", ""),
    ]
    assert change_between(before, after, D("168.00"), D("256.00")) == [
        ("new", 1, "300.00"), ("gone", 1, "-100.00"), ("partly", 1, "-30.00"), ("reason:concentration", 1, "10.00"),
        ("reason:overdue", 1, "-70.00"), ("lending", 0, "-22.00"),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**8)), min_size=2, max_size=30))
def test_the_picture_stays_in_its_frame(figures):
    points = [
        CreditSnapshot(limit=D(limit), used=D(used), recorded_at=NOW - timedelta(days=90 - place))
        for place, (limit, used) in enumerate(figures)
    ]
    chart = chart_of(points, NOW)
    for path in (chart.limit_path, chart.used_path):
        ups = [float(one.split("H")[0]) for one in path.split("V")[1:]]
        assert all(20 <= one <= chart.base for one in ups)
    assert 0 <= chart.limit_label_y <= chart.height and 0 <= chart.used_label_y <= chart.height


def test_one_figure_is_no_line():
    assert chart_of([CreditSnapshot(limit=D(1), used=D(0), recorded_at=NOW)], NOW) is None
