"""The large demo company in the database: what is stored, that reports and control account agree, that a repeat adds nothing."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from access.models import AuditEntry, Client, Membership
from access.tenancy import client_scope
from accounting.models import ControlAccountMovement, Customer, HeldPeriod, LedgerEntry, Match
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.open_items import open_items
from accounting.reports.options import Currency, Options
from accounting.services.demo import seed_demo
from accounting.services.demo.large import invent
from accounting.services.demo.shape import LARGE
from tests.accounting.keys import check_keys, rows_read
from tests.accounting.test_seed_demo_invent import bucket, left

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)
ENTRIES = 1500


@pytest.fixture
def company():
    seeded = seed_demo(today=TODAY, entries=ENTRIES)[-1]
    assert (seeded.client, seeded.customers, seeded.entries, seeded.members) == (LARGE.number, 400, ENTRIES, 4)
    return Client.objects.get(organisation_number=LARGE.number)


def test_the_ledger_is_what_was_invented(company):
    books = invent(today=TODAY, entries=ENTRIES)
    with client_scope(company):
        entries = LedgerEntry.objects.for_client(company)
        assert list(entries.order_by("pk").values_list("voucher_number", "kid", "amount", "project")) == [
            (str(line.voucher), line.kid, line.amount, line.project) for line in books.lines
        ]
        assert Match.objects.for_client(company).count() == len(books.settlements)
        settled = sum(one.amount for one in books.settlements)
        for sign, side in ((1, entries.filter(amount__gt=0)), (-1, entries.filter(amount__lt=0))):
            sums = side.aggregate(whole=Sum("amount"), left=Sum("open_amount"))
            assert sums["whole"] - sums["left"] == sign * settled
        # Of a settled entry nothing is left in its own currency either.
        assert not entries.exclude(closed_on=None).exclude(open_currency_amount=0).exists()
        assert entries.filter(currency="EUR").exists()
        assert Customer.objects.for_client(company).filter(related_party=True).count() == 1
        for wanted in (
            {"disputed": True}, {"in_collection": True}, {"customer__private_person": True}, {"department": "20"},
            {"customer__country": "DE"}, {"kind": "write_off"}, {"kind": "reminder_fee"},
        ):  # fmt: skip
            assert entries.filter(**wanted).exists(), wanted


def test_the_reports_add_up_and_agree_with_the_control_account_to_the_ore_on_every_date(company):
    with client_scope(company, read_only=True):
        start = HeldPeriod.objects.for_client(company).get().start
        assert start == date(2025, 10, 1)
        opened = start - timedelta(days=1)
        for as_of in (opened, *(TODAY - timedelta(days=days) for days in (-300, 0, 1, 30, 150, 390))):
            options = Options(as_of=as_of)
            report = aged_receivables(company, options).as_json()["currencies"]["NOK"]
            assert report["reconciliation"]["difference"] == "0.00", as_of
            assert [one["account"] for one in report["reconciliation"]["accounts"]] == ["1500"]
            assert sum(map(Decimal, report["totals"])) == Decimal(report["total"]) != 0
            assert sum(Decimal(row["total"]) for row in report["rows"]) == Decimal(report["total"])
            assert open_items(company, options).as_json()["currencies"]["NOK"]["total"] == report["total"]
        expected = dict.fromkeys(("not due", "1-30", "31-60", "61-90", "91+", "no due date", "credit"), Decimal("0.00"))
        for line, amount in left(invent(today=TODAY, entries=ENTRIES)).items():
            expected[bucket(line, TODAY)] += amount
        todays = aged_receivables(company, Options(as_of=TODAY)).as_json()["currencies"]["NOK"]["totals"]
        assert list(map(Decimal, todays)) == list(expected.values())
        original = open_items(company, Options(as_of=TODAY, currency=Currency.ORIGINAL))
        assert set(original.as_json()["currencies"]) == {"NOK", "EUR"}


def test_a_repeat_changes_nothing_today_or_later_nor_with_another_number(company):
    def everything():
        models = (Customer, LedgerEntry, Match, HeldPeriod, ControlAccountMovement, AuditEntry)
        with client_scope(company):
            rows = [list(model.objects.for_client(company).order_by("pk").values()) for model in models]
        return rows, list(Membership.objects.order_by("pk").values())

    before = everything()
    for today, entries in ((TODAY, ENTRIES), (TODAY + timedelta(days=40), ENTRIES), (TODAY, 0), (TODAY, 1700)):
        seed_demo(today=today, entries=entries)
        assert everything() == before


def test_its_people_have_the_roles_of_their_names(company):
    found = {(one.user.subject, one.role.key) for one in Membership.objects.filter(client=company)}
    assert found == {
        ("ada", "administrator"), ("dag", "daglig_leder"), ("rita", "regnskapsforer"), ("rolf", "revisor")
    }  # fmt: skip


def test_it_is_written_in_bulk_and_no_row_is_checked_by_reading_the_whole_table():
    many = 6000  # with fewer PostgreSQL takes any index for as good as another
    seed_demo(today=TODAY, entries=0)
    check_keys()  # the session has its plans, for tables with next to nothing in them
    before = rows_read()
    with CaptureQueriesContext(connection) as queries:
        seed_demo(today=TODAY, entries=many)
    assert len(queries) < 200  # most of them for the company, its roles and its people
    check_keys()
    assert rows_read() - before < 25 * many
