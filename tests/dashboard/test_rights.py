"""Who gets which widget by itself, how long, and whose an arrangement is: hers alone, in this company alone."""

import threading

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction

from access.models import Membership, Role
from access.privileges import INVOICES, Level
from access.services import change_role, known_person
from access.tenancy import client_scope
from dashboard.models import Arrangement
from dashboard.services import arrange_dashboard, hide_widget, move_widget
from tests.dashboard.financed import agreement
from tests.dashboard.pages import ALL, BY_SCRIPT, HOME, SETUP, do, save, shown, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def dag(client, company, make_member):
    """Signed in, with every right that a widget asks for; the company has an agreement."""
    agreement(company)
    person = make_member(company, "dag", "daglig_leder")
    client.force_login(person)
    return person


MATRIX = {
    "administrator": (200, 200, 200),
    "daglig_leder": (200, 200, 200),
    "regnskapsforer": (403, 200, 200),
    "revisor": (403, 200, 200),
    "standard": (403, 403, 403),
    "stranger": (404, 404, 404),
    "of another company": (404, 404, 404),
    "operator": (404, 404, 404),
}


@pytest.mark.parametrize("who", MATRIX)
def test_who_gets_which_widget(client, company, make_client, make_member, who):
    agreement(company)
    if who == "of another company":
        person = make_member(make_client("310011118", "Furulia Lys AS"), "vera", "administrator")
    elif who in ("stranger", "operator"):
        person = known_person(subject=who, is_superuser=who == "operator")
    else:
        person = make_member(company, "somebody", who)
    client.force_login(person)
    for key, status in zip(ALL, MATRIX[who], strict=True):
        answer = client.get(f"{HOME}dashboard/{key}", headers=BY_SCRIPT)
        assert answer.status_code == status, key
        assert (f'id="widget-{key}"' in answer.content.decode()) == (status == 200)
        changed = client.post(f"{HOME}dashboard/{key}/endre", {"gjor": "skjul"}, headers=BY_SCRIPT)
        assert changed.status_code == status, key
    stranger = MATRIX[who][0] == 404
    assert client.get(SETUP).status_code == (404 if stranger else 200)
    assert client.get(f"{HOME}dashboard/nothing", headers=BY_SCRIPT).status_code == 404
    assert do(client, "nothing", "skjul").status_code == 404


def test_a_widget_is_gone_from_the_next_fetch_after_its_right(client, company, dag, make_member):
    ada = make_member(company, "ada", "administrator")
    for level, status in ((Level.NONE, 403), (Level.FULL, 200)):
        change_role(
            role=Role.objects.get(client=company, key="daglig_leder"), levels={INVOICES: level}, actor=ada
        )  # fmt: skip
        assert client.get(f"{HOME}dashboard/unpaid_invoices", headers=BY_SCRIPT).status_code == status


def test_asked_as_a_page_a_widget_leads_to_the_dashboard(client, dag):
    answer = client.get(f"{HOME}dashboard/receivables")
    assert (answer.status_code, answer["Location"]) == (302, HOME)


def test_signed_out_the_page_is_sent_to_sign_in(client, dag):
    client.logout()
    answer = client.get(f"{HOME}dashboard/receivables", headers=BY_SCRIPT)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"{HOME}dashboard/receivables")


def test_what_an_open_page_asks_by_itself_keeps_no_session_alive(client, dag):
    client.get(HOME)

    def ends():
        return Session.objects.get().expire_date

    before = ends()
    answer = client.get(f"{HOME}dashboard/receivables", headers={**BY_SCRIPT, "X-By-Itself": "true"})
    assert answer.status_code == 200 and "sessionid" not in answer.cookies and ends() == before
    assert "Cookie" in answer["Vary"]
    client.get(f"{HOME}dashboard/receivables", headers=BY_SCRIPT)  # somebody pressed something
    assert ends() > before


# Whose it is


def test_it_is_hers_alone_and_of_this_company(client, company, dag, make_client, make_member):
    other = make_client("310011118", "Furulia Lys AS")
    make_member(other, "dag", "daglig_leder")
    rolf = make_member(company, "rolf", "revisor")
    save(client, ALL[::-1], ["receivables"])
    assert shown(client, "/klient/310011118/") == ["receivables", "unpaid_invoices"]
    assert stored(other, dag) is None and stored(company, rolf) is None
    client.force_login(rolf)
    assert shown(client) == ["receivables", "unpaid_invoices"]


def test_without_a_membership_there_is_no_row_and_it_goes_with_it(company, dag, make_client):
    other = make_client("310011118", "Furulia Lys AS")
    with pytest.raises(IntegrityError), transaction.atomic(), client_scope(other):
        hide_widget(client=other, user=dag, key="receivables")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with client_scope(company):
        hide_widget(client=company, user=dag, key="receivables")
    assert stored(company, dag) is not None
    Membership.objects.filter(user=dag).delete()
    assert stored(company, dag) is None


def test_one_company_does_not_see_anothers(company, dag, make_client):
    other = make_client("310011118", "Furulia Lys AS")
    with client_scope(company):
        hide_widget(client=company, user=dag, key="receivables")
    with client_scope(other):
        assert not Arrangement.objects.for_client(company).exists()


def test_the_last_one_stands(company, dag):
    with client_scope(company):
        arrange_dashboard(client=company, user=dag, order=ALL[::-1], hidden=[])
        arrange_dashboard(client=company, user=dag, order=ALL, hidden=["receivables"])
    assert stored(company, dag) == (ALL, ["receivables"])


@pytest.mark.django_db(transaction=True)
def test_what_comes_meanwhile_waits_and_builds_on_the_first(make_client, make_member):
    company = make_client()
    dag = make_member(company, "dag", "daglig_leder")
    with client_scope(company):
        move_widget(client=company, user=dag, key="financing", past="receivables")

    def second():
        with client_scope(company):
            hide_widget(client=company, user=dag, key="receivables")
        connection.close()

    thread = threading.Thread(target=second)
    with client_scope(company):
        Arrangement.objects.for_client(company).select_for_update().get()
        thread.start()
        thread.join(0.5)  # it has read by now, unless it waits for the lock
        hide_widget(client=company, user=dag, key="financing")
    thread.join(10)
    assert stored(company, dag) == (["receivables", "financing", "unpaid_invoices"], ["financing", "receivables"])


@pytest.mark.django_db(transaction=True)
def test_at_once_from_two_windows_neither_fails_and_neither_is_lost(make_client, make_member):
    company = make_client()
    dag = make_member(company, "dag", "daglig_leder")
    begin, failed = threading.Barrier(4), []

    def work(act):
        try:
            begin.wait()
            for _ in range(5):
                with client_scope(company):
                    act()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    acts = [
        lambda: hide_widget(client=company, user=dag, key="receivables"),
        lambda: hide_widget(client=company, user=dag, key="financing"),
        lambda: move_widget(client=company, user=dag, key="unpaid_invoices", past="financing"),
        lambda: arrange_dashboard(client=company, user=dag, order=["unpaid_invoices"], hidden=["unpaid_invoices"]),
    ]
    threads = [threading.Thread(target=work, args=[act]) for act in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    order, hidden = stored(company, dag)
    assert sorted(order) == sorted(ALL) and set(hidden) == {"receivables", "financing", "unpaid_invoices"}
