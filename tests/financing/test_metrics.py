"""What /metrics tells, and whom: counts and times for whoever runs the installation, nothing of any company."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.tenancy import client_scope
from financing.metrics import FORWARDED, Metric, gauges, rendered
from financing.models import Agreement, MessageKind, OutboxMessage, ProviderBreaker, ProviderEvent, ProviderSync

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def told(answer):
    """The samples of an answer by name and labels."""
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = [one for one in answer.content.decode().splitlines() if not one.startswith("#")]
    return {one.rsplit(" ", 1)[0]: float(one.rsplit(" ", 1)[1]) for one in lines}


def test_what_stands_of_the_link_is_told(client, company, begun):
    now = timezone.now()
    ProviderSync.objects.update_or_create(
        provider="buffer", defaults={"complete_at": now - timedelta(seconds=90), "failures": 3}
    )
    ProviderBreaker.objects.create(provider="buffer", origin="https://bank.example", failures=5, opened_at=now)
    for number, state in enumerate(["waiting", "waiting", "dead", "done", "ignored", "quarantined"]):
        ProviderEvent.objects.create(
            provider="buffer", event_id=str(number), body_sha256=str(number), body="x", state=state, next_at=now,
            received_at=now - timedelta(seconds=60 - number),
        )  # fmt: skip
    amounts = dict.fromkeys(("limit", "used", "available", "pending"), 0)
    with client_scope(company):
        agreement = Agreement.objects.for_client(company).create(
            provider="buffer", provider_reference="agr-1", onboarding=begun.onboarding, status="open", currency="NOK",
            as_of=now, sequence=1, read_at=now, **amounts,
        )  # fmt: skip
        OutboxMessage.objects.for_client(company).create(
            provider="buffer", kind=MessageKind.DISCONNECT, agreement=agreement, created_at=now, next_at=now
        )
    found = told(client.get("/metrics"))
    ages = {name: found.pop(name) for name in list(found) if "seconds" in name}
    assert found == {
        'financing_credit_reading_failures{provider="buffer"}': 3,
        'financing_breaker_open{provider="buffer",origin="https://bank.example"}': 1,
        'financing_onboardings{provider="buffer",status="created"}': 1,
        'financing_agreements{provider="buffer",status="open"}': 1,
        'financing_outbox{provider="buffer",kind="disconnect"}': 1,
        'financing_inbox{provider="buffer",state="dead"}': 1,
        'financing_inbox{provider="buffer",state="quarantined"}': 1,
        'financing_inbox{provider="buffer",state="waiting"}': 2,
    }
    assert ages == {
        'financing_credit_reading_age_seconds{provider="buffer"}': pytest.approx(90, abs=30),
        'financing_inbox_oldest_seconds{provider="buffer"}': pytest.approx(60, abs=30),
    }


def test_it_says_nothing_of_a_company_and_costs_the_same(client, company, begun):
    with CaptureQueriesContext(connection) as queries:
        text = client.get("/metrics").content.decode()
    assert len(queries) == 4
    for secret in (company.organisation_number, company.name, str(begun.onboarding.pk), "Dag"):
        assert secret not in text


def test_where_nothing_is_there_each_is_still_known(client):
    text = client.get("/metrics").content.decode()
    assert (
        text.count("# TYPE") == text.count("# HELP") == 8 and text.endswith("\n") and told(client.get("/metrics")) == {}
    )


def test_a_link_never_read_has_no_age(company):
    ProviderSync.objects.update_or_create(provider="buffer", defaults={"complete_at": None})
    (age, *_) = gauges(now=NOW)
    assert age.samples == []


def test_the_text_is_as_prometheus_reads_it():
    text = rendered([Metric("a_b", "What it is.", [({"x": 'q"\\\n'}, 1.0), ({"x": "y"}, 2.5)])])
    assert text == '# HELP a_b What it is.\n# TYPE a_b gauge\na_b{x="q\\"\\\\\\n"} 1\na_b{x="y"} 2.5\n'
    for line in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) .*|[a-z_]+\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"\} [0-9.]+', line)


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("127.0.0.1", 200), ("127.8.9.10", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("10.0.0.1", 403), ("192.0.2.1", 403),
        ("::ffff:192.0.2.1", 403), ("2001:db8::1", 403), ("", 403), ("localhost", 403), ("127.0.0.1, 192.0.2.1", 403),
    ],
)  # fmt: skip
def test_without_a_token_only_this_machine_is_answered(client, settings, peer, status):
    settings.METRICS_TOKEN = ""
    answer = client.get("/metrics", REMOTE_ADDR=peer)
    assert answer.status_code == status and (status == 200 or answer.content == b"")


@pytest.mark.parametrize("header", FORWARDED)
@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.1"])
def test_what_came_through_a_proxy_is_not_from_this_machine_whatever_it_says(client, settings, header, peer):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={header: "127.0.0.1"}, REMOTE_ADDR=peer).status_code == 403


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic hemmelig-nok", "Bearer é"])
def test_with_a_token_it_is_asked_of_everybody(settings, given):
    settings.METRICS_TOKEN = "hemmelig-nok"
    headers = {"HTTP_AUTHORIZATION": given} if given else {}
    for peer in ("127.0.0.1", "192.0.2.1"):
        answer = Browser().get("/metrics", REMOTE_ADDR=peer, **headers)
        assert (answer.status_code, answer.content) == (401, b"") and "Bearer" in answer["WWW-Authenticate"]
    right = Browser().get("/metrics", REMOTE_ADDR="192.0.2.1", HTTP_AUTHORIZATION="Bearer hemmelig-nok")
    assert right.status_code == 200 and "no-store" in right["Cache-Control"]


def test_it_is_read_only(client):
    assert client.post("/metrics").status_code == 405
