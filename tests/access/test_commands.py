"""The members' commands: what they print, what they change, and how they refuse."""

from io import StringIO

import pytest
from django.core.management import call_command

from access.models import AuditEntry, Client, Membership, Role, User
from access.ownership import as_owner
from access.tenancy import client_scope

pytestmark = pytest.mark.django_db


def run(*arguments):
    """(exit code, standard output, standard error)"""
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as ended:
        return ended.code, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def refused(*arguments):
    """What it said; it must have been refused in one plain line and have changed nothing."""
    before = (Client.objects.count(), User.objects.count(), Membership.objects.count())
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ") and err.count("\n") == 1
    assert (Client.objects.count(), User.objects.count(), Membership.objects.count()) == before
    return err


def lines(client, action):
    with client_scope(client):
        return [line.details for line in AuditEntry.objects.for_client(client).filter(action=action).order_by("at")]


# add_client


def test_a_company_with_its_roles():
    assert run("add_client", "310000000", "--name", "Furuly Lys AS") == (0, "310000000: Furuly Lys AS\n", "")
    client = Client.objects.get()
    assert (client.country, client.base_currency) == ("NO", "NOK")
    assert Role.objects.filter(client=client).count() == 5
    assert len(lines(client, "client.created")) == 1


def test_a_company_of_another_country():
    code, _, err = run("add_client", "5560360793", "--name", "Gran AB", "--country", "se", "--currency", "sek")
    assert (code, err) == (0, "")
    client = Client.objects.get()
    assert (client.country, client.base_currency) == ("SE", "SEK")


@pytest.mark.parametrize(("arguments", "said"), [
    (["310000001", "--name", "A"], "nine digits with a right check digit"),
    (["310 000 000", "--name", "A"], "without spaces"),
    (["", "--name", "A"], "nine digits"),
    (["../x", "--name", "A", "--country", "SE"], "letters and digits"),
    (["310000000", "--name", "A", "--country", "Norge"], "two letters"),
    (["310000000", "--name", "A", "--currency", "kr"], "three letters"),
    (["310000000", "--name", "A", "--currency", "ÆØÅ"], "three letters"),
    (["310000000", "--name", " "], "give the company's name"),
    (["310000000", "--name", "A" * 201], "at most 200"),
])  # fmt: skip
def test_no_company(arguments, said):
    assert said in refused("add_client", *arguments)


def test_a_company_that_is_there_already(make_client):
    make_client("310000000", "Furuly Lys AS")
    assert "310000000 is there already" in refused("add_client", "310000000", "--name", "Another")
    assert Client.objects.get().name == "Furuly Lys AS"


# add_member


def member(role, subject="rita", number="310000000"):
    return ["add_member", "--client", number, "--subject", subject, "--role", role]


def test_a_person_not_yet_known_becomes_a_member(make_client, settings):
    client = make_client()
    assert run(*member("regnskapsforer")) == (0, "rita: Regnskapsfører, Furuly Lys AS\n", "")
    membership = Membership.objects.get()
    assert (membership.user.issuer, membership.user.subject) == (settings.OIDC_OP_ISSUER, "rita")
    assert (membership.user.is_superuser, membership.role.key, membership.client) == (False, "regnskapsforer", client)
    assert lines(client, "member.added") == [{"person": "rita", "before": None, "after": "Regnskapsfører"}]


def test_again_changes_nothing_and_another_role_moves_her(make_client):
    client = make_client()
    for role in ("regnskapsforer", "regnskapsforer", "revisor"):
        assert run(*member(role))[0] == 0
    assert (Membership.objects.get().role.key, User.objects.count()) == ("revisor", 1)
    assert len(lines(client, "member.added")) == 1
    assert lines(client, "member.moved") == [{"person": "rita", "before": "Regnskapsfører", "after": "Revisor"}]


@pytest.mark.parametrize(("arguments", "said"), [
    (member("revisor", number="310011118"), "there is no company 310011118"),
    (member("sjef"), "use one of administrator, daglig_leder, regnskapsforer, revisor, standard"),
    (member("Regnskapsfører"), "use one of administrator"),
    (member(""), "use one of administrator"),
    (member("revisor", subject=" "), "--subject"),
    (member("revisor", subject="a" * 256), "at most 255"),
])  # fmt: skip
def test_no_member(make_client, arguments, said):
    make_client()
    assert said in refused(*arguments)


# add_operator


@pytest.mark.django_db(transaction=True)
def test_an_operator_once():
    for _ in range(2):
        assert run("add_operator", "--subject", "otto") == (0, "otto: operator\n", "")
    assert User.objects.get().is_superuser
    with as_owner():
        assert [line.object_id for line in AuditEntry.unscoped.filter(action="operator.added")] == [
            str(User.objects.get().pk)
        ]


def test_a_person_who_is_known_becomes_operator(make_client, make_member):
    dag = make_member(make_client(), "dag", "daglig_leder")
    assert run("add_operator", "--subject", "dag")[0] == 0
    dag.refresh_from_db()
    assert (dag.is_superuser, dag.name) == (True, "Dag")


@pytest.mark.parametrize("subject", ["", " ", "a" * 256])
def test_no_operator(subject):
    assert "--subject" in refused("add_operator", "--subject", subject)
