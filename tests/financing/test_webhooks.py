"""The bank's events at the door: believed by their signature, stored once, answered at once; everything else leaves no row."""

import base64
import gzip
import hashlib
import hmac
import json
import time

import pytest
from django.db import connection
from django.test import Client as Browser

from access.models import AuditEntry
from access.ownership import as_owner
from financing.api import webhooks
from financing.models import ProviderEvent
from financing.services.sealing import CannotOpen, seal, unseal

pytestmark = pytest.mark.django_db

SECRET = "whsec_b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHM="
OTHER = "whsec_" + base64.b64encode(b"of somebody else, 32 bytes long.").decode()
EVENT = {"type": "agreement.updated", "timestamp": "2026-11-24T10:00:00Z", "data": {"id": "agr-1"}}


def body_of(event=EVENT):
    return json.dumps(event).encode()


def sign(body, identity="msg_1", stamp=None, secret=SECRET):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{identity}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers_of(body, identity="msg_1", stamp=None, secret=SECRET, **other):
    stamp = stamp if stamp is not None else str(int(time.time()))
    found = {
        "webhook-id": identity, "webhook-timestamp": stamp, "webhook-signature": sign(body, identity, stamp, secret)
    }  # fmt: skip
    found |= {name.replace("_", "-"): value for name, value in other.items()}
    return {name: value for name, value in found.items() if value is not None}


def deliver(body=None, headers=None, content_type="application/json", **values):
    body = body if body is not None else body_of()
    headers = headers if headers is not None else headers_of(body, **values)
    return Browser(raise_request_exception=False).generic(
        "POST", "/webhooks/buffer", body, content_type=content_type, headers=headers
    )


def now_is(seconds):
    return str(int(time.time()) + seconds)


def test_a_signed_event_is_stored_encrypted_and_answered_without_a_body():
    answer = deliver()
    assert (answer.status_code, answer.content) == (204, b"")
    event = ProviderEvent.objects.get()
    assert (event.state, event.kind, event.object_kind, event.object_id) == (
        "waiting", "agreement.updated", "agreement", "agr-1"
    )  # fmt: skip
    assert json.loads(unseal(event.body)) == EVENT
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM financing_providerevent")
        assert "agreement" not in cursor.fetchone()[0]


def test_the_door_needs_no_csrf_token_and_touches_no_session():
    browser = Browser(enforce_csrf_checks=True)
    body = body_of()
    answer = browser.generic(
        "POST", "/webhooks/buffer", body, content_type="application/json", headers=headers_of(body)
    )
    assert answer.status_code == 204 and not answer.cookies and not browser.cookies


GOOD = body_of()
TABLE = {
    "no id": ({"webhook_id": None}, 400),
    "no timestamp": ({"webhook_timestamp": None}, 400),
    "no signature": ({"webhook_signature": None}, 400),
    "an empty id": ({"webhook_id": ""}, 400),
    "an id with a dot": ({"identity": "msg.1"}, 400),
    "an id given twice": ({"identity": "msg_1,msg_1"}, 400),
    "an endless id": ({"identity": "m" * 201}, 400),
    "garbage as signature": ({"webhook_signature": "garbage"}, 401),
    "v1 without comma": ({"webhook_signature": "v1"}, 401),
    "two commas": ({"webhook_signature": "v1,,AAAA"}, 401),
    "bad base64": ({"webhook_signature": "v1,%%%%"}, 401),
    "base64 of another length": ({"webhook_signature": "v1,AAAA"}, 401),
    "a signature that is not ASCII": ({"webhook_signature": "v1,\u00e6\u00f8\u00e5"}, 400),
    "an id that is not ASCII": ({"identity": "m\u00e5ling"}, 400),
    "nan as timestamp": ({"stamp": "nan"}, 400),
    "a float as timestamp": ({"stamp": "1700000000.5"}, 400),
    "a negative timestamp": ({"stamp": "-5"}, 400),
    "digits of another script": ({"webhook_timestamp": "\u00b2\u00b3"}, 400),
    "a timestamp without end": ({"stamp": "9" * 5000}, 400),
    "too late": ({"stamp": lambda: now_is(-302)}, 401),
    "too early": ({"stamp": lambda: now_is(302)}, 401),
    "a wrong secret": ({"secret": OTHER}, 401),
    "v1a alone": ({"webhook_signature": "v1a," + "A" * 88}, 401),
    "ten thousand signatures": ({"webhook_signature": " ".join(["v1,AAAA"] * 10_000)}, 400),
    "another body than was signed": ({"body": json.dumps(EVENT, indent=1).encode(), "signed": GOOD}, 401),
    "another id than was signed": ({"webhook_id": "msg_2"}, 401),
    "another time than was signed": ({"webhook_timestamp": lambda: now_is(-5)}, 401),
    "a signed body that is no JSON": ({"body": b"{"}, 400),
    "a signed body that is not UTF-8": ({"body": b'{"type": "\xff"}'}, 400),
    "a signed list": ({"body": b"[]"}, 400),
    "a signed body without type": ({"body": b'{"data": {}}'}, 400),
    "a signed body nested without end": ({"body": b"[" * 60_000}, 400),
    "65 kB": ({"body": b" " * (64 * 1024 + 1)}, 413),
    "2 MiB": ({"body": b" " * (2 * 1024 * 1024)}, 413),
    "a form": ({"content_type": "application/x-www-form-urlencoded"}, 415),
    "a compressed body": ({"body": gzip.compress(b" " * 10_000_000), "content_encoding": "gzip"}, 415),
    "a body in chunks": ({"transfer_encoding": "chunked"}, 411),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "status"), TABLE.values(), ids=TABLE)
def test_what_is_not_a_signed_event_is_refused_and_leaves_no_row(fault, status):
    values = {name: value() if callable(value) else value for name, value in fault.items()}
    body, content_type = values.pop("body", GOOD), values.pop("content_type", "application/json")
    headers = headers_of(values.pop("signed", body), **values)
    answer = deliver(body, headers, content_type)
    assert answer.status_code == status
    assert answer.json() == {**answer.json(), "type": "about:blank", "status": status}  # and nothing of what was sent
    assert set(answer.json()) <= {"type", "title", "status", "code"}
    assert not ProviderEvent.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_only_post_is_taken(method):
    assert getattr(Browser(), method)("/webhooks/buffer").status_code == 405


def test_just_within_the_tolerance_is_taken_both_ways():
    assert deliver(identity="early", stamp=now_is(297)).status_code == 204
    assert deliver(identity="late", stamp=now_is(-297)).status_code == 204


def test_one_signature_that_fits_among_others_is_enough():
    body, stamp = body_of(), now_is(0)
    several = f"v1a,AAAA v1,AAAA {sign(body, 'msg_1', stamp)}"
    headers = headers_of(body, stamp=stamp, webhook_signature=several)
    assert deliver(body, headers).status_code == 204


def test_a_secret_is_changed_in_its_file_without_a_restart(settings, tmp_path):
    """W6: old and new side by side, then the new one alone."""
    file = tmp_path / "secret"
    settings.BUFFER_WEBHOOK_SECRET_FILE = str(file)
    file.write_text(SECRET)
    assert deliver(identity="a").status_code == 204 and deliver(identity="b", secret=OTHER).status_code == 401
    file.write_text(f"{OTHER} {SECRET}\n")
    assert deliver(identity="c").status_code == 204 and deliver(identity="d", secret=OTHER).status_code == 204
    file.write_text(OTHER)
    assert deliver(identity="e").status_code == 401 and deliver(identity="f", secret=OTHER).status_code == 204
    file.unlink()
    assert deliver(identity="g").status_code == 204  # as at the start, and it is logged


@pytest.mark.parametrize("secret", ["whsec_%%%", ""])
def test_a_secret_that_cannot_be_read_lets_nothing_in(settings, secret):
    settings.BUFFER_WEBHOOK_SECRET = secret
    assert deliver().status_code in (401, 503)
    assert not ProviderEvent.objects.exists()


def test_the_same_event_again_is_counted_and_stored_once():
    assert [deliver().status_code for _ in range(3)] == [204] * 3
    assert ProviderEvent.objects.get().deliveries == 3


@pytest.mark.django_db(transaction=True)
def test_an_id_with_another_body_is_kept_apart_and_told_loudly(caplog):
    deliver()
    changed = body_of(EVENT | {"data": {"id": "agr-2"}})
    assert deliver(changed).status_code == 204
    assert deliver(changed).status_code == 204
    first, second = ProviderEvent.objects.order_by("id")
    assert (first.state, second.state, second.deliveries) == ("waiting", "quarantined", 2)
    assert caplog.text.count("with another body") == 1
    with as_owner():
        assert AuditEntry.unscoped.filter(client=None, action="event.quarantined").count() == 1


def test_what_has_a_type_that_we_do_not_know_is_stored_and_left_alone():
    strange = {"type": "loan.granted", "data": {"id": "x"}, "more": [1]}
    assert deliver(body_of(strange)).status_code == 204
    event = ProviderEvent.objects.get()
    assert (event.state, event.kind) == ("ignored", "loan.granted") and event.handled_at


@pytest.mark.parametrize("data", [None, [], {}, {"id": 5}, {"id": "x" * 101}, {"id": "a\x00b"}, {"id": "a\nb"}])
def test_an_event_that_names_no_object_is_stored_and_left_alone(data):
    assert deliver(body_of(EVENT | {"data": data})).status_code == 204
    assert ProviderEvent.objects.get().state == "ignored"


def test_more_than_the_throttle_admits_comes_again_and_forgeries_use_nothing_up(settings, monkeypatch):
    monkeypatch.setattr(webhooks, "_throttle", webhooks.Throttle())
    settings.WEBHOOKS_A_SECOND = 3
    assert {deliver(identity=f"f{n}", secret=OTHER).status_code for n in range(20)} == {401}
    found = [deliver(identity=f"m{n}") for n in range(12)]
    statuses = [one.status_code for one in found]
    assert statuses[:3] == [204] * 3 and 429 in statuses
    assert next(one for one in found if one.status_code == 429).headers["Retry-After"] == "1"
    assert ProviderEvent.objects.count() == statuses.count(204)


def test_a_crash_after_the_commit_and_before_the_answer_does_no_harm(monkeypatch):
    """W8: the bank hears nothing, sends it again, and there is one event."""
    real = webhooks.store_event

    def crash(**values):
        real(**values)
        raise RuntimeError("the power went")

    monkeypatch.setattr(webhooks, "store_event", crash)
    assert deliver().status_code == 500
    monkeypatch.setattr(webhooks, "store_event", real)
    assert deliver().status_code == 204
    assert ProviderEvent.objects.get().deliveries == 2


def test_the_door_costs_the_same_few_queries_each_time(django_assert_num_queries):
    deliver(identity="first")
    with django_assert_num_queries(6):  # savepoint twice, lock, is it there, is the id, insert
        deliver(identity="second")


def test_an_older_key_still_opens_what_it_closed(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "old-key", []
    sealed = seal(b"content")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new-key", ["old-key"]
    assert unseal(sealed) == b"content"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(CannotOpen):
        unseal(sealed)
