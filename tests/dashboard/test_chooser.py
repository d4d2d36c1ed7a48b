"""The choice of company: who comes where, what is found, in which order, and how many queries that takes."""

import re

import pytest

from access.services import create_client, known_person
from dashboard import chooser
from tests.accounting.factories import Books
from tests.dashboard.financed import agreement

pytestmark = pytest.mark.django_db
LATE = "2026-01-31"


def number(serial):
    """An organisation number with its check digit, of those that begin with 31."""
    while True:
        digits = f"31{serial:06d}"
        check = -sum(int(one) * weight for one, weight in zip(digits, (3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
        if check != 10:
            return digits + str(check)
        serial += 500_000


def page(client, query=""):
    """(answer, its words with ordinary spaces)."""
    answer = client.get("/" + query)
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return answer, re.sub(r"[\s\u2009\u00a0]+", " ", text)


def names(answer):
    """The companies shown, in their order."""
    return [one.client.name for one in [*answer.context["pressing"], *answer.context["others"]]]


@pytest.fixture
def companies(client, make_client, make_member):
    """Three of Rita's, with books; the last in the alphabet has an overdue invoice."""
    made = [
        make_client("310000000", "Ålesund Lys AS"),
        make_client("310011118", "Bjerk Lys AS"),
        make_client("310022225", "Fjord Sveis AS"),
    ]
    for one in made:
        Books(one).period("2026-01-01", "2026-12-31")
        make_member(one, "rita", "regnskapsforer")
    Books(made[0]).invoice("10000", "2026-01-01", "1234.50", due=LATE)
    client.force_login(known_person(subject="rita"))
    return made


def test_home_is_for_people_who_are_signed_in(client):
    assert client.get("/")["Location"] == "/innlogging/?next=/"


def test_without_a_company(client):
    client.force_login(known_person(subject="nobody"))
    _, text = page(client)
    assert "Du har ikke tilgang til noe foretak ennå" in text and "Søk" not in text


def test_with_one_company_it_goes_straight_on(client, make_client, make_member):
    client.force_login(make_member(make_client(), "dag", "daglig_leder"))
    assert client.get("/")["Location"] == "/klient/310000000/"


@pytest.mark.parametrize("member", [False, True])
def test_the_operator_goes_to_the_admin_site(client, make_client, make_member, member):
    otto = known_person(subject="otto", is_superuser=True)
    if member:
        make_member(make_client(), "otto", "administrator")
    client.force_login(otto)
    assert client.get("/")["Location"] == "/admin/"


def test_ones_own_companies_and_no_other(client, companies, make_client):
    make_client("310033332", "Fremmed AS")
    answer, text = page(client)
    assert names(answer) == ["Ålesund Lys AS", "Bjerk Lys AS", "Fjord Sveis AS"]
    assert "Regnskapsfører" in text and "310 000 000" in text and "Du er medlem av 3 foretak" in text
    assert "Fremmed" not in text
    assert "no-store" in answer["Cache-Control"] and "HX-Request" in answer["Vary"]


def test_what_presses_comes_first_and_leads_on(client, companies):
    answer, text = page(client)
    assert "1 forfalt faktura 1 234,50 kr" in text
    assert 'href="/klient/310000000/fakturaer/ubetalte/"' in answer.content.decode()
    assert [len(answer.context[name]) for name in ("pressing", "others")] == [1, 2]


def test_by_the_norwegian_alphabet(client, make_client, make_member):
    for place, name in enumerate(["Ås AS", "Aas AS", "Østby AS", "Ærlig AS", "zoo AS", "Bø AS"]):
        make_member(make_client(number(place * 17), name), "rita", "standard")
    client.force_login(known_person(subject="rita"))
    answer, _ = page(client)
    assert names(answer) == ["Aas AS", "Bø AS", "zoo AS", "Ærlig AS", "Østby AS", "Ås AS"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("lys", ["Ålesund Lys AS", "Bjerk Lys AS"]),  # what presses stands first
        ("ÅLESUND", ["Ålesund Lys AS"]),
        ("as sveis", ["Fjord Sveis AS"]),
        ("310 011 118", ["Bjerk Lys AS"]),
        ("0222", ["Fjord Sveis AS"]),
        ("bjerk 310011118", ["Bjerk Lys AS"]),
        (" ", ["Ålesund Lys AS", "Bjerk Lys AS", "Fjord Sveis AS"]),
        ("fremmed", []),
        ("%00", []),
    ],
)
def test_a_search(client, companies, words, found):
    answer, text = page(client, f"?sok={words}")
    assert names(answer) == found
    assert ("Ingen foretak passer med" in text) == (not found)


def test_what_is_searched_for_is_shown_as_text(client, companies):
    assert b"<b>x</b>" not in client.get("/?sok=<b>x</b>").content


def test_only_what_needs_somebody(client, companies):
    answer, _ = page(client, "?vis=oppfolging")
    assert names(answer) == ["Ålesund Lys AS"]
    assert 'name="vis" value="oppfolging"' in answer.content.decode()
    answer, text = page(client, "?vis=oppfolging&sok=sveis")
    assert names(answer) == [] and "Ingen foretak trenger oppfølging" in text


def test_for_htmx_the_list_alone_with_how_many_were_found(client, companies):
    answer = client.get("/?sok=lys", headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "<html" not in text and '<div id="companies">' in text
    assert "2 foretak funnet" in text and 'hx-swap-oob="true"' in text


def test_many_are_shown_some_at_a_time_and_the_search_finds_all(client, companies, monkeypatch):
    monkeypatch.setattr(chooser, "PAGE", 2)
    answer, text = page(client)
    assert names(answer) == ["Ålesund Lys AS", "Bjerk Lys AS"] and "Vis 1 foretak til" in text
    assert answer.context["more_url"] == "/?antall=4#foretak-310022225"
    assert "Vis" not in page(client, "?antall=4")[1].split("Øvrige foretak")[1]
    assert names(page(client, "?sok=sveis")[0]) == ["Fjord Sveis AS"]
    for odd in ("0", "-1", "x", "²", "9" * 400, "1e9", "\x00"):
        assert len(names(page(client, f"?antall={odd}")[0])) == 2


@pytest.mark.parametrize("count", [2, 3, 30])
def test_the_number_of_queries_does_not_follow_the_number_of_companies(
    client, make_member, count, django_assert_num_queries
):
    for serial in range(count):
        company = create_client(organisation_number=number(serial), name=f"Foretak {serial}")
        make_member(company, "dag", "daglig_leder")
        Books(company).invoice("10000", "2026-01-01", "100.00", due=LATE)
        agreement(company, used="70000.00", valid_days=3)
    client.force_login(known_person(subject="dag"))
    client.get("/")  # the session's first request writes its beginning
    # Session, person, memberships, grants; the scope in 5, of which 2 are the test's savepoint; agreements, consents,
    # onboardings, invoices, books; the session is kept alive in 3.
    with django_assert_num_queries(17):
        _, text = page(client)
    assert (
        text.count("1 forfalt faktura 100,00 kr") == text.count("Over kredittgrensen hos Buffer 8 000,00 kr") == count
    )


def test_the_top_bar_offers_a_switch_only_where_there_is_something_to_switch_to(client, companies, make_member):
    assert "Bytt" in client.get("/klient/310000000/").content.decode()
    client.force_login(make_member(companies[0], "dag", "daglig_leder"))
    shown = client.get("/klient/310000000/").content.decode()
    assert "Bytt" not in shown and "Ålesund Lys AS" in shown


def test_rights_are_those_of_each_company(client, companies, make_member):
    """Full in one, none in the next: what is overdue there is not hers to know."""
    Books(companies[1]).invoice("10000", "2026-01-01", "987.65", due=LATE)
    make_member(companies[1], "rita", "standard")
    _, text = page(client)
    assert "1 234,50" in text and "987,65" not in text
