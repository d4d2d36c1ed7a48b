"""The way back from the bank: used once, by its own person who still has the right; anything else is refused with one line."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from access.models import AuditEntry, Role
from access.privileges import FINANCING, Level
from access.services import add_member, change_role
from access.tenancy import client_scope
from financing.models import Consent, Onboarding, ReturnState
from financing.services.consent import end_consent
from financing.services.returning import RightLost, StateUnknown, state_hash, take_return

from .test_onboarding import begin, only

pytestmark = pytest.mark.django_db
RETURN = "financing_return"
STATUS = "/klient/310000000/fakturafinansiering/status"


def refusals(company):
    """What was refused, in the company's log and in that of nobody."""
    with client_scope(company):
        found = AuditEntry.objects.for_client(company).filter(action="return.refused")
        return [(one.details["why"], one.actor.subject) for one in found.select_related("actor")]


def take(begun, user, **values):
    values = {"hashed": state_hash(begun.state), "provider_reference": "onb-1", "now": timezone.now(), **values}
    return take_return(user=user, **values)


def test_the_return_is_used_once_and_proves_nothing(company, dag, begun):
    client, onboarding = take(begun, dag)
    assert client == company and onboarding.returned_at is not None
    assert only(Onboarding, company).status == "created"
    with pytest.raises(StateUnknown):
        take(begun, dag)
    assert refusals(company) == [("used", "dag")]


REFUSED = {
    "another person": "another person", "another company's person": "another person", "another onboarding": "another onboarding",
    "another provider": "another onboarding", "too old": "too old", "forged": None, "empty": None,
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_a_return_of_another_is_refused_with_one_line_and_leaves_the_state_unused(
    company, dag, make_client, make_member, begun, fault
):
    user, values = dag, {}
    if fault == "another person":
        user = make_member(company, "ada", "administrator")
    elif fault == "another company's person":
        user = make_member(make_client("310011118", "Furulia Lys AS"), "vera", "administrator")
    elif fault == "another onboarding":
        values["provider_reference"] = "onb-2"
    elif fault == "another provider":
        other = make_client("310011118", "Furulia Lys AS")
        add_member(client=other, user=dag, role_key="daglig_leder")
        theirs = begin(other, dag).onboarding
        with client_scope(other):  # the same person, the other provider's onboarding, mixed up
            Onboarding.objects.for_client(other).filter(pk=theirs.pk).update(provider="other", provider_reference="x-1")
        values["provider_reference"] = "x-1"
    elif fault == "too old":
        values["now"] = timezone.now() + timedelta(hours=3)
    else:
        values["hashed"] = state_hash("forged" * 8) if fault == "forged" else ""
    with pytest.raises(StateUnknown):
        take(begun, user, **values)
    why = REFUSED[fault]
    assert refusals(company) == ([(why, user.subject)] if why else [])
    with client_scope(company):
        assert ReturnState.objects.for_client(company).get().used_at is None
        assert Onboarding.objects.for_client(company).get().returned_at is None


@pytest.mark.parametrize("query", [{}, {"state": "forged"}, {"state": "x\x00y", "onboarding": "\x00"}, {"state": "é"}])
def test_a_forged_return_is_a_neutral_page(client, dag, begun, company, query):
    client.force_login(dag)
    answer = client.get(reverse(RETURN), query | ({"status": "approved"} if query else {}))
    text = answer.content.decode()
    assert answer.status_code == 400 and "ikke lenger gyldig" in text
    assert "Furuly" not in text and "310000000" not in text
    assert only(Onboarding, company).status == "created"


@pytest.mark.django_db(transaction=True)
def test_of_many_returns_at_once_exactly_one_wins(company, dag, begun):
    def once(_):
        try:
            take(begun, dag)
        except StateUnknown:
            return "refused"
        finally:
            connection.close()
        return "taken"

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(once, range(6)))
    assert sorted(found) == ["refused"] * 5 + ["taken"]
    assert refusals(company) == [("used", "dag")] * 5


def test_whose_right_was_taken_away_meanwhile_uses_nothing_up(company, dag, make_member, begun, client):
    ada, role = make_member(company, "ada", "administrator"), Role.objects.get(client=company, key="daglig_leder")
    change_role(role=role, levels={FINANCING: Level.NONE}, actor=ada)
    with pytest.raises(RightLost):
        take(begun, dag)
    client.force_login(dag)
    answer = client.get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-1"})
    assert answer.status_code == 403 and answer["Referrer-Policy"] == "no-referrer"
    assert "Furuly" not in answer.content.decode()
    assert refusals(company) == [("no right", "dag")] * 2
    assert only(ReturnState, company).used_at is None
    change_role(role=role, levels={FINANCING: Level.FULL}, actor=ada)
    assert client.get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-1"})["Location"] == STATUS


def test_a_right_withdrawn_in_mid_onboarding_shows_nothing_and_stores_everything(
    company, dag, make_member, begun, client, bank
):
    """The page is closed on the next request, and what then comes from the bank is stored."""
    from financing.services.credit import follow_onboardings

    client.force_login(dag)
    assert client.get(STATUS).status_code == 200
    ada, role = make_member(company, "ada", "administrator"), Role.objects.get(client=company, key="daglig_leder")
    change_role(role=role, levels={FINANCING: Level.NONE}, actor=ada)
    bank.move("onb-1", "identified", identified_as="Dag Leder")
    for headers in ({}, {"HTTP_HX_REQUEST": "true"}):
        answer = client.get(STATUS, **headers)
        assert answer.status_code == 403 and "Samtykke gitt" not in answer.content.decode()
    with client_scope(company):
        Onboarding.objects.for_client(company).update(next_read_at=None)  # its time has come
    follow_onboardings(provider_name="buffer")
    found = only(Onboarding, company)
    assert (found.status, found.identified_as) == ("identified", "Dag Leder")


def test_link_previewers_use_nothing_up(client, dag, begun, company):
    for _ in range(10):
        previewed = Browser().get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-1"})
        assert previewed.status_code == 302 and previewed["Location"] == "/innlogging/?next=/fakturafinansiering/retur"
    client.force_login(dag)
    assert client.get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-1"}).status_code == 303


@pytest.mark.parametrize("header", ["HTTP_SEC_PURPOSE", "HTTP_PURPOSE"])
def test_a_browser_that_looks_ahead_with_her_own_cookies_uses_nothing_up(client, dag, begun, company, header):
    client.force_login(dag)
    query = {"state": begun.state, "onboarding": "onb-1"}
    assert client.get(reverse(RETURN), query, **{header: "prefetch;prerender"}).status_code == 503
    assert only(ReturnState, company).used_at is None
    assert client.get(reverse(RETURN), query).status_code == 303


def test_who_has_to_sign_in_again_goes_on_after_it_and_the_state_stands_in_no_address(client, dag, begun, company):
    from django.contrib.sessions.models import Session

    first = client.get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-1"})
    assert first["Location"] == "/innlogging/?next=/fakturafinansiering/retur"
    assert first["Referrer-Policy"] == "no-referrer" and "no-store" in first["Cache-Control"]
    kept = str([one.get_decoded() for one in Session.objects.all()])
    assert begun.state not in kept and state_hash(begun.state) in kept
    client.force_login(dag)  # keeps the anonymous session's content, as signing in does
    assert client.get(reverse(RETURN))["Location"] == STATUS
    assert client.get(reverse(RETURN)).status_code == 400  # once
    assert only(ReturnState, company).used_at is not None


def test_another_who_signs_in_instead_does_not_go_on(client, make_member, begun, company):
    client.get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-1"})
    client.force_login(make_member(company, "ada", "administrator"))
    assert client.get(reverse(RETURN)).status_code == 400
    assert refusals(company) == [("another person", "ada")]
    assert only(ReturnState, company).used_at is None


def test_after_a_withdrawal_the_way_back_leads_to_what_is_true(client, dag, begun, company):
    with client_scope(company):
        end_consent(consent=only(Consent, company), reason="withdrawn", now=timezone.now())
    client.force_login(dag)
    assert client.get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-1"})["Location"] == STATUS
    assert "Sjekken" in client.get(STATUS).content.decode()


def test_the_state_reaches_no_log(client, dag, begun, caplog):
    caplog.set_level("DEBUG")
    Browser().get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-1"})
    client.force_login(dag)
    client.get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-2"})
    client.get(reverse(RETURN), {"state": begun.state, "onboarding": "onb-1"})
    assert begun.state not in caplog.text
