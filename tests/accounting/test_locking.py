"""The closed period: what is refused in it, by people, imports and the database, and how it is opened again."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting.models import LedgerEntry, LedgerLock, Match
from accounting.services.locking import (
    ReasonMissing,
    first_open_day,
    is_locked,
    lock_ledger,
    locked_through,
)  # fmt: skip
from tests.accounting.factories import Books, day
from tests.accounting.ledger_files import Folder, entry, match
from tests.accounting.saft_builder import balance, customer, saft, sale
from tests.accounting.saft_runner import refused, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def books(company):
    return Books(company)


@pytest.fixture
def ada(company, make_member):
    return make_member(company, "ada", "regnskapsforer")


def lock(company, through, reason="", actor=None):
    with client_scope(company):
        return lock_ledger(client=company, through=day(through) if through else None, reason=reason, actor=actor)


class TestTheLock:
    def test_the_last_change_counts_and_all_are_kept(self, company, ada):
        with client_scope(company):
            assert (locked_through(company), first_open_day(company)) == (None, date.min)
        lock(company, "2026-01-31", actor=ada)
        lock(company, "2026-02-28", actor=ada)
        lock(company, "2026-01-31", " Glemt bilag ", ada)
        with client_scope(company):
            assert first_open_day(company) == day("2026-02-01")
            rows = LedgerLock.objects.for_client(company).order_by("pk")
            assert [(str(one.locked_through), one.reason, one.by) for one in rows] == [
                ("2026-01-31", "", ada), ("2026-02-28", "", ada), ("2026-01-31", "Glemt bilag", ada),
            ]  # fmt: skip
            said = AuditEntry.objects.for_client(company).filter(action="ledger.locked").order_by("at")
            assert said.last().details == {"before": "2026-02-28", "after": "2026-01-31", "reason": "Glemt bilag"}
            assert said.count() == 3

    def test_the_same_day_again_is_no_change(self, company, ada):
        lock(company, "2026-01-31", actor=ada)
        assert lock(company, "2026-01-31", actor=ada) is None

    @pytest.mark.parametrize("through", ["2026-01-30", None])
    def test_opening_again_asks_for_a_reason(self, company, ada, through):
        lock(company, "2026-01-31", actor=ada)
        with pytest.raises(ReasonMissing):
            lock(company, through, "  ", ada)
        assert lock(company, through, "Feil", ada)

    def test_the_database_refuses_what_is_dated_in_it_whoever_writes(self, company, books, ada):
        invoice, payment = books.invoice("1", "2026-01-10", "100.00"), books.payment("1", "2026-01-31", "50.00")
        kept = books.match(invoice, payment, "10.00")
        lock(company, "2026-01-31", actor=ada)
        for attempt in (
            lambda: books.invoice("1", "2026-01-31", "1.00"), lambda: books.match(invoice, payment, "1.00"),
            lambda: Match.objects.for_client(company).filter(pk=kept.pk).delete(),
        ):  # fmt: skip
            with pytest.raises(IntegrityError) as fault, client_scope(company), transaction.atomic():
                attempt()
            assert is_locked(fault.value)
        books.match(invoice, books.payment("1", "2026-02-01", "1.00"), "1.00")

    def test_another_company_is_not_locked_by_it(self, company, ada, make_client):
        other = Books(make_client("310011118", "Furulia Lys AS"))
        lock(company, "2026-01-31", actor=ada)
        other.invoice("1", "2026-01-01", "1.00")


class TestALedgerFile:
    @pytest.fixture
    def folder(self, company, tmp_path):
        return Folder(tmp_path)

    def test_an_entry_dated_in_it_is_refused_with_its_line(self, folder, company, ada):
        lock(company, "2026-01-31", actor=ada)
        said = folder.refused(folder.entries(entry("I1", "1.00", "2026-02-01"), entry("I2", "1.00", "2026-01-31")))
        assert "entries.csv:3: I2 is dated 2026-01-31, but the books are locked through 2026-01-31" in said
        assert "2026-02-01 or later" in said
        with client_scope(company):
            assert not LedgerEntry.objects.for_client(company).exists()

    def test_what_is_held_in_it_may_stand_in_the_file(self, folder, company, ada):
        rows = [entry("I1", "100.00"), entry("P1", "-100.00", "2026-01-20")]
        files = folder.entries(*rows), folder.matches(match("I1", "P1", "60.00", "2026-01-25"))
        folder.run(*files)
        lock(company, "2026-01-31", actor=ada)
        assert folder.run(*files)["matches"] == {"created": 0}
        summary = folder.run(folder.entries(*rows, entry("I2", "5.00", "2026-02-01")), files[1])
        assert summary["entries"] == {"created": 1, "unchanged": 2}

    def test_a_match_without_a_date_gets_the_first_open_day_and_is_known_again(self, folder, company, ada):
        files = folder.entries(entry("I1", "100.00"), entry("P1", "-100.00", "2026-01-20")), folder.matches()
        folder.run(*files)
        lock(company, "2026-01-31", actor=ada)
        files = files[0], folder.matches(match("I1", "P1", "60.00"), match("I1", "P1", "40.00"))
        assert folder.run(*files)["matches"] == {"created": 2}
        lock(company, "2026-02-28", actor=ada)
        assert folder.run(*files)["matches"] == {"created": 0}
        with client_scope(company):
            days = set(Match.objects.for_client(company).values_list("matched_on", flat=True))
        assert days == {day("2026-02-01")}

    def test_a_match_with_a_date_in_it_is_refused_with_its_line(self, folder, company, ada):
        files = folder.entries(entry("I1", "100.00"), entry("P1", "-100.00", "2026-01-20")), folder.matches()
        folder.run(*files)
        lock(company, "2026-01-31", actor=ada)
        said = folder.refused(files[0], folder.matches(match("I1", "P1", "60.00", "2026-01-31")))
        assert "matches.csv:2: the match is dated 2026-01-31, but the books are locked" in said
        assert "leave the date empty" in said

    def test_shares_in_it_stand_when_a_later_match_joins_them(self, folder, company, ada):
        rows = [
            entry("I1", "100.00", currency="EUR", currency_amount="9.00"),
            *(entry(f"P{n}", "-33.33", "2026-01-20") for n in (1, 2)), entry("P3", "-33.34", "2026-02-20"),
        ]  # fmt: skip
        first, last = match("I1", "P1", "33.33", debit_currency_amount="3.01"), match("I1", "P3", "33.34")
        middle = match("I1", "P2", "33.33")
        folder.run(folder.entries(*rows), folder.matches(first, middle))
        lock(company, "2026-01-31", actor=ada)
        folder.run(folder.entries(*rows), folder.matches(first, middle, last))
        with client_scope(company):
            shares = Match.objects.for_client(company).order_by("credit__entry_id")
            assert [str(one.debit_currency_amount) for one in shares] == ["3.01", "3.00", "2.99"]


class TestASaftFile:
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "file.xml"

    def write(self, path, *sales, end="2026-03-31"):
        path.write_text(saft(customers=[customer("C1", balance("1500"))], vouchers=list(sales), end=end))
        return path

    def test_a_line_dated_in_it_is_refused_naming_the_voucher(self, path, company, ada):
        lock(company, "2026-01-31", actor=ada)
        said = refused(self.write(path, sale("2026-02-01", "5.00", number="8"), sale("2026-01-31", "5.00", number="9")))
        assert "a line of voucher 9 is dated 2026-01-31, but the books are locked through 2026-01-31" in said
        assert "Traceback" not in said
        with client_scope(company):
            assert not LedgerEntry.objects.for_client(company).exists()

    def test_an_opening_balance_too(self, path, company, ada):
        lock(company, "2026-01-31", actor=ada)
        path.write_text(saft(customers=[customer("C1", balance("1500", "10"))], start="2026-01-15"))
        assert "an opening balance is dated 2026-01-14, but the books are locked" in refused(path)

    def test_its_matches_are_dated_as_its_lines_which_are_open_days(self, path, company, ada):
        first = sale("2026-01-10", "100.00", number="1")
        run(self.write(path, first, end="2026-01-31"))
        with client_scope(company):
            lock_ledger(client=company, through=day("2026-01-31"), actor=ada)
        run(self.write(path, first, sale("2026-02-05", "-100.00", number="2")))
        with client_scope(company):
            assert Match.objects.for_client(company).get().matched_on == day("2026-02-05")

    def test_the_same_file_again_is_no_fault(self, path, company, ada):
        self.write(path, sale("2026-01-10", "100.00"), sale("2026-01-20", "-100.00", number="2"))
        run(path)
        with client_scope(company):
            lock_ledger(client=company, through=day("2026-02-28"), actor=ada)
        assert run(path)["entries"] == {"created": 0, "unchanged": 2}
