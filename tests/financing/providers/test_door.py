"""The door to the bank: what is tried again, what ends in time, and what is not let in."""

import gzip
import logging
import socket
import threading
import time
import traceback
from datetime import UTC, datetime

import pytest

from financing.providers import wire as connections
from financing.providers.base import (
    AccessRefused,
    AnswerRefused,
    LeftAlone,
    ProviderRejected,
    ProviderUnavailable,
)
from financing.providers.door import Door, Limits, seconds

from .conftest import QUICK, TOKEN, Wire, answer, ask, drip

HANG_UP = [None]
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


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DRIPS = {
    "body": drip(HEAD + b"Content-Length: 9000\r\n\r\n", b"1", 0.05),
    "chunks": drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n", 0.05),
    "headers": drip(HEAD, b"X", 0.05),
    "many headers": drip(HEAD, b"X: y\r\n", 0.05),
    "the first line": drip(b"HTTP/1.1", b" ", 0.05),
    "100 and again": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
    "an error's body": drip(HEAD.replace(b"200", b"500") + b"Content-Length: 9000\r\n\r\n", b"1", 0.05),
}


@pytest.mark.parametrize("where", DRIPS)
@pytest.mark.parametrize("endpoint", ["answers", "tokens"])
def test_an_answer_that_drips_ends_with_the_deadline(wire, door, where, endpoint):
    setattr(wire, endpoint, [DRIPS[where]])
    before = time.monotonic()
    with pytest.raises(ProviderUnavailable) as error:
        ask(door)
    assert QUICK.total - 0.1 <= time.monotonic() - before < QUICK.total + 0.3
    assert error.value.down


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


# What is not let in


@pytest.mark.parametrize(
    ("said", "down"),
    [
        (answer(302, b"", Location="http://127.0.0.1:9/"), True),
        (answer(304, b""), True),
        (answer(200, b"<html>maintenance</html>", kind="text/html"), True),
        (answer(200, b"{}", kind=""), True),
        (answer(200, b"{}", kind="text/json"), True),
        (answer(200, b""), False),
        (answer(200, b"{"), False),
        (answer(200, b'{"a": NaN}'), False),
        (answer(200, b'{"a": -Infinity}'), False),
        (answer(200, b'{"a": 1, "a": 1}'), False),
        (answer(200, b'{"a": {"b": 1, "b": 2}}'), False),
        (answer(200, b'\xef\xbb\xbf{"a": 1}'), False),
        (answer(200, '{"a": "æ"}'.encode("latin-1")), False),
        (answer(200, '{"a": 1}'.encode("utf-16")), False),
        (answer(200, b"[" * 200_000), False),
        (answer(200, b'{"a": ' + b"9" * 5000 + b"}"), False),
        (answer(200, b'{"a": 1.0e999999999999999999999}'), False),
        (answer(200, b"{} {}"), False),
        (answer(200, b'"' + b"x" * (1024 * 1024) + b'"'), False),
        (answer(200, gzip.compress(b'"' + b"0" * 50_000_000 + b'"'), Content_Encoding="gzip"), False),
        (answer(200, gzip.compress(b"{}"), Content_Encoding="gzip"), False),
        (answer(200, b"{}", Content_Encoding="br"), False),
    ],
)  # fmt: skip
def test_what_is_no_answer_of_the_api_is_refused_and_not_asked_for_again(wire, door, said, down):
    wire.answers = [said]
    with pytest.raises(AnswerRefused) as refused:
        ask(door)
    assert refused.value.down is down
    assert len(wire.calls()) == 1


def test_an_endless_body_is_read_no_further_than_the_limit(wire):
    wire.answers = [drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n", 0)]
    with pytest.raises(AnswerRefused, match="too large"):
        ask(Door(wire.url, "regnskap", lambda: ["secret"], limits=Limits(total=10)))


def test_a_truncated_answer_is_no_answer(wire, door):
    wire.answers = [[answer(200, b'{"a": 1}')[:-1].replace(b"Content-Length: 8", b"Content-Length: 800"), None]]
    with pytest.raises(ProviderUnavailable) as error:
        ask(door)
    assert error.value.down and not isinstance(error.value, AnswerRefused)


def test_a_redirect_is_not_followed_with_the_token(wire, door):
    other = Wire()
    wire.answers = [answer(307, b"", Location=other.url + "/v1/thing")]
    wire.tokens = [answer(body=TOKEN)]
    with pytest.raises(AnswerRefused):
        ask(door)
    assert other.requests == []
    other.listener.close()


def test_the_environment_sends_the_secret_nowhere_else(wire, door, monkeypatch, tmp_path):
    other = Wire()
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login foreign password foreign\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, other.url)
    monkeypatch.setenv("no_proxy", "")
    assert ask(door) == {}
    assert other.requests == []
    token, call = wire.requests
    assert token[2]["authorization"].startswith("Basic ") and call[2]["authorization"] == "Bearer token"
    other.listener.close()


def test_a_cookie_of_the_banks_is_not_carried_on(wire, door):
    wire.answers = [answer(Set_Cookie="session=1")]
    ask(door)
    ask(door)
    assert "cookie" not in wire.calls()[1][2]


def test_numbers_keep_their_digits(wire, door):
    wire.answers = [answer(200, b'{"a": 0.10, "b": 1e400}')]
    assert str(ask(door)) == "{'a': Decimal('0.10'), 'b': Decimal('1E+400')}"


def test_a_note_without_a_body_is_no_fault(wire, door):
    wire.answers = [answer(202, b"", kind="")]
    assert ask(door, "POST", key="key-1") is None


# The certificate, and the address behind the name


@pytest.mark.parametrize(
    "address",
    ["http://buffer.example", "http://127.0.0.1.example", "http://10.0.0.1", "ftp://127.0.0.1", "buffer.example", ""],
)
def test_plain_http_leads_to_this_machine_only(address):
    with pytest.raises(ValueError, match="https"):
        Door(address, "regnskap", lambda: ["secret"])


REFUSED = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "192.88.99.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:4136::1",
    "fec0::1", "2001:db8::1", "fd00:ec2::254",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_inside_is_no_address_of_the_bank(address):
    assert not connections.is_public(address)


@pytest.mark.parametrize("address", ["193.71.0.1", "8.8.8.8", "::ffff:8.8.8.8", "2a02:c0::1", "2606:4700::1111"])
def test_an_address_of_the_open_internet_may_be(address):
    assert connections.is_public(address)


def test_a_name_that_leads_inside_is_not_spoken_to(wire, monkeypatch):
    port = int(wire.url.rsplit(":", 1)[1])
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_a, **_k: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    )
    with pytest.raises(ProviderUnavailable, match="AddressRefused"):
        ask(Door("https://buffer.example", "regnskap", lambda: ["secret"], limits=QUICK))
    assert wire.requests == []


def test_localhost_that_leads_elsewhere_is_not_spoken_to(wire, monkeypatch):
    monkeypatch.setattr(connections, "is_loopback", lambda _address: False)
    with pytest.raises(ProviderUnavailable, match="AddressRefused"):
        ask(Door(wire.url, "regnskap", lambda: ["secret"], limits=QUICK))
    assert wire.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(monkeypatch, tmp_path, secure_wire):
    monkeypatch.setattr(connections, "is_public", lambda _address: True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure_wire.certificate))  # the environment does not vouch either
    monkeypatch.setenv("CURL_CA_BUNDLE", str(secure_wire.certificate))
    with pytest.raises(ProviderUnavailable, match="SSLError"):
        ask(Door(secure_wire.url, "regnskap", lambda: ["secret"], limits=QUICK))
    assert secure_wire.requests == []


def test_a_drip_over_tls_ends_with_the_deadline_too(monkeypatch, secure_wire):
    monkeypatch.setattr(connections, "is_public", lambda _address: True)
    door = Door(secure_wire.url, "regnskap", lambda: ["secret"], limits=QUICK)
    door._session.verify = str(secure_wire.certificate)
    assert ask(door) == {}  # the certificate is good where somebody vouches for it
    secure_wire.answers = [DRIPS["body"]]
    before = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        ask(door)
    assert QUICK.total - 0.1 <= time.monotonic() - before < QUICK.total + 0.3


# The token and the secret


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
    import base64

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
