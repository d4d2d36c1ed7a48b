"""The tab «Historikk»: every limit and balance that was told, newest first, what each changed, paged, and as a file."""

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from access.tenancy import client_scope
from financing.models import CreditSnapshot
from financing.services.sync import sync_credit
from financing.views import history
from tests.dashboard.widget_states import drawn, snapshot

from .test_onboarding import walk_to_accepted

pytestmark = pytest.mark.django_db
URL = reverse("financing_history", args=["310000000"])
D = Decimal


def plain(html):
    return re.sub(r"[\s\u2009\u00a0]+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
def signed_in(client, dag):
    client.force_login(dag)
    return client


def test_what_the_bank_tells_is_a_line_with_what_it_changed(signed_in, company, begun, bank):
    walk_to_accepted(company, bank)
    one = bank.agreements["agr-1"]
    for change, more in (
        ({"used": "20000.00", "available": "42000.00"}, {}),
        ({"limit": "15000.00", "available": "0.00"}, {"due": {"amount": "5000.00", "date": "2026-12-08"}}),
        ({}, {"due": {"amount": "4000.00", "date": "2026-12-08"}}),
        ({}, {"due": None}),
        ({}, {"status": "paused", "reason": "bank_decision"}),
    ):
        one["credit"] |= change
        one |= {"sequence": one["sequence"] + 1, **more}
        assert sync_credit(provider_name="buffer", now=timezone.now()) == 1
    rows = signed_in.get(URL).context["told"]
    said = [([(c.label, c.amount) for c in row.changes], list(row.words)) for row in rows]
    assert said == [
        ([], ["Aktiv → Pauset"]),
        ([], ["Ingenting forfaller lenger"]),
        ([("Til betaling", D("4000.00"))], []),
        ([("Kredittgrense", D("-47000.00")), ("Til betaling", D("5000.00"))], []),
        ([("Benyttet", D("20000.00"))], []),
        ([], ["Første tall"]),
    ]
    with client_scope(company):
        third = CreditSnapshot.objects.for_client(company).order_by("id")[2]
    assert (third.due_amount, third.due_date) == (D("5000.00"), date(2026, 12, 8))


def test_the_analysis_is_kept_with_the_limit_it_gave(company, begun, bank):
    from tests.financing.test_settings import analysis

    walk_to_accepted(company, bank)
    one = bank.agreements["agr-1"]
    one["analysis"] = analysis("ana-1", [("1", "c1", "100.00", "100.00", "")], "80.00")
    one["credit"] |= {"limit": "80.00", "available": "80.00"}
    one["sequence"] += 1
    sync_credit(provider_name="buffer", now=timezone.now())
    with client_scope(company):
        assert CreditSnapshot.objects.for_client(company).latest("id").analysis["id"] == "ana-1"


def test_pages_join_without_gap_or_overlap_and_compare_across_the_edge(signed_in, company, monkeypatch):
    monkeypatch.setattr(history, "PAGE", 3)
    one = drawn(company)
    for no in range(8):
        snapshot(one, 8 - no, limit=D(1000 * no))
    seen, address = [], URL
    while address:
        answer = signed_in.get(address)
        seen += answer.context["told"]
        address = answer.context["older_url"]
    assert [row.row.limit for row in seen] == [D(1000 * no) for no in range(7, -1, -1)]
    assert [row.changes[0].amount for row in seen[:-1]] == [D(1000)] * 7
    assert seen[-1].words == ("Første tall",)


@pytest.mark.parametrize("odd", ["x", "²", "-1", "9" * 30, "%00"])
def test_an_odd_position_is_the_first_page(signed_in, company, odd):
    snapshot(drawn(company), 1)
    assert len(signed_in.get(f"{URL}?eldre_enn={odd}").context["told"]) == 1


def test_the_file_has_every_line(signed_in, company, make_client):
    one = drawn(company)
    for no in range(3):
        snapshot(one, 3 - no, limit=D(no), due_amount=D("1.50"), due_date=date(2026, 12, 8))
    snapshot(drawn(make_client("310011118", "Furulia Lys AS")), 1, limit=D(99))
    answer = signed_in.get(URL + "?format=csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and "310000000" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["limit"], row["due_amount"], row["due_date"]) for row in rows] == [
        (f"{no}.00", "1.50", "2026-12-08") for no in (2, 1, 0)
    ]


def test_checks_and_agreements_of_the_past_are_told(signed_in, company):
    drawn(company, "terminated")
    text = plain(signed_in.get(URL).content.decode())
    assert "Godtatt, konto 36241234567 (avsluttet)" in text


def test_without_anything_the_page_says_so(signed_in):
    text = signed_in.get(URL).content.decode()
    assert "Buffer har ikke meldt noen tall ennå" in text and "Ingen sjekk er startet" in text


def test_the_history_cannot_be_changed(company):
    snapshot(drawn(company), 1)
    for spoil in ("update", "delete"):
        with pytest.raises(DatabaseError), transaction.atomic(), client_scope(company):
            rows = CreditSnapshot.objects.for_client(company)
            rows.update(limit=1) if spoil == "update" else rows.delete()


@pytest.mark.parametrize("count", [1, 40])
def test_the_number_of_queries_does_not_follow_the_lines(signed_in, company, count, django_assert_num_queries):
    one = drawn(company)
    for no in range(count):
        snapshot(one, 1, limit=D(no))
    signed_in.get(URL)
    with django_assert_num_queries(QUERIES):
        signed_in.get(URL)


QUERIES = 16
