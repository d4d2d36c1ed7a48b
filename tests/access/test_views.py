"""Choosing a company, signing out, the failure page, and whether the service lives."""

import socket

import pytest
from celery import current_app
from django.db import connection
from django.test import Client as Browser

from access.models import AuditEntry
from access.ownership import as_owner
from access.services import known_person


@pytest.mark.django_db
def test_home_is_for_people_who_are_signed_in(client):
    assert client.get("/")["Location"] == "/innlogging/?next=/"


@pytest.mark.django_db
def test_without_a_company(client):
    client.force_login(known_person(subject="nobody"))
    answer = client.get("/")
    assert (answer.status_code, answer.context["memberships"]) == (200, [])


@pytest.mark.django_db
def test_with_one_company_it_goes_straight_on(client, make_client, make_member):
    client.force_login(make_member(make_client(), "dag", "daglig_leder"))
    assert client.get("/")["Location"] == "/klient/310000000/"


@pytest.mark.django_db
def test_with_several_one_chooses_among_ones_own(client, make_client, make_member, django_assert_num_queries):
    second, first = make_client("310000000", "Furuly Lys AS"), make_client("310011118", "Bjerk Lys AS")
    make_client("310022225", "Fjordlys AS")
    make_member(first, "rita", "regnskapsforer")
    client.force_login(make_member(second, "rita", "revisor"))
    client.get("/")  # the session's first request writes its beginning
    with django_assert_num_queries(6):  # session, person, companies; the session is kept alive in three
        answer = client.get("/")
    assert answer.context["memberships"] == [
        {"client": first, "role_name": "Regnskapsfører", "overdue": None, "overdue_count": None},
        {"client": second, "role_name": "Revisor", "overdue": None, "overdue_count": None},
    ]
    shown = answer.content.decode()
    assert "/klient/310000000/" in shown and "/klient/310011118/" in shown
    assert "Fjordlys" not in shown


@pytest.mark.django_db
@pytest.mark.parametrize("member", [False, True])
def test_the_operator_goes_to_the_admin_site(client, make_client, make_member, member):
    otto = known_person(subject="otto", is_superuser=True)
    if member:
        make_member(make_client(), "otto", "administrator")
    client.force_login(otto)
    assert client.get("/")["Location"] == "/admin/"


@pytest.mark.django_db(transaction=True)
def test_signing_out(client):
    dag = known_person(subject="dag")
    client.force_login(dag)
    key = client.session.session_key
    assert client.get("/logg-ut").status_code == 405
    answer = client.post("/logg-ut")
    assert (answer.status_code, answer["Location"], answer["Clear-Site-Data"]) == (302, "/utlogget", '"cache"')
    assert "_auth_user_id" not in client.session
    assert not client.session.exists(key)
    with as_owner():
        assert AuditEntry.unscoped.get(action="sign_out").actor == dag


@pytest.mark.django_db
def test_signing_out_when_the_session_has_ended_already(client):
    assert client.post("/logg-ut")["Location"] == "/utlogget"
    assert client.get("/utlogget").status_code == 200


@pytest.mark.django_db
def test_nobody_is_signed_out_by_another_site():
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(known_person(subject="dag"))
    assert browser.post("/logg-ut").status_code == 403
    assert "_auth_user_id" in browser.session


@pytest.mark.parametrize(("address", "status"), [("/utlogget", 200), ("/innlogging/mislyktes", 403), ("/healthz", 200)])
def test_public_pages_need_no_database(client, address, status):
    answer = client.get(address)
    assert answer.status_code == status
    assert "no-store" in answer["Cache-Control"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.django_db
def test_ready(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok", "broker": "ok"})


@pytest.fixture
def mute():
    """A port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.mark.django_db
def test_not_ready_where_the_broker_is_mute(client, mute, monkeypatch):
    monkeypatch.setattr(current_app.conf, "broker_write_url", f"redis://127.0.0.1:{mute}")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["broker"], answer.json()["database"]) == (503, "no answer", "ok")


@pytest.mark.django_db
def test_not_ready_where_the_database_is_mute(client, mute, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", str(mute))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["broker"], answer.json()["database"]) == (503, "ok", "no answer")
