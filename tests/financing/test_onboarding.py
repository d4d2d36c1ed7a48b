"""The way to the bank's answer: consent first, then the bank; moved by what is read there and by nothing else."""

import os
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from access.models import AuditEntry
from access.tenancy import client_scope
from financing.consent_text import consent_text
from financing.models import Agreement, Consent, Onboarding, OutboxMessage, ReturnState
from financing.providers.base import ProviderRejected, ProviderUnavailable
from financing.services.consent import valid_until
from financing.services.credit import follow_onboarding, follow_onboardings
from financing.services.onboarding import (
    AgreementLives,
    OnboardingEnds,
    OnboardingLives,
    ask_bank,
    begin_onboarding,
    cancel_onboarding,
    open_again,
)
from financing.services.onboarding_reading import read_onboarding
from financing.services.outbox import send_due
from financing.services.returning import state_hash, take_return

from .conftest import OFFER


def begin(company, user):
    last_day = valid_until(timezone.localdate())
    return begin_onboarding(
        client=company, user=user, role_name="Daglig leder", now=timezone.now(), provider_name="buffer",
        text=consent_text(client_name=company.name, valid_until=last_day, language="nb"), last_day=last_day,
    )  # fmt: skip


def only(model, company):
    with client_scope(company):
        return model.objects.for_client(company).get()


def read_all(company):
    """As if the time of each onboarding had come; then what is to be told is told."""
    with client_scope(company):
        Onboarding.objects.for_client(company).update(next_read_at=None)
        OutboxMessage.objects.for_client(company).update(next_at=timezone.now())
    follow_onboardings(provider_name="buffer")
    send_due(provider_name="buffer", now=timezone.now())


def actions(company):
    with client_scope(company):
        return list(AuditEntry.objects.for_client(company).order_by("at").values_list("action", flat=True))


@pytest.mark.django_db
def test_the_consent_is_stored_before_the_bank_hears_anything(company, dag, application, bank):
    begun = begin(company, dag)
    assert bank.requests == []
    consent = only(Consent, company)
    assert consent.given_by == dag and consent.given_by_role == "Daglig leder"
    assert "Jeg godtar at Buffer får tilgang til denne klienten" in consent.text
    assert consent.in_force(timezone.now())
    ask_bank(client=company, begun=begun)
    (call,) = bank.calls("POST", "/v1/onboardings")
    body = call["body"]
    assert body["reference"] == str(begun.onboarding.pk)
    assert body["organisation_number"] == "310000000" and body["payout_account"] is None
    assert body["grant"]["token_url"].endswith("/oauth/token") and body["grant"]["api_base_url"].endswith("/api/v1")
    assert only(Onboarding, company).status == "created"


@pytest.mark.django_db
def test_a_second_living_onboarding_is_not_begun(company, dag, begun):
    with pytest.raises(OnboardingLives):
        begin(company, dag)


@pytest.mark.django_db
def test_none_is_begun_where_an_agreement_lives(company, dag, begun, bank):
    walk_to_accepted(company, bank)
    with pytest.raises(AgreementLives):
        begin(company, dag)


def walk_to_accepted(company, bank):
    row = bank.onboardings["onb-1"]
    bank.move("onb-1", "identified", identified_as="Dag Leder")
    bank.move("onb-1", "analysing")
    bank.agreement(row)
    bank.move("onb-1", "offered", offer=OFFER, agreement_id="agr-1")
    bank.move("onb-1", "accepted")
    follow_onboarding(client=company, onboarding=only(Onboarding, company))


@pytest.mark.django_db
def test_the_straight_way_ends_with_an_open_agreement(company, begun, bank):
    walk_to_accepted(company, bank)
    onboarding, agreement = only(Onboarding, company), only(Agreement, company)
    assert (onboarding.status, onboarding.identified_as) == ("accepted", "Dag Leder")
    assert onboarding.ended_at is not None
    assert (agreement.status, str(agreement.limit), str(agreement.available)) == ("open", "62000.00", "62000.00")
    consent = only(Consent, company)
    assert consent.ended_at is None and consent.confirmed_by == "Dag Leder"


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["rejected", "cancelled", "expired", "declined"])
def test_each_other_end_takes_the_access_away(company, begun, bank, end):
    if end == "rejected":
        bank.move("onb-1", "analysing")
    if end == "declined":
        bank.move("onb-1", "offered", offer=OFFER)
    bank.move("onb-1", end, reason="too_few_receivables" if end == "rejected" else None)
    read_onboarding(client=company, onboarding=only(Onboarding, company))
    assert only(Onboarding, company).status == end
    consent = only(Consent, company)
    assert consent.end_reason == f"onboarding_{end}" and not consent.in_force(timezone.now())


@pytest.mark.django_db
def test_a_bank_that_does_not_answer_loses_nothing(company, dag, application, bank):
    bank.answers[("POST", "/v1/onboardings")] = (503, {"title": "later"}, {"Retry-After": "60"})
    begun = begin(company, dag)
    with pytest.raises(ProviderUnavailable):
        ask_bank(client=company, begun=begun)
    assert only(Onboarding, company).status == "begun"
    # the bank had made it all the same: it is found by our reference
    bank.onboarding(str(begun.onboarding.pk), "310000000", status="identified", sequence=3)
    follow_onboardings(provider_name="buffer")
    assert only(Onboarding, company).status == "identified"


@pytest.mark.django_db
def test_an_onboarding_that_never_reached_the_bank_ends_after_a_while(company, dag, application, bank):
    begun = begin(company, dag)
    read_all(company)
    assert only(Onboarding, company).status == "begun"
    with client_scope(company):
        Onboarding.objects.for_client(company).update(started_at=timezone.now() - timedelta(minutes=20))
    read_all(company)
    assert only(Onboarding, company).status == "failed"
    assert only(Consent, company).end_reason == "onboarding_failed"
    assert begun.onboarding.pk


@pytest.mark.django_db
def test_trying_again_asks_the_bank_once_more_and_begins_nothing_twice(company, dag, application, bank):
    bank.answers[("POST", "/v1/onboardings")] = (503, {"title": "later"}, {"Retry-After": "60"})
    with pytest.raises(ProviderUnavailable):
        ask_bank(client=company, begun=begin(company, dag))
    del bank.answers[("POST", "/v1/onboardings")]
    first_key = bank.calls("POST", "/v1/onboardings")[0]["headers"]["Idempotency-Key"]
    link = open_again(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())
    assert link.url.startswith(bank.url)
    last = bank.calls("POST", "/v1/onboardings")[-1]
    assert last["headers"]["Idempotency-Key"] != first_key and len(bank.onboardings) == 1
    assert only(Onboarding, company).status == "created" and only(Consent, company).in_force(timezone.now())


@pytest.mark.django_db
def test_a_withdrawal_that_the_bank_did_not_hear_is_told_again(company, dag, begun, bank):
    bank.answers[("POST", "/v1/onboardings/onb-1/cancel")] = (500, {"title": "oops"})
    assert not cancel_onboarding(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())
    read_all(company)
    assert only(Onboarding, company).status == "created"
    del bank.answers[("POST", "/v1/onboardings/onb-1/cancel")]
    read_all(company)
    assert only(Onboarding, company).status == "cancelled"


@pytest.mark.django_db
def test_a_refusal_of_the_bank_ends_it_and_the_access(company, dag, application, bank):
    bank.answers[("POST", "/v1/onboardings")] = (422, {"type": "x", "title": "no", "status": 422})
    with pytest.raises(ProviderRejected):
        ask_bank(client=company, begun=begin(company, dag))
    assert only(Onboarding, company).status == "failed"
    assert not only(Consent, company).in_force(timezone.now())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", [{"organisation_number": "310011118"}, {"reference": "another"}], ids=["company", "reference"]
)
def test_an_answer_about_another_company_is_refused(company, begun, bank, wrong):
    bank.move("onb-1", "identified", **wrong)
    read_onboarding(client=company, onboarding=only(Onboarding, company))
    assert only(Onboarding, company).status == "created"
    assert "provider.answer_refused" in actions(company)


@pytest.mark.django_db
def test_an_older_answer_changes_nothing(company, begun, bank):
    bank.move("onb-1", "analysing")
    read_onboarding(client=company, onboarding=only(Onboarding, company))
    bank.onboardings["onb-1"] |= {"status": "identified", "sequence": 1}
    read_onboarding(client=company, onboarding=only(Onboarding, company))
    assert only(Onboarding, company).status == "analysing"


@pytest.mark.django_db
def test_a_final_state_is_never_left(company, begun, bank):
    bank.move("onb-1", "cancelled")
    read_onboarding(client=company, onboarding=only(Onboarding, company))
    bank.move("onb-1", "offered", offer=OFFER)
    read_onboarding(client=company, onboarding=only(Onboarding, company))
    assert only(Onboarding, company).status == "cancelled"
    assert "provider.answer_refused" in actions(company)


@pytest.mark.django_db
def test_a_new_code_is_sent_where_the_bank_asks_for_one(company, begun, bank, application):
    bank.move("onb-1", "identified", needs_grant=True)
    read_all(company)
    (call,) = bank.calls("PUT", "/v1/onboardings/onb-1/grant")
    assert call["body"]["code"] != begun.grant.code
    from oauth2_provider.models import get_grant_model

    assert get_grant_model().objects.count() == 1  # the former code is dead


@pytest.mark.django_db
def test_no_code_is_sent_once_the_consent_has_ended(company, begun, bank):
    with client_scope(company):
        Consent.objects.for_client(company).update(ended_at=timezone.now(), end_reason="withdrawn")
    bank.move("onb-1", "identified", needs_grant=True)
    read_all(company)
    assert bank.calls("PUT", "/v1/onboardings") == []


def cancel(company, dag):
    return cancel_onboarding(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())


@pytest.mark.django_db
def test_cancelling_ends_the_access_even_if_the_bank_is_silent_and_the_outbox_tells_it_later(company, dag, begun, bank):
    bank.answers[("POST", "/v1/onboardings/onb-1/cancel")] = (500, {"title": "oops"})
    assert cancel(company, dag) is False
    assert only(Consent, company).end_reason == "withdrawn"
    message = only(OutboxMessage, company)
    assert (message.kind, message.closed_at) == ("cancel", None)
    del bank.answers[("POST", "/v1/onboardings/onb-1/cancel")]
    with client_scope(company):
        OutboxMessage.objects.for_client(company).update(next_at=timezone.now())
    send_due(provider_name="buffer", now=timezone.now())
    assert only(Onboarding, company).status == "cancelled"
    keys = {call["headers"]["Idempotency-Key"] for call in bank.calls("POST", "/v1/onboardings/onb-1/cancel")}
    assert len(keys) == 1  # of every try, the later ones too


@pytest.mark.django_db
def test_cancelling_twice_tells_the_bank_once(company, dag, begun, bank):
    assert cancel(company, dag) and cancel(company, dag)
    assert len(bank.calls("POST", "/v1/onboardings/onb-1/cancel")) == 1
    assert actions(company).count("consent.ended") == 1


def offered(company, bank, agreement_known=True):
    """The offer stands and the agreement has begun with it, as the contract says; the bank refuses to cancel then."""
    row = bank.onboardings["onb-1"]
    bank.agreement(row, status="offered", account_number=None)
    bank.move("onb-1", "offered", offer=OFFER, agreement_id="agr-1")
    bank.answers[("POST", "/v1/onboardings/onb-1/cancel")] = (409, {"type": "x", "title": "agreement", "status": 409})

    def withdraw(request):
        bank.agreements["agr-1"] |= {"status": "terminated", "sequence": 2}
        bank.move("onb-1", "cancelled")
        return 200, bank.agreements["agr-1"]

    bank.answers[("POST", "/v1/agreements/agr-1/disconnect")] = withdraw
    if agreement_known:
        follow_onboarding(client=company, onboarding=only(Onboarding, company))


@pytest.mark.django_db
def test_of_an_offer_the_access_is_withdrawn_and_the_offer_with_it(company, dag, begun, bank):
    offered(company, bank)
    assert cancel(company, dag) is True
    assert bank.calls("POST", "/v1/onboardings/onb-1/cancel") == []
    assert only(Onboarding, company).status == "cancelled" and only(Agreement, company).status == "terminated"
    assert only(Consent, company).end_reason == "withdrawn"


@pytest.mark.django_db
def test_an_offer_that_came_while_we_cancelled_is_withdrawn_too(company, dag, begun, bank):
    offered(company, bank, agreement_known=False)
    cancel(company, dag)  # the bank refuses: there is an agreement that we had not read
    read_all(company)
    read_all(company)
    assert only(Onboarding, company).status == "cancelled"
    assert len(bank.calls("POST", "/v1/agreements/agr-1/disconnect")) == 1


@pytest.mark.django_db
def test_no_page_is_opened_of_one_whose_access_was_withdrawn(company, dag, begun, bank):
    bank.answers[("POST", "/v1/onboardings/onb-1/cancel")] = (500, {"title": "oops"})
    cancel(company, dag)
    with pytest.raises(OnboardingEnds):
        open_again(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())
    assert bank.calls("POST", "/v1/onboardings/onb-1/links") == []


# What the bank knows and we do not


@pytest.mark.django_db
def test_our_own_onboarding_that_the_bank_knows_already_is_gone_on_with(company, dag, application, bank):
    begun = begin(company, dag)
    bank.onboarding(str(begun.onboarding.pk), "310000000")
    refusal = {"type": "x", "title": "lives", "status": 409, "onboarding_id": "onb-1"}
    bank.answers[("POST", "/v1/onboardings")] = (409, refusal)
    assert ask_bank(client=company, begun=begun).url.startswith(bank.url)
    found = only(Onboarding, company)
    assert (found.status, found.provider_reference) == ("created", "onb-1")
    assert only(ReturnState, company).link_expires_at > timezone.now()


@pytest.mark.django_db
@pytest.mark.parametrize("seen", [True, False], ids=["of a lost database", "of another partner"])
def test_another_onboarding_that_the_bank_knows_is_told_and_never_taken(company, dag, application, bank, seen):
    if seen:
        bank.onboarding("another-reference", "310000000", status="offered", offer=OFFER)
    else:
        bank.answers[("GET", "/v1/onboardings/onb-1")] = (404, {"type": "x", "title": "none", "status": 404})
    refusal = {"type": "x", "title": "lives", "status": 409, "onboarding_id": "onb-1"}
    bank.answers[("POST", "/v1/onboardings")] = (409, refusal)
    with pytest.raises(ProviderRejected):
        ask_bank(client=company, begun=begin(company, dag))
    found = only(Onboarding, company)
    assert (found.status, found.reason, found.provider_reference) == ("failed", "known_at_the_bank", "")
    assert not only(Consent, company).in_force(timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_the_banks_answer_and_our_storing_it_loses_nothing(
    company, dag, application, bank, monkeypatch
):
    """A process of its own dies there for real; the reading finds the onboarding by our reference."""
    begun = begin(company, dag)
    connection.close()
    child = os.fork()
    if child == 0:
        monkeypatch.setattr("financing.services.onboarding.store_onboarding", lambda **_values: os._exit(9))
        try:
            ask_bank(client=company, begun=begun)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert only(Onboarding, company).status == "begun" and len(bank.onboardings) == 1
    bank.move("onb-1", "identified", identified_as="Dag Leder")
    follow_onboardings(provider_name="buffer")
    assert only(Onboarding, company).status == "identified"


@pytest.mark.django_db
def test_an_offer_in_place_of_another_keeps_what_it_replaced(company, begun, bank):
    bank.move("onb-1", "offered", offer=OFFER)
    read_onboarding(client=company, onboarding=only(Onboarding, company))
    bank.move("onb-1", None, offer={**OFFER, "expires_at": "2099-02-01T00:00:00Z"})
    read_onboarding(client=company, onboarding=only(Onboarding, company))
    assert only(Onboarding, company).replaced_offer is None  # only longer time
    bank.move("onb-1", None, offer={**OFFER, "limit": "41000.00"})
    read_onboarding(client=company, onboarding=only(Onboarding, company))
    found = only(Onboarding, company)
    assert (found.replaced_offer["limit"], found.offer["limit"]) == ("62000.00", "41000.00")


# A new page


@pytest.mark.django_db
def test_a_new_link_has_a_state_of_its_own(company, dag, begun, bank):
    link = open_again(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())
    assert link.url.startswith(bank.url)
    (call,) = bank.calls("POST", "/v1/onboardings/onb-1/links")
    assert call["body"]["state"] != begun.state
    for state in (call["body"]["state"], begun.state):
        take_return(hashed=state_hash(state), provider_reference="onb-1", user=dag, now=timezone.now())


@pytest.mark.django_db
def test_a_link_that_leads_elsewhere_is_refused(company, dag, begun, bank):
    elsewhere = {"url": "http://127.0.0.1.evil.example/o", "expires_at": "2099-01-01T00:00:00Z"}
    bank.answers[("POST", "/v1/onboardings/onb-1/links")] = (201, elsewhere)
    with pytest.raises(ProviderUnavailable, match="does not lie at the bank"):
        open_again(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())
