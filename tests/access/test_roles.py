"""The role matrix: what it shows, what it changes, what it refuses, and how a role is made, copied, renamed and deleted."""

import json
import re
import threading

import pytest
from django.db import connection

from access.matrix import (
    NotAMatrix,
    categories,
    category_field,
    category_level,
    level_field,
    read_shown,
    wanted_changes,
)
from access.models import Role, RolePrivilege
from access.privileges import BOOKS, FINANCING, IMPORT, INVOICES, LOCK, REPORTS, REPORTS_AND_INVOICES, ROLES, Level
from access.roles import ChangedMeanwhile, change_roles
from access.services import known_person

from .administered import as_person, level_lines, matrix_of, plain, role_of, sent

pytestmark = pytest.mark.django_db

OWN = "/admin/klient/310000000/"
RITAS = "/klient/310000000/fakturafinansiering/"


def cells(page):
    return {cell.name: cell for block in page.context["blocks"] for row in block.parts for cell in row.cells}


# What it shows


def test_every_right_of_every_role_with_the_levels_it_knows(two, ada):
    page = matrix_of(ada, OWN)
    shown = cells(page)
    assert len(shown) == 6 * 5
    rita = role_of(two[0]).pk
    assert shown[level_field(rita, REPORTS)].choices == [Level.NONE, Level.READ, Level.FULL]
    assert shown[level_field(rita, FINANCING)].choices == [Level.NONE, Level.FULL]
    assert shown[level_field(rita, FINANCING)].level == Level.NONE
    text = plain(page)
    assert "Kan gi tjenestetilbyderen tilgang" in text  # what the right is
    assert "Den som får dette, kan gi tilbyderen innsyn i foretakets kundefordringer." in text  # and what it allows
    for words in ("Ingen tilgang", "Lesetilgang", "Full tilgang", "Egendefinert", "Rita", "Daglig leder"):
        assert words in text


def test_the_administrators_role_and_the_right_over_roles_are_shown_and_have_no_field(two, ada, otto):
    administrator = role_of(two[0], "administrator")
    for browser in (ada, otto):
        page = matrix_of(browser, OWN)
        html = page.content.decode()
        assert all(cell.fixed for name, cell in cells(page).items() if f"level_{administrator.pk}_" in name)
        assert f'name="level_{administrator.pk}_' not in html
        assert "access_manage_roles" not in html.replace(page.context["shown"], "")


def test_a_category_whose_parts_differ_is_custom_and_stands_open_only_after_a_wish(two, ada):
    RolePrivilege.objects.filter(role=role_of(two[0]), privilege=LOCK).delete()
    page = matrix_of(ada, OWN)
    whole = {cell.name: cell for block in page.context["blocks"] for cell in block.cells}
    assert whole[category_field(role_of(two[0]).pk, BOOKS)].level is None
    assert whole[category_field(role_of(two[0], "daglig_leder").pk, BOOKS)].level == Level.FULL
    assert whole[category_field(role_of(two[0], "revisor").pk, REPORTS_AND_INVOICES)].level == Level.READ
    assert not any(block.is_open for block in page.context["blocks"])


# What it changes


def test_what_changes_and_for_whom_is_said_before_anything_is_saved(two, ada):
    page = matrix_of(ada, OWN)
    answer = ada.post(OWN + "roller/endringer", sent(page, {("regnskapsforer", "financing"): 2}))
    text = plain(answer)
    assert "Regnskapsfører Gjelder 1 person: Rita" in text
    assert "Fakturafinansiering Før Ingen tilgang Etter Full tilgang Den som får dette" in text
    assert "Daglig leder" not in text
    assert role_of(two[0]).levels()[FINANCING] == Level.NONE and not level_lines(two[0])


def reviewed(answer):
    """What the page before saving sends."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode())
    return {name: value.replace("&quot;", '"') for name, value in fields if name != "csrfmiddlewaretoken"}


def test_she_gives_financing_and_rita_has_it_on_her_next_request(two, ada):
    rita = as_person("rita")
    theirs = "/klient/310011118/fakturafinansiering/"
    assert rita.get(RITAS).status_code == 403
    for level, status in ((2, 200), (0, 403)):
        page = matrix_of(ada, OWN)
        answer = ada.post(OWN + "roller/endringer", sent(page, {("regnskapsforer", "financing"): level}))
        saved = ada.post(OWN + "roller/lagre", reviewed(answer))
        assert (saved.status_code, saved["Location"]) == (302, OWN + "roller/")
        assert (rita.get(RITAS).status_code, rita.get(theirs).status_code) == (status, 403)
    assert "1 rolle er endret." in plain(ada.get(OWN + "roller/"))
    given, taken = level_lines(two[0])
    assert given.actor.subject == "ada" and given.actor_role == "Administrator"
    assert given.object_id == str(role_of(two[0]).pk)
    assert given.details == {"role": "Regnskapsfører", "changes": {FINANCING: [0, 2]}, "members": 1}
    assert taken.details["changes"] == {FINANCING: [2, 0]}
    assert not level_lines(two[1]) and role_of(two[1]).levels()[FINANCING] == Level.NONE


def test_one_line_for_each_role_that_changed(two, ada):
    page = matrix_of(ada, OWN)
    wishes = {("regnskapsforer", "financing"): 2, ("standard", "reports"): 1, ("standard", "invoices"): 2}
    ada.post(OWN + "roller/lagre", sent(page, wishes))
    assert [line.details["changes"] for line in level_lines(two[0])] == [
        {FINANCING: [0, 2]}, {REPORTS: [0, 1], INVOICES: [0, 2]},
    ]  # fmt: skip


def test_the_operator_may_too_and_stands_in_the_log(two, otto):
    page = matrix_of(otto, "/admin/klient/310011118/")
    otto.post("/admin/klient/310011118/roller/lagre", sent(page, {("regnskapsforer", "financing"): 2}))
    (line,) = level_lines(two[1])
    assert (line.actor.subject, line.actor_role) == ("otto", "")


def test_saved_as_it_was_is_no_change(two, ada):
    page = matrix_of(ada, OWN)
    assert "Ingenting er endret" in plain(ada.post(OWN + "roller/endringer", sent(page)))
    assert ada.post(OWN + "roller/lagre", sent(page)).status_code == 302
    assert not level_lines(two[0])


def test_back_to_the_matrix_keeps_what_was_chosen(two, ada):
    page = matrix_of(ada, OWN)
    data = sent(page, {("regnskapsforer", "financing"): 2, ("revisor", "lock"): 2}) | {"rediger": "1"}
    again = ada.post(OWN + "roller/endringer", data)
    cell = cells(again)[level_field(role_of(two[0]).pk, FINANCING)]
    assert (cell.level, cell.before) == (Level.FULL, Level.NONE)
    assert "Før: Ingen tilgang" in plain(again)
    assert [block.category for block in again.context["blocks"] if block.is_open and block.cells] == [BOOKS]
    assert ada.get(OWN + "roller/endringer")["Location"] == OWN + "roller/"


def test_a_category_sets_its_parts_without_a_script(two, ada):
    role, page = role_of(two[0], "standard"), matrix_of(ada, OWN)
    ada.post(OWN + "roller/lagre", sent(page) | {category_field(role.pk, REPORTS_AND_INVOICES): 1})
    assert role_of(two[0], "standard").levels() == dict.fromkeys(role.levels(), Level.NONE) | {
        REPORTS: Level.READ, INVOICES: Level.READ,
    }  # fmt: skip


def test_a_part_that_was_set_by_itself_stands_against_its_category(two, ada):
    role, page = role_of(two[0], "standard"), matrix_of(ada, OWN)
    data = sent(page, {("standard", "reports"): 1}) | {category_field(role.pk, REPORTS_AND_INVOICES): 2}
    ada.post(OWN + "roller/lagre", data)
    levels = role_of(two[0], "standard").levels()
    assert (levels[REPORTS], levels[INVOICES]) == (Level.READ, Level.FULL)


def test_custom_says_nothing_of_the_parts(two, ada):
    role, page = role_of(two[0]), matrix_of(ada, OWN)
    ada.post(OWN + "roller/lagre", sent(page) | {category_field(role.pk, BOOKS): ""})
    assert role_of(two[0]).levels() == role.levels()


def test_of_a_category_no_level_is_rounded_up():
    parts = {category.key: parts for category, parts in categories()}
    levels = {REPORTS: Level.READ, INVOICES: Level.READ, IMPORT: Level.NONE, LOCK: Level.NONE}
    assert category_level(parts["reports"], levels) == Level.READ
    assert category_level(parts["books"], levels) == Level.NONE
    assert category_level(parts["books"], levels | {LOCK: Level.FULL}) is None
    assert category_level(parts["reports"], levels | {REPORTS: Level.FULL}) is None


# What it refuses


def test_a_matrix_that_is_not_as_it_was_shown_is_refused_with_what_changed(two, ada, make_member):
    make_member(two[0], "olga", "administrator")
    page = matrix_of(ada, OWN)
    theirs = as_person("olga")
    theirs.post(OWN + "roller/lagre", sent(matrix_of(theirs, OWN), {("revisor", "lock"): 2}))
    wish = sent(page, {("regnskapsforer", "financing"): 2})
    for step in ("endringer", "lagre"):
        answer = ada.post(OWN + f"roller/{step}", wish)
        assert answer.status_code == 409
        assert "Låse regnskapet for Revisor: Ingen tilgang → Full tilgang" in plain(answer)
        assert cells(answer)[level_field(role_of(two[0]).pk, FINANCING)].level == Level.FULL  # her wish is kept
    assert len(level_lines(two[0])) == 1
    # What she sees now is what there is: sent again, it is saved.
    assert ada.post(OWN + "roller/lagre", sent(answer)).status_code == 302
    assert role_of(two[0]).levels()[FINANCING] == Level.FULL
    assert role_of(two[0], "revisor").levels()[LOCK] == Level.FULL


def test_a_role_that_was_renamed_deleted_or_made_meanwhile_is_said(two, ada):
    page = matrix_of(ada, OWN)
    Role.objects.filter(client=two[0], key="revisor").update(name="Kontrollør")
    role_of(two[0], "standard").delete()
    Role.objects.create(client=two[0], name="Lønn")
    text = plain(ada.post(OWN + "roller/lagre", sent(page)))
    for words in ("Rollen Revisor heter nå Kontrollør.", "Rollen Standard ble slettet.", "Rollen Lønn ble opprettet."):
        assert words in text


def test_whose_the_role_is_must_be_as_it_was_confirmed(two, ada, make_member):
    page = matrix_of(ada, OWN)
    before = ada.post(OWN + "roller/endringer", sent(page, {("regnskapsforer", "financing"): 2}))
    make_member(two[0], "olga", "regnskapsforer")
    answer = ada.post(OWN + "roller/lagre", reviewed(before))
    assert answer.status_code == 409 and "Andre personer har rollen Regnskapsfører enn før." in plain(answer)
    assert not level_lines(two[0])
    # Of a role that is not changed it does not matter.
    page = matrix_of(ada, OWN)
    make_member(two[0], "petra", "revisor")
    assert ada.post(OWN + "roller/lagre", sent(page, {("regnskapsforer", "financing"): 2})).status_code == 302


@pytest.mark.parametrize("level", ["1", "3", "-1", "x", "2 ", "²", "None"])
def test_a_level_that_the_right_does_not_know_is_refused(two, ada, level):
    page = matrix_of(ada, OWN)
    for step in ("endringer", "lagre"):
        answer = ada.post(OWN + f"roller/{step}", sent(page, {("regnskapsforer", "financing"): level}))
        assert answer.status_code == 400 and "Skjemaet kom ikke helt fram" in plain(answer)
    assert not level_lines(two[0])


@pytest.mark.parametrize("shown", [
    "", "[]", "null", "{}x", '{"x": []}', '{"1": ["a"]}', '{"1": ["a", {"b": 9}, []]}', '{"1": ["a", [], []]}',
    '{"1": ["a", {}, ["x"]]}', '{"1": 1}', "[" * 5000, '{"1": ["a", {}, null]}',
])  # fmt: skip
def test_what_no_page_of_ours_sends_is_refused(two, ada, shown):
    for step in ("endringer", "lagre"):
        assert ada.post(OWN + f"roller/{step}", {"shown": shown}).status_code == 400


def test_nothing_shown_changes_nothing(two, ada):
    data = {"shown": "{}", level_field(role_of(two[0]).pk, FINANCING): 2}
    assert ada.post(OWN + "roller/lagre", data).status_code == 409
    assert not level_lines(two[0])


def test_anothers_role_cannot_be_named(two, ada):
    theirs, page = role_of(two[1]), matrix_of(ada, OWN)
    shown = json.loads(page.context["shown"])
    shown[str(theirs.pk)] = ["Regnskapsfører", {name: int(level) for name, level in theirs.levels().items()}, []]
    for data in (
        sent(page) | {level_field(theirs.pk, FINANCING): 2},
        sent(page) | {level_field(theirs.pk, FINANCING): 2, "shown": json.dumps(shown)},
    ):
        ada.post(OWN + "roller/lagre", data)
    for action in ("navn", "slett", "kopier"):
        for ask in (ada.get, ada.post):
            assert ask(f"{OWN}roller/{theirs.pk}/{action}", {"name": "Min"}).status_code == 404
            assert ask(f"{OWN}roller/987654/{action}", {"name": "Min"}).status_code == 404
    assert role_of(two[1]).levels() == theirs.levels() and role_of(two[1]).name == "Regnskapsfører"
    assert not level_lines(two[0]) and not level_lines(two[1])


def test_the_right_over_roles_and_the_administrators_role_are_not_taken_from_the_form(two, ada):
    page, administrator = matrix_of(ada, OWN), role_of(two[0], "administrator")
    data = sent(page, {("regnskapsforer", "roles"): 2, ("regnskapsforer", "financing"): 2})
    data |= {level_field(administrator.pk, name): 0 for name in (REPORTS, FINANCING, ROLES)}
    data |= {"name": "Sjef", "client": two[1].pk, "is_administrator": "on", "key": "administrator"}
    ada.post(OWN + "roller/lagre", data)
    found = role_of(two[0])
    assert (found.name, found.client, found.is_administrator) == ("Regnskapsfører", two[0], False)
    assert found.levels()[ROLES] == Level.NONE and found.levels()[FINANCING] == Level.FULL
    assert set(role_of(two[0], "administrator").levels().values()) == {Level.FULL}
    for action in ("navn", "slett"):
        assert ada.post(f"{OWN}roller/{administrator.pk}/{action}", {"name": "Sjef"}).status_code == 404


def test_what_was_shown_is_read_back_and_wishes_are_reckoned_from_it(two, ada):
    shown = read_shown(matrix_of(ada, OWN).context["shown"])
    assert shown[role_of(two[0]).pk].name == "Regnskapsfører"
    assert wanted_changes({}, shown) == []
    with pytest.raises(NotAMatrix):
        wanted_changes({level_field(role_of(two[0]).pk, FINANCING): "1"}, shown)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_once_and_one_of_them_is_told(two):
    """Both saw the same matrix; whoever comes second is refused, whichever it is."""
    shown = read_shown(matrix_of(as_person("ada"), OWN).context["shown"])
    changes = wanted_changes({level_field(role_of(two[0]).pk, FINANCING): "2"}, shown)
    actor, outcomes, both = known_person(subject="ada"), [], threading.Barrier(2)

    def go():
        both.wait()
        try:
            outcomes.append(change_roles(client=two[0], shown=shown, changes=changes, actor=actor))
        except ChangedMeanwhile as told:
            outcomes.append(told.found[0].kind)
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes, key=str) == [1, "level"]
    assert len(level_lines(two[0])) == 1
