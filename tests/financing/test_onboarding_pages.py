"""What the page that follows an onboarding says in each state, and to whom: the words, the next step, and no guesses."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from access.models import Role
from access.privileges import FINANCING, Level
from access.services import change_role
from access.tenancy import client_scope
from financing.models import FINAL, Consent, Onboarding, ReturnState

from .conftest import OFFER
from .test_views import NUMBER, start, url

pytestmark = pytest.mark.django_db
REPORTS = ("report_open_items", "report_aged_receivables", "report_unpaid_invoices")


@pytest.fixture
def signed_in(client, dag):
    client.force_login(dag)
    return client


@pytest.fixture
def shown(signed_in, company, begun):
    """shown("offered", offer=…): the page's text in that state, without the bank being asked again."""

    def show(status, browser=signed_in, **values):
        now = timezone.now()
        values = {"read_at": now, "asked_again_at": now + timedelta(hours=1), **values}
        with client_scope(company):
            Onboarding.objects.for_client(company).update(
                status=status, ended_at=now if status in FINAL else None, **values
            )
        html = browser.get(url("financing_status")).content.decode().split('id="following"')[1]
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("\u2009", " ").replace("\xa0", " ")

    return show


def test_in_every_state_the_company_stands_large_for_whom_one_acts(signed_in, begun, company):
    for address in (url("financing_status"), url("financing") + "?ny=1"):
        answer = signed_in.get(address)
        page = (answer if answer.status_code == 200 else signed_in.get(answer["Location"])).content.decode()
        assert re.search(r'class="acting">Jeg handler på vegne av <strong>Furuly Lys AS</strong>', page)


def test_an_offer_is_told_whole(shown):
    until = timezone.now() + timedelta(days=14)
    security = {"type": "factoringpant", "max_amount": "1000000.00", "registered_on": "2026-03-01"}
    offer = {**OFFER, "limit_commission_percent": "0.75", "drawing_fee": "49.00", "security": security,
             "terms_url": "https://bank.example/vilkar", "expires_at": until.isoformat()}  # fmt: skip
    text = shown("offered", offer=offer)
    for words in (
        "Tilbudet er klart", "62 000,00 kr", "12,5 %", "13,24 %", "0,75 %", "49,00 kr", "30 dager", "1 000 000,00 kr",
        "tinglyst 01.03.2026", "i 14 dager til", "Les vilkårene hos Buffer", "Se tilbudet",
    ):  # fmt: skip
        assert words in text, words
    assert "erstatter" not in text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://elsewhere.example/", "//bank.example/x", "vilkar"])
def test_an_address_that_is_not_the_banks_becomes_no_link(shown, address):
    assert "Les vilkårene" not in shown("offered", offer={**OFFER, "terms_url": address})


@pytest.mark.parametrize(
    ("left", "heading", "words"),
    [
        (timedelta(days=4), "Tilbudet er klart", "i 4 dager til"),
        (timedelta(days=3), "Tilbudet går snart ut", "i 3 dager til"),
        (timedelta(seconds=-1), "Tilbudet har gått ut", "Vi venter på at Buffer bekrefter det"),
    ],
)
def test_an_offer_counts_down_and_ends(shown, left, heading, words):
    text = shown("offered", offer={**OFFER, "expires_at": (timezone.now() + left).isoformat()})
    assert heading in text and words in text
    assert ("Se tilbudet" in text) == (left > timedelta(0))


def test_an_offer_in_place_of_another_tells_from_what_to_what(shown):
    text = shown("offered", offer={**OFFER, "limit": "41000.00"}, replaced_offer=OFFER)
    assert "erstatter et tidligere. Lånerammen er endret fra 62 000,00 til 41 000,00 kr." in text
    text = shown("offered", offer={**OFFER, "drawing_fee": "5.00"}, replaced_offer=OFFER)
    assert "Lånerammen er den samme; vilkårene er endret." in text


def test_a_link_that_ran_out_and_a_return_without_bankid_are_told(shown, company):
    assert "Fortsett hos Buffer" in shown("created")
    with client_scope(company):
        ReturnState.objects.for_client(company).update(link_expires_at=timezone.now() - timedelta(seconds=1))
    assert "Lenken til Buffer har gått ut" in shown("created")
    with client_scope(company):
        ReturnState.objects.for_client(company).update(used_at=timezone.now())
    assert "BankID er ikke fullført" in shown("created")
    assert "BankID lyktes ikke" in shown("created", reason="bankid_failed")


def test_a_bank_that_is_silent_is_said_with_the_time_of_what_is_known(shown):
    assert "Buffer svarer ikke" not in shown("analysing")
    text = shown("analysing", read_at=timezone.now() - timedelta(minutes=2))
    assert "Buffer svarer ikke akkurat nå. Slik stod det" in text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("too_few_receivables", "For få kundefordringer"), ("bankruptcy_registered", "konkurs"),
        ("credit_check", "kredittvurdering"),
        ("", "har ikke oppgitt noen grunn"), ("something_new", "har ikke oppgitt noen grunn"),
    ],
)  # fmt: skip
def test_a_no_is_told_with_the_banks_reason_and_with_no_other(shown, reason, words):
    text = shown("rejected", reason=reason, retry_after=timezone.localdate() + timedelta(days=30))
    assert words in text and "En ny sjekk kan startes fra" in text
    assert "Start på nytt" not in text  # not before that day
    assert "Start på nytt" in shown("rejected", reason=reason, retry_after=timezone.localdate())


def test_what_can_be_mended_is_our_own_fact_and_only_where_it_may_help(shown, company):
    from .test_api import add_entry

    add_entry(company, "1", 100, customer="1", organisation_number="")
    add_entry(company, "2", 100, customer="2", organisation_number="910000000")
    add_entry(company, "3", 100, customer="3", private_person=True)
    add_entry(company, "4", -100, customer="4", kind="payment")
    assert "mangler 1 åpen faktura organisasjonsnummer" in shown("rejected", reason="too_few_receivables")
    assert "organisasjonsnummer" not in shown("rejected", reason="")


def test_withdrawn_and_not_yet_told_the_bank_is_a_state_without_doings(shown, company):
    with client_scope(company):
        Consent.objects.for_client(company).update(ended_at=timezone.now(), end_reason="withdrawn")
    text = shown("analysing")
    assert "Sjekken avsluttes" in text and "Åpne vinduet" not in text and "Avbryt" not in text


def test_giving_up_what_others_have_done_takes_two_clicks(shown):
    assert "Avbryt sjekken" not in shown("created")
    for status in ("awaiting_cosigner", "authority_unresolved", "analysing"):
        assert "må da gjøres på nytt" in shown(status)
    assert "Tilbudet trekkes da tilbake" in shown("offered", offer=OFFER)


@pytest.mark.parametrize("status", ["cancelled", "declined", "expired", "rejected", "failed"])
def test_an_end_claims_no_step_that_is_not_known(shown, status):
    text = shown(status)
    assert "Fullmakt for foretaket" not in text and "Analyse" not in text and "Bekreftet" not in text


def test_another_person_reads_who_began_and_the_same_person_does_not(shown, client, make_member, company):
    assert "Pågår allerede" not in shown("created")
    client.force_login(make_member(company, "ada", "administrator"))
    assert "Pågår allerede, startet av Dag" in shown("created", browser=client)


def test_of_two_who_begin_at_once_the_second_reads_who_was_first(client, dag, make_member, company, application, bank):
    client.force_login(make_member(company, "ada", "administrator"))
    page = client.get(url("financing")).content.decode()
    text_hash = re.search(r'name="text_hash" value="([0-9a-f]{64})"', page)[1]
    client.force_login(dag)
    assert start(client).status_code == 303
    client.force_login(make_member(company, "ada", "administrator"))
    answer = client.post(url("financing_start"), {"consent": "1", "text_hash": text_hash})
    assert answer.status_code == 409
    assert "Startet av Dag" in answer.content.decode() and url("financing_link") in answer.content.decode()
    with client_scope(company):
        assert Onboarding.objects.for_client(company).count() == Consent.objects.for_client(company).count() == 1


def test_what_the_bank_knows_and_we_do_not_is_told_plainly(shown):
    assert "Buffer kjenner allerede en sjekk eller en avtale" in shown("failed", reason="known_at_the_bank")


# The dialog


def test_the_dialog_is_the_page_without_its_frame(signed_in, application, bank):
    answer = signed_in.get(url("financing") + "?dialog=1")
    text = answer.content.decode()
    assert text.lstrip().startswith("<dialog") and "<html" not in text
    for words in (
        "Tjenestetilbyder Buffer, levert av Sparebanken Vest",
        "Sjekk bedriftens Buffer",
        "text_hash",
        "csrf",
    ):
        assert words in text


def test_the_dialog_of_what_lives_sends_the_page_there(signed_in, begun):
    answer = signed_in.get(url("financing") + "?dialog=1")
    assert (answer.status_code, answer["HX-Redirect"]) == (204, url("financing_status"))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_may_send_its_form_to_the_bank_only_where_the_button_is(client, company, make_member, settings, name):
    settings.BUFFER_BASE_URL = "https://bank.example"
    client.force_login(make_member(company, "dag", "daglig_leder"))
    page = client.get(reverse(name, args=[NUMBER]))
    assert "form-action 'self' https://bank.example" in page["Content-Security-Policy"]
    assert "data-dialog" in page.content.decode() and "consent.js" in page.content.decode()
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    page = client.get(reverse(name, args=[NUMBER]))
    assert page.status_code == 200 and "bank.example" not in page["Content-Security-Policy"]
    assert "data-dialog" not in page.content.decode() and "consent.js" not in page.content.decode()


@pytest.mark.parametrize("role", ["regnskapsforer", "revisor"])
def test_without_the_right_no_fragment_until_it_is_given_and_after_it_is_taken(
    client, company, make_member, begun, role
):
    client.force_login(make_member(company, role, role))
    ada, held = make_member(company, "ada", "administrator"), Role.objects.get(client=company, key=role)

    def answers():
        fragment = {"HTTP_HX_REQUEST": "true"}
        found = [client.get(url("financing") + "?dialog=1"), client.get(url("financing_status"), **fragment)]
        return [one.status_code for one in found]

    assert answers() == [403, 403]
    change_role(role=held, levels={FINANCING: Level.FULL}, actor=ada)
    assert answers() == [204, 200]
    change_role(role=held, levels={FINANCING: Level.NONE}, actor=ada)
    assert answers() == [403, 403]
