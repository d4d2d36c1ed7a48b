"""The inbox worked off: what an event tells of is read again at the bank, applied once, in whatever order it came."""

import json
from copy import deepcopy
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.alone import alone
from access.services import known_person
from access.tenancy import client_scope
from financing.models import Agreement, CreditSnapshot, Onboarding, OutboxMessage, ProviderBreaker, ProviderEvent
from financing.providers.buffer.webhook import read_event
from financing.services import events as inbox
from financing.services.bank import PROBE_EVERY
from financing.services.events import MOST_ATTEMPTS, clear_inbox, drain_events, replay_events
from financing.services.inbox import store_event

from .test_credit import told
from .test_onboarding import begin, only, walk_to_accepted

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreed(company, begun, bank):
    walk_to_accepted(company, bank)
    return bank.agreements["agr-1"]


def arrive(kind, data, identity="msg_1"):
    body = json.dumps({"type": kind, "timestamp": "2026-11-24T10:00:00Z", "data": data}).encode()
    return store_event(provider_name="buffer", event_id=identity, body=body, told=read_event(body), now=timezone.now())


def drain():
    return drain_events(provider_name="buffer", read_event=read_event)


def let_time_come():
    ProviderEvent.objects.filter(state="waiting").update(next_at=timezone.now())


def test_an_event_is_a_hint_and_the_object_read_back_is_the_truth(company, agreed):
    told(agreed, used="20000.00", available="42000.00")
    arrive("agreement.updated", agreed | {"credit": agreed["credit"] | {"limit": "9000000.00"}, "sequence": 999})
    assert drain() == 1
    agreement = only(Agreement, company)
    assert (str(agreement.limit), str(agreement.used)) == ("62000.00", "20000.00")
    event = ProviderEvent.objects.get()
    assert (event.state, event.outcome) == ("done", "changed") and event.handled_at


def test_several_events_about_one_object_are_one_reading(agreed, bank):
    told(agreed, used="1.00")
    for number in range(20):
        arrive("agreement.updated", agreed, f"msg_{number}")
    before = len(bank.calls("GET", "/v1/agreements/agr-1"))
    assert drain() == 20
    assert len(bank.calls("GET", "/v1/agreements/agr-1")) == before + 1


def test_a_transaction_leads_to_its_agreement(company, agreed):
    told(agreed, used="700.00", available="61300.00")
    arrive("transaction.created", {"id": "t-1", "agreement_id": "agr-1", "amount": "700.00"})
    drain()
    assert str(only(Agreement, company).used) == "700.00"


def test_an_onboarding_is_moved_by_its_event_without_waiting_for_the_tick(company, begun, bank):
    bank.move("onb-1", "identified", identified_as="Dag Leder")
    arrive("onboarding.updated", {"id": "onb-1", "status": "accepted"})
    assert drain() == 1
    assert only(Onboarding, company).status == "identified"


def test_an_event_about_an_onboarding_whose_first_answer_was_lost_finds_it_by_our_reference(
    company, dag, application, bank
):
    ours = begin(company, dag).onboarding
    bank.onboarding(str(ours.pk), "310000000", status="identified", sequence=3)
    arrive("onboarding.updated", {"id": "onb-1", "reference": str(ours.pk)})
    assert drain() == 1
    found = only(Onboarding, company)
    assert (found.status, found.provider_reference) == ("identified", "onb-1")


def test_an_agreement_whose_onboarding_has_no_answer_yet_is_found_through_it(company, dag, application, bank):
    ours = begin(company, dag).onboarding
    row = bank.onboarding(str(ours.pk), "310000000", status="analysing", sequence=3, identified_as="Dag Leder")
    bank.agreement(row, status="offered")
    arrive("agreement.updated", {"id": "agr-1", "onboarding_id": "onb-1"})
    assert drain() == 1
    assert only(Agreement, company).status == "offered"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("onboarding.updated", {"id": "onb-9"}),
        ("onboarding.updated", {"id": "onb-9", "reference": "not-a-uuid"}),
        ("onboarding.updated", {"id": "onb-9", "reference": "00000000-0000-4000-8000-000000000000"}),
        ("agreement.updated", {"id": "agr-9", "onboarding_id": "onb-1"}),
    ],
)
def test_what_is_not_ours_is_left_alone(company, agreed, bank, kind, data):
    stranger = bank.onboarding("of-another-partner", "310011118", id="onb-9")
    bank.onboardings["onb-9"] = stranger
    bank.agreement(stranger, id="agr-9")
    before = only(Agreement, company).sequence
    arrive(kind, data)
    assert drain() == 1
    assert ProviderEvent.objects.get().outcome == "not ours"
    assert only(Agreement, company).sequence == before


def test_an_event_of_one_company_shows_nothing_to_another(company, agreed, make_client):
    """The body names the other company; what counts is what the bank says of the agreement."""
    other = make_client("310011118", "Furulia Lys AS")
    told(agreed, used="5.00")
    arrive("agreement.updated", agreed | {"organisation_number": "310011118", "onboarding_id": "onb-77"})
    drain()
    with client_scope(other):
        assert not Agreement.objects.for_client(other).exists()
    assert str(only(Agreement, company).used) == "5.00"


def test_what_the_bank_does_not_know_is_over(agreed, bank):
    bank.answers[("GET", "/v1/agreements/agr-1")] = (404, {"title": "gone"})
    arrive("agreement.updated", agreed)
    assert drain() == 1
    assert ProviderEvent.objects.get().state == "ignored"


def test_a_bank_that_is_down_for_long_is_no_fault_of_the_event(company, agreed, bank):
    told(agreed, used="3.00")
    arrive("agreement.updated", agreed)
    bank.answers[("GET", "*")] = (503, {"title": "later"}, {"Retry-After": "600"})
    for _ in range(MOST_ATTEMPTS + 2):
        let_time_come()
        assert drain() == 0
    event = ProviderEvent.objects.get()
    assert (event.state, event.attempts) == ("waiting", 0)
    assert event.next_at > timezone.now() + timedelta(minutes=9)  # Retry-After
    bank.answers.clear()
    let_time_come()
    ProviderBreaker.objects.update(probe_at=timezone.now() - 2 * PROBE_EVERY)
    assert drain() == 1 and str(only(Agreement, company).used) == "3.00"


def test_one_object_that_the_bank_cannot_answer_for_holds_up_no_other(company, agreed, bank):
    told(agreed, used="3.00")
    bank.answers[("GET", "/v1/agreements/agr-0")] = (500, {"title": "oops"})
    arrive("agreement.updated", {"id": "agr-0"}, "msg_0")
    arrive("agreement.updated", agreed, "msg_1")
    assert drain() == 1
    assert ProviderEvent.objects.get(object_id="agr-1").state == "done"


def test_a_silent_bank_is_not_asked_about_everything_in_one_go(agreed, bank):
    bank.answers[("GET", "*")] = (503, {"title": "later"}, {"Retry-After": "600"})
    for number in range(10):
        arrive("agreement.updated", {"id": f"agr-{number}"}, f"msg_{number}")
    before = len(bank.requests)
    drain()
    assert len(bank.requests) - before <= 2 * inbox.SILENT_AFTER


def test_an_answer_that_cannot_be_believed_is_tried_again_and_then_given_up_loudly(company, agreed, bank, caplog):
    """An unknown value in a known field: parked, with the last good figure and its time."""
    told(agreed, used="3.00")
    agreed["status"] = "excellent"
    arrive("agreement.updated", agreed)
    for _ in range(MOST_ATTEMPTS):
        assert ProviderEvent.objects.get().state == "waiting"
        let_time_come()
        drain()
    event = ProviderEvent.objects.get()
    assert (event.state, event.attempts) == ("dead", MOST_ATTEMPTS) and "status" in event.outcome
    assert "given up" in caplog.text
    agreement = only(Agreement, company)
    assert str(agreement.used) == "0.00" and agreement.refused_at is not None
    agreed["status"] = "open"
    assert replay_events(events=[event.pk], actor=known_person(subject="otto", is_superuser=True)) == 1
    assert only(Agreement, company).sequence == 1  # a replay itself does nothing
    assert drain() == 1
    assert str(only(Agreement, company).used) == "3.00" and only(Agreement, company).refused_at is None


def test_a_worker_that_dies_in_the_middle_counts_and_leaves_the_event_waiting(agreed, monkeypatch):
    class Killed(BaseException):
        """As little to be caught as SIGKILL."""

    def die(*arguments, **values):
        raise Killed

    arrive("agreement.updated", agreed)
    monkeypatch.setattr(inbox, "refresh_agreement", die)
    with pytest.raises(Killed):
        drain()
    event = ProviderEvent.objects.get()
    assert (event.state, event.attempts) == ("waiting", 1)
    assert event.next_at <= timezone.now() + inbox.FIRST_WAIT


def test_a_bug_is_poison_and_never_stops_the_others(company, agreed, monkeypatch):
    told(agreed, used="3.00")
    arrive("agreement.updated", agreed)
    arrive("onboarding.updated", {"id": "onb-1"}, "msg_2")
    monkeypatch.setattr(inbox, "follow_onboarding", lambda **values: 1 / 0)
    for _ in range(MOST_ATTEMPTS):
        let_time_come()
        drain()
    assert {one.object_kind: one.state for one in ProviderEvent.objects.all()} == {
        "agreement": "done", "onboarding": "dead"
    }  # fmt: skip


def test_events_of_a_withdrawn_company_are_still_stored(company, agreed):
    """What the bank says stays true of its side; the access is another matter."""
    told(agreed, limit="0.00", available="0.00")
    agreed["status"] = "disconnected"
    arrive("agreement.updated", agreed)
    drain()
    assert only(Agreement, company).status == "disconnected"


def test_bodies_go_after_thirty_days_and_rows_after_ninety(agreed):
    now = timezone.now()
    for days in (29, 31, 89, 91):
        arrive("agreement.updated", {"id": "x"}, f"done_{days}")
        arrive("agreement.updated", {"id": "x"}, f"waiting_{days}")
        ProviderEvent.objects.filter(event_id=f"done_{days}").update(
            state="done", handled_at=now - timedelta(days=days)
        )
    assert clear_inbox(now=now) == (2, 1)
    kept = {one.event_id: bool(one.body) for one in ProviderEvent.objects.exclude(event_id__startswith="waiting")}
    assert kept == {"done_29": True, "done_31": False, "done_89": False}
    assert ProviderEvent.objects.filter(state="waiting").exclude(body="").count() == 4


# Order


MOVES = ["draw", "repay", "limit", "pause", "resume", "nothing"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_number_and_grouping_of_events_gives_the_same_end(company, begun, bank, data):
    """W9. The bank moves on; its events arrive shuffled, doubled, late, and are drained in between at any moment."""
    with transaction.atomic():
        bank.onboardings["onb-1"] |= {"status": "created", "sequence": 1, "agreement_id": None}
        bank.agreements.clear()
        walk_to_accepted(company, bank)
        one = bank.agreements["agr-1"]
        happened = []
        for move in data.draw(st.lists(st.sampled_from(MOVES), min_size=1, max_size=6)):
            number = len(happened) + 1
            if move == "draw":
                told(one, used=f"{number}000.00")
            elif move == "repay":
                told(one, used="0.00")
            elif move == "limit":
                told(one, limit=f"{60 + number}000.00")
            elif move in ("pause", "resume"):
                told(one)["status"] = "paused" if move == "pause" else "open"
            kind = data.draw(st.sampled_from(["agreement.updated", "transaction.created"]))
            happened.append((kind, deepcopy({**one, "agreement_id": "agr-1"}), f"msg_{number}"))
            if data.draw(st.booleans()):  # some come at once, and are drained with what is true by then
                arrive(*happened[-1])
                drain()
        late = data.draw(st.permutations(happened + data.draw(st.lists(st.sampled_from(happened), max_size=6))))
        for event in late:
            arrive(*event)
            if data.draw(st.booleans()):
                drain()
        drain()
        agreement = only(Agreement, company)
        assert (agreement.status, agreement.sequence) == (one["status"], one["sequence"])
        assert {name: str(getattr(agreement, name)) for name in ("limit", "used")} == {
            name: one["credit"][name] for name in ("limit", "used")
        }
        assert set(ProviderEvent.objects.values_list("state", flat=True)) == {"done"}
        assert ProviderEvent.objects.count() == len(happened)
        with client_scope(company):
            kept = list(
                CreditSnapshot.objects.for_client(company).order_by("sequence").values_list("sequence", flat=True)
            )
            assert len(kept) == len(set(kept)) and kept[-1] <= one["sequence"]
            assert not OutboxMessage.objects.for_client(company).exists()
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_one_drain_at_a_time_and_a_dead_ones_lock_is_gone_with_it():
    from django.db import connections

    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('test.work', 0))")
    with alone("test.work") as free:
        assert not free
    other.close()
    with alone("test.work") as free:
        assert free


@pytest.fixture
def otto():
    from django.test import Client as Browser

    browser = Browser()
    browser.force_login(known_person(subject="otto", name="Otto", is_superuser=True))
    return browser


def test_the_operator_sees_the_inbox_and_puts_a_dead_event_back(otto, agreed):
    arrive("agreement.updated", agreed)
    arrive("agreement.updated", agreed, "msg_2")
    dead = ProviderEvent.objects.get(event_id="msg_1")
    ProviderEvent.objects.filter(pk=dead.pk).update(state="dead", attempts=8, outcome="IntegrityError")
    page = otto.get("/admin/financing/providerevent/?state__exact=dead").content.decode()
    assert "IntegrityError" in page and "msg_1" in page and "msg_2" not in page
    done = otto.post(
        "/admin/financing/providerevent/",
        {"action": "put_back", "_selected_action": [dead.pk, ProviderEvent.objects.get(event_id="msg_2").pk]},
        follow=True,
    )
    assert done.status_code == 200
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("waiting", 0)
    assert ProviderEvent.objects.get(event_id="msg_2").state == "waiting"
    page = otto.get(f"/admin/financing/providerevent/{dead.pk}/change/").content.decode()
    assert dead.body not in page and "agr-1" in page


def test_only_the_operator_sees_the_inbox(company, make_member):
    from django.test import Client as Browser

    browser = Browser()
    browser.force_login(make_member(company, "ada", "administrator"))
    assert browser.get("/admin/financing/providerevent/").status_code == 403
