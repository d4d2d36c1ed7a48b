"""Hva Buffer har lest: a year of readings each minute stays readable, and each reading can be opened."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from .consents import read
from .reading import add_entry
from .test_consent_withdrawal import text_of

pytestmark = pytest.mark.django_db
NUMBER = "310000000"


def url(name, *more):
    return reverse(name, args=[NUMBER, *more])


@pytest.fixture
def signed_in(client, dag):
    client.force_login(dag)
    return client


def test_a_day_of_readings_each_minute_is_a_few_lines(signed_in, company, begun):
    midnight = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # of 3 March in Norway
    for minute in range(1440):
        ids = [1, 2] if minute == 700 else [3] if minute in (701, 1000) else []
        read(company, midnight + timedelta(minutes=minute), ids=ids)
    read(company, midnight, resource="company")
    month = signed_in.get(url("financing_accesses"))
    assert "Buffer leste 1 441 ganger." in text_of(month)
    assert "tirsdag 3. mars 00:00–23:59 1 441 3 4" in text_of(month)
    day = signed_in.get(url("financing_accesses_day", "2026-03-03"))
    rows = re.findall(r"<tr>(.*?)</tr>", day.content.decode(), re.S)[1:]
    told = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip() for row in rows]
    assert len(told) == 6
    assert told[0].startswith("16:41–23:59 Lest 439 ganger, ingen endringer")
    assert told[1].startswith("16:40:00 Det som var endret siden sist 1")
    assert told[-1].startswith("00:00–11:39 Lest 700 ganger, ingen endringer · Foretakets navn, nummer og valuta")


def test_one_reading_shows_its_rows_as_they_are_now_and_leads_to_the_report(signed_in, company, begun):
    plain = add_entry(company, "1001", 1250)
    private = add_entry(company, "1002", 99, customer="10001", private_person=True)
    one = read(company, timezone.now(), ids=[plain.pk, private.pk, 999_999_999])
    page = signed_in.get(url("financing_access", one.pk))
    for words in (
        "Tindra AS",
        "1001",
        "1 250,00",
        "verken navn eller fakturanummer sendes",
        "3 poster",
        "1 post finnes ikke",
    ):
        assert words in text_of(page), words
    assert f'href="{reverse("report_open_items", args=[NUMBER])}?kunde=10000"' in page.content.decode()


def test_a_reading_of_a_thousand_rows_is_paged(signed_in, company, begun):
    entries = [add_entry(company, f"{number}", 1) for number in range(101)]
    one = read(company, timezone.now(), ids=[entry.pk for entry in entries])
    first, second = (signed_in.get(url("financing_access", one.pk) + f"?side={page}") for page in (1, 2))
    assert first.content.decode().count('<th scope="row">') == 100
    assert second.content.decode().count('<th scope="row">') == 1 and "Side 2 av 2" in text_of(second)


def test_months_lead_to_one_another_over_gaps(signed_in, company, begun):
    read(company, datetime(2026, 1, 31, 23, 30, tzinfo=UTC))  # 1 February in Norway
    read(company, datetime(2026, 5, 1, 12, 0, tzinfo=UTC))
    page = signed_in.get(url("financing_accesses"))
    assert "mai 2026" in text_of(page) and 'href="?maned=2026-02"' in page.content.decode()
    page = signed_in.get(url("financing_accesses") + "?maned=2026-02")
    assert "søndag 1. februar" in text_of(page) and 'href="?maned=2026-05"' in page.content.decode()
    assert "Buffer leste ingenting denne måneden." in text_of(
        signed_in.get(url("financing_accesses") + "?maned=2026-03")
    )


def test_the_file_has_every_reading_with_its_rows(signed_in, company, begun):
    read(company, datetime(2026, 5, 1, 12, 0, tzinfo=UTC), ids=[7, 8], since="2026-04-30T00:00:00Z")
    read(company, datetime(2026, 5, 1, 12, 1, tzinfo=UTC))
    answer = signed_in.get(url("financing_accesses") + "?maned=2026-05&format=csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [(one["at"], one["item_count"], one["item_ids"]) for one in rows] == [
        ("2026-05-01T12:00:00+00:00", "2", "7 8"), ("2026-05-01T12:01:00+00:00", "0", "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query", ["?maned=2026-13", "?maned=x", "?maned=0000-01", "?maned=９９99-01", "?maned=9999-12", "?maned=2026-1"]
)
def test_what_is_no_month_is_404(signed_in, company, begun, query):
    assert signed_in.get(url("financing_accesses") + query).status_code == 404


@pytest.mark.parametrize("day", ["x", "2026-02-30", "0001-01-01", "9999-12-31", "2026-2-3x"])
def test_what_is_no_day_is_404(signed_in, company, begun, day):
    assert signed_in.get(url("financing_accesses_day", day)).status_code == 404
