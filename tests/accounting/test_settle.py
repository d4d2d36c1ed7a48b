"""Matches that people and imports make, what is entered for differences, and how they are undone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from django.db import connections

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting.models import How, Kind, LedgerEntry, LedgerSettings, Match
from accounting.reports.open_items import open_items
from accounting.services.locking import PeriodLocked, lock_ledger
from accounting.services.settle import BeyondTolerance, Pair, match_entries, settle
from accounting.services.undo import undo_matches
from accounting.settling import NotMatchable
from accounting.signals import ledger_changed
from tests.accounting.factories import Books, day

pytestmark = pytest.mark.django_db
D = Decimal
START = date(2026, 1, 1)


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def books(company):
    return Books(company)


@pytest.fixture
def ada(company, make_member):
    return make_member(company, "ada", "regnskapsforer")


@pytest.fixture
def told(company):
    heard = []

    def hear(client, **more):
        heard.append(client)

    ledger_changed.connect(hear)
    yield heard
    ledger_changed.disconnect(hear)


@pytest.fixture
def match(company, ada):
    def match(*entries, **options):
        with client_scope(company):
            return match_entries(client=company, entry_ids=[one.pk for one in entries], actor=ada, **options)

    return match


@pytest.fixture
def undo(company, ada):
    def undo(entry, other=None):
        with client_scope(company):
            return undo_matches(client=company, entry_id=entry.pk, with_id=other.pk if other else None, actor=ada)

    return undo


def left(company, *entries):
    with client_scope(company):
        rows = LedgerEntry.objects.for_client(company).in_bulk([one.pk for one in entries])
    return [str(rows[one.pk].open_amount) for one in entries]


def made(company, **chosen):
    with client_scope(company):
        return list(
            LedgerEntry.objects.for_client(company).filter(entry_id__startswith="own:", **chosen).order_by("pk")
        )


def audit(company, action):
    with client_scope(company):
        return list(AuditEntry.objects.for_client(company).filter(action=action).order_by("pk"))


class TestByHand:
    def test_a_match_counts_from_the_later_of_its_entries(self, company, books, match):
        invoice, payment = books.invoice("1", "2026-01-10", "100.00"), books.payment("1", "2026-02-01", "60.00")
        (one,) = match(invoice, payment).matches
        assert (one.matched_on, one.how, one.assumed, str(one.amount)) == (day("2026-02-01"), How.HAND, False, "60.00")
        assert left(company, invoice, payment) == ["40.00", "0.00"]

    def test_or_from_the_first_open_day_after_a_closed_period(self, company, books, match, ada):
        invoice, payment = books.invoice("1", "2026-01-10", "100.00"), books.payment("1", "2026-02-01", "99.50")
        with client_scope(company):
            lock_ledger(client=company, through=day("2026-02-28"), actor=ada)
        matches = match(invoice, payment, difference=Kind.ROUNDING).matches
        assert {one.matched_on for one in matches} == {day("2026-03-01")}
        assert [one.entry_date for one in made(company)] == [day("2026-03-01")]

    def test_many_with_many_the_oldest_first(self, company, books, match):
        old, new = books.invoice("1", "2026-01-10", "100.00"), books.invoice("1", "2026-01-20", "100.00")
        paid = [books.payment("1", "2026-02-01", "80.00"), books.payment("1", "2026-02-02", "70.00")]
        assert len(match(new, old, *paid).matches) == 3
        assert left(company, old, new, *paid) == ["0.00", "50.00", "0.00", "0.00"]

    def test_a_part(self, company, books, match):
        invoice, payment = books.invoice("1", "2026-01-10", "100.00"), books.payment("1", "2026-02-01", "80.00")
        match(invoice, payment, amount=D("30.00"))
        assert left(company, invoice, payment) == ["70.00", "-50.00"]
        with pytest.raises(NotMatchable) as fault:
            match(invoice, payment, amount=D("50.01"))
        assert fault.value.code == "amount"
        with pytest.raises(NotMatchable) as fault:
            match(invoice, books.invoice("1", "2026-01-11", "1.00"), payment, amount=D("1.00"))
        assert fault.value.code == "part"

    def test_what_cannot_be_matched_says_which(self, company, books, match, make_client):
        one, other = books.invoice("1", "2026-01-10", "100.00"), books.payment("2", "2026-02-01", "60.00")
        stranger = Books(make_client("310011118", "Furulia Lys AS")).payment("1", "2026-02-01", "60.00")
        paid = books.invoice("1", "2026-01-10", "10.00")
        settled = books.paid(paid, "2026-02-01")
        for chosen, code in (
            ([one, other], "customers"), ([one], "sides"), ([], "sides"), ([one, stranger], "unknown"),
            ([paid, settled], "closed"), ([one, settled], "closed"),
        ):  # fmt: skip
            with pytest.raises(NotMatchable) as fault:
                match(*chosen)
            assert fault.value.code == code
        assert left(company, one, other) == ["100.00", "-60.00"]
        assert not audit(company, "ledger.matched")

    def test_each_match_and_each_undo_has_its_audit_line_and_one_signal(self, company, books, match, undo, ada, told):
        invoice, payment = books.invoice("1", "2026-01-10", "100.00"), books.payment("1", "2026-02-01", "100.00")
        settled = match(invoice, payment)
        (line,) = audit(company, "ledger.matched")
        assert (line.actor, line.details["act"]) == (ada, str(settled.act))
        assert line.details["matches"] == [["e1", "e2", "100.00", "2026-02-01"]]
        assert undo(invoice) == 1
        (line,) = audit(company, "ledger.unmatched")
        assert line.details == {"matches": [["e1", "e2", "100.00", "2026-02-01"]], "taken_back": []}
        assert told == [company, company]
        assert undo(invoice) == 0
        assert len(told) == 2 and len(audit(company, "ledger.unmatched")) == 1

    def test_assumed_matches_are_replaced_in_one_go(self, company, books, match):
        old, new = books.invoice("1", "2026-01-10", "100.00"), books.invoice("1", "2026-01-20", "60.00")
        payment = books.payment("1", "2026-02-01", "60.00")
        with client_scope(company):
            settle(client=company, pairs=[Pair(old.pk, payment.pk)], how=How.UNKNOWN, assumed=True)
        with pytest.raises(NotMatchable):
            match(new, payment)
        match(new, payment, replace_assumed=True)
        assert left(company, old, new, payment) == ["100.00", "0.00", "0.00"]
        assert [len(audit(company, action)) for action in ("ledger.unmatched", "ledger.matched")] == [1, 1]


class TestSmallDifferences:
    def choose(self, company, **values):
        with client_scope(company):
            LedgerSettings.objects.for_client(company).create(**values)

    @pytest.mark.parametrize(("kind", "paid"), [
        (Kind.ROUNDING, "999.00"), (Kind.ROUNDING, "1001.00"), (Kind.BANK_FEE, "950.00"), (Kind.CASH_DISCOUNT, "980.00"),
    ])  # fmt: skip
    def test_within_the_tolerance_becomes_an_entry_of_its_own(self, company, books, match, undo, kind, paid):
        self.choose(company, bank_fee_tolerance=D("50.00"), cash_discount_percent=D("2.00"))
        invoice, payment = books.invoice("1", "2026-01-10", "1000.00"), books.payment("1", "2026-02-01", paid)
        match(invoice, payment, difference=kind)
        (entry,) = made(company)
        assert (entry.kind, entry.amount, entry.entry_date) == (kind, D(paid) - 1000, day("2026-02-01"))
        assert left(company, invoice, payment, entry) == ["0.00", "0.00", "0.00"]
        undo(payment, invoice)
        assert left(company, invoice, payment, entry) == ["1000.00", f"-{paid}", "0.00"]
        assert sum(one.amount for one in made(company)) == 0

    @pytest.mark.parametrize(("kind", "paid", "most"), [
        (Kind.ROUNDING, "998.99", "1.00"), (Kind.BANK_FEE, "949.99", "50.00"), (Kind.BANK_FEE, "1000.01", "0.00"),
        (Kind.CASH_DISCOUNT, "979.99", "20.00"), (Kind.CASH_DISCOUNT, "1001.00", "0.00"),
    ])  # fmt: skip
    def test_beyond_it_nothing_is_matched(self, company, books, match, kind, paid, most):
        self.choose(company, bank_fee_tolerance=D("50.00"), cash_discount_percent=D("2.00"))
        invoice, payment = books.invoice("1", "2026-01-10", "1000.00"), books.payment("1", "2026-02-01", paid)
        with pytest.raises(BeyondTolerance) as fault:
            match(invoice, payment, difference=kind)
        assert (str(fault.value.most), left(company, invoice)) == (most, ["1000.00"])

    def test_half_an_ore_of_discount_is_rounded_up(self, company, books, match):
        self.choose(company, cash_discount_percent=D("2.50"))
        invoice, payment = books.invoice("1", "2026-01-10", "101.00"), books.payment("1", "2026-02-01", "98.47")
        match(invoice, payment, difference=Kind.CASH_DISCOUNT)  # 2.525 of 101.00
        assert left(company, invoice) == ["0.00"]

    def test_only_one_item_may_be_left(self, books, match):
        chosen = [books.invoice("1", "2026-01-10", "10.00"), books.invoice("1", "2026-01-10", "0.30")]
        with pytest.raises(NotMatchable) as fault:
            match(*chosen, books.payment("1", "2026-02-01", "9.80"), difference=Kind.ROUNDING)
        assert fault.value.code == "difference"

    def test_it_is_dated_when_nothing_else_is_open_of_its_item(self, company, books, match):
        early, late = books.invoice("1", "2026-01-10", "10.50"), books.invoice("1", "2026-01-11", "20.00")
        match(early, books.payment("1", "2026-01-20", "10.00"), difference=Kind.ROUNDING)
        match(late, books.payment("1", "2026-03-01", "20.00"))
        assert [one.entry_date for one in made(company)] == [day("2026-01-20")]

    def test_it_goes_with_any_match_of_its_item(self, company, books, match, undo):
        invoice = books.invoice("1", "2026-01-10", "100.50")
        first, second = books.payment("1", "2026-02-01", "60.00"), books.payment("1", "2026-02-02", "40.00")
        match(invoice, first, second, difference=Kind.ROUNDING)
        undo(invoice, first)
        assert left(company, invoice, first, second) == ["60.50", "-60.00", "0.00"]


class TestForeignCurrency:
    def euro(self, books, amount, in_euro, on="2026-01-10"):
        kind = "invoice" if D(amount) > 0 else "payment"
        return books.entry("1", on, amount, kind=kind, currency="EUR", currency_amount=in_euro)

    def test_an_exchange_difference_is_dated_as_its_own_match(self, company, books, match):
        invoice = self.euro(books, "1150.00", "100.00")
        paid = [
            self.euro(books, "-440.00", "-40.00", "2026-02-01"),
            self.euro(books, "-660.00", "-60.00", "2026-03-01"),
        ]
        match(invoice, *paid)
        assert [(str(one.amount), str(one.entry_date)) for one in made(company)] == [
            ("-20.00", "2026-02-01"), ("-30.00", "2026-03-01"),
        ]  # fmt: skip
        found = books.report(open_items, "2026-02-15")["currencies"]["NOK"]["items"]
        assert [(one["entry_id"], one["open_amount"]) for one in found] == [("e1", "690.00")]

    def test_undoing_one_takes_back_its_own_difference_and_no_other(self, company, books, match, undo):
        invoice = self.euro(books, "1150.00", "100.00")
        paid = [
            self.euro(books, "-440.00", "-40.00", "2026-02-01"),
            self.euro(books, "-660.00", "-60.00", "2026-03-01"),
        ]
        match(invoice, *paid)
        undo(paid[0])
        assert left(company, invoice, *paid) == ["460.00", "-440.00", "0.00"]
        assert [str(one.amount) for one in made(company)] == ["-20.00", "-30.00", "20.00"]

    def test_nor_that_of_another_pair_of_the_same_import(self, company, books, undo):
        invoices = [self.euro(books, "1150.00", "100.00"), self.euro(books, "1160.00", "100.00")]
        paid = [self.euro(books, "-1170.00", "-100.00", "2026-02-01") for _ in invoices]
        with client_scope(company):
            pairs = [Pair(one.pk, other.pk) for one, other in zip(invoices, paid, strict=True)]
            settle(client=company, pairs=pairs, how=How.KID)
        undo(invoices[0])
        assert left(company, *invoices, *paid) == ["1150.00", "0.00", "-1170.00", "0.00"]

    def test_a_difference_goes_with_its_match_whichever_is_named(self, company, books, match, undo):
        invoice, payment = self.euro(books, "1150.00", "100.00"), self.euro(books, "-1170.00", "-100.00")
        match(invoice, payment)
        (difference,) = made(company)
        undo(difference)
        assert left(company, invoice, payment) == ["1150.00", "-1170.00"]
        with pytest.raises(NotMatchable) as fault:
            undo(difference)
        assert fault.value.code == "taken_back"


class TestClosedPeriods:
    def test_what_is_dated_in_one_is_not_undone(self, company, books, match, undo, ada):
        invoice, payment = books.invoice("1", "2026-01-10", "100.00"), books.payment("1", "2026-02-01", "100.00")
        match(invoice, payment)
        with client_scope(company):
            lock_ledger(client=company, through=day("2026-02-01"), actor=ada)
        with pytest.raises(PeriodLocked):
            undo(invoice)
        assert left(company, invoice) == ["0.00"]
        with client_scope(company):
            lock_ledger(client=company, through=day("2026-01-31"), reason="Feilført", actor=ada)
        assert undo(invoice) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_match_the_same_rows_at_once_one_is_told(company, books, ada):
    invoice, payment = books.invoice("1", "2026-01-10", "100.00"), books.payment("1", "2026-02-01", "100.00")

    def once(_):
        try:
            with client_scope(company):
                match_entries(client=company, entry_ids=[invoice.pk, payment.pk], actor=ada)
                return "matched"
        except NotMatchable as fault:
            return fault.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(once, range(2))) == ["closed", "matched"]
    assert left(company, invoice, payment) == ["0.00", "0.00"]
    with client_scope(company):
        assert Match.objects.for_client(company).count() == 1
