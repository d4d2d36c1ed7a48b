"""The pages of financing: who sees them, what they do before and after the tick, and that a fault is a page, never a 500."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from access.models import Role
from access.privileges import FINANCING, Level
from access.services import change_role
from access.tenancy import client_scope
from financing.models import Consent, Onboarding
from financing.services.consent import end_consent

from .test_onboarding import only, walk_to_accepted

pytestmark = pytest.mark.django_db
NUMBER = "310000000"


def url(name):
    return reverse(name, args=[NUMBER])


@pytest.fixture
def signed_in(client, dag):
    client.force_login(dag)
    return client


def start(browser, **values):
    page = browser.get(url("financing")).content.decode()
    text_hash = re.search(r'name="text_hash" value="([0-9a-f]{64})"', page)[1]
    return browser.post(url("financing_start"), {"consent": "1", "text_hash": text_hash, **values})


def test_the_consent_page_shows_the_words_that_are_stored(signed_in, application, bank, company):
    page = signed_in.get(url("financing"))
    text = page.content.decode()
    assert "Tjenestetilbyder Buffer, levert av Sparebanken Vest" in text
    assert "Jeg godtar at Buffer får tilgang til denne klienten" in text
    assert "Sjekk bedriftens Buffer" in text
    assert f"form-action 'self' {bank.url}" not in page["Content-Security-Policy"]  # the settings' origin, not any
    answer = start(signed_in)
    assert answer.status_code == 303 and answer["Location"] == bank.url + "/o/abc"
    consent = only(Consent, company)
    for words in consent.text.split("\n"):
        assert words in text.replace("&#x27;", "'")


def test_the_window_may_go_to_the_bank_and_nowhere_else(signed_in, settings):
    policy = signed_in.get(url("financing"))["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:8001" in policy
    assert "unsafe" not in policy and "default-src 'none'" in policy


@pytest.mark.parametrize("values", [{"consent": ""}, {"consent": "0"}, {"text_hash": "0" * 64}, {"text_hash": ""}])
def test_without_the_tick_or_with_another_text_nothing_is_stored_and_nothing_is_sent(
    signed_in, application, bank, company, values
):
    answer = start(signed_in, **values)
    assert answer.status_code == 400
    assert bank.requests == []
    with client_scope(company):
        assert not Consent.objects.for_client(company).exists()
        assert not Onboarding.objects.for_client(company).exists()


def test_start_is_a_post(signed_in):
    assert signed_in.get(url("financing_start")).status_code == 405


def test_a_bank_that_is_down_is_a_plain_page(signed_in, application, bank, company):
    bank.answers[("POST", "/v1/onboardings")] = (503, {"title": "later"}, {"Retry-After": "60"})
    answer = start(signed_in)
    assert answer.status_code == 503
    assert "Buffer svarer ikke akkurat nå" in answer.content.decode()
    assert signed_in.get(url("financing_status")).status_code == 200


def test_a_second_start_goes_on_with_the_living_one(signed_in, application, bank, company):
    page = signed_in.get(url("financing")).content.decode()
    text_hash = re.search(r'name="text_hash" value="([0-9a-f]{64})"', page)[1]
    first = signed_in.post(url("financing_start"), {"consent": "1", "text_hash": text_hash})
    second = signed_in.post(url("financing_start"), {"consent": "1", "text_hash": text_hash})
    assert (first.status_code, second.status_code) == (303, 303)
    assert len(bank.calls("POST", "/v1/onboardings/onb-1/links")) == 1
    assert signed_in.get(url("financing"))["Location"] == url("financing_status")


STATUSES = [
    "created", "identified", "authority_missing", "authority_unresolved", "awaiting_cosigner", "analysing", "declined",
    "rejected", "cancelled", "expired",
]  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("fragment", [False, True])
def test_every_state_is_a_page_in_plain_words(signed_in, begun, company, status, fragment):
    final = status in ("declined", "rejected", "cancelled", "expired")
    with client_scope(company):
        Onboarding.objects.for_client(company).update(
            status=status, read_at=timezone.now(), missing_signatories=["Vera Vest"],
            ended_at=timezone.now() if final else None,
        )  # fmt: skip
    headers = {"HTTP_HX_REQUEST": "true"} if fragment else {}
    page = signed_in.get(url("financing_status"), **headers)
    text = page.content.decode()
    assert page.status_code == 200
    assert ("<html" in text) != fragment
    assert ("hx-get" in text) != final  # a final state is polled no more
    if status == "awaiting_cosigner":
        assert "Vera Vest" in text


def test_following_reads_the_bank_but_not_at_every_poll(signed_in, begun, bank, company):
    before = len(bank.calls("GET", "/v1/onboardings/onb-1"))
    for _ in range(5):
        signed_in.get(url("financing_status"))
    assert len(bank.calls("GET", "/v1/onboardings/onb-1")) == before + 1


def test_the_return_leads_to_a_clean_address(signed_in, begun, bank):
    answer = signed_in.get(reverse("financing_return"), {"state": begun.state, "onboarding": "onb-1"})
    assert answer.status_code == 303 and answer["Location"] == url("financing_status")
    assert answer["Referrer-Policy"] == "no-referrer" and "no-store" in answer["Cache-Control"]


def test_cancelling_here_ends_the_access(signed_in, begun, company, bank):
    assert signed_in.post(url("financing_cancel")).status_code == 302
    assert only(Consent, company).ended_at is not None
    assert only(Onboarding, company).status == "cancelled"


def test_the_agreement_has_its_page_and_its_way_to_the_bank(signed_in, begun, company, bank):
    walk_to_accepted(company, bank)
    page = signed_in.get(url("financing_settings")).content.decode()
    for words in ("62\u2009000,00", "Kredittgrense", "Benyttet", "Tilgjengelig", "Administrer avtale"):
        assert words in page
    assert signed_in.get(url("financing"))["Location"] == url("financing_settings")
    answer = signed_in.get(url("financing_manage"))
    assert answer.status_code == 303 and answer["Location"].startswith(bank.url)


def test_settings_without_anything_say_what_to_do(signed_in):
    page = signed_in.get(url("financing_settings"))
    assert page.status_code == 200 and url("financing") in page.content.decode()


PAGES = ["financing", "financing_status", "financing_settings", "financing_manage"]
POSTS = ["financing_start", "financing_link", "financing_cancel"]


@pytest.mark.parametrize("role", ["regnskapsforer", "revisor", "standard"])
def test_without_the_privilege_every_door_is_closed(client, company, make_member, role, bank):
    client.force_login(make_member(company, role, role))
    for name in PAGES:
        assert client.get(url(name)).status_code == 403
    for name in POSTS:
        assert client.post(url(name), {"consent": "1"}).status_code == 403
    assert bank.requests == []


def test_strangers_and_the_operator_get_404(client, company, make_client, make_member, dag):
    other = make_client("310011118", "Furulia Lys AS")
    stranger = make_member(other, "vera", "administrator")
    operator = make_member(other, "otto", "standard")
    operator.is_superuser = True
    operator.save()
    for person in (stranger, operator):
        client.force_login(person)
        for name in PAGES:
            assert client.get(url(name)).status_code == 404


def test_a_right_given_or_taken_counts_on_the_next_request(client, company, make_member, begun):
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    ada, role = make_member(company, "ada", "administrator"), Role.objects.get(client=company, key="regnskapsforer")
    assert client.get(url("financing_status")).status_code == 403
    change_role(role=role, levels={FINANCING: Level.FULL}, actor=ada)
    assert client.get(url("financing_status")).status_code == 200
    change_role(role=role, levels={FINANCING: Level.NONE}, actor=ada)
    assert client.get(url("financing_status")).status_code == 403


def test_after_a_withdrawal_a_new_check_can_begin(signed_in, begun, company, bank):
    with client_scope(company):
        end_consent(consent=only(Consent, company), reason="withdrawn", now=timezone.now())
        Onboarding.objects.for_client(company).update(status="cancelled", ended_at=timezone.now())
    assert signed_in.get(url("financing") + "?ny=1").status_code == 200
