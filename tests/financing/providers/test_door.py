"""The door to the bank: what is tried again, what ends in time, and what is not let in."""

import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from financing.providers.base import (
    AccessRefused,
    ProviderRejected,
    ProviderUnavailable,
)
from financing.providers.door import Door, Limits, seconds

from .conftest import DRIPS, HANG_UP, HEAD, QUICK, TOKEN, answer, ask, drip

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def silence(_headers):
    time.sleep(QUICK.read + 0.2)
    yield None


# What is tried again


@pytest.mark.parametrize(
    "first", [answer(500), answer(503), answer(599), answer(429), HANG_UP, answer(503, Retry_After="1")]
)
def test_what_may_pass_is_tried_again_with_the_same_key(wire, first):
    wire.answers = [first, answer(body={"good": True})]
    patient = Door(wire.url, "regnskap", lambda: ["secret"], limits=Limits(total=5))
    assert ask(patient, "POST", key="key-1", body={"a": 1}) == {"good": True}
    one, two = wire.calls()
    assert one[2]["idempotency-key"] == two[2]["idempotency-key"] == "key-1" and one[3] == two[3] == b'{"a": 1}'
    assert one[2]["x-correlation-id"] == two[2]["x-correlation-id"]


def test_a_time_out_is_tried_again(wire):
    wire.answers = [silence, answer(body={"good": True})]
    patient = Door(wire.url, "regnskap", lambda: ["secret"], limits=Limits(read=0.5, total=5))
    assert ask(patient, key="key-1") == {"good": True}


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 415, 422])
def test_a_no_is_not_tried_again(wire, door, status):
    wire.answers = [answer(status, {"title": "no", "onboarding_id": "onb-7"}, kind="application/problem+json")]
    with pytest.raises(ProviderRejected) as no:
        ask(door)
    assert len(wire.calls()) == 1
    assert (no.value.status, no.value.onboarding_id) == (status, "onb-7")


@pytest.mark.parametrize("known", ["a b", "", 7, None, "x" * 101, "../../up", {"a": 1}])
def test_an_id_in_a_no_that_is_none_is_not_taken_over(wire, door, known):
    wire.answers = [answer(409, {"onboarding_id": known}, kind="application/problem+json")]
    with pytest.raises(ProviderRejected) as no:
        ask(door)
    assert no.value.onboarding_id == ""


def test_it_gives_up_after_three_tries(wire):
    wire.answers = [answer(500)]
    door = Door(wire.url, "regnskap", lambda: ["secret"], limits=Limits(total=5))
    with pytest.raises(ProviderUnavailable) as error:
        ask(door)
    assert len(wire.calls()) == 3 and error.value.down


def test_a_token_that_is_refused_is_fetched_once_more_and_only_once(wire, door):
    wire.answers = [answer(401), answer(body={"good": True}), answer(401)]
    wire.tokens = [answer(body={**TOKEN, "access_token": one}) for one in ("old", "new", "newer")]
    assert ask(door) == {"good": True}
    assert [one[2]["authorization"] for one in wire.calls()] == ["Bearer old", "Bearer new"]
    with pytest.raises(AccessRefused):
        ask(door)
    assert [one[2]["authorization"] for one in wire.calls()][2:] == ["Bearer new", "Bearer newer"]


def test_a_long_pause_that_the_bank_asks_for_is_handed_on_and_not_sat_out(wire, door):
    wire.answers = [answer(429, Retry_After="600")]
    before = time.monotonic()
    with pytest.raises(ProviderUnavailable) as later:
        ask(door)
    assert (later.value.retry_after, later.value.down, len(wire.calls())) == (600, False, 1)
    assert time.monotonic() - before < 0.5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), ("", None), ("5", 5), (" 5 ", 5), ("0", 1), ("999999", 3600), ("9" * 400, 3600), ("9" * 401, None),
        ("-3", None), ("1.5", None), ("soon", None), ("٣", None), ("1, 2", None),
        ("Tue, 24 Nov 2026 12:00:30 GMT", 30), ("Tue, 24 Nov 2026 11:00:00 GMT", 1), ("Fri, 20 Nov 2099 12:00:00 GMT", 3600),
        ("Tuesday, 24-Nov-26 12:01:00 GMT", 60), ("Tue Nov 24 12:00:10 2026", 10), ("Tue, 24 Nov 2026 25:99:99 GMT", None),
        ("Tue, 24 Nov 99999 12:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_date_within_bounds(value, expected):
    assert seconds(value, NOW) == expected


# What ends in time


def test_the_limits_are_those_that_were_promised():
    assert Limits() == Limits(connect=3, read=10, total=20, body=1024 * 1024, tries=3, pause=2)


@pytest.mark.parametrize("where", DRIPS)
@pytest.mark.parametrize("endpoint", ["answers", "tokens"])
def test_an_answer_that_drips_ends_with_the_deadline(wire, door, where, endpoint):
    setattr(wire, endpoint, [DRIPS[where]])
    before = time.monotonic()
    with pytest.raises(ProviderUnavailable) as error:
        ask(door)
    assert QUICK.total - 0.1 <= time.monotonic() - before < QUICK.total + 0.3
    assert error.value.down


def test_the_last_read_before_the_deadline_is_cut_short(wire):
    wire.answers = [drip(HEAD + b"Content-Length: 9000\r\n\r\n", b"1", 0.9)]
    before = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        ask(Door(wire.url, "regnskap", lambda: ["secret"], limits=Limits(read=10, total=1)))
    assert time.monotonic() - before == pytest.approx(1, abs=0.3)


def test_a_drip_a_second_ends_at_twenty_seconds(wire):
    wire.answers = [drip(HEAD + b"Content-Length: 9000\r\n\r\n", b"1", 1)]
    before = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        ask(Door(wire.url, "regnskap", lambda: ["secret"]))
    assert time.monotonic() - before == pytest.approx(20, abs=1)


def test_tries_and_pauses_are_inside_the_deadline(wire, door):
    wire.answers = [silence]
    before = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        ask(door)
    assert time.monotonic() - before < QUICK.total + 0.3


def test_a_port_that_takes_nobody_ends_with_the_connect_time_out(monkeypatch):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        limits = Limits(connect=0.3, total=5, tries=1)
        before = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            ask(Door(f"http://127.0.0.1:{port}", "regnskap", lambda: ["secret"], limits=limits))
        assert time.monotonic() - before < 1
        for one in waiting:
            one.close()


def test_who_waits_for_anothers_token_waits_no_longer_than_her_own_deadline(wire, door):
    wire.tokens = [silence]
    took = []

    def one():
        before = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            ask(door)
        took.append(time.monotonic() - before)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == 6 and max(took) < QUICK.total + 0.3
