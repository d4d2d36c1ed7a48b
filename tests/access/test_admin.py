"""The admin site: an administrator's own companies and no other, by OpenID Connect only, every change in the log."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from access.admin import field_name
from access.models import AuditEntry, Membership, Role
from access.privileges import FINANCING, INVOICES, REPORTS, ROLES, Level
from access.services import known_person
from access.tenancy import client_scope

pytestmark = pytest.mark.django_db

ROLE_LIST, MEMBER_LIST = "/admin/access/role/", "/admin/access/membership/"


@pytest.fixture
def two(make_client, make_member):
    """Two companies that look alike: Ada administers the one, Vera the other; Rita keeps the books of both."""
    one, other = make_client("310000000", "Furuly Lys AS"), make_client("310011118", "Furulia Lys AS")
    for client, administrator in ((one, "ada"), (other, "vera")):
        make_member(client, administrator, "administrator")
        make_member(client, "rita", "regnskapsforer")
    make_member(other, "stine", "standard")
    return one, other


def as_person(subject, **options):
    browser = Browser(**options)
    browser.force_login(known_person(subject=subject))
    return browser


@pytest.fixture
def ada(two):
    return as_person("ada")


@pytest.fixture
def otto(two):
    known_person(subject="otto", is_superuser=True)
    return as_person("otto")


def role_of(client, key="regnskapsforer"):
    return Role.objects.get(client=client, key=key)


def change_page(role):
    return f"{ROLE_LIST}{role.pk}/change/"


def chosen(role, **changed):
    """What the form sends: the levels as they are, but for what is changed."""
    levels = role.levels() | {FINANCING: changed.pop("financing", role.levels()[FINANCING])}
    return {field_name(name): int(level) for name, level in levels.items()} | changed


def role_lines(client):
    with client_scope(client):
        return list(AuditEntry.objects.for_client(client).filter(action="role.changed").order_by("at"))


# Who gets in


@pytest.mark.parametrize("path", ["/admin/", ROLE_LIST, "/admin/access/role/1/change/", "/admin/nothing/"])
def test_anonymous_people_go_to_sign_in_and_back(client, two, path):
    chain = client.get(path, follow=True).redirect_chain
    assert chain[-2][0].replace("%2F", "/") == f"/innlogging/?next={path}"  # and the provider does not answer here
    assert (
        client.post("/admin/login/", {"username": "ada", "password": "x"})["Location"]
        == "/innlogging/?next=%2Fadmin%2F"
    )


@pytest.mark.parametrize("path", ["/admin/", ROLE_LIST, "/admin/nothing/"])
def test_whoever_administers_nothing_gets_403(two, path):
    rita = as_person("rita")
    answer = rita.get(path, follow=True)
    assert (answer.status_code, len(answer.redirect_chain)) == (403, 1)
    assert rita.post(change_page(role_of(two[0])), chosen(role_of(two[0]), financing=2), follow=True).status_code == 403
    assert not role_lines(two[0])


def test_the_way_to_sign_in_leads_whoever_may_to_the_front(ada):
    assert ada.get("/admin/login/?next=https://evil.example/")["Location"] == "/admin/"


@pytest.mark.parametrize("name", ["password_change", "password_change_done", "view_on_site"])
def test_there_is_no_password_and_no_way_past_the_rules(ada, two, name):
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}", args=[1, 1] if name == "view_on_site" else [])
    for path in ("/admin/password_change/", "/admin/password_change/done/", "/admin/r/1/1/"):
        assert ada.get(path).status_code == 404
    assert "password" not in ada.get("/admin/").content.decode()


def test_signing_out_there_signs_out(ada):
    assert ada.post("/admin/logout/")["Location"] == "/utlogget"
    assert "_auth_user_id" not in ada.session
    assert 'action="/logg-ut"' in as_person("ada").get("/admin/").content.decode()


def test_an_administrator_who_is_one_no_longer_is_out(two, ada, make_member):
    assert ada.get(ROLE_LIST).status_code == 200
    make_member(two[0], "ada", "daglig_leder")
    assert ada.get(ROLE_LIST, follow=True).status_code == 403


# What she sees


def test_the_lists_show_her_own_company(two, ada):
    for path, count in ((ROLE_LIST, 5), (MEMBER_LIST, 2)):
        page = ada.get(path)
        assert {row.client for row in page.context["cl"].queryset} == {two[0]}
        assert page.context["cl"].queryset.count() == count
        assert "Furulia" not in page.content.decode()


def test_the_operator_sees_every_company(two, otto):
    for path in (ROLE_LIST, MEMBER_LIST):
        page = otto.get(path)
        assert {row.client for row in page.context["cl"].queryset} == set(two)
        assert "Furuly" in page.content.decode() and "Furulia" in page.content.decode()
        assert {row.client for row in otto.get(path, {"client__id__exact": two[1].pk}).context["cl"].queryset} == {
            two[1]
        }


def test_whoever_administers_two_companies_filters_by_them_alone(two, ada, make_client, make_member):
    third, fourth = make_client("310022225", "Fjordlys AS"), make_client("310033332", "Ikke Lys AS")
    make_member(third, "ada", "administrator")
    make_member(fourth, "ada", "daglig_leder")
    page = ada.get(ROLE_LIST).content.decode()
    assert "Furuly" in page and "Fjordlys" in page
    assert "Furulia" not in page and "Ikke Lys" not in page


@pytest.mark.parametrize("query", [
    "client__id__exact={0}", "client={0}", "client__name__startswith=Furulia", "id={1}", "user__subject=stine",
    "client__organisation_number=310011118", "role__name=Standard", "q=Furulia", "all=", "p=2", "o=-1",
])  # fmt: skip
def test_no_filter_shows_another_company(two, ada, query):
    for path in (ROLE_LIST, MEMBER_LIST):
        answer = ada.get(f"{path}?{query.format(two[1].pk, role_of(two[1]).pk)}", follow=True)
        assert answer.status_code in (200, 400)
        assert "Furulia Lys" not in answer.content.decode() and "Stine" not in answer.content.decode()
        if answer.status_code == 200:
            assert {row.client for row in answer.context["cl"].result_list} <= {two[0]}


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_anothers_pages_look_like_ones_that_are_not(two, ada, page):
    for path, foreign in (
        (ROLE_LIST, role_of(two[1])), (MEMBER_LIST, Membership.objects.get(client=two[1], user__subject="stine")),
    ):  # fmt: skip
        theirs, none = ada.get(f"{path}{foreign.pk}/{page}/"), ada.get(f"{path}987654321/{page}/")
        assert theirs.status_code in (302, 403)
        assert (theirs.status_code, theirs.get("Location")) == (none.status_code, none.get("Location"))
        assert "Furulia" not in ada.get("/admin/").content.decode()


def test_anothers_role_cannot_be_changed(two, ada):
    role = role_of(two[1])
    answer = ada.post(change_page(role), chosen(role, financing=2))
    assert answer["Location"] == "/admin/"
    assert role_of(two[1]).levels()[FINANCING] == Level.NONE
    assert not role_lines(two[0]) and not role_lines(two[1])


@pytest.mark.parametrize("path", [
    "/admin/access/role/add/", "/admin/access/membership/add/", "/admin/access/role/{}/delete/",
])  # fmt: skip
def test_nothing_is_added_or_deleted(two, ada, otto, path):
    for browser in (ada, otto):
        for ask in (browser.get, browser.post):
            assert ask(path.format(role_of(two[0]).pk)).status_code == 403
    assert Role.objects.count() == 10


def test_there_are_no_actions_and_no_autocomplete(two, ada):
    for path in (ROLE_LIST, MEMBER_LIST):
        assert ada.get(path).context["cl"].model_admin.get_actions(None) == {}
        data = {"action": "delete_selected", "_selected_action": [role_of(two[0]).pk], "post": "yes"}
        assert ada.post(path, data).status_code in (200, 302, 403)
    asked = {"app_label": "access", "model_name": "membership", "field_name": "role", "term": ""}
    assert ada.get("/admin/autocomplete/", asked).status_code in (403, 404)
    assert Role.objects.count() == 10 and Membership.objects.count() == 5


def test_members_are_read_only_for_now(two, ada, otto):
    member = Membership.objects.get(client=two[0], user__subject="rita")
    path = f"{MEMBER_LIST}{member.pk}/change/"
    for browser in (ada, otto):
        page = browser.get(path)
        assert page.status_code == 200 and not page.context["has_change_permission"]
        assert browser.post(path, {"role": role_of(two[0], "administrator").pk}).status_code == 403
    assert Membership.objects.get(pk=member.pk).role == role_of(two[0])


# What she changes


def test_every_privilege_in_its_category_with_the_levels_it_knows(two, ada):
    page = ada.get(change_page(role_of(two[0])))
    form = page.context["adminform"]
    assert next(fieldset.name for fieldset in form) is None
    assert "Furuly Lys AS (310000000)" in page.content.decode()
    shown = form.form.fields
    assert [value for value, _ in shown[field_name(REPORTS)].choices] == [0, 1, 2]
    assert [value for value, _ in shown[field_name(FINANCING)].choices] == [0, 2]
    assert shown[field_name(FINANCING)].label and shown[field_name(FINANCING)].help_text
    assert form.form.initial == {} and form.form[field_name(INVOICES)].value() == 2
    assert shown[field_name(ROLES)].disabled
    assert len([fieldset for fieldset in form if fieldset.name]) == 4


def test_she_gives_financing_and_rita_has_it_on_her_next_request(two, ada):
    rita, role = as_person("rita"), role_of(two[0])
    page, theirs = "/klient/310000000/fakturafinansiering/", "/klient/310011118/fakturafinansiering/"
    assert rita.get(page).status_code == 403
    answer = ada.post(change_page(role), chosen(role, financing=2))
    assert (answer.status_code, answer["Location"]) == (302, ROLE_LIST)
    assert (rita.get(page).status_code, rita.get(theirs).status_code) == (200, 403)
    (line,) = role_lines(two[0])
    assert line.actor.subject == "ada" and line.actor_role == "Administrator" and line.object_id == str(role.pk)
    assert line.details == {"role": "Regnskapsfører", "changes": {FINANCING: [0, 2]}, "members": 1}
    assert not role_lines(two[1])
    assert role_of(two[1]).levels()[FINANCING] == Level.NONE
    ada.post(change_page(role), chosen(role_of(two[0]), financing=0))
    assert rita.get(page).status_code == 403
    assert role_lines(two[0])[-1].details["changes"] == {FINANCING: [2, 0]}


def test_the_operator_may_too_and_stands_in_the_log(two, otto):
    role = role_of(two[1])
    otto.post(change_page(role), chosen(role, financing=2))
    (line,) = role_lines(two[1])
    assert (line.actor.subject, line.actor_role) == ("otto", "")


def test_saved_as_it_was_is_no_change(two, ada):
    role = role_of(two[0])
    assert ada.post(change_page(role), chosen(role)).status_code == 302
    assert not role_lines(two[0])


def test_the_history_of_the_role_tells_of_it(two, ada):
    role = role_of(two[0])
    ada.post(change_page(role), chosen(role, financing=2))
    assert LogEntry.objects.get().user.subject == "ada"
    assert len(ada.get(f"{ROLE_LIST}{role.pk}/history/").context["action_list"]) == 1
    theirs = as_person("vera").get(f"{ROLE_LIST}{role.pk}/history/")
    assert theirs.status_code == 302


@pytest.mark.parametrize("changed", [{"financing": 1}, {"financing": 3}, {"financing": ""}, {"financing": "x"}])
def test_a_level_that_the_privilege_does_not_know_is_refused_on_the_page(two, ada, changed):
    role = role_of(two[0])
    data = chosen(role) | {field_name(FINANCING): changed["financing"]}
    answer = ada.post(change_page(role), data)
    assert answer.status_code == 200 and answer.context["errors"]
    assert role_of(two[0]).levels() == role.levels() and not role_lines(two[0])


def test_name_company_and_right_over_roles_are_not_taken_from_the_form(two, ada):
    role = role_of(two[0])
    data = chosen(role, financing=2, name="Sjef", client=two[1].pk, is_administrator="on", key="administrator")
    ada.post(change_page(role), data | {field_name(ROLES): 2})
    found = Role.objects.get(pk=role.pk)
    assert (found.name, found.client, found.key, found.is_administrator) == (
        "Regnskapsfører", two[0], "regnskapsforer", False,
    )  # fmt: skip
    assert found.levels() == role.levels() | {FINANCING: Level.FULL}


def test_the_administrators_role_is_shown_and_cannot_be_edited(two, ada, otto):
    role = role_of(two[0], "administrator")
    for browser in (ada, otto):
        page = browser.get(change_page(role))
        assert page.status_code == 200 and not page.context["has_change_permission"]
        assert "<select" not in page.content.decode() and 'name="_save"' not in page.content.decode()
        data = {field_name(name): 0 for name in (REPORTS, INVOICES, FINANCING, ROLES)}
        assert browser.post(change_page(role), data).status_code == 403
    assert set(role_of(two[0], "administrator").levels().values()) == {Level.FULL}
    assert not role_lines(two[0])


def test_a_change_from_another_site_is_refused(two):
    role = role_of(two[0])
    browser = as_person("ada", enforce_csrf_checks=True)
    assert browser.post(change_page(role), chosen(role, financing=2)).status_code == 403
    assert not role_lines(two[0])


# How it is served


def test_nothing_inline_for_the_policy_to_refuse(two, ada):
    for path in ("/admin/", ROLE_LIST, change_page(role_of(two[0])), MEMBER_LIST, "/admin/access/"):
        answer = ada.get(path)
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "no-store" in answer["Cache-Control"]
        html = answer.content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html), path
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", html), path


@pytest.mark.parametrize("path", [ROLE_LIST, MEMBER_LIST])
def test_a_list_costs_the_same_however_long(two, ada, otto, make_client, make_member, path):
    def cost(browser):
        browser.get(path)
        with CaptureQueriesContext(connection) as asked:
            rows = len(browser.get(path).context["cl"].result_list)
        return rows, len(asked)

    for browser in (ada, otto):
        few, before = cost(browser)
        third = make_client("310022225" if browser is ada else "310033332", "Fjordlys AS")
        for subject in ("ada", "dag", "rolf"):
            make_member(third, subject, "administrator")
        more, after = cost(browser)
        # Once there is a choice of companies, the filter asks for them: two queries, whatever their number.
        assert more > few and after <= before + 2


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("path", "queries"), [(ROLE_LIST, 9), (MEMBER_LIST, 9)])
def test_a_list_takes_so_many_queries_at_one_row_and_at_three(
    two, otto, django_assert_num_queries, path, queries, rows
):
    kept = list(Membership.objects.filter(client=two[1]).order_by("pk")[:rows])
    Membership.objects.exclude(pk__in=[one.pk for one in kept]).delete()
    Role.objects.exclude(pk__in=[one.role_id for one in kept]).delete()
    otto.get(path)
    with django_assert_num_queries(queries):
        found = otto.get(path)
    assert len(found.context["cl"].result_list) == rows
