"""Signing out, the failure page, and whether the service lives."""

import socket

import pytest
from celery import current_app
from django.db import connection
from django.test import Client as Browser

from access.models import AuditEntry
from access.ownership import as_owner
from access.services import known_person


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
