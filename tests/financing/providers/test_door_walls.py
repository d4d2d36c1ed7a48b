"""What the door does not let in: answers that are none, other addresses, certificates that nobody vouches for."""

import gzip
import socket
import time

import pytest

from financing.providers import wire as connections
from financing.providers.base import AnswerRefused, ProviderUnavailable
from financing.providers.door import Door, Limits

from .conftest import DRIPS, HEAD, QUICK, TOKEN, Wire, answer, ask, drip


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
