"""The gate: who passes @requires, with which right, from the next request on."""

import pytest
from django.http import HttpResponse
from django.urls import include, path

from access.decorators import requires
from access.models import AuditEntry, Client, Membership, Role, User
from access.privileges import FINANCING, INVOICES, PRIVILEGES, REPORTS, ROLES, Level, UnknownPrivilege
from access.services import LevelNotOffered, RoleNotEditable, change_role, known_person
from access.tenancy import client_scope

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

NUMBER, OTHER = "310000000", "310011118"


def seen(request, client):
    # Reads what only the open scope of this very company shows.
    lines = AuditEntry.objects.for_client(client).count()
    return HttpResponse(f"{request.client.organisation_number} {lines > 0}")


GATES = {
    "any": requires(None)(seen),
    "reports": requires(REPORTS)(seen),
    "reports-full": requires(REPORTS, level=Level.FULL)(seen),
    "financing": requires(FINANCING)(seen),
    "financing-full": requires(FINANCING, level=Level.FULL)(seen),
    "roles": requires(ROLES)(seen),
}
urlpatterns = [
    *(path(f"klient/<str:organisation_number>/{name}", view, name=name) for name, view in GATES.items()),
    path("", include("config.urls")),
]
handler403 = "access.errors.forbidden"

READS = {"any": 200, "reports": 200, "reports-full": 403, "financing": 403, "financing-full": 403, "roles": 403}
KEEPS = READS | {"reports-full": 200}
LEADS = KEEPS | {"financing": 200, "financing-full": 200}
EXPECTED = {
    "administrator": dict.fromkeys(GATES, 200),
    "daglig_leder": LEADS,
    "regnskapsforer": KEEPS,
    "revisor": READS,
    "standard": dict.fromkeys(GATES, 403) | {"any": 200},
    "stranger": dict.fromkeys(GATES, 404),
    "administrator of another": dict.fromkeys(GATES, 404),
    "operator": dict.fromkeys(GATES, 404),
    "operator and administrator": dict.fromkeys(GATES, 404),
}


@pytest.fixture
def two(make_client):
    return make_client(NUMBER, "Furuly Lys AS"), make_client(OTHER, "Furulia Lys AS")


def person(who, two, make_member):
    if who == "stranger":
        return known_person(subject="nobody")
    if who == "operator":
        return known_person(subject="otto", is_superuser=True)
    if who == "operator and administrator":
        known_person(subject="otto", is_superuser=True)
        return make_member(two[0], "otto", "administrator")
    if who == "administrator of another":
        return make_member(two[1], "vera", "administrator")
    return make_member(two[0], "somebody", who)


@pytest.mark.parametrize("who", EXPECTED)
def test_who_passes(client, two, make_member, who):
    client.force_login(person(who, two, make_member))
    found = {name: client.get(f"/klient/{NUMBER}/{name}") for name in GATES}
    assert {name: answer.status_code for name, answer in found.items()} == EXPECTED[who]
    for answer in found.values():
        if answer.status_code == 200:
            assert answer.content == f"{NUMBER} True".encode()
            assert {"no-store", "private"} <= set(answer["Cache-Control"].split(", "))
        elif answer.status_code == 404:
            assert b"Furuly" not in answer.content


@pytest.mark.parametrize("name", GATES)
def test_anonymous_people_are_sent_to_sign_in_and_back(client, two, name):
    for number in (NUMBER, "999999999"):
        answer = client.get(f"/klient/{number}/{name}?a=1")
        assert answer.status_code == 302
        assert answer["Location"] == f"/innlogging/?next=/klient/{number}/{name}%3Fa%3D1"


@pytest.mark.parametrize("number", ["999999999", "310000000 ", "0", "%00", "é", "a" * 300])
def test_a_company_that_is_none_looks_like_one_of_others(client, two, make_member, number):
    client.force_login(make_member(two[0], "ada", "administrator"))
    others = client.get(f"/klient/{OTHER}/any")
    none = client.get(f"/klient/{number}/any")
    assert (none.status_code, none.content) == (others.status_code, others.content) == (404, others.content)


def test_a_right_given_and_withdrawn_counts_from_the_next_request(client, two, make_member):
    ada, rita = make_member(two[0], "ada", "administrator"), make_member(two[0], "rita", "regnskapsforer")
    role = Role.objects.get(client=two[0], key="regnskapsforer")
    client.force_login(rita)
    for level, status in ((Level.FULL, 200), (Level.NONE, 403)):
        change_role(role=role, levels={FINANCING: level}, actor=ada)
        assert client.get(f"/klient/{NUMBER}/financing").status_code == status
    Membership.objects.filter(user=rita).delete()
    assert client.get(f"/klient/{NUMBER}/any").status_code == 404


def test_a_right_in_one_company_is_none_in_another(client, two, make_member):
    make_member(two[1], "rita", "standard")
    client.force_login(make_member(two[0], "rita", "daglig_leder"))
    assert client.get(f"/klient/{NUMBER}/financing").status_code == 200
    assert client.get(f"/klient/{OTHER}/financing").status_code == 403


def test_whoever_is_deactivated_is_out_on_the_next_request(client, two, make_member):
    client.force_login(make_member(two[0], "dag", "daglig_leder"))
    User.objects.update(is_active=False)
    assert client.get(f"/klient/{NUMBER}/any").status_code == 302


def test_a_new_session_key_ends_every_session(client, two, make_member):
    dag = make_member(two[0], "dag", "daglig_leder")
    client.force_login(dag)
    User.objects.filter(pk=dag.pk).update(session_key="another")
    assert client.get(f"/klient/{NUMBER}/any").status_code == 302


def test_a_session_ends_after_twelve_hours_however_busy(client, two, make_member, settings):
    client.force_login(make_member(two[0], "dag", "daglig_leder"))
    assert client.get(f"/klient/{NUMBER}/any").status_code == 200
    session = client.session
    session["signed_in_at"] -= settings.SESSION_ABSOLUTE_AGE + 1
    session.save()
    assert client.get(f"/klient/{NUMBER}/any").status_code == 302


def test_the_one_question(two, make_member):
    dag, rita = make_member(two[0], "dag", "daglig_leder"), make_member(two[0], "rita", "regnskapsforer")
    assert dag.has_perm(FINANCING, two[0])
    assert not dag.has_perm(FINANCING, two[1])
    assert not dag.has_perm(FINANCING)
    assert not rita.has_perm(FINANCING, two[0])
    assert rita.has_perms([REPORTS, INVOICES], two[0])
    assert not rita.has_perms([REPORTS, FINANCING], two[0])


@pytest.mark.parametrize("is_superuser", [False, True])
def test_an_unknown_privilege_raises_for_everybody(two, is_superuser):
    user = known_person(subject="otto", is_superuser=is_superuser)
    for company in (two[0], None):
        with pytest.raises(UnknownPrivilege):
            user.has_perm("financing.everything", company)
    with pytest.raises(UnknownPrivilege):
        requires("financing.everything")


def test_the_operator_has_no_right_in_any_company(two, make_member):
    otto = known_person(subject="otto", is_superuser=True)
    make_member(two[0], "otto", "administrator")
    assert not any(otto.has_perm(name, company) for name in PRIVILEGES for company in (*two, None))


def test_a_gate_cannot_ask_for_a_level_that_the_privilege_does_not_know(monkeypatch):
    with pytest.raises(ValueError, match="does not know"):
        requires(FINANCING, level=Level.NONE + 3)


# Roles as created


FULL, READ, NONE = Level.FULL, Level.READ, Level.NONE
AS_CREATED = {
    ("administrator", "Administrator"): (FULL, FULL, FULL, FULL),
    ("daglig_leder", "Daglig leder"): (FULL, FULL, FULL, NONE),
    ("regnskapsforer", "Regnskapsfører"): (FULL, FULL, NONE, NONE),
    ("revisor", "Revisor"): (READ, READ, NONE, NONE),
    ("standard", "Standard"): (NONE, NONE, NONE, NONE),
}


def test_every_company_is_created_with_the_five_roles(two):
    for company in two:
        found = {
            (role.key, role.name): tuple(role.levels()[name] for name in (REPORTS, INVOICES, FINANCING, ROLES))
            for role in Role.objects.filter(client=company)
        }
        assert found == AS_CREATED


def test_a_change_of_role_is_one_line_with_before_and_after(two, make_member):
    ada = make_member(two[0], "ada", "administrator")
    make_member(two[0], "rita", "regnskapsforer")
    role = Role.objects.get(client=two[0], key="regnskapsforer")
    assert change_role(role=role, levels={FINANCING: FULL, INVOICES: READ, REPORTS: FULL}, actor=ada) == {
        FINANCING: [0, 2],
        INVOICES: [2, 1],
    }
    assert change_role(role=role, levels={FINANCING: FULL}, actor=ada) == {}
    with client_scope(two[0]):
        line = AuditEntry.objects.for_client(two[0]).get(action="role.changed")
    assert (line.actor, line.actor_name, line.actor_role) == (ada, "Ada", "Administrator")
    assert line.details == {
        "role": "Regnskapsfører", "changes": {FINANCING: [0, 2], INVOICES: [2, 1]}, "members": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("key", "levels", "error"), [
    ("administrator", {REPORTS: NONE}, RoleNotEditable), ("standard", {FINANCING: READ}, LevelNotOffered),
    ("standard", {ROLES: FULL}, LevelNotOffered), ("standard", {"financing.everything": FULL}, UnknownPrivilege),
])  # fmt: skip
def test_what_a_role_cannot_become(two, make_member, key, levels, error):
    ada = make_member(two[0], "ada", "administrator")
    role = Role.objects.get(client=two[0], key=key)
    before = role.levels()
    with pytest.raises(error):
        change_role(role=role, levels=levels, actor=ada)
    assert Role.objects.get(pk=role.pk).levels() == before
    assert Client.objects.count() == 2


def test_a_change_that_a_member_may_not_make_is_in_the_log(client, two, make_member):
    """TRUST P1: whoever loses the right between consent and start meets 403, and it is kept who tried what."""
    company = two[0]
    rolf = make_member(company, "rolf", "revisor")
    client.force_login(rolf)
    assert client.get(f"/klient/{NUMBER}/financing").status_code == 403
    assert client.post(f"/klient/{OTHER}/financing").status_code == 404
    assert client.post(f"/klient/{NUMBER}/financing").status_code == 403
    for one in two:
        with client_scope(one):
            lines = AuditEntry.objects.for_client(one).filter(action="access.refused")
            told = [(line.actor, line.actor_role, line.details) for line in lines]
        assert told == [(rolf, "Revisor", {"privilege": FINANCING, "page": "financing"})] * (one == company)
