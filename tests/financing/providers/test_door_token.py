"""The token and the secret of the door: kept, renewed, changed under load, and in no message and no log."""

import base64
import logging
import threading
import time
import traceback

import pytest

from financing.providers.base import AccessRefused, AnswerRefused, LeftAlone, ProviderRejected, ProviderUnavailable
from financing.providers.door import Door, Limits

from .conftest import HANG_UP, QUICK, TOKEN, answer, ask


def test_a_token_is_kept_until_a_minute_before_its_end(wire, door, monkeypatch):
    wire.tokens = [answer(body={**TOKEN, "expires_in": 100})]
    ask(door)
    now = time.monotonic()
    monkeypatch.setattr("financing.providers.door.time.monotonic", lambda: now + 39)
    ask(door)
    assert len(wire.requests) - len(wire.calls()) == 1
    monkeypatch.setattr("financing.providers.door.time.monotonic", lambda: now + 41)
    ask(door)
    assert len(wire.requests) - len(wire.calls()) == 2


def test_many_at_once_fetch_one_token(wire, door):
    def all_at_once():
        threads = [threading.Thread(target=ask, args=[door]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    all_at_once()
    assert (len(wire.requests) - len(wire.calls()), len(wire.calls())) == (1, 8)


def test_many_whose_token_is_refused_at_once_fetch_one_new_one(wire, door):
    wire.tokens = [answer(body={**TOKEN, "access_token": one}) for one in ("old", "new", "newer")]
    together = threading.Barrier(6)

    def said(headers):
        if headers["authorization"] == "Bearer old":
            together.wait(2)
            return [answer(401)]
        return [answer()]

    wire.answers = [said]
    threads = [threading.Thread(target=ask, args=[door]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wire.requests) - len(wire.calls()) == 2
    assert [one[2]["authorization"] for one in wire.calls()][6:] == ["Bearer new"] * 6


@pytest.mark.parametrize(
    "said",
    [
        {**TOKEN, "expires_in": 0}, {**TOKEN, "expires_in": "1200"}, {**TOKEN, "expires_in": True}, {**TOKEN, "access_token": ""},
        {**TOKEN, "access_token": "a\r\nX: y"}, {**TOKEN, "access_token": "æ"}, {**TOKEN, "access_token": 7}, {}, [], "token",
    ],
)  # fmt: skip
def test_a_token_that_is_none_is_refused(wire, door, said):
    wire.tokens = [answer(body=said)]
    with pytest.raises(AnswerRefused):
        ask(door)
    assert wire.calls() == []


def basic(secret):
    return "Basic " + base64.b64encode(f"regnskap:{secret}".encode()).decode()


def only_with(*good):
    return lambda headers: [answer(body=TOKEN) if headers["authorization"] in map(basic, good) else answer(401)]


def test_of_two_secrets_the_one_that_is_good_is_found(wire):
    wire.tokens = [only_with("old")]
    assert ask(Door(wire.url, "regnskap", lambda: ["new", "old"], limits=QUICK)) == {}


def test_a_secret_that_nobody_takes_is_tried_once(wire):
    wire.tokens = [answer(401)]
    with pytest.raises(AccessRefused):
        ask(Door(wire.url, "regnskap", lambda: ["secret"], limits=QUICK))
    assert len(wire.requests) == 1


def test_a_file_of_secrets_that_is_gone_is_told_as_such(wire):
    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(AccessRefused, match="cannot be read"):
        ask(Door(wire.url, "regnskap", gone, limits=QUICK))


def test_the_secret_is_changed_under_load_without_a_failure(wire):
    """New beside old here, new alone at the bank, then new alone here; tokens of the old one stop being good."""
    secrets, good, living, stop, faults = ["old"], ["old"], set(), threading.Event(), []

    def token(headers):
        if headers["authorization"] not in map(basic, good):
            return [answer(401)]
        name = f"token-{len(wire.requests)}"
        living.add(name)
        return [answer(body={**TOKEN, "access_token": name})]

    wire.tokens = [token]
    wire.answers = [lambda headers: [answer() if headers["authorization"][7:] in living else answer(401)]]
    door = Door(wire.url, "regnskap", lambda: list(secrets), limits=Limits(total=5))

    def load():
        while not stop.is_set():
            try:
                ask(door)
            except Exception as error:
                faults.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for mine, theirs in (
        (["old"], ["old", "new"]),
        (["new", "old"], ["old", "new"]),
        (["new", "old"], ["new"]),
        (["new"], ["new"]),
    ):
        time.sleep(0.15)
        secrets[:], good[:] = mine, theirs
        living.clear()
    time.sleep(0.15)
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == [] and len(wire.calls()) > 50


@pytest.mark.parametrize(
    "fault",
    ["refused token", "refused call", "500", "garbage", "hang up", "no", "redirect"],
)
def test_no_secret_and_no_token_is_in_a_message_or_the_log(wire, caplog, fault):
    secret, token = "canary-secret-value", "canary-token-value"
    wire.tokens = [answer(body={**TOKEN, "access_token": token})]
    wire.answers = {
        "refused token": [answer()], "refused call": [answer(401)], "500": [answer(500)], "garbage": [answer(200, b"{")],
        "hang up": [HANG_UP], "no": [answer(409, {"title": token, "detail": secret})],
        "redirect": [answer(302, b"", Location=f"http://x/{token}")],
    }[fault]  # fmt: skip
    if fault == "refused token":
        wire.tokens = [answer(401, {"error": secret})]
    caplog.set_level(logging.DEBUG)
    with pytest.raises((ProviderUnavailable, ProviderRejected)) as error:
        ask(Door(wire.url, "regnskap", lambda: [secret], limits=QUICK), "POST", key="key-1", body={"a": 1})
    told = caplog.text + "".join(traceback.format_exception(error.value)) + repr(error.value.args)
    assert secret not in told and token not in told and basic(secret)[6:] not in told
    assert error.value.correlation in caplog.text


def test_every_call_carries_an_id_that_the_failure_names(wire, door, caplog):
    wire.answers = [answer(404), answer(422)]
    found = []
    for _ in range(2):
        with pytest.raises(ProviderRejected) as no:
            ask(door)
        found.append(no.value.correlation)
    assert found == [one[2]["x-correlation-id"] for one in wire.calls()] and len(set(found)) == 2
    assert all(one in caplog.text for one in found)


def test_a_reader_that_refuses_has_the_id_too(wire, door):
    def no(_answer):
        raise AnswerRefused("agreement.id is not a text")

    with pytest.raises(AnswerRefused) as refused:
        door.call("GET", "/v1/thing", no)
    assert refused.value.correlation == wire.calls()[0][2]["x-correlation-id"]


def test_a_closed_gate_costs_no_request_and_no_wait(wire):
    def gate(_origin):
        raise LeftAlone("left alone", 1)

    before = time.monotonic()
    with pytest.raises(LeftAlone):
        ask(Door(wire.url, "regnskap", lambda: ["secret"], gate, limits=QUICK))
    assert wire.requests == [] and time.monotonic() - before < 0.1
