"""The admin site: who gets in, which company she works on, and how it is served."""

import re

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from access.models import Membership, Role, User

from .administered import as_person, level_lines, matrix_of, sent

pytestmark = pytest.mark.django_db

OWN, OTHER = "/admin/klient/310000000/", "/admin/klient/310011118/"
PAGES = ("", "personer/", "foretak/", "roller/", "roller/endringer", "roller/ny")


# Who gets in


@pytest.mark.parametrize("path", ["/admin/", OWN + "roller/", "/admin/klient/987654321/roller/"])
def test_anonymous_people_go_to_sign_in_and_back(client, two, path):
    chain = client.get(path, follow=True).redirect_chain
    assert chain[0][0].replace("%2F", "/").endswith(f"?next={path}")
    assert chain[-1][0].startswith("http://127.0.0.1") or "/innlogging/" in chain[-2][0]
    assert (
        client.post("/admin/login/", {"username": "ada", "password": "x"})["Location"]
        == "/innlogging/?next=%2Fadmin%2F"
    )


def test_whoever_administers_nothing_gets_403(two):
    rita = as_person("rita")
    assert rita.get("/admin/", follow=True).status_code == 403
    for path in PAGES:
        assert rita.get(OWN + path).status_code == 403, path
    assert rita.post(OWN + "roller/ny", {"name": "Sjef"}).status_code == 403
    assert not Role.objects.filter(name="Sjef").exists()


def test_a_change_tried_without_the_right_stands_in_the_log(two):
    as_person("rita").post(OWN + "roller/lagre", {"shown": "{}"})
    (line,) = level_lines(two[0], action="access.refused")
    assert (line.actor.subject, line.details["privilege"]) == ("rita", "access.manage_roles")


@pytest.mark.parametrize("path", PAGES)
def test_anothers_company_looks_like_one_that_is_not(two, ada, path):
    for ask in (ada.get, ada.post):
        theirs, none = ask(OTHER + path), ask("/admin/klient/987654321/" + path)
        assert theirs.status_code == none.status_code == 404
        strip = re.compile(r"csrfmiddlewaretoken\" value=\"\w+|/admin/klient/\d+/")
        assert strip.sub("", theirs.content.decode()) == strip.sub("", none.content.decode())
        assert "Furulia" not in theirs.content.decode()


def test_whoever_is_member_of_one_and_administrator_of_another_gets_403_in_the_one(two, ada, make_member):
    make_member(two[1], "ada", "daglig_leder")
    assert (ada.get(OTHER + "roller/").status_code, ada.get(OWN + "roller/").status_code) == (403, 200)


def test_an_administrator_who_is_one_no_longer_is_out_on_her_next_request(two, ada, make_member):
    assert ada.get(OWN + "roller/").status_code == 200
    make_member(two[0], "ada", "daglig_leder")
    assert ada.get(OWN + "roller/").status_code == 403
    assert ada.get("/admin/", follow=True).status_code == 403


def test_whoever_was_deactivated_is_out(two, ada, otto):
    User.objects.filter(subject__in=["ada", "otto"]).update(is_active=False)
    for browser in (ada, otto):
        assert browser.get(OWN + "roller/").status_code == 302  # to sign in: no session of hers counts


# Which company


def test_one_company_is_gone_to_straight_on(two, ada):
    assert ada.get("/admin/")["Location"] == OWN + "roller/"
    assert ada.get(OWN)["Location"] == OWN + "roller/"


def test_several_are_chosen_from_and_the_address_says_which(two, ada, make_client, make_member):
    third, fourth = make_client("310022225", "Fjordlys AS"), make_client("310033332", "Ikke Lys AS")
    make_member(third, "ada", "administrator")
    make_member(fourth, "ada", "daglig_leder")
    page = ada.get("/admin/").content.decode()
    assert "Furuly" in page and "Fjordlys" in page
    assert "Furulia" not in page and "Ikke Lys" not in page
    # Two windows: what one sends is about its own company, whatever the other has open.
    first, second = matrix_of(ada, OWN), matrix_of(ada, "/admin/klient/310022225/")
    assert "Furuly Lys AS" in first.content.decode() and "Fjordlys" not in first.content.decode()
    assert "Bytt" in second.content.decode()
    answer = ada.post("/admin/klient/310022225/roller/lagre", sent(first, {("regnskapsforer", "financing"): 2}))
    assert answer.status_code == 409
    assert not level_lines(two[0]) and not level_lines(third)


@pytest.mark.parametrize("query", [
    "sok=Furulia", "sok=310011118", "sok=31001", "sok=3100 1111", "side=2", "side=x", "sok=%00", "sok=' OR 1=1 --",
    "client=2", "all=", "_popup=1", "sok=Furulia&side=9999",
])  # fmt: skip
def test_no_search_shows_another_company(two, ada, make_client, make_member, query):
    make_member(make_client("310022225", "Fjordlys AS"), "ada", "administrator")
    answer = ada.get(f"/admin/?{query}")
    assert answer.status_code == 200
    assert not [one for one in answer.context["page"] if one == two[1]]
    assert "Furulia Lys" not in answer.content.decode() and "310 011 118" not in answer.content.decode()


def test_the_operator_finds_every_company(two, otto):
    page = otto.get("/admin/")
    assert set(page.context["page"]) == set(two)
    assert list(otto.get("/admin/", {"sok": "furulia"}).context["page"]) == [two[1]]
    assert list(otto.get("/admin/", {"sok": "310 011 118"}).context["page"]) == [two[1]]
    assert "Ingen foretak" in otto.get("/admin/", {"sok": "zzz"}).content.decode()
    for number in ("310000000", "310011118"):
        assert otto.get(f"/admin/klient/{number}/roller/").status_code == 200
    assert "/admin/financing/providerevent/" in page.content.decode()
    assert otto.get("/klient/310000000/").status_code == 404


def test_her_own_people_and_facts(two, ada):
    page = ada.get(OWN + "personer/").content.decode()
    assert "Rita" in page and "Ada" in page and "Vera" not in page and "Stine" not in page
    page = ada.get(OWN + "foretak/").content.decode()
    assert "Furuly Lys AS" in page and "310 000 000" in page.replace("\xa0", " ")


# How it is served


@pytest.mark.parametrize("name", ["password_change", "password_change_done", "view_on_site"])
def test_there_is_no_password_and_no_way_past_the_rules(ada, two, name):
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}", args=[1, 1] if name == "view_on_site" else [])
    for path in ("/admin/password_change/", "/admin/password_change/done/", "/admin/r/1/1/"):
        assert ada.get(path).status_code == 404
    assert "password" not in ada.get(OWN + "roller/").content.decode()


def test_the_way_to_sign_in_leads_whoever_may_to_the_front(two, ada):
    assert ada.get("/admin/login/?next=https://evil.example/")["Location"] == "/admin/"


def test_signing_out_there_signs_out(two, ada):
    assert 'action="/logg-ut"' in ada.get(OWN + "roller/").content.decode()
    assert ada.post("/admin/logout/")["Location"] == "/utlogget"
    assert "_auth_user_id" not in ada.session


@pytest.mark.parametrize("path", [
    "/admin/access/role/", "/admin/access/membership/", "/admin/access/role/1/change/", "/admin/access/role/add/",
    "/admin/access/auditentry/", "/admin/accounting/ledgerentry/", "/admin/financing/consent/", "/admin/access/",
])  # fmt: skip
def test_no_row_of_a_company_is_reached_but_on_its_pages(two, ada, otto, path):
    for browser in (ada, otto):
        for ask in (browser.get, browser.post):
            assert ask(path).status_code == 404


def test_there_is_no_autocomplete(two, ada, otto):
    asked = {"app_label": "access", "model_name": "membership", "field_name": "role", "term": ""}
    for browser in (ada, otto):
        assert browser.get("/admin/autocomplete/", asked).status_code in (403, 404)


def test_a_change_from_another_site_is_refused(two):
    browser = as_person("ada", enforce_csrf_checks=True)
    page = matrix_of(browser, OWN)
    answer = browser.post(OWN + "roller/lagre", sent(page, {("regnskapsforer", "financing"): 2}))
    assert answer.status_code == 403
    assert not level_lines(two[0])


def test_nothing_inline_for_the_policy_to_refuse(two, ada):
    for path in (*PAGES[1:4], "roller/ny"):
        answer = ada.get(OWN + path)
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "no-store" in answer["Cache-Control"]
        html = answer.content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html), path
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", html), path


@pytest.mark.parametrize("roles", [1, 3])
@pytest.mark.parametrize(("path", "queries"), [("roller/", 17), ("personer/", 15)])
def test_a_page_takes_so_many_queries_at_one_row_and_at_three(
    two, ada, otto, make_member, django_assert_num_queries, path, queries, roles
):
    Membership.objects.filter(client=two[0], user__subject="rita").delete()
    Role.objects.filter(client=two[0], is_administrator=False).delete()
    for number in range(roles):
        role = Role.objects.create(client=two[0], name=f"Rolle {number}")
        person = User.objects.create(issuer="x", subject=f"p{number}", name=f"Person {number}")
        Membership.objects.create(client=two[0], user=person, role=role)
    ada.get(OWN + path)
    with django_assert_num_queries(queries):
        assert ada.get(OWN + path).status_code == 200


def test_the_choice_costs_the_same_however_many(two, otto, make_client):
    def cost():
        with CaptureQueriesContext(connection) as asked:
            otto.get("/admin/")
        return len(asked)

    otto.get("/admin/")
    before = cost()
    for number in ("310022225", "310033332"):
        make_client(number, f"Fjordlys {number} AS")
    assert cost() == before


def test_the_admin_site_is_found_from_the_books(two):
    browser = Browser()
    browser.force_login(User.objects.get(subject="ada"))
    assert f'href="{OWN}roller/"' in browser.get("/klient/310000000/").content.decode()
