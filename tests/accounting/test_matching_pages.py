"""Matching by hand through the pages: who may, what is shown before and after, and that what is refused is said in words."""

from datetime import date
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.utils import timezone

from access.tenancy import client_scope
from accounting.models import How, LedgerEntry, LedgerSettings, Match
from accounting.services.locking import lock_ledger
from accounting.services.settle import Pair, settle
from tests.accounting.factories import Books, day

pytestmark = pytest.mark.django_db
BASE = "/klient/310000000/"
OPEN, CHOICE, DO, UNDO = (BASE + one for one in (
    "rapporter/apne-poster/", "poster/match/", "poster/match/utfor/", "poster/match/opphev/",
))  # fmt: skip
BACK = OPEN + "?per=2026-05-31&kunde=1&status=delbetalt"


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def books(company):
    return Books(company)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *_: date(2026, 5, 31))


@pytest.fixture
def rita(company, make_member, client):
    """Keeps the books."""
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    return client


@pytest.fixture
def two(books):
    return books.invoice("1", "2026-01-10", "1000.00", invoice_number="77"), books.payment("1", "2026-02-01", "999.50")


def group(entry):
    return f"{BASE}poster/{entry.pk}/match/"


def keys(*entries, **more):
    return {"post": [str(one.pk) for one in entries], "tilbake": BACK, **more}


def left(company, *entries):
    with client_scope(company):
        rows = LedgerEntry.objects.for_client(company).in_bulk([one.pk for one in entries])
    return [str(rows[one.pk].open_amount) for one in entries]


def text(response):
    return " ".join(response.content.decode().split())


class TestWhoMay:
    def test_a_reader_sees_no_boxes_and_may_match_nothing(self, company, make_member, client, two):
        client.force_login(make_member(company, "revy", "revisor"))
        shown = client.get(OPEN).content.decode()
        assert 'name="post"' not in shown and "match-form" not in shown
        assert client.get(CHOICE, keys(*two)).status_code == 403
        assert client.post(DO, keys(*two)).status_code == client.post(UNDO, keys(*two)).status_code == 403
        seen = client.get(group(two[0]))
        assert seen.status_code == 200 and "Opphev" not in text(seen)

    def test_strangers_and_those_without_the_right_do_not_get_in(self, company, make_member, make_client, client, two):
        client.force_login(make_member(company, "stine", "standard"))
        assert client.get(group(two[0])).status_code == 403
        client.force_login(make_member(make_client("310011118", "Furulia Lys AS"), "vera", "administrator"))
        for ask in (client.get(CHOICE), client.post(DO), client.post(UNDO), client.get(group(two[0]))):
            assert ask.status_code == 404

    def test_an_entry_of_another_company_is_not_there(self, rita, make_client):
        stranger = Books(make_client("310011118", "Furulia Lys AS")).invoice("1", "2026-01-01", "1.00")
        assert rita.get(group(stranger)).status_code == 404
        said = rita.post(DO, keys(stranger))
        assert (said.status_code, said.context_data["error"]) == (
            400, "En av postene finnes ikke lenger i dette regnskapet. Velg på nytt.",
        )  # fmt: skip

    def test_only_by_post(self, rita, two):
        assert rita.get(DO, keys(*two)).status_code == rita.get(UNDO).status_code == 405


class TestChoosing:
    def test_rows_have_boxes_where_what_is_open_today_is_shown(self, rita, two):
        shown = text(rita.get(OPEN))
        assert (
            f'<input type="checkbox" name="post" value="{two[0].pk}" form="match-form" aria-label="Velg 77">' in shown
        )
        past = text(rita.get(OPEN, {"per": "2026-03-31", "kunde": "1"}))
        assert 'form="match-form"' not in past and "Poster matches etter det som er åpent i dag" in past
        assert "?per=2026-05-31&amp;kunde=1" in past
        assert 'name="post"' not in text(rita.get(OPEN, {"visning": "sammendrag"}))

    def test_sums_and_what_would_be_left_over(self, rita, two):
        choice = rita.get(CHOICE, keys(*two)).context_data["choice"]
        assert (str(choice.debits), str(choice.credits)) == ("1000.00", "999.50")
        assert [(one.entry.pk, str(one.left)) for one in choice.left] == [(two[0].pk, "0.50")]
        assert left(two[0].client, *two) == ["1000.00", "-999.50"]

    def test_a_small_difference_is_offered_within_the_tolerance_only(self, rita, company, books, two):
        assert [one[0] for one in rita.get(CHOICE, keys(*two)).context_data["offered"]] == ["avrunding"]
        other = books.payment("1", "2026-02-01", "998.99")
        assert rita.get(CHOICE, keys(two[0], other)).context_data["offered"] == []
        with client_scope(company):
            LedgerSettings.objects.for_client(company).create(
                bank_fee_tolerance=Decimal(5), cash_discount_percent=Decimal(2)
            )
        offered = rita.get(CHOICE, keys(two[0], other)).context_data["offered"]
        assert [(word, str(most)) for word, _label, most in offered] == [
            ("bankgebyr", "5.00"),
            ("kontantrabatt", "20.00"),
        ]

    def test_the_rates_leave_nothing(self, rita, books):
        euro = {"currency": "EUR"}
        invoice = books.invoice("1", "2026-01-10", "1150.00", currency_amount="100.00", **euro)
        payment = books.entry("1", "2026-02-01", "-1170.00", kind="payment", currency_amount="-100.00", **euro)
        choice = rita.get(CHOICE, keys(invoice, payment)).context_data["choice"]
        assert (choice.left, choice.part_currency) == ((), "EUR")

    def test_one_side_alone_is_a_hint_and_no_fault(self, rita, two):
        shown = rita.get(CHOICE, keys(two[0], **{"del": "ja"}))
        assert (shown.status_code, shown.templates[0].name) == (200, "matching/_choice.html")
        assert "minst én debetpost og én kreditpost" in text(shown)

    def test_a_closed_period_is_told_before(self, rita, company, two, make_member):
        with client_scope(company):
            lock_ledger(client=company, through=day("2026-02-28"), actor=make_member(company, "ada", "regnskapsforer"))
        assert "teller fra 01.03.2026, den første åpne dagen" in text(rita.get(CHOICE, keys(*two)))

    def test_nothing_chosen_leads_back(self, rita):
        shown = rita.get(CHOICE, {"tilbake": BACK})
        assert "Ingen poster er valgt" in text(shown) and BACK.replace("&", "&amp;") in text(shown)

    @pytest.mark.parametrize("rows", [["x"], ["-1"], ["1" * 30], ["१"], ["1"] * 401])
    def test_what_is_no_row_is_no_address(self, rita, rows):
        assert rita.get(CHOICE, {"post": rows}).status_code == 404

    @pytest.mark.parametrize("rows", [2, 4])
    def test_the_number_of_queries_does_not_grow(self, rita, books, django_assert_num_queries, rows):
        chosen = [books.invoice("1", "2026-01-10", "10.00") for _ in range(rows - 1)]
        chosen.append(books.payment("1", "2026-02-01", f"{(rows - 1) * 10 - 1}.50"))
        rita.get(CHOICE, keys(*chosen))
        with django_assert_num_queries(17):
            assert rita.get(CHOICE, keys(*chosen)).status_code == 200


class TestDoing:
    def test_back_to_the_same_report_with_the_way_back(self, rita, company, two):
        done = rita.post(DO, keys(*two, differanse="avrunding"))
        assert (done.status_code, done["Location"]) == (302, BACK)
        assert left(company, *two) == ["0.00", "0.00"]
        shown = text(rita.get(done["Location"]))
        assert "2 poster ble matchet: 999,50 NOK. Øreavrunding: −0,50." in shown
        assert "Angre" in shown
        with client_scope(company):
            act = Match.objects.for_client(company).first().act
        assert f'name="akt" value="{act}"' in shown
        assert "ble matchet" not in text(rita.get(done["Location"]))  # said once
        undone = rita.post(UNDO, {"akt": str(act), "tilbake": BACK})
        assert undone["Location"] == BACK and left(company, *two) == ["1000.00", "-999.50"]
        assert "2 matcher ble opphevet." in text(rita.get(BACK))

    @pytest.mark.parametrize("elsewhere", [
        "https://ond.example/", "//ond.example/klient/310000000/", "/klient/310011118/", "/klient/310000000/../x\n", "",
    ])  # fmt: skip
    def test_and_to_nowhere_else(self, rita, two, elsewhere):
        done = rita.post(DO, keys(*two) | {"tilbake": elsewhere})
        assert done["Location"] == OPEN or done["Location"].startswith("/klient/310000000/")

    def test_a_part(self, rita, company, two):
        rita.post(DO, keys(*two, belop="1 00,50"))
        assert left(company, *two) == ["899.50", "-899.00"]

    @pytest.mark.parametrize(("given", "said"), [
        ({"belop": "2000"}, "ikke mer enn det som er åpent"), ({"belop": "0"}, "over 0"),
        ({"belop": "12,345"}, "høyst to desimaler"), ({"belop": "mye"}, "høyst to desimaler"),
        ({"differanse": "bankgebyr"}, "0,50 ville stå igjen, og høyst 0,00 kan føres slik"),
    ])  # fmt: skip
    def test_what_cannot_be_done_is_said_and_nothing_is(self, rita, company, two, given, said):
        answer = rita.post(DO, keys(*two, **given))
        assert answer.status_code == 400 and said in text(answer)
        assert left(company, *two) == ["1000.00", "-999.50"]
        assert f'value="{two[0].pk}"' in text(answer)  # and can be mended there

    def test_rows_of_two_customers_and_rows_that_somebody_matched_meanwhile(self, rita, company, books, two):
        other = books.payment("2", "2026-02-01", "5.00")
        assert "tilhører to kunder" in text(rita.post(DO, keys(two[0], other)))
        rita.post(DO, keys(*two))
        assert "noen kan ha matchet den i mellomtiden" in text(rita.post(DO, keys(*two)))

    def test_assumed_matches_are_offered_to_be_replaced(self, rita, company, books, two):
        wrong = books.payment("1", "2026-02-01", "400.00")
        with client_scope(company):
            settle(client=company, pairs=[Pair(two[0].pk, wrong.pk)], how=How.UNKNOWN, assumed=True)
        assert "antatt match" in text(rita.get(OPEN))
        shown = rita.get(CHOICE, keys(*two))
        assert "Erstatt antatte matcher" in text(shown)
        assert [str(one.left) for one in shown.context_data["choice"].left] == ["-399.50"]
        anew = rita.get(CHOICE, keys(*two, erstatt="ja")).context_data["choice"]
        assert [str(one.left) for one in anew.left] == ["0.50"]
        rita.post(DO, keys(*two, erstatt="ja", differanse="avrunding"))
        assert left(company, *two, wrong) == ["0.00", "0.00", "-400.00"]


class TestUndoing:
    def test_the_chosen_rows(self, rita, company, books, two):
        rita.post(DO, keys(*two))
        assert rita.post(UNDO, keys(two[0]))["Location"] == BACK
        assert left(company, *two) == ["1000.00", "-999.50"]
        rita.post(UNDO, keys(two[0]))
        assert "Det var ingen match å oppheve." in text(rita.get(BACK))

    def test_one_of_the_group(self, rita, company, books):
        invoice = books.invoice("1", "2026-01-10", "100.00")
        paid = [books.payment("1", "2026-02-01", "60.00"), books.payment("1", "2026-02-02", "40.00")]
        rita.post(DO, keys(invoice, *paid))
        rita.post(UNDO, keys(invoice, med=str(paid[0].pk)))
        assert left(company, invoice, *paid) == ["60.00", "-60.00", "0.00"]

    def test_what_is_dated_in_a_closed_period_stays(self, rita, company, two, make_member):
        rita.post(DO, keys(*two))
        with client_scope(company):
            lock_ledger(client=company, through=day("2026-02-28"), actor=make_member(company, "ada", "regnskapsforer"))
        rita.post(UNDO, keys(two[0]))
        assert "Regnskapet er låst til og med 28.02.2026" in text(rita.get(BACK))
        assert left(company, two[0]) == ["0.50"]

    @pytest.mark.parametrize("given", [{"akt": "x"}, {"post": ["1"], "med": "x"}])
    def test_what_is_no_match_is_no_address(self, rita, given):
        assert rita.post(UNDO, given).status_code == 404


class TestTheGroup:
    def test_everything_that_hangs_together_with_how_when_and_by_whom(self, rita, company, books):
        first, second = books.invoice("1", "2026-01-10", "100.00"), books.invoice("1", "2026-01-11", "50.00")
        both, assumed = books.payment("1", "2026-02-01", "120.00"), books.payment("1", "2026-02-02", "30.00")
        alone = books.invoice("1", "2026-01-12", "1.00")
        rita.post(DO, keys(first, second, both))
        with client_scope(company):
            settle(client=company, pairs=[Pair(second.pk, assumed.pk)], how=How.UNKNOWN, assumed=True)
        for one in (first, second, both, assumed):
            found = rita.get(group(one)).context_data["group"]
            assert [entry.pk for entry in found.entries] == [first.pk, second.pk, both.pk, assumed.pk]
        assert [(str(one.amount), one.match.assumed, one.by) for one in found.matches] == [
            ("100.00", False, "Rita"), ("20.00", False, "Rita"), ("30.00", True, ""),
        ]  # fmt: skip
        shown = text(rita.get(group(first)))
        assert "For hånd" in shown and "antatt" in shown and "Opphev alle" in shown
        assert [entry.pk for entry in rita.get(group(alone)).context_data["group"].entries] == [alone.pk]
        assert "Ingenting er matchet med denne posten" in text(rita.get(group(alone)))

    def test_all_of_it_is_undone_in_one_go_and_back_to_it(self, rita, company, two):
        rita.post(DO, keys(*two, differanse="avrunding"))
        rita.get(OPEN)
        entries = rita.get(group(two[0])).context_data["group"].entries
        assert len(entries) == 3
        done = rita.post(UNDO, keys(*entries) | {"tilbake": group(two[0])})
        assert done["Location"] == group(two[0])
        assert left(company, *two) == ["1000.00", "-999.50"]
        (own,) = [one for one in entries if one.kind == "rounding"]
        assert "tilbakeført" in text(rita.get(group(own)))

    def test_a_chain_longer_than_a_page_is_cut_and_says_so(self, rita, books, monkeypatch):
        monkeypatch.setattr("accounting.match_group.MOST_ENTRIES", 3)
        invoice = books.invoice("1", "2026-01-10", "100.00")
        for _ in range(4):
            books.paid(invoice, "2026-02-01", "10.00")
        found = rita.get(group(invoice)).context_data["group"]
        assert (len(found.entries), len(found.matches), found.is_cut) == (3, 2, True)

    @pytest.mark.parametrize("payments", [1, 3])
    def test_the_number_of_queries_does_not_grow(self, rita, books, django_assert_num_queries, payments):
        invoice = books.invoice("1", "2026-01-10", "100.00")
        rita.post(DO, keys(invoice, *(books.payment("1", "2026-02-01", "10.00") for _ in range(payments))))
        rita.get(OPEN)
        with django_assert_num_queries(18):
            assert rita.get(group(invoice)).status_code == 200

    def test_it_leads_back_to_where_one_came_from(self, rita, two):
        assert f'href="{BACK.replace("&", "&amp;")}"' in text(rita.get(f"{group(two[0])}?tilbake={quote(BACK)}"))
