"""Innstillinger › Fakturafinansiering: the analysis line by line, asking again, the way to the bank, and the queries it takes."""

import json
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from access.models import AuditEntry
from access.tenancy import client_scope
from financing.models import Agreement, AnalysisLines, CreditSnapshot
from financing.providers.base import AnswerRefused
from financing.services import analysis_lines
from financing.services.analysis_lines import read_analysis_lines
from financing.services.credit import ASK_EVERY
from financing.services.sync import sync_credit
from financing.tasks import read_lines
from tests.accounting.factories import Books
from tests.dashboard.widget_states import STATES, drawn, snapshot

from .test_onboarding import only, walk_to_accepted

pytestmark = pytest.mark.django_db
NUMBER = "310000000"
D = Decimal


def url(name, query=""):
    return reverse(name, args=[NUMBER]) + query


def plain(html):
    return re.sub(r"[\s\u2009\u00a0]+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
def signed_in(client, dag):
    client.force_login(dag)
    return client


def analysis(identity, lines, limit):
    """What the bank says of these lines: (id, debtor, amount, counted, reason)."""
    reasons = {}
    for _receivable, _debtor, amount, counted, reason in lines:
        if reason:
            count, total = reasons.get(reason, (0, D(0)))
            reasons[reason] = (count + 1, total + D(amount) - D(counted))
    return {
        "id": identity, "as_of": timezone.now().isoformat(), "advance_rate_percent": "80", "limit": limit,
        "outstanding": str(sum((D(one[2]) for one in lines), D("0.00"))),
        "eligible": str(sum((D(one[3]) for one in lines), D("0.00"))),
        "exclusions": [{"reason": r, "count": c, "amount": str(a)} for r, (c, a) in reasons.items()],
    }  # fmt: skip


class Told:
    """The bank tells analyses and their lines."""

    def __init__(self, company, bank):
        walk_to_accepted(company, bank)
        self.company, self.bank, self.count = company, bank, 0

    def tell(self, lines, limit, page=1000, given=None):
        self.count += 1
        name = f"ana-{self.count}"
        found = self.bank.agreements["agr-1"]
        found["sequence"] += 1
        found["analysis"] = analysis(name, lines, limit)
        found["credit"]["limit"] = limit
        found["credit"]["available"] = str(D(limit) - D(found["credit"]["used"]))
        raw = [
            {"receivable_id": r or None, "debtor": d, "amount": a, "counted": c, "reason": why or None}
            for r, d, a, c, why in (lines if given is None else given)
        ]

        def answer(request):
            start = int(request["query"].get("cursor", ["0"])[0])
            following = str(start + page) if start + page < len(raw) else None
            return 200, {"items": raw[start : start + page], "next_cursor": following}

        self.bank.answers[("GET", f"/v1/analyses/{name}/lines")] = answer
        sync_credit(provider_name="buffer", now=timezone.now())
        return name

    def read(self):
        agreement = only(Agreement, self.company)
        return read_analysis_lines(client=self.company, agreement_id=agreement.pk, now=timezone.now())


@pytest.fixture
def told(company, begun, bank):
    return Told(company, bank)


@pytest.fixture
def ledger(company):
    """Three customers with an invoice each, a credit, and the lines that a bank makes of them."""
    books = Books(company)
    books.customer("10001", "Øyvang AS", organisation_number="310011118")
    books.customer("10002", "Lampekroken Interiør")
    big = books.invoice("10001", "2026-11-01", "100000.00", invoice_number="F-1", due="2026-12-01")
    late = books.invoice("10001", "2026-01-01", "12000.00", invoice_number="F-2", due="2026-01-15")
    nameless = books.invoice("10002", "2026-11-01", "9300.00", invoice_number="F-3", due="2026-12-01")
    paid = books.payment("10001", "2026-11-02", "5000.00")
    debtor = f"c{big.customer_id}"
    return [
        (str(big.pk), debtor, "100000.00", "100000.00", ""), (str(late.pk), debtor, "12000.00", "0.00", "overdue"),
        (str(nameless.pk), f"c{nameless.customer_id}", "9300.00", "0.00", "missing_organisation_number"),
        (str(paid.pk), debtor, "-5000.00", "-5000.00", ""), ("", debtor, "0.00", "-23750.00", "concentration"),
    ]  # fmt: skip


def test_what_the_page_explains_equals_the_lines_to_the_ore(signed_in, company, told, ledger):
    told.tell(ledger, "57000.00")
    page = plain(signed_in.get(url("financing_settings")).content.decode())
    for words in ("116 300,00", "−12 000,00", "−9 300,00", "−23 750,00", "71 250,00", "57 000,00"):
        assert words in page, words
    answer = signed_in.get(url("financing_lines"))
    view = answer.context["view"]
    kept = only(Agreement, company).analysis
    assert (
        (view.amount, view.counted) == (D(kept["outstanding"]), D(kept["eligible"])) == (D("116300.00"), D("71250.00"))
    )
    text = plain(answer.content.decode())
    for words in (
        "Øyvang AS",
        "F-1",
        "Forfalt for lenge siden",
        "kunden samlet",
        "116 300,00",
        "71 250,00",
        "5 linjer",
    ):
        assert words in text, words
    for one in kept["exclusions"]:
        narrowed = signed_in.get(url("financing_lines", f"?grunn={one['reason']}")).context["view"]
        assert narrowed.amount - narrowed.counted == D(one["amount"]) and narrowed.count == one["count"]
        assert (
            url("financing_lines", f"?grunn={one['reason']}")
            in signed_in.get(url("financing_settings")).content.decode()
        )


def test_lines_are_read_once_for_each_analysis_page_by_page(signed_in, company, told, ledger, bank):
    name = told.tell(ledger, "57000.00", page=2)
    for _ in range(3):
        assert signed_in.get(url("financing_lines")).context["view"].count == 5
    assert len(bank.calls("GET", f"/v1/analyses/{name}/lines")) == 3  # three pages, once


def test_lines_that_do_not_add_up_are_refused_and_told_of(signed_in, company, told, ledger):
    told.tell(ledger, "57000.00", given=ledger[:-1])
    with pytest.raises(AnswerRefused):
        told.read()
    answer = signed_in.get(url("financing_lines"))
    assert answer.status_code == 200 and "stemmer ikke med analysen" in answer.content.decode()
    assert answer.context["view"] is None
    with client_scope(company):
        assert not AnalysisLines.objects.for_client(company).exists()
        assert AuditEntry.objects.for_client(company).filter(action="provider.answer_refused").exists()


def test_a_bank_that_does_not_answer_leaves_the_last_lines_with_their_time(signed_in, company, told, ledger, bank):
    told.tell(ledger, "57000.00")
    told.read()
    name = told.tell(ledger[:1], "80000.00")
    bank.answers[("GET", f"/v1/analyses/{name}/lines")] = (503, {"title": "later"})
    answer = signed_in.get(url("financing_lines"))
    text = answer.content.decode()
    assert answer.status_code == 200 and answer.context["view"].count == 5
    assert "siste analysen som kunne leses" in text and "<time " in text


def test_what_moved_the_limit_is_told_by_the_lines(signed_in, company, told, ledger):
    told.tell(ledger, "57000.00")
    told.read()
    told.tell(ledger[1:3], "0.00")  # the big invoice is paid, the credit used
    told.read()
    text = plain(signed_in.get(url("financing_settings")).content.decode())
    assert (
        "Siste endring" in text
        and "2 poster gjort opp −95 000,00" in text
        and "For stor andel på én kunde +23 750,00" in text
    )
    assert "Belåning og avrunding +14 250,00" in text and "−57 000,00" in text


def test_the_newest_two_are_kept_and_the_same_lines_once(company, told, ledger):
    for count in range(1, 5):
        told.tell(ledger[:count], f"{count}000.00")
        told.read()
    told.tell(ledger[:4], "4000.00")
    last = told.read()
    with client_scope(company):
        kept = list(AnalysisLines.objects.for_client(company).order_by("id"))
    assert [len(one.lines) for one in kept] == [3, 4]
    assert kept[1].pk == last.pk and last.analysis_reference == "ana-5"


@pytest.mark.parametrize("odd", ["9" * 30, "x", "²", "-1", "1 OR 1=1"])
def test_an_id_that_is_none_of_ours_is_shown_as_not_in_the_books(signed_in, told, odd):
    told.tell([(odd, odd, "10.00", "10.00", ""), ("", "c" + odd, "0.00", "0.00", "concentration")], "0.00")
    answer = signed_in.get(url("financing_lines"))
    assert answer.status_code == 200 and "Ikke i regnskapet" in answer.content.decode()


def test_another_companys_item_is_never_named(signed_in, company, told, make_client):
    other = make_client("310011118", "Furulia Lys AS")
    theirs = Books(other).invoice("1", "2026-11-01", "10.00", invoice_number="HEMMELIG")
    told.tell([(str(theirs.pk), f"c{theirs.customer_id}", "10.00", "10.00", "")], "0.00")
    text = signed_in.get(url("financing_lines")).content.decode()
    assert "HEMMELIG" not in text and "Ikke i regnskapet" in text


@pytest.mark.parametrize(
    "query", ["?grunn=tull", "?grunn=%00", "?side=0", "?side=99", "?side=²", "?grunn=teller", "?side=-1"]
)
def test_odd_addresses_are_pages_too(signed_in, told, ledger, query):
    told.tell(ledger, "57000.00")
    assert signed_in.get(url("financing_lines", query)).status_code == 200


def test_many_lines_are_paged_and_the_sums_are_of_all(signed_in, told, django_assert_num_queries):
    lines = [(str(10**9 + no), f"c{10**9 + no}", "1.00", "1.00", "") for no in range(250)]
    told.tell(lines, "0.00")
    first = signed_in.get(url("financing_lines")).context["view"]
    third = signed_in.get(url("financing_lines", "?side=3")).context["view"]
    assert (len(first.lines), len(third.lines), third.next_url) == (100, 50, None)
    assert first.amount == third.amount == D("250.00") and first.previous_url is None


def test_customers_without_a_number_are_named_from_our_own_books(signed_in, told, ledger):
    told.tell(ledger, "57000.00")
    text = plain(signed_in.get(url("financing_settings")).content.decode())
    assert "Én kunde mangler organisasjonsnummer : Lampekroken Interiør" in text.replace("nummer:", "nummer :")
    assert "1 åpen faktura på 9 300,00" in text


def test_trying_again_reads_the_one_agreement_and_not_at_every_click(signed_in, company, told, bank):
    bank.agreements["agr-1"]["sequence"] += 1
    bank.agreements["agr-1"]["credit"] |= {"used": "1000.00", "available": "61000.00"}
    before = len(bank.calls("GET", "/v1/agreements/agr-1"))
    for _ in range(4):
        assert signed_in.post(url("financing_refresh"))["Location"] == url("dashboard")
    assert len(bank.calls("GET", "/v1/agreements/agr-1")) == before + 1
    assert only(Agreement, company).used == D("1000.00")
    with client_scope(company):
        Agreement.objects.for_client(company).update(asked_again_at=timezone.now() - ASK_EVERY)
    assert signed_in.post(url("financing_refresh"), {"fra": "innstillinger"})["Location"] == url("financing_settings")
    assert len(bank.calls("GET", "/v1/agreements/agr-1")) == before + 2
    assert signed_in.get(url("financing_refresh")).status_code == 405


def test_trying_again_in_vain_leaves_the_figures_and_their_age(signed_in, company, told, bank):
    good = only(Agreement, company)
    bank.answers[("GET", "/v1/agreements/agr-1")] = (503, {"title": "later"})
    assert signed_in.post(url("financing_refresh")).status_code == 302
    assert (only(Agreement, company).read_at, only(Agreement, company).limit) == (good.read_at, good.limit)


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ((503, {"title": "later"}), 503, "Buffer svarer ikke akkurat nå"),
        ((409, {"type": "about:blank", "title": "no", "status": 409}), 502, "Buffer åpner ikke avtalen nå"),
        ((200, b"<html>", {"Content-Type": "text/html"}), 503, "Buffer svarer ikke akkurat nå"),
    ],
)
def test_a_page_of_the_bank_that_cannot_be_opened_is_a_plain_page(signed_in, told, bank, answer, status, words):
    bank.answers[("POST", "/v1/agreements/agr-1/manage-links")] = answer
    page = signed_in.get(url("financing_manage"))
    text = page.content.decode()
    assert page.status_code == status and words in text and url("financing_settings") in text
    assert "Avtalen står" in text and "lånt" not in text


def test_after_the_end_the_page_says_so_and_leads_to_the_history(signed_in, company):
    snapshot(drawn(company, "terminated", limit="0.00", used="0.00"), 1)
    text = signed_in.get(url("financing_settings")).content.decode()
    assert "Avtalen er avsluttet" in text and url("financing_history") in text
    assert signed_in.get(url("financing_manage"))["Location"] == url("financing_settings")


@pytest.mark.parametrize("name", ["over", "stale_over", "overdue", "terminating", "disconnected_debt"])
def test_what_the_bank_asks_for_stands_on_the_page_whatever_else_is_told(signed_in, company, name):
    STATES[name].put(company)
    one = only(Agreement, company)
    text = plain(signed_in.get(url("financing_settings")).content.decode())
    written = f"{one.due_amount:,.2f}".replace(",", " ").replace(".", ",")
    assert f"Buffer ber om {written} innen {one.due_date:%d.%m.%Y}" in text


def test_a_limit_that_changed_wakes_a_worker_for_its_lines_and_nothing_else_does(
    company, told, ledger, bank, django_capture_on_commit_callbacks, monkeypatch
):
    sent = []
    monkeypatch.setattr(analysis_lines, "wake", lambda name, *arguments: sent.append((name, arguments)))
    for limit, used, count in (("57000.00", "0.00", 1), ("57000.00", "1.00", 1), ("58000.00", "1.00", 2)):
        bank.agreements["agr-1"]["credit"]["used"] = used
        with django_capture_on_commit_callbacks(execute=True):
            told.tell(ledger, limit)
        assert len(sent) == count
    name, arguments = sent[-1]
    assert name == read_lines.name
    read_lines(*arguments)
    assert only(AnalysisLines, company).analysis_reference == "ana-3"
    bank.answers[("GET", "/v1/analyses/ana-4/lines")] = (500, {"title": "oops"})
    bank.agreements["agr-1"]["analysis"]["id"] = "ana-4"
    bank.agreements["agr-1"]["sequence"] += 1
    sync_credit(provider_name="buffer", now=timezone.now())
    read_lines(*arguments)  # a bank that fails is no failure of the worker's


@pytest.mark.parametrize("name", STATES)
def test_the_page_stands_in_every_state(signed_in, company, name):
    STATES[name].put(company)
    answer = signed_in.get(url("financing_settings"))
    assert answer.status_code == 200 and url("financing_history") in answer.content.decode()
    if name == "rejected":  # why, from when it may be tried again, and what can be mended
        text = plain(answer.content.decode())
        assert "For få kundefordringer" in text and "En ny sjekk kan startes fra" in text and "Lampekroken" in text


@pytest.mark.parametrize("count", [2, 60])
def test_the_number_of_queries_follows_neither_history_nor_lines(
    signed_in, company, told, ledger, count, django_assert_num_queries
):
    told.tell(ledger, "57000.00")
    told.read()
    agreement = only(Agreement, company)
    for no in range(count):
        snapshot(
            agreement,
            1,
            sequence=1000 + no,
            limit=D(no),
            used=D(no),
            analysis=json.loads(json.dumps(agreement.analysis)),
        )
    signed_in.get(url("financing_settings"))
    # Session, person, client, membership, grants; the scope in 4; agreement, onboarding, sync, consent, seen; who lacks
    # a number; the limit before, when it changed, its lines and its analysis; what is drawn; the session in 3.
    with django_assert_num_queries(QUERIES):
        signed_in.get(url("financing_settings"))
    with client_scope(company):
        assert CreditSnapshot.objects.for_client(company).count() > count


QUERIES = 23


@pytest.mark.parametrize("role", ["regnskapsforer", "revisor", "standard"])
def test_without_the_privilege_every_door_is_closed(client, company, make_member, role, bank):
    client.force_login(make_member(company, role, role))
    for name in ("financing_history", "financing_lines", "financing_settings"):
        assert client.get(url(name)).status_code == 403
    assert client.get(url("financing_history", "?format=csv")).status_code == 403
    assert client.post(url("financing_refresh")).status_code == 403
    assert bank.requests == []
