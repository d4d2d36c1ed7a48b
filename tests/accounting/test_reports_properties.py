"""What holds for every ledger and every date, under hypothesis."""

from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.tenancy import client_scope
from accounting.models import Customer, LedgerEntry, Match
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.open_items import open_items
from accounting.reports.options import AgeBy, Credits, Currency, Options

pytestmark = pytest.mark.django_db
START = date(2026, 1, 1)
many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

days = st.integers(0, 400).map(lambda n: START + timedelta(days=n))
entry = st.fixed_dictionaries(
    {
        "customer": st.integers(0, 2),
        "entry_date": days,
        "due_in": st.none() | st.integers(-5, 120),
        "amount": st.integers(-500_000, 500_000).filter(bool).map(lambda ore: Decimal(ore) / 100),
        "kind": st.sampled_from(["invoice", "credit_note", "payment", "opening_balance", "journal"]),
        "currency": st.sampled_from(["NOK", "EUR"]),
        "rate": st.sampled_from([Decimal("1"), Decimal("11.37")]),
    }
)
match = st.tuples(st.integers(0, 11), st.integers(0, 11), st.integers(1, 100), st.integers(0, 60))
ledger = st.tuples(st.lists(entry, min_size=1, max_size=12), st.lists(match, max_size=12))
options = st.builds(
    Options,
    as_of=days,
    age_by=st.sampled_from(AgeBy),
    bucket_days=st.sets(st.integers(1, 200), min_size=1, max_size=5).map(lambda some: tuple(sorted(some))),
    credits=st.sampled_from(Credits),
    currency=st.sampled_from(Currency),
)


@contextmanager
def stored(client, entries, matches):
    """The ledger in the database for the length of the block, as (entry, matches of it) by entry_id."""
    with transaction.atomic():
        with client_scope(client):
            customers = [Customer.objects.for_client(client).create(number=str(n), name=f"K{n}") for n in range(3)]
            rows = []
            for no, one in enumerate(entries):
                due = one["due_in"] is not None and one["kind"] != "opening_balance"
                in_currency = (one["amount"] / one["rate"]).quantize(Decimal("0.01"))
                rows.append(LedgerEntry(
                    customer=customers[one["customer"]], entry_id=f"{no}", source="own", kind=one["kind"],
                    entry_date=one["entry_date"], due_date=one["entry_date"] + timedelta(one["due_in"]) if due else None,
                    amount=one["amount"], open_amount=one["amount"], currency=one["currency"],
                    currency_amount=in_currency, open_currency_amount=in_currency,
                ))  # fmt: skip
            rows = LedgerEntry.objects.for_client(client).bulk_create(rows)
            left = {row.pk: [abs(row.amount), abs(row.currency_amount)] for row in rows}
            made = []
            for first, second, percent, later in matches:
                a, b = rows[first % len(rows)], rows[second % len(rows)]
                if a.customer_id != b.customer_id or a.amount <= 0 or b.amount >= 0:
                    continue
                amount = (min(left[a.pk][0], left[b.pk][0]) * percent / 100).quantize(Decimal("0.01"))
                if not amount:
                    continue
                shares = []
                for side in (a, b):  # pro rata, the last match takes the rest (INTERFACES: «Ledger CSV»)
                    whole, rest = left[side.pk], abs(side.currency_amount)
                    share = (
                        whole[1] if amount == whole[0] else (rest * amount / abs(side.amount)).quantize(Decimal("0.01"))
                    )
                    shares.append(min(share, whole[1]))
                    left[side.pk] = [whole[0] - amount, whole[1] - shares[-1]]
                made.append(Match(
                    debit=a, credit=b, amount=amount, debit_currency_amount=shares[0], credit_currency_amount=shares[1],
                    matched_on=max(a.entry_date, b.entry_date) + timedelta(later),
                ))  # fmt: skip
            Match.objects.for_client(client).bulk_create(made)
        yield rows, made
        transaction.set_rollback(True)


def read(function, client, chosen):
    with client_scope(client, read_only=True):
        return function(client, chosen)


@many
@given(ledger, options)
def test_columns_add_up_to_totals_to_the_customers_balance_and_to_the_items(make_client, ledger, options):
    with transaction.atomic():
        client = make_client()
        with stored(client, *ledger):
            report, found = read(aged_receivables, client, options), read(open_items, client, options)
        transaction.set_rollback(True)
    assert report.currencies.keys() == found.currencies.keys()
    for code, part in report.currencies.items():
        items = found.currencies[code].items
        assert sum(part.totals) == part.total == sum(row.total for row in part.rows) == found.currencies[code].total
        for row in part.rows:
            mine = [one for one in items if one.customer_number == row.customer_number]
            assert sum(row.amounts) == row.total == sum(one.open_amount for one in mine)
            assert row.items == len(mine)
            for column, amount in zip(options.columns, row.amounts, strict=True):
                assert amount == sum(one.open_amount for one in mine if one.column == column)


@many
@given(ledger, options)
def test_open_as_of_a_date_is_the_amount_less_the_matches_up_to_it(make_client, ledger, options):
    with transaction.atomic():
        client = make_client()
        with stored(client, *ledger) as (rows, made):
            found = read(open_items, client, options)
        transaction.set_rollback(True)
    expected = {}
    original = options.currency == Currency.ORIGINAL
    for row in rows:
        if row.entry_date > options.as_of:
            continue
        taken = Decimal(0)
        for one in made:
            if one.matched_on <= options.as_of and row.pk in (one.debit_id, one.credit_id):
                side = one.debit_currency_amount if row.amount > 0 else one.credit_currency_amount
                taken += side if original else one.amount
        whole = row.currency_amount if original else row.amount
        if left := whole - taken.copy_sign(row.amount):
            expected[row.entry_id] = left
    assert {one.entry_id: one.open_amount for part in found.currencies.values() for one in part.items} == expected


@many
@given(ledger)
def test_the_kept_open_amount_equals_the_derived_one(make_client, ledger):
    with transaction.atomic():
        client = make_client()
        with stored(client, *ledger):
            found = read(open_items, client, Options(as_of=date(9999, 12, 31)))
            with client_scope(client):
                entries = LedgerEntry.objects.for_client(client)
                kept = dict(entries.exclude(open_amount=0).values_list("entry_id", "open_amount"))
                assert not entries.filter(closed_on__lt=F("entry_date")).exists()
        transaction.set_rollback(True)
    assert {one.entry_id: one.open_amount for one in found.currencies["NOK"].items} == kept


@many
@given(ledger, options)
def test_yesterdays_report_does_not_change_when_a_payment_dated_today_is_entered(make_client, ledger, options):
    today = options.as_of + timedelta(days=1)
    with transaction.atomic():
        client = make_client()
        with stored(client, *ledger):
            before = read(open_items, client, options), read(aged_receivables, client, options)
            with client_scope(client):
                for owed in LedgerEntry.objects.for_client(client).filter(open_amount__gt=0, entry_date__lte=today):
                    paid = LedgerEntry.objects.for_client(client).create(
                        customer=owed.customer, entry_id=f"p{owed.pk}", source="own", kind="payment", entry_date=today,
                        amount=-owed.open_amount, open_amount=-owed.open_amount, currency=owed.currency,
                        currency_amount=-owed.open_currency_amount, open_currency_amount=-owed.open_currency_amount,
                    )  # fmt: skip
                    Match.objects.for_client(client).create(
                        debit=owed, credit=paid, amount=owed.open_amount, matched_on=today,
                        debit_currency_amount=owed.open_currency_amount,
                        credit_currency_amount=owed.open_currency_amount,
                    )  # fmt: skip
            after = read(open_items, client, options), read(aged_receivables, client, options)
            cleared = read(open_items, client, Options(as_of=date(9999, 12, 31)))
        transaction.set_rollback(True)
    assert after == before
    assert all(one.entry_date > today or one.amount < 0 for one in cleared.currencies["NOK"].items)
