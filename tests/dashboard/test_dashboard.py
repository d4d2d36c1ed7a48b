"""The dashboard: who sees which widget, when financing appears by itself, and figures never without their time."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from access.models import Role
from access.privileges import FINANCING, Level
from access.services import change_role
from access.tenancy import client_scope
from financing.models import Agreement, Consent, Onboarding, ProviderSync
from financing.services.consent import activate_consent
from financing.services.sync import sync_credit
from tests.financing.conftest import *  # noqa: F403  the bank that plays the contract
from tests.financing.test_onboarding import only, walk_to_accepted

pytestmark = pytest.mark.django_db
URL = "/klient/310000000/"


def shown(client):
    """The page with thin spaces as ordinary ones."""
    answer = client.get(URL)
    assert answer.status_code == 200
    return re.sub(r"[\s\u2009]+", " ", answer.content.decode())


def headings(client):
    return {re.sub(r"<[^>]+>", "", one).strip() for one in re.findall(r"<h2[^>]*>(.*?)</h2>", shown(client), re.S)}


def has_financing(client):
    return any(one.startswith("Fakturafinansiering") for one in headings(client))


@pytest.fixture
def signed_in(client, dag):
    client.force_login(dag)
    return client


def test_what_a_role_may_see_is_what_it_gets(client, company, make_member):
    for role, wanted in (
        ("daglig_leder", {"Kundefordringer", "Ubetalte fakturaer"}),
        ("revisor", {"Kundefordringer", "Ubetalte fakturaer"}),
        ("standard", set()),
    ):
        client.force_login(make_member(company, role, role))
        assert headings(client) & {"Kundefordringer", "Ubetalte fakturaer"} == wanted


def test_financing_appears_by_itself_once_the_bank_has_redeemed_the_code(signed_in, begun, company):
    assert not has_financing(signed_in)
    with client_scope(company):
        activate_consent(consent=Consent.objects.for_client(company).get(), now=timezone.now())
    assert has_financing(signed_in)


def test_and_goes_when_the_consent_does(signed_in, begun, company):
    with client_scope(company):
        activate_consent(consent=Consent.objects.for_client(company).get(), now=timezone.now())
        Consent.objects.for_client(company).update(ended_at=timezone.now(), end_reason="withdrawn")
    assert not has_financing(signed_in)


def test_the_figures_are_the_banks_with_their_time(signed_in, begun, company, bank):
    walk_to_accepted(company, bank)
    page = shown(signed_in)
    for label, figure in (("Kredittgrense", "62 000,00"), ("Benyttet", "0,00"), ("Tilgjengelig", "62 000,00")):
        assert label in page and figure in page
    assert "Oppdatert" in page and reverse("financing_manage", args=["310000000"]) in page
    bank.agreements["agr-1"] |= {"sequence": 2}
    bank.agreements["agr-1"]["credit"] |= {"used": "20000.00", "available": "42000.00"}
    sync_credit(provider_name="buffer", now=timezone.now())
    page = shown(signed_in)
    assert "20 000,00" in page and "42 000,00" in page


def test_before_the_account_is_open_the_heading_leads_nowhere(signed_in, begun, company, bank):
    walk_to_accepted(company, bank)
    with client_scope(company):
        Agreement.objects.for_client(company).update(status="offered", account_number="")
    page = shown(signed_in)
    assert reverse("financing_manage", args=["310000000"]) not in page


def test_old_figures_are_shown_as_old_and_never_as_zero(signed_in, begun, company, bank):
    walk_to_accepted(company, bank)
    long_ago = timezone.now() - timedelta(hours=3)
    ProviderSync.objects.update_or_create(provider="buffer", defaults={"complete_at": long_ago})
    with client_scope(company):
        Agreement.objects.for_client(company).update(read_at=long_ago)
    page = shown(signed_in)
    assert "Gamle tall" in page and "62 000,00" in page


def test_over_the_limit_is_said_as_such(signed_in, begun, company, bank):
    walk_to_accepted(company, bank)
    with client_scope(company):
        Agreement.objects.for_client(company).update(limit=50000, used=62000, available=0)
    page = shown(signed_in)
    assert "Over grensen" in page and "12 000,00" in page and "−12 000,00" not in page


@pytest.mark.parametrize("status", ["paused", "disconnected", "terminating"])
def test_every_state_of_an_agreement_is_a_widget_in_plain_words(signed_in, begun, company, bank, status):
    walk_to_accepted(company, bank)
    with client_scope(company):
        Agreement.objects.for_client(company).update(status=status)
    assert has_financing(signed_in)


def test_without_the_privilege_there_is_no_widget_until_it_is_given(client, company, make_member, begun, bank):
    walk_to_accepted(company, bank)
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    assert not has_financing(client)
    ada = make_member(company, "ada", "administrator")
    role = Role.objects.get(client=company, key="regnskapsforer")
    change_role(role=role, levels={FINANCING: Level.FULL}, actor=ada)
    assert has_financing(client)
    change_role(role=role, levels={FINANCING: Level.NONE}, actor=ada)
    assert not has_financing(client)


def test_another_companys_agreement_is_never_shown(signed_in, begun, company, bank, make_client, make_member, client):
    walk_to_accepted(company, bank)
    other = make_client("310011118", "Furulia Lys AS")
    client.force_login(make_member(other, "vera", "administrator"))
    assert "62 000,00" not in re.sub(r"[\s\u2009]+", " ", client.get("/klient/310011118/").content.decode())
    assert client.get(URL).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_follow_the_number_of_items(
    signed_in, begun, company, bank, count, django_assert_num_queries
):
    from tests.financing.reading import add_entry

    walk_to_accepted(company, bank)
    for number in range(count):
        add_entry(company, str(number), 1000, customer=str(10000 + number))
    signed_in.get(URL)
    with django_assert_num_queries(28):
        signed_in.get(URL)
    assert only(Onboarding, company).status == "accepted"
