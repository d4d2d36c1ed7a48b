"""The way to the bank's answer: consent first, then the bank; moved by what is read there and by nothing else."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from access.models import AuditEntry
from access.tenancy import client_scope
from financing.consent_text import consent_text
from financing.models import FINAL, Agreement, Consent, Onboarding, OnboardingStatus, OutboxMessage, ReturnState
from financing.providers.base import ProviderRejected, ProviderUnavailable
from financing.services.consent import valid_until
from financing.services.credit import follow_onboarding, follow_onboardings
from financing.services.onboarding import (
    AgreementLives,
    OnboardingLives,
    ask_bank,
    begin_onboarding,
    cancel_onboarding,
    open_again,
)
from financing.services.onboarding_reading import read_onboarding
from financing.services.outbox import send_due
from financing.services.returning import StateUnknown, take_return
from financing.services.transitions import REACHABLE, STEPS, ImpossibleMove, check_move

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
    with pytest.raises(ProviderUnavailable):
        cancel_onboarding(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())
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


@pytest.mark.django_db
def test_cancelling_ends_the_access_even_if_the_bank_is_silent(company, dag, begun, bank):
    bank.answers[("POST", "/v1/onboardings/onb-1/cancel")] = (500, {"title": "oops"})
    with pytest.raises(ProviderUnavailable):
        cancel_onboarding(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())
    assert only(Consent, company).end_reason == "withdrawn"
    del bank.answers[("POST", "/v1/onboardings/onb-1/cancel")]
    cancel_onboarding(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())
    assert only(Onboarding, company).status == "cancelled"


# The return


@pytest.mark.django_db
def test_the_return_is_used_once_and_proves_nothing(company, dag, begun):
    client, onboarding = take_return(state=begun.state, provider_reference="onb-1", user=dag, now=timezone.now())
    assert client == company and onboarding.returned_at is not None
    assert only(Onboarding, company).status == "created"
    with pytest.raises(StateUnknown):
        take_return(state=begun.state, provider_reference="onb-1", user=dag, now=timezone.now())


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["person", "onboarding", "old", "forged", "empty"])
def test_a_return_of_another_is_refused_and_leaves_the_state_unused(company, dag, make_member, begun, fault):
    values = {"state": begun.state, "provider_reference": "onb-1", "user": dag, "now": timezone.now()}
    if fault == "person":
        values["user"] = make_member(company, "ada", "administrator")
    elif fault == "onboarding":
        values["provider_reference"] = "onb-2"
    elif fault == "old":
        values["now"] += timedelta(hours=3)
    else:
        values["state"] = "forged" * 8 if fault == "forged" else ""
    with pytest.raises(StateUnknown):
        take_return(**values)
    with client_scope(company):
        assert ReturnState.objects.for_client(company).get().used_at is None
        assert Onboarding.objects.for_client(company).get().returned_at is None


@pytest.mark.django_db
def test_a_new_link_has_a_state_of_its_own(company, dag, begun, bank):
    link = open_again(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())
    assert link.url.startswith(bank.url)
    (call,) = bank.calls("POST", "/v1/onboardings/onb-1/links")
    assert call["body"]["state"] != begun.state
    take_return(state=call["body"]["state"], provider_reference="onb-1", user=dag, now=timezone.now())
    take_return(state=begun.state, provider_reference="onb-1", user=dag, now=timezone.now())


@pytest.mark.django_db
def test_a_link_that_leads_elsewhere_is_refused(company, dag, begun, bank):
    elsewhere = {"url": "http://127.0.0.1.evil.example/o", "expires_at": "2099-01-01T00:00:00Z"}
    bank.answers[("POST", "/v1/onboardings/onb-1/links")] = (201, elsewhere)
    with pytest.raises(ProviderUnavailable, match="does not lie at the bank"):
        open_again(client=company, onboarding=only(Onboarding, company), user=dag, now=timezone.now())


# The table of moves


def test_the_table_knows_every_state_and_leaves_no_final_one():
    assert set(STEPS) == set(OnboardingStatus.values)
    assert all(STEPS[state] == () for state in FINAL)
    for state in set(STEPS) - set(FINAL) - {"begun"}:
        assert {"cancelled", "expired"} <= set(STEPS[state])


@given(st.lists(st.sampled_from(OnboardingStatus.values), min_size=2, max_size=8))
def test_whatever_is_walked_step_by_step_is_allowed_in_one_leap_too(states):
    """A reader that misses steps between comes to the same."""
    if all(after in STEPS[before] for before, after in pairwise(states)):
        check_move(states[0], states[-1])


@given(st.sampled_from(OnboardingStatus.values), st.sampled_from(OnboardingStatus.values))
def test_nothing_comes_back_from_an_end_or_to_the_beginning(before, after):
    if before != after and (before in FINAL or after == "begun" or (after == "created" and before != "begun")):
        with pytest.raises(ImpossibleMove):
            check_move(before, after)
    assert "begun" not in REACHABLE[before]
