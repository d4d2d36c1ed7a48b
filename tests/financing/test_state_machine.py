"""Consent, onboarding and agreement as one machine: whatever comes, in whatever order, nothing is believed unproven.

The bank is played over real HTTP and remembers every state that it has been in; people, browsers, clocks and networks do
what they do. After every step the walls are looked at, and at the end, once the bank answers again, we know what it knows.
"""

import logging
import os
import random
import secrets
import sys
from datetime import timedelta
from unittest import mock

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from access.services import add_member
from access.tenancy import client_scope
from financing import tasks
from financing.api import webhooks
from financing.consent_text import consent_text
from financing.models import Agreement, Consent, CreditSnapshot, DataAccess, Onboarding
from financing.services.access import renewal_of
from financing.services.consent import valid_until
from financing.services.returning import STATE_LIFE

from .playing_bank import NOTHING, OVER, TROUBLES, PlayingBank
from .reading import get, redeem, refresh
from .test_webhooks import OTHER, SECRET, body_of, headers_of
from .test_webhooks import deliver as post_event

STEPS = 30
LONGER = int(os.environ.get("MACHINE_EXAMPLES", "0"))  # a longer search by hand, another one each time
MAY = ("daglig_leder", "administrator")
people = st.sampled_from(["dag", "ada"])


class Financing(RuleBasedStateMachine):
    """One company and two people at one bank. `bank`, `application` and `make` are given by the test."""

    bank: PlayingBank

    def __init__(self):
        super().__init__()
        self.bank.forget()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.company, self.users = self.make()
        self.roles = dict.fromkeys(self.users, "daglig_leder")
        self.ahead, real_now = timedelta(), timezone.now
        self.clock = mock.patch("django.utils.timezone.now", lambda: real_now() + self.ahead)
        self.clock.start()
        self.tokens, self.ways_out, self.used, self.newest, self.events_get_lost = [], {}, set(), {}, False

    def teardown(self):
        try:
            if sys.exc_info()[0] is None:
                self.settle()
        finally:
            self.clock.stop()
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @initialize(lost=st.booleans(), begun=st.integers(0, 3))
    def it_begins(self, lost, begun):
        """What an event tells is found without it too, only later."""
        self.events_get_lost = lost
        if begun:
            self.start("dag", ticked=1)
            self.keep(redeem(self.application, self.bank.codes["onb-1"]))
        for after in ("identified", "analysing", "offered", "accepted") if begun > 1 else ():
            self.bank.move_on(after)
        if begun > 1:
            self.the_clock_ticks()

    # What people do.

    def browse(self, person, method, name, data=None):
        """Her request; who may not, gets 403 and moves nothing at the bank."""
        seen, asked = len(self.bank.states), len(self.bank.requests)
        answer = self.request(person, method, reverse(name, args=[self.company.organisation_number]), data)
        if not self.may(person):
            assert answer.status_code == 403 and len(self.bank.requests) == asked
        for state, _onboarding in self.bank.states[seen:]:
            self.ways_out[state] = (person, timezone.now())
        return answer

    def request(self, person, method, address, data=None):
        browser = Browser()
        browser.force_login(self.users[person])
        answer = getattr(browser, method)(address, data or {})
        assert answer.status_code in (200, 302, 303, 400, 403, 409, 502, 503), answer.status_code
        return answer

    def may(self, person):
        return self.roles[person] in MAY

    def text_hash(self, occasion):
        last_day = valid_until(timezone.localdate())
        text = consent_text(client_name=self.company.name, valid_until=last_day, language="nb", occasion=occasion)
        return {"text_hash": text.sha256}

    @rule(person=people, ticked=st.integers(0, 4))
    def start(self, person, ticked):
        before = len(self.bank.requests), len(self.all(Consent))
        data = self.text_hash("first") | ({"consent": "1"} if ticked else {})
        self.browse(person, "post", "financing_start", data)
        if not ticked or not self.may(person):
            assert (len(self.bank.requests), len(self.all(Consent))) == before

    @rule(person=people, page=st.sampled_from(["financing_status", "financing_settings", "financing_consents"]))
    def look(self, person, page):
        self.browse(person, "get", page)

    @rule(person=people, where=st.sampled_from(["financing_link", "financing_refresh"]))
    def ask_again(self, person, where):
        self.browse(person, "post", where)

    @rule(person=people)
    def cancel(self, person):
        self.browse(person, "post", "financing_cancel")
        latest = max(self.all(Onboarding), key=lambda one: one.started_at, default=None)
        account = any(one.status not in ("offered", "terminated") for one in self.all(Agreement))
        if self.may(person) and latest and not latest.is_final and not account:
            assert self.standing() is None

    @rule(person=people)
    def withdraw(self, person):
        self.browse(person, "post", "financing_withdraw")
        if self.may(person):
            assert self.standing() is None

    @precondition(lambda self: self.bank.agreements)
    @rule(person=people, occasion=st.sampled_from(["renewal", "reconnect"]), ticked=st.booleans())
    def give_anew(self, person, occasion, ticked):
        before = len(self.all(Consent))
        consents, living = self.all(Consent), [one for one in self.all(Agreement) if one.status != "terminated"]
        latest = max(consents, key=lambda one: one.given_at, default=None)
        right = renewal_of(latest, living[0] if living else None, timezone.now()) == occasion
        data = self.text_hash(occasion) | ({"consent": "1"} if ticked else {})
        self.browse(person, "post", "financing_consent_renew", data)
        given = self.may(person) and right and (ticked or occasion == "renewal")
        assert len(self.all(Consent)) == before + given

    @precondition(lambda self: self.ways_out)
    @rule(data=st.data(), person=people, forged=st.sampled_from(["", "", "", "state", "onboarding"]))
    def come_back(self, data, person, forged):
        """Genuine, another's, late, a second time, or forged: it never moves the status by itself."""
        state, onboarding = data.draw(st.sampled_from(self.bank.states))
        owner, at = self.ways_out[state]
        genuine = not forged and owner == person and state not in self.used and self.may(person)
        genuine = genuine and timezone.now() < at + STATE_LIFE
        query = {
            "state": secrets.token_urlsafe(32) if forged == "state" else state, "status": "accepted",
            "onboarding": "onb-99" if forged == "onboarding" else onboarding,
        }  # fmt: skip
        trouble, self.bank.trouble = self.bank.trouble, "down"  # nothing can be read: so nothing may move
        before = self.told()
        answer = self.request(person, "get", reverse("financing_return"), query)
        self.bank.trouble = trouble
        assert self.told() == before
        # Of an onboarding whose answer was lost we do not know the bank's number yet.
        known = any(one.provider_reference == onboarding for one in self.all(Onboarding))
        assert (answer.status_code == 303) == (genuine and known)
        if answer.status_code == 303:
            self.used.add(state)

    @rule(person=people, role=st.sampled_from([*MAY, "daglig_leder", "regnskapsforer"]))
    def change_role(self, person, role):
        add_member(client=self.company, user=self.users[person], role_key=role)
        self.roles[person] = role

    @rule(hours=st.sampled_from([1, 3, 25, 24 * 15, 24 * 320, 24 * 366]))
    def time_passes(self, hours):
        self.ahead += timedelta(hours=hours)
        if hours > 24 * 14 and self.bank.living():
            self.bank.move_on("expired")

    # What the bank does.

    @rule(kind=st.sampled_from(["", "", "", *TROUBLES]))
    def trouble(self, kind):
        self.bank.trouble = kind

    @precondition(lambda self: self.bank.living())
    @rule(data=st.data())
    def the_bank_moves(self, data):
        ways = self.bank.ways()
        onwards = [one for one in ways if one not in OVER or one == "accepted"]
        self.bank.move_on(data.draw(st.sampled_from(onwards * 3 + ways)))

    @precondition(lambda self: self.bank.standing("open", "paused"))
    @rule(used=st.integers(0, 90_000), after=st.sampled_from(["open", "paused", "terminating"]))
    def the_account_moves(self, used, after):
        credit = NOTHING | {"limit": "0.00" if after == "terminating" else "62000.00", "used": f"{used}.00"}
        self.bank.change(self.bank.standing("open", "paused")[0], status=after, credit=credit)

    @precondition(lambda self: self.bank.standing("open", "paused"))
    @rule(used=st.integers(0, 90_000))
    def an_older_answer_follows_a_newer_one(self, used):
        """The account moves and that is read; then the bank tells of how it stood before."""
        self.bank.trouble = ""
        self.the_account_moves(used, "open")
        self.the_clock_ticks()
        self.bank.trouble = "old"
        self.deliver(self.bank.events[-1], f"old-{len(self.bank.events)}-{used}")  # so that it is read again
        self.the_clock_ticks()
        self.bank.trouble = ""

    @precondition(lambda self: self.bank.standing("terminating", "disconnected"))
    @rule()
    def the_agreement_ends(self):
        self.bank.change(self.bank.standing("terminating", "disconnected")[0], status="terminated", credit=NOTHING)

    @precondition(lambda self: self.bank.living() or self.bank.standing("open", "disconnected"))
    @rule()
    def the_bank_needs_a_code(self):
        for one in self.bank.living() + self.bank.standing("open", "disconnected"):
            self.bank.change(one, needs_grant=True)

    @precondition(lambda self: self.bank.codes)
    @rule(data=st.data())
    def the_bank_redeems(self, data):
        identity = data.draw(st.sampled_from(sorted(self.bank.codes)))
        if self.keep(redeem(self.application, self.bank.codes[identity])):
            for one in self.bank.standing("disconnected"):
                self.bank.change(one, status="open", credit=one["credit"] | {"limit": "62000.00"})

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def the_bank_renews_its_token(self, data):
        self.keep(refresh(self.application, data.draw(st.sampled_from(self.tokens))["refresh_token"]))

    def keep(self, answer):
        assert answer.status_code in (200, 400)
        if answer.status_code == 200:
            assert self.standing() is not None
            self.tokens.append(answer.json())
        return answer.status_code == 200

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), what=st.sampled_from(["receivables", "company"]))
    def the_bank_reads(self, data, what):
        token = data.draw(st.sampled_from(self.tokens))["access_token"]
        before = len(self.all(DataAccess))
        answer = get(what, token)
        assert answer.status_code in (200, 401), answer.status_code
        accesses = self.all(DataAccess)
        assert len(accesses) == before + (answer.status_code == 200)
        if answer.status_code == 200:
            assert max(accesses, key=lambda one: one.pk).consent_id == self.standing().pk

    # What carries it.

    @precondition(lambda self: self.bank.events)
    @rule(data=st.data(), lie=st.booleans(), right_key=st.sampled_from([True, True, False]))
    def an_event_comes(self, data, lie, right_key):
        """Any event again, in any order; some lie about the status, some are signed by somebody else."""
        number = data.draw(st.integers(0, len(self.bank.events) - 1))
        event = self.bank.events[number]
        if lie:
            status = "open" if "credit" in event["data"] else "accepted"
            event = {**event, "data": {**event["data"], "status": status, "sequence": 10**9}}
        status = self.deliver(event, f"evt{number}{'lie' if lie else ''}", secret=SECRET if right_key else OTHER)
        assert status == (204 if right_key else 401)

    @rule()
    def the_clock_ticks(self):
        tasks.sync()
        tasks.follow()
        tasks.drain_events()
        tasks.send_messages()

    def deliver(self, event, identity, secret=SECRET):
        body = body_of(event)
        stamp = str(int(timezone.now().timestamp()))
        return post_event(body, headers_of(body, identity, stamp, secret)).status_code

    # The walls.

    @invariant()
    def what_stands_is_proven(self):
        onboardings, agreements, consents = self.all(Onboarding), self.all(Agreement), self.all(Consent)
        for one in onboardings:
            if one.status not in ("begun", "failed"):
                assert (one.provider_reference, one.status) in self.bank.been
        for one in agreements:
            assert (one.provider_reference, one.status) in self.bank.been
        for one in onboardings + agreements:  # a final state is for good, and nothing goes back
            over = one.status if one.status in (*OVER, "failed", "terminated") else ""
            before, was_over = self.newest.get(one.pk, (-1, ""))
            assert one.sequence >= before and was_over in ("", one.status)
            self.newest[one.pk] = (one.sequence, over)
        assert sum(not one.is_final for one in onboardings) <= 1
        assert sum(one.status != "terminated" for one in agreements) <= 1
        assert sum(one.ended_at is None for one in consents) <= 1
        assert self.tokens or not any(one.activated_at for one in consents)
        known = {one.pk: one for one in consents}
        for access in self.all(DataAccess):
            consent = known[access.consent_id]
            assert consent.given_at <= access.at < consent.valid_until
            assert consent.ended_at is None or access.at <= consent.ended_at

    def settle(self):
        """The bank answers again, and its events come in any order, or never: then we know what it knows."""
        self.bank.trouble = ""
        if not self.events_get_lost:
            last = list(enumerate(self.bank.events))
            random.shuffle(last)
            assert {self.deliver(event, f"last{number}") for number, event in last} <= {204}
        for _ in range(5):
            self.ahead += timedelta(hours=8 if self.events_get_lost else 2)
            self.the_clock_ticks()
            self.what_stands_is_proven()
        onboardings, agreements = self.all(Onboarding), self.all(Agreement)
        for one in onboardings:
            if one.provider_reference:
                assert one.status == self.bank.onboardings[one.provider_reference]["status"]
        assert {one.provider_reference for one in onboardings} >= set(self.bank.onboardings)
        assert {one.provider_reference for one in agreements} == set(self.bank.agreements)
        for one in agreements:
            said = self.bank.agreements[one.provider_reference]
            assert (one.status, one.sequence) == (said["status"], said["sequence"])
            assert (str(one.limit), str(one.used)) == (said["credit"]["limit"], said["credit"]["used"])
            assert one.refused_at is None
        told = [(one.agreement_id, one.sequence) for one in self.all(CreditSnapshot)]
        assert len(told) == len(set(told))
        alive = bool(
            self.bank.living() or self.bank.standing("offered", "open", "paused", "terminating", "disconnected")
        )
        assert self.standing() is None or alive  # the access ends with what it was for
        assert self.standing() is not None or not self.bank.living()  # and what it was for ends with the access
        ended = self.standing() is None and max(self.all(Consent), key=lambda one: one.given_at, default=None)
        assert not (ended and ended.end_reason == "withdrawn" and self.bank.standing("offered", "open", "paused"))

    def standing(self):
        now = timezone.now()
        return next((one for one in self.all(Consent) if one.ended_at is None and now < one.valid_until), None)

    def told(self):
        return [(one.pk, one.status, one.sequence) for one in self.all(Onboarding)]

    def all(self, model):
        with client_scope(self.company):
            return list(model.objects.for_client(self.company).order_by("pk"))


@pytest.fixture
def bank(settings):
    from financing.providers.buffer import _built

    found = PlayingBank()
    settings.BUFFER_BASE_URL = found.url
    _built.cache_clear()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def machine(bank, application, make_client, make_member, settings, monkeypatch):
    settings.WEBHOOKS_A_SECOND = 1e6
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)  # thousands of refusals, as they should be
    monkeypatch.setattr(webhooks, "_throttle", webhooks.Throttle())
    # Tries follow one another at once; what is tried is the same.
    monkeypatch.setattr("financing.providers.door.Door._wait", lambda self, attempt, _after: True)

    def make(_self):
        company = make_client()
        return company, {name: make_member(company, name, "daglig_leder") for name in ("dag", "ada")}

    return type("Machine", (Financing,), {"bank": bank, "application": application, "make": make})


@pytest.mark.django_db
def test_whatever_comes_in_whatever_order_nothing_is_believed_unproven(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=LONGER or 25, stateful_step_count=STEPS, deadline=None, derandomize=not LONGER, database=None,
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip
