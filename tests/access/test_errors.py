"""The pages for what cannot be answered: they say what to do next, need no more than there is, and tell strangers nothing."""

import re

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client as Browser
from django.urls import include, path

from access.models import User
from access.privileges import FINANCING, PRIVILEGES
from access.services import known_person

NUMBER, OTHER = "310000000", "310011118"


def breaks(request):
    raise RuntimeError("on purpose")


def suspicious(request):
    raise SuspiciousOperation("on purpose")


def takes(request):
    return HttpResponse(str(len(request.POST)))


urlpatterns = [
    path("breaks", breaks), path("suspicious", suspicious), path("takes", takes), path("", include("config.urls"))
]  # fmt: skip
handler400, handler403, handler500 = (f"access.errors.{name}" for name in ("bad_request", "forbidden", "server_error"))


def words(answer):
    text = answer if isinstance(answer, str) else answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


@pytest.fixture
def quiet(client):
    """A browser to whom a failure is an answer."""
    client.raise_request_exception = False
    return client


def test_the_product_uses_these_pages():
    from config import urls

    assert (urls.handler400, urls.handler403, urls.handler500) == (handler400, handler403, handler500)


@pytest.mark.django_db
def test_403_says_what_is_missing_and_who_can_give_it(client, make_client, make_member):
    company = make_client(NUMBER, "Furuly Lys AS")
    make_member(company, "ada", "administrator")
    make_member(company, "bo", "administrator")
    make_member(company, "dag", "daglig_leder")
    gone = make_member(company, "gone", "administrator")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    make_member(make_client(OTHER, "Furulia Lys AS"), "vera", "administrator")
    client.force_login(make_member(company, "rolf", "revisor"))
    answer = client.get(f"/klient/{NUMBER}/fakturafinansiering/")
    text = words(answer)
    assert answer.status_code == 403
    assert "Rollen din i Furuly Lys AS er Revisor" in text and f"krever: {PRIVILEGES[FINANCING].label}." in text
    people = re.search(r'<ul class="people">(.*?)</ul>', answer.content.decode(), re.S)[1]
    assert re.findall(r"<li>(.*?)</li>", people) == ["Ada", "Bo"]
    assert f'href="/klient/{NUMBER}/"' in answer.content.decode()  # the menu and the way back
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["stranger", "operator", "anonymous"])
def test_404_is_the_same_for_a_company_of_others_and_for_none(client, make_client, make_member, who):
    make_member(make_client(NUMBER, "Furuly Lys AS"), "ada", "administrator")
    if who == "stranger":
        client.force_login(make_member(make_client(OTHER, "Furulia Lys AS"), "vera", "administrator"))
    if who == "operator":
        client.force_login(known_person(subject="otto", is_superuser=True))
    for page in ("", "fakturafinansiering/", "rapporter/aldersfordelt/", "fakturaer/ubetalte/", "tull/"):
        there, none = (client.get(f"/klient/{number}/{page}") for number in (NUMBER, "999999999"))
        assert there.status_code == none.status_code == (302 if who == "anonymous" and page != "tull/" else 404)
        assert there.content == none.content
        for secret in ("Furuly", "Ada", NUMBER):
            assert secret not in there.content.decode()


@pytest.mark.django_db
def test_404_says_who_one_is(client, make_client, make_member):
    client.force_login(make_member(make_client(), "vera", "administrator"))
    assert "Du er logget inn som Vera." in words(client.get("/tull"))
    assert "Du er logget inn som" not in words(Browser().get("/tull"))


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_500_gives_a_time_and_no_more(quiet):
    quiet.force_login(known_person(subject="dag", name="Dag"))
    answer = quiet.get("/breaks")
    text = words(answer)
    assert answer.status_code == 500
    assert re.search(r"feilet \d\d\.\d\d\.\d{4} kl\. \d\d:\d\d:\d\d\.", text)
    assert "on purpose" not in text and "Dag" not in text and "mailto:" in answer.content.decode()
    quiet.cookies["django_language"] = "en"
    assert "Something went wrong with us" in words(quiet.get("/breaks"))


def test_500_without_the_database(quiet):
    """Not marked for the database: pytest-django makes every query fail."""
    quiet.cookies["sessionid"] = "x" * 32
    answer = quiet.get("/")
    assert answer.status_code == 500 and "Noe gikk galt hos oss" in words(answer)
    assert answer["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_each_can_be_rendered_without_any_context(name):
    text = render_to_string(name)
    assert text.count("<h1>") == 1 and 'href="/"' in text and 'lang="nb"' in text


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_400_and_413(quiet, settings):
    quiet.force_login(known_person(subject="dag"))
    answer = quiet.get("/suspicious")
    assert answer.status_code == 400 and "Det forstod vi ikke" in words(answer) and "on purpose" not in words(answer)
    assert quiet.get("/", headers={"host": "elsewhere.example"}).status_code == 400
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    answer = quiet.post("/takes", {"a": "x" * 100}, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413 and "for stort" in words(answer)


@pytest.mark.django_db
def test_a_form_without_its_mark():
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(known_person(subject="dag"))
    answer = browser.post("/logg-ut")
    assert answer.status_code == 403 and "Siden var for gammel" in words(answer)
    assert "CSRF" not in words(answer)
