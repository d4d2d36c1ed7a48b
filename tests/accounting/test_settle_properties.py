"""Random histories of matches and undoings: an undo restores every figure, and nothing is taken beyond what there is."""

import json
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.tenancy import client_scope
from accounting.models import Kind, LedgerEntry, LedgerSettings, Match
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.open_items import open_items
from accounting.reports.options import Currency
from accounting.reports.unpaid_invoices import unpaid_invoices
from accounting.services.locking import PeriodLocked, lock_ledger
from accounting.services.settle import BeyondTolerance, match_entries
from accounting.services.undo import undo_act, undo_entries, undo_matches
from accounting.settling import NotMatchable
from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db
D = Decimal
START = date(2026, 1, 1)


def figures(company, days):
    """Every figure of every report on these days."""
    return [
        json.dumps(Books(company).report(report, on, currency=currency))
        for on in days for currency in Currency for report in (open_items, aged_receivables, unpaid_invoices)
    ]  # fmt: skip


entry = st.fixed_dictionaries(
    {
        "customer": st.sampled_from("111112"),
        "on": st.integers(0, 60),
        "due_in": st.none() | st.integers(0, 60),
        "amount": st.integers(100, 50_000).map(lambda ore: D(ore) / 100),
        "is_debit": st.booleans(),
        "currency": st.sampled_from(["NOK", "EUR", "EUR", "USD"]),
        "rate": st.sampled_from([D("10.90"), D("11.37"), D("12.05")]),
    }
)
act = st.fixed_dictionaries(
    {
        "chosen": st.sets(st.integers(0, 8), min_size=2, max_size=4),
        "difference": st.sampled_from([None, None, None, Kind.ROUNDING]),
        "percent": st.none() | st.none() | st.integers(1, 99),
    }
)
undoing = st.tuples(st.integers(0, 8), st.none() | st.integers(0, 8))
history = st.tuples(
    st.lists(entry, min_size=4, max_size=9), st.lists(act | undoing, max_size=6), act, st.none() | st.integers(0, 90)
)
many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
DAYS = [START + timedelta(days=n) for n in (0, 7, 15, 30, 45, 60, 61, 90, 91, 200)]


@contextmanager
def lived(make_client, make_member, entries, steps, locked=None):
    """A company with these entries after these steps, for the length of the block: its books, entries and person."""
    with transaction.atomic():
        company = make_client()
        books, ada, rows = Books(company), make_member(company, "ada", "regnskapsforer"), []
        with client_scope(company):
            LedgerSettings.objects.for_client(company).create(
                rounding_tolerance=D("600.00"), bank_fee_tolerance=D("600.00")
            )
        for one in entries:
            on = START + timedelta(days=one["on"])
            sign = 1 if one["is_debit"] else -1
            in_currency = (
                one["amount"] if one["currency"] == "NOK" else (one["amount"] / one["rate"]).quantize(D("0.01"))
            )
            rows.append(books.entry(
                one["customer"], on, sign * one["amount"], kind="invoice" if one["is_debit"] else "payment",
                due=None if one["due_in"] is None else on + timedelta(days=one["due_in"]), currency=one["currency"],
                currency_amount=sign * in_currency,
            ))  # fmt: skip
        for step in steps:
            tried(company, rows, ada, step)
        if locked is not None:
            with client_scope(company):
                lock_ledger(client=company, through=START + timedelta(days=locked), actor=ada)
        yield company, rows, ada
        transaction.set_rollback(True)


def tried(company, rows, ada, step):
    """What the step did; None where it was refused in words of ours."""
    try:
        with client_scope(company), transaction.atomic():
            if isinstance(step, tuple):
                first, second = step
                other = rows[second % len(rows)].pk if second is not None else None
                return undo_matches(client=company, entry_id=rows[first % len(rows)].pk, with_id=other, actor=ada)
            chosen = {rows[no % len(rows)].pk for no in step["chosen"]}
            part = None
            if step["percent"] and len(chosen) == 2:
                one = LedgerEntry.objects.for_client(company).get(pk=min(chosen))
                part = (abs(one.open_currency_amount) * step["percent"] / 100).quantize(D("0.01"))
            return match_entries(
                client=company, entry_ids=chosen, amount=part, difference=step["difference"], actor=ada
            )
    except (NotMatchable, BeyondTolerance, PeriodLocked):
        return None


@many
@given(history)
def test_undoing_a_match_restores_every_figure_of_every_report_on_every_date(make_client, make_member, history):
    entries, steps, last, locked = history
    with lived(make_client, make_member, entries, steps, locked) as (company, rows, ada):
        days = [*DAYS, *(one.entry_date for one in rows)]
        before = figures(company, days)
        settled = tried(company, rows, ada, last)
        if settled is not None:
            assert figures(company, days) != before
            with client_scope(company):
                undo_act(client=company, act=settled.act, actor=ada)
            assert figures(company, days) == before


@many
@given(history)
def test_undoing_everything_restores_the_beginning(make_client, make_member, history):
    entries, steps, last, _locked = history
    with lived(make_client, make_member, entries, []) as (company, rows, ada):
        days = [*DAYS, *(one.entry_date for one in rows)]
        before = figures(company, days)
        for step in [*steps, last]:
            tried(company, rows, ada, step)
        with client_scope(company):
            undo_entries(client=company, entry_ids=[one.pk for one in rows], actor=ada)
        assert figures(company, days) == before
        with client_scope(company):
            own = LedgerEntry.objects.for_client(company).filter(entry_id__startswith="own:")
            assert sum(own.values_list("amount", flat=True)) == 0 and not own.exclude(open_amount=0).exists()


@many
@given(history)
def test_after_any_history_nothing_is_beyond_and_what_is_kept_is_what_is_derived(make_client, make_member, history):
    entries, steps, last, _locked = history
    with lived(make_client, make_member, entries, [*steps, last]) as (company, _rows, _ada), client_scope(company):
        for one in LedgerEntry.objects.for_client(company):
            matches = Match.objects.for_client(company).filter(Q(debit=one) | Q(credit=one))
            taken = sum((match.amount for match in matches), D(0))
            in_currency = sum(
                (m.debit_currency_amount if m.debit_id == one.pk else m.credit_currency_amount for m in matches), D(0)
            )
            assert abs(one.open_amount) == abs(one.amount) - taken >= 0
            assert abs(one.open_currency_amount) == abs(one.currency_amount) - in_currency >= 0
            # Where the currency side is closed, the rates have left nothing.
            assert bool(one.open_amount) == bool(one.open_currency_amount), (one.entry_id, one.currency)
            assert all(match.matched_on >= one.entry_date for match in matches)
