"""The breaker: a provider that does not answer is left alone by everybody, and taken up again when it does."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from celery import shared_task
from django.db import connection
from django.utils import timezone

from access.tenancy import client_scope
from financing.models import Agreement, MessageKind, OutboxMessage, ProviderBreaker, ProviderSync
from financing.providers.base import (
    AccessRefused,
    AnswerRefused,
    LeftAlone,
    ProviderRejected,
    ProviderUnavailable,
    ReceivablesChanged,
)
from financing.selectors import breaker_open
from financing.services.bank import OPENS_AFTER, PROBE_EVERY, _Breaker
from financing.services.bank import bank as provider_of
from financing.services.messages import put_message
from financing.tasks import follow, send_messages, sync

from .test_onboarding import only, walk_to_accepted

pytestmark = pytest.mark.django_db
BANK = "http://127.0.0.1:8001"


class Clock:
    """Everybody's time, moved by hand."""

    def __init__(self, monkeypatch):
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: self.now)

    def move(self, **by):
        self.now += timedelta(**by)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def job(monkeypatch):
    """job(True): what follows is done by the worker; job(False): by a person's request."""

    def become(whether):
        monkeypatch.setattr("financing.services.bank.current_task", object() if whether else None)

    become(True)
    return become


def knock(error=None, *, provider="buffer", origin=BANK):
    """One try at the bank that ends so. True where it was let through."""
    went = False
    try:
        with _Breaker(provider)(origin):
            went = True
            if error is not None:
                raise error
    except LeftAlone:
        assert not went
    except (ProviderUnavailable, ProviderRejected):
        pass
    return went


def fail(times=OPENS_AFTER, **where):
    for _ in range(times):
        assert knock(ProviderUnavailable("no answer"), **where)


def state():
    return ProviderBreaker.objects.get()


def test_it_opens_after_five_failures_in_a_row(clock, job):
    fail(OPENS_AFTER - 1)
    assert state().opened_at is None
    fail(1)
    assert state().opened_at == clock.now
    assert not knock()


def test_an_answer_in_between_begins_the_count_anew(clock, job):
    for answered in (
        None,
        ProviderRejected("no", 404),
        AnswerRefused("a limit below zero"),
        ProviderUnavailable("429", down=False),
    ):
        fail(OPENS_AFTER - 1)
        assert knock(answered)
    assert state().opened_at is None


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (ProviderUnavailable("no answer: ConnectTimeout"), True),
        (ProviderUnavailable("answered 503"), True),
        (AccessRefused("nobody gets through with these"), True),
        (AnswerRefused("a page for maintenance", down=True), True),
        (AnswerRefused("agreement.credit.limit is negative"), False),  # of one company
        (ProviderUnavailable("answered 429", down=False), False),
        (ProviderRejected("answered 404", 404), False),
    ],
)
def test_what_counts_is_what_everybody_would_have_got(clock, job, error, counts):
    for _ in range(OPENS_AFTER + 2):
        knock(error)
    assert (ProviderBreaker.objects.filter(opened_at__isnull=False).exists()) is counts


def test_while_it_is_open_one_job_a_minute_tries(clock, job):
    fail()
    went = 0
    for _ in range(60 * 6):
        clock.move(seconds=10)
        went += knock(ProviderUnavailable("no answer"))
    assert went == 60


def test_it_closes_with_the_first_answer(clock, job):
    fail()
    clock.move(minutes=1)
    assert knock()
    breaker = state()
    assert (breaker.failures, breaker.opened_at, breaker.probe_at) == (0, None, None)
    assert knock()


def test_nobody_sits_before_a_try_of_a_bank_that_does_not_answer(clock, job):
    fail()
    job(False)
    clock.move(minutes=1)
    with pytest.raises(LeftAlone) as alone:
        bank_like()
    assert alone.value.retry_after == 1  # a job's try is due now
    job(True)
    assert knock(ProviderUnavailable("no answer"))
    job(False)
    with pytest.raises(LeftAlone) as alone:
        bank_like()
    assert alone.value.retry_after == 60


def bank_like():
    with _Breaker("buffer")(BANK):
        raise AssertionError("went through")


def test_where_no_job_tries_for_another_minute_a_person_does(clock, job):
    fail()
    job(False)
    clock.move(seconds=119)
    assert not knock()
    clock.move(seconds=1)
    assert knock()
    assert state().opened_at is None


def test_what_the_worker_does_is_a_job(clock):
    fail()
    clock.move(minutes=1)
    assert not knock()
    assert shared_task(knock).apply().get()


def test_a_pause_that_the_bank_asks_for_is_kept_by_jobs_and_not_by_people(clock, job):
    assert knock(ProviderUnavailable("answered 429", 300, down=False))
    with pytest.raises(LeftAlone) as alone:
        bank_like()
    assert alone.value.retry_after == 300 and not alone.value.down
    job(False)
    assert knock()
    job(True)
    clock.move(seconds=300)
    assert knock()


def test_each_provider_and_each_of_its_addresses_has_its_own(clock, job):
    fail()
    assert not knock()
    assert knock(origin="https://buffer.example") and knock(provider="another")


def test_a_bank_that_answers_costs_one_question_and_no_write(clock, job, django_assert_num_queries):
    with django_assert_num_queries(1):
        knock()
    knock(ProviderUnavailable("answered 500"))
    knock()
    with django_assert_num_queries(1):
        knock()


def test_the_banner_reads_the_breaker(clock, job, bank):
    assert not breaker_open("buffer", clock.now)
    fail(origin=bank.url)
    assert breaker_open("buffer", clock.now)
    clock.move(minutes=1)
    knock(origin=bank.url)
    assert not breaker_open("buffer", clock.now)


@pytest.mark.django_db(transaction=True)
def test_of_many_processes_one_tries(job):
    now = timezone.now()
    opened = {"failures": 5, "opened_at": now - timedelta(hours=1), "probe_at": now - timedelta(seconds=1)}
    ProviderBreaker.objects.create(provider="buffer", origin=BANK, **opened)
    start, went = threading.Barrier(8), []

    def one():
        start.wait()
        went.append(knock(ProviderUnavailable("no answer")))
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(went) == [False] * 7 + [True]


@pytest.mark.django_db(transaction=True)
def test_failures_of_many_processes_are_counted_together(job):
    start = threading.Barrier(OPENS_AFTER)

    def one():
        start.wait()
        knock(ProviderUnavailable("no answer"))
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(OPENS_AFTER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state().failures == OPENS_AFTER and state().opened_at is not None


def test_a_provider_is_left_alone_for_every_method(company, begun, bank, clock, job):
    fail(origin=bank.url)
    count = len(bank.requests)
    provider = provider_of("buffer")
    for ask in (
        lambda: provider.agreement("agr-1"), lambda: provider.onboarding("onb-1"), lambda: list(provider.changed_agreements("")),
        lambda: list(provider.analysis_lines("ana-1")), lambda: provider.tell(ReceivablesChanged("agr-1"), key="key-1"),
    ):  # fmt: skip
        with pytest.raises(LeftAlone):
            ask()
    assert len(bank.requests) == count


def test_an_hour_without_an_answer_costs_65_requests_and_is_made_good_in_minutes(
    company, begun, bank, monkeypatch, job
):
    """Down for an hour while a message waits, agreements are read each half minute and an onboarding lives elsewhere."""
    walk_to_accepted(company, bank)
    clock = Clock(monkeypatch)
    clock.now = datetime.now(UTC)
    agreement = only(Agreement, company)
    with client_scope(company):
        message = put_message(kind=MessageKind.RECEIVABLES_CHANGED, now=clock.now, agreement=agreement)
    bank.agreements["agr-1"] |= {"sequence": 9, "as_of": clock.now.isoformat()}
    bank.agreements["agr-1"]["credit"] |= {"used": "1000.00", "available": "61000.00"}
    for method in ("GET", "POST"):
        bank.answers[(method, "*")] = (500, {"title": "down"})
    before = len(bank.requests)
    monkeypatch.setattr("financing.providers.door.time.sleep", lambda _pause: None)
    for _ in range(120):
        for work in (send_messages, sync, follow):
            work()
        clock.move(seconds=30)
    assert 45 <= len(bank.requests) - before <= 65
    assert breaker_open("buffer", clock.now)
    bank.answers.clear()
    bank.answers[("POST", "/v1/agreements/agr-1/receivables-changed")] = (202, b"")
    minutes = 0
    while minutes < 10:
        for work in (send_messages, sync, follow):
            work()
        clock.move(seconds=30)
        minutes += 0.5
        with client_scope(company):
            told = OutboxMessage.objects.for_client(company).get(pk=message.pk).closed_at
        if told and only(Agreement, company).used == 1000:
            break
    assert minutes <= 3.5, minutes
    assert not breaker_open("buffer", clock.now)
    assert ProviderSync.objects.get().failures == 0
    assert timedelta(minutes=1) == PROBE_EVERY
