"""Roles are made, copied, renamed and deleted: what they may do then, which names are refused, and what the log keeps."""

import pytest

from access.models import Membership, Role, RolePrivilege
from access.privileges import FINANCING, INVOICES, LOCK, REPORTS, ROLES, Level
from access.roles import MOST_ROLES
from access.services import add_member, known_person

from .administered import level_lines, matrix_of, plain, role_of

pytestmark = pytest.mark.django_db

OWN = "/admin/klient/310000000/"


def form_of(browser, path):
    """The hidden fields of the page."""
    page = browser.get(path)
    assert page.status_code == 200
    return {"shown": page.context["shown"]}


def test_a_new_role_may_do_nothing(two, ada):
    answer = ada.post(OWN + "roller/ny", form_of(ada, OWN + "roller/ny") | {"name": "  Lønn  og  reise "})
    assert answer["Location"] == OWN + "roller/"
    role = Role.objects.get(client=two[0], name="Lønn og reise")
    assert not role.grants.exists() and not role.is_administrator and role.key == ""
    (line,) = level_lines(two[0], action="role.created")
    assert line.details == {"role": "Lønn og reise", "levels": {}}
    assert "Lønn og reise" in plain(ada.get(OWN + "roller/"))


def test_a_copy_has_the_same_levels(two, ada):
    path = f"{OWN}roller/{role_of(two[0], 'daglig_leder').pk}/kopier"
    assert 'value="Kopi av Daglig leder"' in ada.get(path).content.decode()
    ada.post(path, form_of(ada, path) | {"name": "Vikar"})
    assert Role.objects.get(name="Vikar").levels() == role_of(two[0], "daglig_leder").levels()
    (line,) = level_lines(two[0], action="role.created")
    assert line.details["copied_from"] == "Daglig leder" and line.details["levels"][FINANCING] == 2


def test_a_copy_of_the_administrators_role_does_not_decide_over_roles(two, ada):
    path = f"{OWN}roller/{role_of(two[0], 'administrator').pk}/kopier"
    ada.post(path, form_of(ada, path) | {"name": "Nesten"})
    role = Role.objects.get(name="Nesten")
    assert not role.is_administrator
    assert role.levels() == dict.fromkeys(role.levels(), Level.FULL) | {ROLES: Level.NONE}


def test_a_role_is_renamed_and_whoever_has_it_keeps_it(two, ada):
    path = f"{OWN}roller/{role_of(two[0]).pk}/navn"
    ada.post(path, form_of(ada, path) | {"name": "Bokfører"})
    assert role_of(two[0]).name == "Bokfører"
    assert Membership.objects.get(client=two[0], user__subject="rita").role.name == "Bokfører"
    (line,) = level_lines(two[0], action="role.renamed")
    assert line.details == {"before": "Regnskapsfører", "after": "Bokfører"}
    ada.post(path, form_of(ada, path) | {"name": "Bokfører"})
    assert len(level_lines(two[0], action="role.renamed")) == 1


@pytest.mark.parametrize(("name", "words"), [
    ("", "Gi rollen et navn."), ("   ", "Gi rollen et navn."), ("x" * 101, "høyst 100 tegn"),
    ("Revisor", "allerede en rolle"), (" rEVISOR", "allerede en rolle"), ("Ｒevisor", "allerede en rolle"),
    ("Rev\u200bisor", "ikke synes"), ("Rev\u202eisor", "ikke synes"), ("a\x01b", "ikke synes"),
])  # fmt: skip
def test_a_name_that_says_nothing_or_what_another_says_is_refused(two, ada, name, words):
    own = role_of(two[0]).pk
    for path in (OWN + "roller/ny", f"{OWN}roller/{own}/navn", f"{OWN}roller/{own}/kopier"):
        answer = ada.post(path, form_of(ada, path) | {"name": name})
        assert answer.status_code == 400 and words in plain(answer)
    assert Role.objects.filter(client=two[0]).count() == 5 and role_of(two[0]).name == "Regnskapsfører"


def test_the_same_name_in_another_company_is_no_hindrance_and_no_hint(two, ada):
    Role.objects.create(client=two[1], name="Hemmelig")
    ada.post(OWN + "roller/ny", form_of(ada, OWN + "roller/ny") | {"name": "Hemmelig"})
    assert Role.objects.filter(name="Hemmelig").count() == 2


def test_a_role_that_nobody_has_is_deleted_and_the_log_keeps_what_it_was(two, ada):
    role = role_of(two[0], "revisor")
    path = f"{OWN}roller/{role.pk}/slett"
    assert "Lesetilgang" in plain(ada.get(path))
    assert ada.post(path, form_of(ada, path))["Location"] == OWN + "roller/"
    assert not Role.objects.filter(pk=role.pk).exists()
    (line,) = level_lines(two[0], action="role.deleted")
    assert line.details == {"role": "Revisor", "levels": {REPORTS: 1, INVOICES: 1}}
    assert ada.get(path).status_code == 404


def test_a_role_that_somebody_has_is_not_deleted_and_says_who(two, ada):
    path = f"{OWN}roller/{role_of(two[0]).pk}/slett"
    page = ada.get(path)
    assert "Rita" in plain(page) and "Slett rollen" not in page.content.decode()
    answer = ada.post(path, {"shown": page.context["shown"]})
    assert answer.status_code == 409 and "Rita" in plain(answer)
    assert role_of(two[0]) and not level_lines(two[0], action="role.deleted")


def test_a_role_that_changed_while_its_page_was_open_is_not_deleted_renamed_or_copied(two, ada):
    role = role_of(two[0], "revisor")
    paths = [f"{OWN}roller/{role.pk}/{action}" for action in ("slett", "navn", "kopier")]
    seen = form_of(ada, paths[0])
    RolePrivilege.objects.create(role=role, privilege=LOCK, level=2)
    for path in paths:
        answer = ada.post(path, seen | {"name": "Ny"})
        assert answer.status_code == 409 and "ble endret mens siden var åpen" in plain(answer), path
    assert Role.objects.filter(client=two[0]).count() == 5


def test_there_is_an_end_to_the_number_of_roles(two, ada):
    for number in range(MOST_ROLES - 5):
        Role.objects.create(client=two[0], name=f"Rolle {number}")
    answer = ada.post(OWN + "roller/ny", {"name": "En til"})
    assert answer.status_code == 400 and str(MOST_ROLES) in plain(answer)
    assert matrix_of(ada, OWN).status_code == 200


def test_nobody_is_put_into_a_standard_role_that_is_gone(two):
    role_of(two[0], "revisor").delete()
    with pytest.raises(Role.DoesNotExist):
        add_member(client=two[0], user=known_person(subject="x"), role_key="revisor")
