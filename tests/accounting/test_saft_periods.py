"""SAF-T, under hypothesis: a year in one file, or cut into periods anywhere, gives the same books and reports."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.tenancy import client_scope
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.open_items import open_items
from accounting.reports.options import Credits, Currency, Options
from tests.accounting.saft_builder import account, balance, customer, line, saft, voucher
from tests.accounting.saft_runner import books, company, run

pytestmark = pytest.mark.django_db
START, END = date(2026, 1, 1), date(2026, 12, 31)
ACCOUNTS = ("1500", "1510")
CUSTOMERS = ("C1", "C2", "Ø 3:1")
RATES = {"NOK": Decimal(1), "EUR": Decimal("11.37"), "JPY": Decimal("0.07")}

NAMES = st.sampled_from(["", "", "F1", "F2", "F3"])
POST = st.fixed_dictionaries(
    {
        "customer": st.sampled_from(CUSTOMERS),
        "account": st.sampled_from(ACCOUNTS),
        "ore": st.integers(-60_000, 60_000).filter(bool) | st.sampled_from([10_000, -10_000, 5_000, -5_000]),
        "currency": st.sampled_from(list(RATES)),
        "reference": NAMES,
        "kid": NAMES,
        "cross": NAMES,
        "due_in": st.none() | st.integers(0, 60),
    }
)
VOUCHERS = st.lists(
    st.tuples(st.integers(0, 364), st.lists(POST, min_size=1, max_size=3)), min_size=1, max_size=14
).map(lambda given: sorted(given, key=lambda one: one[0]))
OPENINGS = st.dictionaries(st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(ACCOUNTS)), st.integers(-9_999, 9_999))
CUTS = st.sets(st.integers(1, 364), max_size=4)


def rendered(number, day, posts):
    """A voucher: its posts against sales, in the posts' own currencies."""
    lines = []
    for record, post in enumerate(posts, start=1):
        amount = Decimal(post["ore"]) / 100
        money = ""
        if post["currency"] != "NOK":
            there = (abs(amount) / RATES[post["currency"]]).quantize(Decimal("0.000001"))
            money = f"<CurrencyCode>{post['currency']}</CurrencyCode><CurrencyAmount>{there}</CurrencyAmount>"
        fields = "".join(
            f"<{name}>{post[key]}</{name}>"
            for name, key in (("ReferenceNumber", "reference"), ("CID", "kid"), ("CrossReference", "cross"))
            if post[key]
        )
        if post["due_in"] is not None:
            fields += f"<DueDate>{day + timedelta(days=post['due_in'])}</DueDate>"
        lines.append(line(amount, post["account"], post["customer"], str(record), fields, money))
    total = sum(Decimal(post["ore"]) for post in posts) / 100
    return voucher(day, *lines, line(-total, "3000", record="99"), number=number)


def period(openings, vouchers, first, last):
    """The file of a period, with the balances of the day before it and of its end."""
    before, after = dict(openings), dict(openings)
    texts = []
    for number, (offset, posts) in enumerate(vouchers):
        day = START + timedelta(days=offset)
        for post in posts:
            place = post["customer"], post["account"]
            for sums, until in ((before, first - timedelta(days=1)), (after, last)):
                if day <= until:
                    sums[place] = sums.get(place, 0) + post["ore"]
        if first <= day <= last:
            texts.append(rendered(str(number), day, posts))

    def sides(places):
        return [Decimal(sum(sums.get(place, 0) for place in places)) / 100 for sums in (before, after)]

    customers = [customer(who, *(balance(name, *sides([(who, name)])) for name in ACCOUNTS)) for who in CUSTOMERS]
    accounts = [account(name, *sides([(who, name) for who in CUSTOMERS])) for name in ACCOUNTS]
    return saft(customers=customers, accounts=accounts, vouchers=texts, start=first, end=last)


def reports(days):
    """Every report on these days, in either currency."""
    found = []
    with client_scope(company()):
        for day in days:
            for currency in Currency:
                options = Options(as_of=day, currency=currency, credits=Credits.AGED)
                aged = aged_receivables(company(), options).as_json()
                items = open_items(company(), options).as_json()
                for of in items["currencies"].values():
                    of["items"].sort(key=lambda one: one["entry_id"])
                found.append((aged, items))
    return found


def imported(path, texts, days):
    """Books and reports after these files, and what they warned of; the database is left as it was."""
    saved = transaction.savepoint()
    codes = set()
    for text in texts:
        path.write_text(text, encoding="utf-8")
        codes |= {one["code"] for one in run(path)["warnings"]}
    found = books(company()), reports(days)
    transaction.savepoint_rollback(saved)
    return found, codes


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    openings=OPENINGS, vouchers=VOUCHERS, cuts=CUTS, grows=st.booleans(), days=st.sets(st.integers(0, 420), max_size=3)
)
def test_a_year_whole_or_in_parts_gives_the_same_books_and_reports(tmp_path, openings, vouchers, cuts, grows, days):
    days = [START + timedelta(days=one) for one in days] + [END]
    starts = [START, *(START + timedelta(days=cut) for cut in sorted(cuts)), END + timedelta(days=1)]
    # Periods that join; or each file from the first day on, so that every later one overlaps.
    parts = [
        period(openings, vouchers, START if grows else first, following - timedelta(days=1))
        for first, following in pairwise(starts)
    ]
    path = tmp_path / "part.xml"
    whole, said = imported(path, [period(openings, vouchers, START, END)], days)
    in_parts, said_too = imported(path, parts, days)
    assert in_parts == whole
    assert (said | said_too) <= {"assumed_matches"}
