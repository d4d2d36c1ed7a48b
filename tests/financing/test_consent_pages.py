"""The pages of consents and of readings: who sees them, what they say, and what is done on them."""

import html
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access.models import Role
from access.privileges import FINANCING, Level
from access.services import change_role
from access.tenancy import client_scope
from financing.consent_text import consent_text, sha256_of
from financing.models import Agreement, Consent, MessageKind
from financing.services.consent import confirm_consent, end_consent, give_consent

from .consents import consents, left, messages, opened, read, renew
from .reading import get
from .test_consent_withdrawal import text_of

pytestmark = pytest.mark.django_db
NUMBER = "310000000"


def url(name, *more):
    return reverse(name, args=[NUMBER, *more])


@pytest.fixture
def signed_in(client, dag):
    client.force_login(dag)
    return client


@pytest.fixture
def tokens(company, bank, application, begun):
    return opened(company, bank, application, begun)


def test_the_list_says_who_when_until_when_last_used_and_how_it_ended(signed_in, company, tokens, make_member):
    ada = make_member(company, "ada", "administrator")
    left(company, days=20)
    renew(company, ada)
    get("receivables", tokens["access_token"])
    page = text_of(signed_in.get(url("financing_consents")))
    old, new = consents(company)
    for words in (
        "Gitt av Ada Daglig leder", "Gitt av Dag Daglig leder", "Bekreftet med BankID av Dag Leder",
        f"Gjelder til {timezone.localtime(new.valid_until):%d.%m.%Y}",
        f"Erstattet {timezone.localtime(old.ended_at):%d.%m.%Y}, da Ada ga et nytt samtykke.",
        "Sist brukt akkurat nå", "Sist brukt aldri", "Buffer leser kundefordringene.",
    ):  # fmt: skip
        assert words in page, words
    assert page.index("Gitt av Ada") < page.index("Gitt av Dag")


# What version 1 said to a company, as it was stored then. No code that writes it is left.
VERSION_1 = (
    "Finansier det kundene skylder foretaket, rett fra regnskapet – uten søknadsskjema og uten at noen må gå gjennom"
    " fordringene for hånd.\n\nPris\nPris og gebyrer står i tilbudet.\nDere kan si nei til tilbudet.\n\nJeg godtar at Buffer"
    " får tilgang til denne klienten\n\nIntegrasjonen mellom Buffer og «Furuly & Sønn» <AS> aktiveres da automatisk.  To"
    " mellomrom, 12 måneder, til 24.11.2026."
)


def shown_text(page):
    found = re.search(r'<div class="as-shown" id="consent-text" lang="(\w+)">(.*?)</div>', page.content.decode(), re.S)
    return html.unescape(re.sub(r"</?b>", "", found[2]))


def test_an_old_text_stays_as_it_was_shown_and_fits_its_hash(signed_in, company, dag):
    with client_scope(company):
        old = Consent.objects.for_client(company).create(
            provider="buffer", text_version="1", text_language="nb", text=VERSION_1, text_sha256=sha256_of(VERSION_1),
            scope="receivables:read", given_by=dag, given_by_name="Dag", given_by_role="Daglig leder",
            given_at=timezone.now() - timedelta(days=300), valid_until=timezone.now() + timedelta(days=65),
        )  # fmt: skip
    page = signed_in.get(url("financing_consent", old.pk))
    assert sha256_of(shown_text(page)) == old.text_sha256
    assert old.text_sha256 in page.content.decode()
    assert "Stemmer med teksten som vises her." in text_of(page) and "stemmer ikke" not in text_of(page)


@pytest.mark.parametrize("language", ["nb", "en"])
def test_what_is_kept_is_what_is_shown(signed_in, company, dag, language):
    day = timezone.localdate() + timedelta(days=365)
    words = consent_text(client_name="A & B <AS>", valid_until=day, language=language)
    with client_scope(company):
        one = give_consent(
            client=company, provider="buffer", text=words, user=dag, role_name="", last_day=day, now=timezone.now()
        )
    assert sha256_of(shown_text(signed_in.get(url("financing_consent", one.pk)))) == words.sha256


def test_a_text_that_does_not_fit_its_hash_is_said(signed_in, company, dag):
    with client_scope(company):
        one = Consent.objects.for_client(company).create(
            provider="buffer", text_version="1", text_language="nb", text="Endret", text_sha256=sha256_of("Før"), scope="",
            given_by=dag, given_by_name="Dag", given_by_role="", given_at=timezone.now(),
            valid_until=timezone.now() + timedelta(days=1),
        )  # fmt: skip
    assert "Teksten stemmer ikke med kontrollsummen." in text_of(signed_in.get(url("financing_consent", one.pk)))


def test_one_consent_tells_all_that_happened_to_it(signed_in, company, tokens, dag):
    (one,) = consents(company)
    with client_scope(company):
        end_consent(consent=one, reason="withdrawn", actor=dag, now=timezone.now())
    page = text_of(signed_in.get(url("financing_consent", one.pk)))
    for words in (
        "Buffer tok tilgangen i bruk", "Bekreftet med BankID av Dag Leder", "Trukket tilbake Dag", "receivables:read",
        "Tilbyder Buffer, levert av Sparebanken Vest", "Buffers referanse onb-1", "2, nb", str(one.pk),
    ):  # fmt: skip
        assert words in page, words


def test_the_address_it_was_given_from_is_shown_until_it_is_forgotten(client, signed_in, company, application, bank):
    page = signed_in.get(url("financing")).content.decode()
    text_hash = re.search(r'name="text_hash" value="([0-9a-f]{64})"', page)[1]
    signed_in.post(
        url("financing_start"), {"consent": "1", "text_hash": text_hash}, REMOTE_ADDR="192.0.2.9",
        HTTP_USER_AGENT="Firefox/140 \x07", HTTP_X_FORWARDED_FOR="203.0.113.1",
    )  # fmt: skip
    (one,) = consents(company)
    assert (one.given_from_ip, one.given_with) == ("192.0.2.9", "Firefox/140 ")
    assert "Gitt fra 192.0.2.9" in text_of(signed_in.get(url("financing_consent", one.pk)))


@pytest.mark.parametrize(
    ("hops", "forwarded", "found"),
    [
        (0, "203.0.113.1", "127.0.0.1"), (1, "203.0.113.1", "203.0.113.1"), (1, "6.6.6.6, 203.0.113.1", "203.0.113.1"),
        (2, "6.6.6.6, 203.0.113.1, 10.0.0.1", "203.0.113.1"), (2, "203.0.113.1", "127.0.0.1"), (1, "nonsense", None),
        (1, "", None), (1, "fe80::1%eth0", "fe80::1"),
    ],
)  # fmt: skip
def test_only_what_our_own_proxies_say_is_believed(rf, settings, hops, forwarded, found):
    from financing.views.common import origin_of

    settings.PROXY_HOPS = hops
    assert origin_of(rf.get("/", HTTP_X_FORWARDED_FOR=forwarded)).ip == found


@pytest.mark.parametrize(
    ("state", "words", "renew", "withdraw"),
    [
        ("active", "Buffer leser kundefordringene.", False, True),
        ("due", "om 30 dager. Utløper den, får Buffer ikke lenger lest", True, True),
        ("lapsed", "setter nye uttak på pause. Ellers skjer det ingenting med gjelden.", True, True),
        ("withdrawn", "Buffer får ikke lenger lest kundefordringene.", True, False),
        ("fulfilled", "Buffer får ikke lenger lest kundefordringene.", False, False),
    ],
)  # fmt: skip
def test_each_state_of_the_access_says_what_is_true_and_what_may_be_done(
    signed_in, company, tokens, dag, state, words, renew, withdraw
):
    with client_scope(company):
        one = Consent.objects.for_client(company).get()
        if state in ("withdrawn", "fulfilled"):
            end_consent(consent=one, reason=state, actor=dag, now=timezone.now())
        if state == "fulfilled":
            Agreement.objects.for_client(company).update(status="terminated")
    if state == "due":
        left(company, days=30, minutes=1)
    if state == "lapsed":
        left(company, seconds=-1)
    for name in ("financing_consents", "financing_settings"):
        page = signed_in.get(url(name))
        assert words in text_of(page)
        assert (f'href="{url("financing_consent_renew")}"' in page.content.decode()) == renew
        assert (f'href="{url("financing_withdraw")}"' in page.content.decode()) == withdraw


def hash_on(page):
    return re.search(r'name="text_hash" value="([0-9a-f]{64})"', page.content.decode())[1]


def test_the_renewal_shows_the_text_anew_and_takes_one_click(signed_in, company, tokens):
    left(company, days=30)
    page = signed_in.get(url("financing_consent_renew"))
    assert "Buffer får: foretakets navn" in text_of(page) and 'type="checkbox"' not in page.content.decode()
    answer = signed_in.post(url("financing_consent_renew"), {"text_hash": hash_on(page)}, REMOTE_ADDR="192.0.2.9")
    assert answer["Location"] == url("financing_consents")
    new = consents(company)[-1]
    assert sha256_of(new.text) == hash_on(page) and "fortsetter uten opphold" in new.text
    assert new.given_from_ip == "192.0.2.9" and new.given_by_role == "Daglig leder"
    for words in new.text.split("\n"):
        assert words in html.unescape(page.content.decode())


def test_where_the_access_had_ended_the_tick_is_asked_for(signed_in, company, tokens):
    left(company, seconds=-1)
    page = signed_in.get(url("financing_consent_renew"))
    assert 'type="checkbox"' in page.content.decode()
    without = signed_in.post(url("financing_consent_renew"), {"text_hash": hash_on(page)})
    assert without.status_code == 400 and "Kryss av over for å gå videre." in text_of(without)
    assert len(consents(company)) == 1
    signed_in.post(url("financing_consent_renew"), {"text_hash": hash_on(page), "consent": "1"})
    assert len(consents(company)) == 2
    assert len(messages(company, kind=MessageKind.GRANT)) == 1


@pytest.mark.parametrize("text_hash", ["", "0" * 64])
def test_another_text_than_the_present_is_not_agreed_to(signed_in, company, tokens, text_hash):
    left(company, days=30)
    answer = signed_in.post(url("financing_consent_renew"), {"text_hash": text_hash})
    assert answer.status_code == 400 and len(consents(company)) == 1


def test_with_nothing_to_renew_the_page_leads_to_the_consents(signed_in, company, tokens):
    for method in (signed_in.get, signed_in.post):
        assert method(url("financing_consent_renew"))["Location"] == url("financing_consents")


def test_before_anything_both_pages_say_what_will_stand_there(signed_in):
    assert "Ingen har gitt Buffer tilgang" in text_of(signed_in.get(url("financing_consents")))
    assert "Buffer har ikke lest noe" in text_of(signed_in.get(url("financing_accesses")))


def test_after_the_end_of_an_agreement_everything_stays_readable(signed_in, company, tokens):
    get("receivables", tokens["access_token"])
    with client_scope(company):
        end_consent(consent=Consent.objects.for_client(company).get(), reason="fulfilled", now=timezone.now())
        Agreement.objects.for_client(company).update(status="terminated")
    (one,) = consents(company)
    assert "da avtalen var gjort opp" in text_of(signed_in.get(url("financing_consents")))
    assert "Buffer får: foretakets navn" in text_of(signed_in.get(url("financing_consent", one.pk)))
    assert "Buffer leste 1 gang." in text_of(signed_in.get(url("financing_accesses")))


def addresses(company):
    """Every page of consents and readings, with objects that exist."""
    one, reading = consents(company)[0], read(company, timezone.now())
    gets = [
        url("financing_consents"), url("financing_withdraw"), url("financing_consent_renew"),
        url("financing_consent", one.pk), url("financing_accesses"), url("financing_accesses") + "?format=csv",
        url("financing_accesses_day", "2026-11-24"), url("financing_access", reading.pk),
    ]  # fmt: skip
    return gets, [url("financing_withdraw"), url("financing_consent_renew")]


@pytest.mark.parametrize("role", ["administrator", "daglig_leder", "regnskapsforer", "revisor", "standard"])
def test_who_may_do_what(client, company, tokens, make_member, role):
    gets, posts = addresses(company)
    left(company, days=30)
    client.force_login(make_member(company, "somebody", role))
    may = role in ("administrator", "daglig_leder")
    for one in gets:
        assert client.get(one).status_code == (200 if may else 403), one
    for one in reversed(posts):
        assert client.post(one).status_code == (403 if not may else 302 if one.endswith("tilbake") else 400), one
    assert (consents(company)[0].ended_at is not None) == may


def test_strangers_and_the_operator_get_404(client, company, tokens, make_client, make_member):
    gets, posts = addresses(company)
    other = make_client("310011118", "Furulia Lys AS")
    stranger, operator = make_member(other, "vera", "administrator"), make_member(other, "otto", "standard")
    operator.is_superuser = True
    operator.save()
    for person in (stranger, operator):
        client.force_login(person)
        assert {client.get(one).status_code for one in gets} == {404}
        assert {client.post(one).status_code for one in posts} == {404}


def test_another_companys_consent_and_reading_are_not_found(client, company, tokens, make_client, make_member):
    gets, _posts = addresses(company)
    other = make_client("310011118", "Furulia Lys AS")
    client.force_login(make_member(other, "vera", "administrator"))
    for one in gets[3], gets[-1]:
        path = urlsplit(one).path.replace(NUMBER, "310011118")
        assert client.get(path).status_code == 404


def test_who_loses_the_right_is_out_on_the_next_request_and_nothing_else_changes(client, company, tokens, make_member):
    gets, posts = addresses(company)
    ada, role = make_member(company, "ada", "administrator"), Role.objects.get(client=company, key="regnskapsforer")
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    change_role(role=role, levels={FINANCING: Level.FULL}, actor=ada)
    assert client.get(gets[0]).status_code == 200
    change_role(role=role, levels={FINANCING: Level.NONE}, actor=ada)
    assert client.get(gets[0]).status_code == 403
    assert client.post(posts[0]).status_code == 403
    assert consents(company)[0].ended_at is None
    assert get("company", tokens["access_token"]).status_code == 200


def queries(browser, address):
    browser.get(address)
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert browser.get(address).status_code == 200
    return len(found)


def test_the_number_of_queries_follows_neither_consents_nor_readings(signed_in, company, tokens, dag):
    day = timezone.localdate().isoformat()
    pages = [url("financing_consents"), url("financing_accesses"), url("financing_accesses_day", day)]
    read(company, timezone.now())
    few = [queries(signed_in, one) for one in pages]
    for _ in range(3):
        left(company, days=30)
        renew(company, dag)
        read(company, timezone.now(), ids=[1])
    assert [queries(signed_in, one) for one in pages] == few
    assert few == [16, 17, 14]


def test_the_name_that_the_bank_confirmed_is_kept_as_the_last_one(signed_in, company, begun):
    with client_scope(company):
        one = Consent.objects.for_client(company).get()
        confirm_consent(consent=one, name="Dag Leder", now=timezone.now())
        confirm_consent(consent=one, name="Vera Vest", now=timezone.now())
    assert "Bekreftet med BankID av Vera Vest" in text_of(signed_in.get(url("financing_consents")))
