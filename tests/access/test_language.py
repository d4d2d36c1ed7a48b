"""Norwegian first, whatever the browser would like; English where it was chosen, and all of it."""

import pytest

pytestmark = pytest.mark.django_db
URL = "/klient/310000000/"


@pytest.fixture
def signed_in(client, make_client, make_member):
    client.force_login(make_member(make_client(), "dag", "daglig_leder"))
    return client


@pytest.mark.parametrize("wish", ["", "en-US,en;q=0.9", "de"])
def test_an_english_browser_gets_norwegian(signed_in, wish):
    page = signed_in.get(URL, headers={"accept-language": wish})
    assert 'lang="nb"' in page.content.decode() and "Kundefordringer" in page.content.decode()
    assert page["Content-Language"] == "nb"


def test_english_is_a_choice_that_lasts_and_can_be_taken_back(signed_in):
    assert signed_in.post("/sprak", {"language": "en", "next": URL})["Location"] == URL
    page = signed_in.get(URL).content.decode()
    assert 'lang="en"' in page and "Receivables" in page and "Kundefordringer" not in page
    signed_in.post("/sprak", {"language": "nb", "next": URL})
    assert "Kundefordringer" in signed_in.get(URL).content.decode()


def test_the_choice_leads_nowhere_else(signed_in):
    assert signed_in.post("/sprak", {"language": "en", "next": "https://elsewhere.example/"})["Location"] == "/"


def test_a_language_that_we_do_not_speak_is_norwegian(signed_in):
    signed_in.cookies["django_language"] = "xx"
    assert 'lang="nb"' in signed_in.get(URL).content.decode()
