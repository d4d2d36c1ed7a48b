"""The financing widget in every state: words, figures, times and doings, in both languages; and when it is not there."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from access.tenancy import client_scope
from financing.models import Agreement, Consent, Onboarding, SeenLimit
from financing.services.seen import VISIT
from tests.dashboard.widget_states import SAW, STATES, checked, drawn, offered, snapshot, when
from tests.languages import Catalog

pytestmark = pytest.mark.django_db
URL = "/klient/310000000/"
CATALOG = Catalog()
# Of the product and the field, and of people and companies: the same in every language.
NAMES = [
    "Regnskap", "Sparebanken Vest", "Buffer", "Bufferkonto", "BankID", "Giver", "Dag Leder", "Dag", "Leder", "Vera Vest",
    "Furuly Lys AS", "Lampekroken Interiør",
]  # fmt: skip
AMOUNT = re.compile(r"\d,\d\d(?!\d)")


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def dag(client, company, make_member):
    person = make_member(company, "dag", "daglig_leder")
    person.name = "Dag Leder"  # «Dag» alone is a word of the catalogue
    person.save(update_fields=["name"])
    client.force_login(person)
    return person


def plain(html):
    """Words as they are read: tags away, thin and hard spaces ordinary."""
    return re.sub(r"[\s\u2009\u00a0]+", " ", re.sub(r"<[^>]+>", " ", html)).replace(" .", ".").strip()


def card(client):
    """The widget's HTML, or None where it is not there."""
    answer = client.get(URL + "dashboard/financing", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    html = answer.content.decode()
    return html if "<h2" in html else None


def described(html):
    """What a screen reader says too: names of pictures."""
    return plain(html + " ".join(re.findall(r'aria-label="([^"]*)"', html)))


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("name", STATES)
def test_every_state_says_what_is_true_with_its_time_and_what_to_do(client, company, dag, name, language):
    case = STATES[name]
    case.put(company)
    if case.saw:
        SAW(company, dag, case.saw)
    client.cookies["django_language"] = language
    html = card(client)
    text = described(html)
    for words in (*getattr(case, language), *case.amounts):
        assert words in text, (words, text)
    for words in case.no:
        assert words not in html and words not in text
    page = client.get(URL + "innstillinger/fakturafinansiering/").content.decode()
    assert CATALOG.strangers(page, language, NAMES) == []
    assert CATALOG.strangers(f'<html lang="{language}"><body>{html}</body></html>', language, NAMES) == []
    for address in case.actions:
        assert f'"/klient/310000000/{address}"' in html, (address, html)
    foot = html.split("<footer>")[1]
    assert re.search(r'<time datetime="\d{4}-[^"]+" title="\d\d\.\d\d\.\d{4} \d\d:\d\d">', foot)
    # The heading leads to the bank exactly where an account has been opened.
    assert (f'<a href="{URL}fakturafinansiering/administrer"' in html.split("</h2>")[0]) == (
        name not in ("check_begun", "analysing", "awaiting_cosigner", "authority_missing", "authority_unresolved", "unknown",
                     "offer", "offer_soon", "offer_expired", "offer_replaced", "no_account", "terminated", "rejected",
                     "declined", "expired")
    )  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_no_amount_is_shown_without_the_time_of_it(client, company, dag, name):
    """Wherever the card stands, what has an amount in it has a <time> in it too."""
    STATES[name].put(company)
    html = card(client)
    if AMOUNT.search(plain(html)):
        assert re.search(r"<time [^>]*datetime=", html)
        settings = client.get(URL + "innstillinger/fakturafinansiering/").content.decode()
        main = settings.split("<main")[1]
        if AMOUNT.search(plain(main.split('id="missing"')[0])):
            assert "<time " in main


@pytest.mark.parametrize(
    "name", ["unused", "over", "pending", "paused_no_data", "stale", "disconnected_debt", "overdue"]
)
def test_the_page_and_the_widget_say_the_same(client, company, dag, name):
    STATES[name].put(company)
    with client_scope(company):
        one = Agreement.objects.for_client(company).get()
    text = plain(client.get(URL + "innstillinger/fakturafinansiering/").content.decode())
    shown = plain(card(client))
    for amount in (one.limit, one.used, one.available):
        written = f"{amount:,.2f}".replace(",", " ").replace(".", ",")
        assert written in text and written in shown, written


@pytest.mark.parametrize("status", ["begun", "created", "identified", "cancelled", "failed"])
def test_there_is_no_widget_before_the_integration_is_active_nor_after_giving_up(client, company, dag, status):
    checked(company, status)
    with client_scope(company):
        Consent.objects.for_client(company).update(activated_at=None)
    assert card(client) is None


@pytest.mark.parametrize("status", ["identified", "analysing", "awaiting_cosigner", "offered"])
def test_a_withdrawn_consent_ends_the_card_of_a_check(client, company, dag, status):
    checked(company, status)
    assert card(client)
    with client_scope(company):
        Consent.objects.for_client(company).update(ended_at=timezone.now(), end_reason="withdrawn")
    assert card(client) is None


def test_an_end_without_an_agreement_is_shown_for_two_weeks(client, company, dag):
    checked(company, "declined")
    for days, there in ((-13, True), (-15, False)):
        with client_scope(company):
            Onboarding.objects.for_client(company).update(ended_at=when(days))
        assert bool(card(client)) is there


def test_when_the_agreement_is_over_the_widget_says_so_and_goes(client, company, dag, make_member):
    one = drawn(company, "terminated", limit="0.00", used="0.00")
    snapshot(one, 13.9)
    assert "Avtalen er avsluttet" in card(client)
    assert client.post(URL + "fakturafinansiering/legg-bort")["Location"] == URL
    assert card(client) is None
    client.force_login(make_member(company, "ada", "administrator"))
    assert "Avtalen er avsluttet" in card(client)  # hers is her own


def test_and_goes_by_itself_after_two_weeks(client, company, dag):
    snapshot(drawn(company, "terminated", limit="0.00", used="0.00"), 14)
    assert card(client) is None


def test_what_she_saw_is_kept_and_a_change_is_told_for_a_visit(
    client, company, dag, make_member, django_capture_on_commit_callbacks
):
    """First sight, the same again, a change told to her and still told at the next refresh, and told no more next day."""
    drawn(company)

    def look():
        with django_capture_on_commit_callbacks(execute=True):
            return plain(card(client))

    assert "redusert" not in look() and "redusert" not in look()
    with client_scope(company):
        seen = SeenLimit.objects.for_client(company).get(user=dag)
        assert (seen.limit, seen.limit_before) == (518000, 518000)
        Agreement.objects.for_client(company).update(limit=459000)
    for _ in range(2):
        assert "Kredittgrensen er redusert med 59 000,00" in look()
    with client_scope(company):
        SeenLimit.objects.for_client(company).update(first_at=timezone.now() - VISIT)
    assert "redusert" not in look()
    client.force_login(make_member(company, "ada", "administrator"))
    assert "redusert" not in look()  # she sees it for the first time
    with client_scope(company):
        assert SeenLimit.objects.for_client(company).count() == 2


def test_looking_again_writes_nothing(client, company, dag, django_capture_on_commit_callbacks):
    drawn(company)
    with django_capture_on_commit_callbacks(execute=True):
        card(client)
    with django_capture_on_commit_callbacks() as callbacks:
        card(client)
    assert callbacks == []


def test_old_figures_are_not_taken_for_seen(client, company, dag, django_capture_on_commit_callbacks):
    STATES["stale"].put(company)
    with django_capture_on_commit_callbacks() as callbacks:
        card(client)
    assert callbacks == []


@pytest.mark.parametrize(("minutes", "seconds", "old"), [(30, -1, False), (30, 1, True)])
def test_half_an_hour_is_the_limit_of_what_is_fresh(client, company, dag, minutes, seconds, old, monkeypatch):
    from financing.presenters import widget

    drawn(company)
    now = timezone.now()
    monkeypatch.setattr(widget, "figures_from", lambda *given: now - timedelta(minutes=minutes, seconds=seconds))
    with client_scope(company):
        shown = widget.financing_widget(company, dag, now)
    assert shown.stale is old


def test_without_the_privilege_there_is_nothing(client, company, dag, make_member):
    drawn(company)
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    assert client.get(URL + "dashboard/financing", headers={"HX-Request": "true"}).status_code == 403
    assert client.post(URL + "fakturafinansiering/legg-bort").status_code == 403
    assert client.post(URL + "fakturafinansiering/oppdater").status_code == 403


def test_an_offer_that_ended_with_its_agreement_is_told_as_the_check_was(client, company, dag):
    offered(company)
    with client_scope(company):
        Agreement.objects.for_client(company).update(status="terminated")
        Onboarding.objects.for_client(company).update(status="declined", ended_at=timezone.now())
    assert "Takket nei" in card(client) and "Avtalen er avsluttet" not in card(client)
