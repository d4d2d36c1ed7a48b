"""The reading of the bank's list and of single onboardings: when, by whom, and what it costs."""

import random
from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import AuditEntry
from access.tenancy import client_scope
from financing.models import Agreement, CreditSnapshot, Onboarding, ProviderSync, WorkerBeat
from financing.providers.base import AnswerRefused
from financing.services import credit, sync
from financing.services.credit import figures_from, follow_onboardings, refresh_agreement
from financing.services.onboarding_reading import READ_OFTEN, READ_RARELY, next_reading
from financing.services.sync import sync_credit
from financing.tasks import beat

from .financed import make_financed
from .test_credit import told
from .test_onboarding import only, walk_to_accepted

pytestmark = pytest.mark.django_db
LIST = "/v1/agreements"


@pytest.fixture
def agreed(company, begun, bank):
    walk_to_accepted(company, bank)
    return bank.agreements["agr-1"]


def read(now=None):
    return sync_credit(provider_name="buffer", now=now or timezone.now())


# The list


def test_everything_is_read_once_a_night_and_what_changed_at_every_other_tick(agreed, bank):
    bank.position = 7
    oslo = ZoneInfo("Europe/Oslo")
    moments = [
        (datetime(2026, 11, 24, 2, 59, tzinfo=oslo), False),
        (datetime(2026, 11, 24, 3, 1, tzinfo=oslo), True),
        (datetime(2026, 11, 24, 3, 2, tzinfo=oslo), False),
        (datetime(2026, 11, 24, 23, 0, tzinfo=oslo), False),
        (datetime(2026, 11, 26, 12, 0, tzinfo=oslo), True),  # nobody was there at night
        (datetime(2027, 3, 28, 2, 59, tzinfo=oslo), True),
    ]
    read(datetime(2026, 11, 23, 12, 0, tzinfo=oslo))
    for now, full in moments:
        ProviderSync.objects.update(lease_until=None)
        assert read(now) is not None
        assert ("changed_since" not in bank.calls("GET", LIST)[-1]["query"]) == full, now


def test_what_lives_and_is_not_in_the_whole_list_is_read_by_itself(company, agreed, bank, caplog):
    bank.answers[("GET", LIST)] = (200, {"items": [], "next_cursor": None, "next_changed_since": "9"})
    told(agreed, used="4.00")
    assert read() == 1
    assert str(only(Agreement, company).used) == "4.00" and "is not in the whole list" in caplog.text


def test_what_the_bank_does_not_know_any_more_has_no_fresh_figures(company, agreed, bank):
    bank.answers[("GET", LIST)] = (200, {"items": [], "next_cursor": None, "next_changed_since": "9"})
    bank.answers[("GET", "/v1/agreements/agr-1")] = (404, {"title": "gone"})
    before = only(Agreement, company)
    assert read(timezone.now() + timedelta(hours=1)) == 0
    after = only(Agreement, company)
    assert after.refused_at is not None and figures_from(after, ProviderSync.objects.get()) == before.read_at
    with client_scope(company):
        assert AuditEntry.objects.for_client(company).filter(action="provider.answer_refused").exists()


def test_a_reader_that_was_thought_dead_stores_no_position(agreed, bank, monkeypatch):
    """Another took the lease while the bank took its time; the slow one stops at its next page."""
    real = sync._store_page

    def slow(*arguments):
        ProviderSync.objects.update(lease=99, changed_since="of the other")
        return real(*arguments)

    monkeypatch.setattr(sync, "_store_page", slow)
    read()
    assert ProviderSync.objects.get().changed_since == "of the other"


def test_the_lease_is_held_from_page_to_page(agreed, bank):
    pages = iter(["a", "b", None])
    leases = []

    def page(_request):
        return 200, {"items": [], "next_cursor": next(pages), "next_changed_since": "9"}

    bank.answers[("GET", LIST)] = page
    real, reads = sync._hold, []

    def hold(reading):
        real(reading)
        leases.append(ProviderSync.objects.get().lease_until)
        reads.append(reading)

    sync._hold, kept = hold, sync._hold
    try:
        read()
    finally:
        sync._hold = kept
    assert len(reads) >= 3 and leases == sorted(leases) and len(set(leases)) == len(leases)


def test_a_refused_answer_about_one_agreement_leaves_it_its_own_time(company, agreed, bank):
    good = only(Agreement, company)
    told(agreed, limit="-1.00")
    with pytest.raises(AnswerRefused):
        refresh_agreement(client=company, provider_name="buffer", reference="agr-1")
    read()
    after = only(Agreement, company)
    assert (after.limit, after.read_at) == (good.limit, good.read_at)
    assert figures_from(after, ProviderSync.objects.get()) == good.read_at
    told(agreed, limit="61000.00")
    refresh_agreement(client=company, provider_name="buffer", reference="agr-1")
    assert only(Agreement, company).refused_at is None


# What a tick costs


@pytest.mark.parametrize("changed", [1, 3])
@pytest.mark.parametrize("unchanged", [0, 5])
def test_a_tick_costs_so_many_queries_for_each_changed_agreement_and_none_for_the_others(
    bank, make_client, make_member, changed, unchanged
):
    financed = make_financed(bank, make_client, make_member, changed + unchanged)
    read()
    for one in financed[:changed]:
        told(bank.agreements[one], used="7.00")
    items = [bank.agreements[one] for one in financed[:changed]]
    bank.answers[("GET", LIST)] = (200, {"items": items, "next_cursor": None, "next_changed_since": "9"})
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert read() == changed
    # Once: lease 4, the breaker 1, hold 1, whose they are 2, complete 1, and the one page's end.
    # Each: savepoints and scope 4, onboarding, agreement, update, history, and the consent that stands.
    assert len(queries) == 10 + 9 * changed, [one["sql"][:90] for one in queries]


def test_a_tick_costs_no_query_per_agreement_that_has_not_changed(bank, make_client, make_member):
    make_financed(bank, make_client, make_member, 4)
    read()
    bank.answers[("GET", LIST)] = (200, {"items": [], "next_cursor": None, "next_changed_since": "9"})
    with CaptureQueriesContext(connection) as queries:
        assert read() == 0
    assert len(queries) == 8, [one["sql"][:90] for one in queries]


# Onboardings


def follow():
    return follow_onboardings(provider_name="buffer")


def due(company, moment):
    with client_scope(company):
        Onboarding.objects.for_client(company).update(next_read_at=moment)


def test_an_onboarding_is_read_when_its_time_has_come_and_not_before(company, begun, bank):
    due(company, timezone.now() + timedelta(seconds=30))
    assert follow() == 0 and bank.calls("GET", "/v1/onboardings/") == []
    due(company, timezone.now())
    assert follow() == 1 and follow() == 0
    assert timezone.now() < only(Onboarding, company).next_read_at < timezone.now() + 1.3 * READ_OFTEN


@pytest.mark.parametrize("status", READ_RARELY)
def test_where_a_person_is_awaited_for_days_it_is_read_rarely(company, begun, bank, status):
    bank.move("onb-1", "identified")
    bank.move("onb-1", status, agreement_id=None)
    due(company, timezone.now())
    follow()
    assert only(Onboarding, company).next_read_at > timezone.now() + timedelta(minutes=11)
    bank.move("onb-1", "cancelled")


def test_the_next_state_brings_it_back_into_step(company, begun, bank):
    bank.move("onb-1", "identified")
    bank.move("onb-1", "awaiting_cosigner")
    due(company, timezone.now())
    follow()
    bank.move("onb-1", "analysing")
    credit.follow_onboarding(client=company, onboarding=only(Onboarding, company))
    assert only(Onboarding, company).next_read_at < timezone.now() + 1.3 * READ_OFTEN


def test_a_bank_that_does_not_answer_is_asked_again_soon_because_the_breaker_spares_it(company, begun, bank):
    bank.answers[("GET", "*")] = (503, {"title": "later"}, {"Retry-After": "5"})
    with client_scope(company):
        read_at = timezone.now() - timedelta(hours=12)
        Onboarding.objects.for_client(company).update(read_at=read_at, next_read_at=None)
    follow()
    assert only(Onboarding, company).next_read_at - timezone.now() <= timedelta(minutes=1)


def test_a_bank_that_says_later_is_left_alone_ever_longer(company, begun, bank):
    bank.answers[("GET", "*")] = (429, {"title": "later"}, {"Retry-After": "5"})
    waits = []
    for hours in (0, 0.25, 0.5, 12):
        with client_scope(company):
            read_at = timezone.now() - timedelta(hours=hours)
            Onboarding.objects.for_client(company).update(read_at=read_at, next_read_at=None)
        follow()
        waits.append(only(Onboarding, company).next_read_at - timezone.now())
    assert timedelta(seconds=25) < waits[0] < timedelta(seconds=95)
    assert timedelta(minutes=7) < waits[1] < timedelta(minutes=23)
    assert timedelta(minutes=29) < waits[3] < timedelta(minutes=91)


def test_an_answer_that_is_refused_is_not_read_again_at_once(company, begun, bank):
    bank.move("onb-1", "identified", organisation_number="310011118")
    due(company, timezone.now())
    assert follow() == 1
    assert only(Onboarding, company).status == "created"
    assert only(Onboarding, company).next_read_at < timezone.now() + timedelta(seconds=75)
    assert follow() == 0


def test_a_thousand_that_were_due_at_once_come_back_spread():
    """S1: after the first round no minute has more than twice the mean."""
    random.seed(4)
    now = timezone.now()
    minutes = Counter()
    for _ in range(1000):
        moment = now
        for _round in range(4):
            moment = next_reading("offered", moment)
        minutes[int((moment - now).total_seconds() // 60)] += 1
    span = max(minutes) - min(minutes) + 1
    assert span >= 10 and max(minutes.values()) <= 3 * 1000 / span


def test_the_worker_leaves_its_mark():
    before = timezone.now()
    beat()
    assert WorkerBeat.objects.get(name="worker").at >= before


def test_history_holds_each_change_once(company, agreed):
    for number in range(3):
        told(agreed, used=f"{number}.00")
        read()
        read()
    with client_scope(company):
        assert CreditSnapshot.objects.for_client(company).count() == 3  # 0.00 was there already, then 1.00 and 2.00
