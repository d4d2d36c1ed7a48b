"""A second provider is one folder and one line: a tiny one, walked from consent to agreement by the same services."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from access.models import AuditEntry
from access.tenancy import client_scope
from financing.consent_text import consent_text
from financing.models import Agreement, Onboarding, ProviderBreaker
from financing.providers import registry
from financing.providers.base import (
    AgreementPage,
    AgreementState,
    Link,
    OnboardingState,
    ProviderUnavailable,
    ReceivablesChanged,
)
from financing.providers.buffer import parse
from financing.services.bank import OPENS_AFTER
from financing.services.bank import bank as provider_of
from financing.services.consent import valid_until
from financing.services.credit import follow_onboarding, store_agreement
from financing.services.onboarding import ask_bank, begin_onboarding
from financing.services.onboarding_reading import store_onboarding
from financing.services.returning import StateUnknown, state_hash, take_return
from financing.services.sync import sync_credit

pytestmark = pytest.mark.django_db


class Tiny:
    """All that a provider must be able to do, in memory."""

    name, origin = "tiny", "https://tiny.example"

    def __init__(self):
        self.onboardings, self.agreements, self.told, self.silent, self.gate = {}, {}, [], False, nullcontext

    def ask(self):
        with self.gate(self.origin):
            if self.silent:
                raise ProviderUnavailable("no answer")

    def begin(self, request, *, key):
        self.ask()
        assert request.webhook_url.endswith("/webhooks/tiny")
        self.onboardings["t-1"] = OnboardingState(
            id="t-1", reference=request.reference, organisation_number=request.organisation_number, status="created", sequence=1,
            expires_at=datetime.now(UTC) + timedelta(days=14), needs_grant=False, reason="", retry_after=None, identified_as="",
            authority_basis="", missing_signatories=(), offer=None, analysis=None, agreement_id="",
        )  # fmt: skip
        return self.onboardings["t-1"], self.link(None, key=key)

    def onboarding(self, onboarding_id="", *, reference=""):
        self.ask()
        if onboarding_id:
            return self.onboardings[onboarding_id]
        return next((one for one in self.onboardings.values() if one.reference == reference), None)

    def agreement(self, agreement_id):
        self.ask()
        return self.agreements[agreement_id]

    def changed_agreements(self, changed_since):
        self.ask()
        yield AgreementPage(tuple(self.agreements.values()), None, "1")

    def link(self, page, *, key):
        self.ask()
        return Link("https://tiny.example/page", datetime.now(UTC) + timedelta(minutes=5))

    def tell(self, message, *, key):
        self.ask()
        self.told.append((message, key))

    def analysis_lines(self, analysis_id):
        self.ask()
        yield from ()

    def move(self, status, **values):
        one = self.onboardings["t-1"]
        self.onboardings["t-1"] = replace(one, status=status, sequence=one.sequence + 1, **values)

    def agree(self, **values):
        one = self.onboardings["t-1"]
        self.agreements["t-a-1"] = AgreementState(**{
            "id": "t-a-1", "onboarding_id": "t-1", "organisation_number": one.organisation_number, "status": "open",
            "sequence": 1, "reason": "", "account_number": "", "needs_grant": False, "currency": "NOK",
            "limit": Decimal("90000.00"),
            "used": Decimal("0.00"), "available": Decimal("90000.00"), "pending": Decimal("0.00"), "due_amount": None,
            "due_date": None, "analysis": None, "as_of": datetime.now(UTC), **values,
        })  # fmt: skip


@pytest.fixture
def tiny(monkeypatch, db):
    found = Tiny()

    def build(gate):
        found.gate = gate
        return found

    monkeypatch.setitem(registry._BUILDERS, "tiny", build)  # the one line
    call_command("add_provider_client", "tiny", stdout=StringIO())
    return found


def begin(company, user):
    last_day = valid_until(timezone.localdate())
    begun = begin_onboarding(
        client=company, user=user, role_name="Daglig leder", now=timezone.now(), provider_name="tiny",
        text=consent_text(client_name=company.name, valid_until=last_day, language="nb"), last_day=last_day,
    )  # fmt: skip
    return begun, ask_bank(client=company, begun=begun)


def onboarding_at(company, provider):
    with client_scope(company):
        return Onboarding.objects.for_client(company).select_related("consent").get(provider=provider)


def agreements(company):
    with client_scope(company):
        return list(Agreement.objects.for_client(company).order_by("provider").values_list("provider", "limit"))


def test_it_is_walked_from_consent_to_agreement(company, dag, application, tiny):
    begun, link = begin(company, dag)
    assert link.url == "https://tiny.example/page"
    for status, more in (
        ("identified", {"identified_as": "Dag"}),
        ("analysing", {}),
        ("offered", {"agreement_id": "t-a-1"}),
    ):
        tiny.move(status, **more)
        tiny.agree(status="offered", available=Decimal(0))
        follow_onboarding(client=company, onboarding=onboarding_at(company, "tiny"))
        assert onboarding_at(company, "tiny").status == status
    tiny.move("accepted")
    tiny.agree(sequence=2)
    follow_onboarding(client=company, onboarding=onboarding_at(company, "tiny"))
    assert onboarding_at(company, "tiny").consent.confirmed_by == "Dag"
    tiny.agree(sequence=3, limit=Decimal("95000.00"))
    assert sync_credit(provider_name="tiny", now=timezone.now()) == 1
    assert agreements(company) == [("tiny", Decimal("95000.00"))]
    provider_of("tiny").tell(ReceivablesChanged("t-a-1"), key="k")
    assert tiny.told == [(ReceivablesChanged("t-a-1"), "k")]
    assert begun.onboarding.pk == onboarding_at(company, "tiny").pk


def test_one_company_may_be_at_both_and_neither_sees_the_other(company, dag, begun, bank, tiny):
    begin(company, dag)
    bank.agreement(bank.onboardings["onb-1"])
    tiny.agree()
    assert sync_credit(provider_name="tiny", now=timezone.now()) == 1
    assert agreements(company) == [("tiny", Decimal("90000.00"))]
    assert sync_credit(provider_name="buffer", now=timezone.now()) == 1
    assert agreements(company) == [("buffer", Decimal("62000.00")), ("tiny", Decimal("90000.00"))]


def test_one_that_does_not_answer_keeps_nobody_from_the_other(company, dag, begun, bank, tiny):
    begin(company, dag)
    tiny.silent = True
    for _ in range(OPENS_AFTER + 1):
        with pytest.raises(ProviderUnavailable):
            provider_of("tiny").agreement("t-a-1")
    assert ProviderBreaker.objects.get().origin == "https://tiny.example"
    assert sync_credit(provider_name="buffer", now=timezone.now()) == 0


# Mix-up: what belongs to one provider is nothing to the other


def refused(company):
    with client_scope(company):
        return AuditEntry.objects.for_client(company).filter(action="provider.answer_refused").count()


def test_a_state_is_no_way_back_to_the_other_providers_onboarding(company, dag, begun, bank, tiny):
    other, _link = begin(company, dag)
    for state, reference in ((begun.state, "t-1"), (other.state, "onb-1")):
        with pytest.raises(StateUnknown):
            take_return(hashed=state_hash(state), provider_reference=reference, user=dag, now=timezone.now())
    assert onboarding_at(company, "buffer").returned_at is None and onboarding_at(company, "tiny").returned_at is None
    for state, reference, provider in ((begun.state, "onb-1", "buffer"), (other.state, "t-1", "tiny")):
        _client, came_back = take_return(
            hashed=state_hash(state), provider_reference=reference, user=dag, now=timezone.now()
        )
        assert came_back.provider == provider


def test_an_onboarding_does_not_move_by_the_other_ones_answer(company, dag, begun, bank, tiny):
    begin(company, dag)
    mine, theirs = onboarding_at(company, "buffer"), onboarding_at(company, "tiny")
    said = parse.onboarding(bank.move("onb-1", "identified", sequence=9), bank.url)
    assert not store_onboarding(client=company, onboarding_id=theirs.pk, state=said, now=timezone.now())
    tiny.move("identified")
    assert not store_onboarding(
        client=company, onboarding_id=mine.pk, state=tiny.onboardings["t-1"], now=timezone.now()
    )
    assert onboarding_at(company, "buffer").status == onboarding_at(company, "tiny").status == "created"
    assert refused(company) == 2


def test_an_agreement_of_one_cannot_come_from_the_other(company, dag, begun, bank, tiny):
    """Swapped ids: the one names the other's onboarding, and the other's agreement."""
    begin(company, dag)
    tiny.agree()
    honest = tiny.agreements["t-a-1"]
    assert store_agreement(provider_name="tiny", state=honest)
    swapped = replace(honest, onboarding_id="onb-1", sequence=9, limit=Decimal("1.00"))
    assert not store_agreement(provider_name="tiny", state=swapped)
    assert not store_agreement(provider_name="buffer", state=replace(honest, sequence=9, limit=Decimal("1.00")))
    assert agreements(company) == [("tiny", Decimal("90000.00"))]
