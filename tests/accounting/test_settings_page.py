"""Innstillinger › Regnskap: the lock with its history, the tolerances, and what reports say of a closed period."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting.amounts import NotAnAmount, read_amount
from accounting.models import LedgerSettings
from accounting.services.locking import lock_ledger, locked_through
from tests.accounting.factories import Books, day

pytestmark = pytest.mark.django_db
PAGE = "/klient/310000000/innstillinger/regnskap/"
LOCK, CHOICES = PAGE + "las/", PAGE + "valg/"
REPORTS = "/klient/310000000/rapporter/"
CHOSEN = {"avrunding": "2,50", "bankgebyr": "50", "kontantrabatt": "2,5", "kid_kontroll": "11", "kid_lengde": "7"}


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def rita(company, make_member, client):
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    return client


def text(response):
    return " ".join(response.content.decode().split())


def through(company):
    with client_scope(company):
        return locked_through(company)


class TestWhoMay:
    def test_readers_read_and_change_nothing(self, company, make_member, client):
        client.force_login(make_member(company, "revy", "revisor"))
        shown = text(client.get(PAGE))
        assert "Ingenting er låst." in shown and "Endre låsen" not in shown and "Lagre" not in shown
        assert client.post(LOCK, {"til_og_med": "2026-01-31"}).status_code == 403
        assert client.post(CHOICES, CHOSEN).status_code == 403
        assert f'href="{PAGE}"' in shown

    def test_without_the_right_or_as_a_stranger_nobody_gets_in(self, company, make_member, make_client, client):
        client.force_login(make_member(company, "stine", "standard"))
        assert client.get(PAGE).status_code == 403
        client.force_login(make_member(make_client("310011118", "Furulia Lys AS"), "vera", "administrator"))
        assert client.get(PAGE).status_code == client.post(LOCK).status_code == client.post(CHOICES).status_code == 404


class TestTheLock:
    def test_it_is_changed_and_its_history_shown(self, company, rita):
        assert rita.post(LOCK, {"til_og_med": "2026-02-28"})["Location"] == PAGE
        assert "Låsen er endret." in text(rita.get(PAGE))
        rita.post(LOCK, {"til_og_med": "2026-01-31", "begrunnelse": "Glemt bilag"})
        context = rita.get(PAGE).context_data
        assert [(str(one.locked_through), str(before), one.reason, str(one.by)) for one, before in context["history"]] == [
            ("2026-01-31", "2026-02-28", "Glemt bilag", "Rita"), ("2026-02-28", "None", "", "Rita"),
        ]  # fmt: skip
        assert through(company) == day("2026-01-31")

    def test_opening_again_asks_why(self, company, rita):
        rita.post(LOCK, {"til_og_med": "2026-02-28"})
        for wanted in ("2026-01-31", ""):
            answer = rita.post(LOCK, {"til_og_med": wanted})
            assert answer.status_code == 400 and "åpnes igjen. Skriv hvorfor" in text(answer)
        assert through(company) == day("2026-02-28")
        rita.post(LOCK, {"til_og_med": "", "begrunnelse": "Alt"})
        assert through(company) is None

    @pytest.mark.parametrize("wanted", ["31.01.2026", "2026-02-30", "x", "0000-01-01", "\x00", "२०२६-०१-३१"])
    def test_a_date_that_is_none_is_said(self, company, rita, wanted):
        answer = rita.post(LOCK, {"til_og_med": wanted})
        assert answer.status_code == 400 and "år-måned-dag" in text(answer)

    def test_days_to_come_cannot_be_closed(self, company, rita):
        tomorrow = timezone.localdate() + timedelta(days=1)
        assert "senest til og med i dag" in text(rita.post(LOCK, {"til_og_med": str(tomorrow)}))
        rita.post(LOCK, {"til_og_med": str(timezone.localdate())})
        assert through(company) == timezone.localdate()

    @pytest.mark.parametrize("changes", [1, 3])
    def test_the_number_of_queries_does_not_grow(self, rita, django_assert_num_queries, changes):
        for n in range(changes):
            rita.post(LOCK, {"til_og_med": f"2026-01-0{n + 1}"})
        rita.get(PAGE)
        with django_assert_num_queries(15):
            rita.get(PAGE)


class TestTheChoices:
    def test_they_are_saved_with_before_and_after(self, company, rita):
        assert rita.post(CHOICES, CHOSEN)["Location"] == PAGE
        with client_scope(company):
            chosen = LedgerSettings.objects.for_client(company).get()
            (line,) = AuditEntry.objects.for_client(company).filter(action="ledger.settings_changed")
        assert (chosen.rounding_tolerance, chosen.bank_fee_tolerance, chosen.cash_discount_percent) == (
            Decimal("2.50"), Decimal("50.00"), Decimal("2.50"),
        )  # fmt: skip
        assert (chosen.kid_check, chosen.kid_length) == ("11", 7)
        assert line.details["changes"]["rounding_tolerance"] == ["1.00", "2.50"]
        assert line.details["changes"]["kid_length"] == ["", "7"]
        rita.post(CHOICES, CHOSEN)
        assert "Slik var det allerede." in text(rita.get(PAGE))
        with client_scope(company):
            assert AuditEntry.objects.for_client(company).filter(action="ledger.settings_changed").count() == 1

    @pytest.mark.parametrize("wrong", [
        {"avrunding": "mye"}, {"avrunding": "-1"}, {"bankgebyr": "1,234"}, {"kontantrabatt": "100,01"},
        {"kid_kontroll": "12"}, {"kid_lengde": "1"}, {"kid_lengde": "26"}, {"kid_lengde": "x"},
    ])  # fmt: skip
    def test_what_cannot_be_is_said_at_its_field_and_the_rest_stays_written(self, company, rita, wrong):
        answer = rita.post(CHOICES, CHOSEN | wrong)
        (field,) = wrong
        assert answer.status_code == 400 and list(answer.context_data["errors"]) == [field]
        assert answer.context_data["chosen"] == CHOSEN | wrong
        with client_scope(company):
            assert not LedgerSettings.objects.for_client(company).exists()


class TestWhatReportsSay:
    def close(self, company, on, reason=""):
        with client_scope(company):
            lock_ledger(client=company, through=day(on) if on else None, reason=reason, actor=None)

    @pytest.mark.parametrize("page", ["apne-poster/", "aldersfordelt/", "avstemming/"])
    def test_how_many_were_registered_after_the_period_was_closed(self, company, rita, page):
        books = Books(company)
        books.invoice("1", "2026-01-10", "100.00")
        self.close(company, "2026-01-31")
        ask = {"per": "2026-01-31"}
        assert "0 poster er registrert etter at perioden ble lukket" in text(rita.get(REPORTS + page, ask))
        self.close(company, None, reason="Glemt bilag")
        books.invoice("1", "2026-01-20", "50.00")
        assert "etter at perioden ble lukket" not in text(rita.get(REPORTS + page, ask))  # it is open
        self.close(company, "2026-02-28")
        books.invoice("1", "2026-03-01", "50.00")
        assert "1 post er registrert etter at perioden ble lukket" in text(rita.get(REPORTS + page, ask))
        assert "etter at perioden" not in text(rita.get(REPORTS + page, {"per": "2026-03-31"}))


@pytest.mark.parametrize(("written", "amount"), [
    ("1 234,50", "1234.50"), ("1.234,50", "1234.50"), ("1234.5", "1234.50"), ("1234", "1234.00"), ("0,5", "0.50"),
    ("1\u00a0234\u2009567,00", "1234567.00"), ("1.234.567", "1234567.00"), ("1.234", "1234.00"),
])  # fmt: skip
def test_amounts_are_read_as_people_write_them(written, amount):
    assert str(read_amount(written)) == amount


@pytest.mark.parametrize("written", ["", "-1", "1,234", "1,2,3", "1e5", "NaN", "१", "1.23.4", "12345678901234", "1,"])
def test_what_is_no_amount_is_none(written):
    with pytest.raises(NotAnAmount):
        read_amount(written)
