"""What a log line may hold: nothing secret, nothing that passes for another line, and otherwise what was said."""

import json
import logging
import sys
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.redaction import HIDDEN, Redacting, holds_identity_number, redacted, without_identity_numbers

SECRET = "zKq4-canary_Hu7pWm2"
TOKEN = "a8Zk" + "Q1w2E3r4T5y6U7i8O9p0aSdFgHjKlZxCvBnM_-x"  # 43 letters, as secrets.token_urlsafe(32) gives
ONE = "15108695088"

LINES = [
    "GET /fakturafinansiering/retur?state={} HTTP/1.1", "/oidc/callback/?code={}&state={}", "code=1&code={};x",
    "/x?next=%2Fy%3Fcode%3D{}%26z", "Authorization: Bearer {}", "Authorization: Basic {}", "'HTTP_AUTHORIZATION': 'Bearer {}'",
    '{{"Authorization": "Token {}", "x": 1}}', "Cookie: sessionid={}; csrftoken={}", "Set-Cookie: __Host-sessionid={}; Path=/",
    "HTTP_COOKIE='a=b; sessionid={}'", '{{"access_token": "{}", "expires_in": 1200}}', "{{'refresh_token': '{}'}}",
    "{{'code': b'{}'}}", "<QueryDict: {{'client_secret': ['{}']}}>", "client_secret={}", "password={}&x=1", "bearer {}",
    "X-CSRFToken: {}", "whsec_{}", "error {{\"token\": \"a\\\"{}\"}}", "invalid header 'Authorization: Digest {}'",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_secret_is_known_by_where_it_stands(line):
    assert SECRET not in redacted(line.replace("{}", SECRET).replace("{{", "{").replace("}}", "}"))


def test_a_secret_is_known_by_what_it_looks_like():
    jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
    for one in (TOKEN, "yEd0WFYTdVb8qtLdqytjp0oDubosjs"[:29] + "4", jwt, f"({TOKEN})", f"/x/{TOKEN}/y"):
        assert one not in redacted(f"refused {one} at the door")
        assert HIDDEN in redacted(one)


def test_a_secret_is_known_by_being_one(settings):
    assert redacted(f"x{SECRET}y", [SECRET]) == f"x{HIDDEN}y"


@pytest.mark.parametrize(
    "line",
    [
        "exit code=1", "status code: 403", "state: waiting", "Forbidden: /klient/310000000/rapporter/", "the token endpoint",
        "onboarding 6e2ff5a4-8d4a-4a0e-9f0c-0f9ce3a5c1de moved", "2026-11-24 17:00:00,123 INFO x 310 000 000 ble 12 345,00",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "KID 15108695089 00", "Basic things",
        "financing.services.onboarding_reading.store_onboarding", "account 15108695077",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(line):
    assert redacted(line) == line


D_NUMBER = "55108690185"  # day of birth plus 40, as those get who live here for a while


@pytest.mark.parametrize("number", [ONE, D_NUMBER])
@pytest.mark.parametrize("form", ["{}", "{:.6} {}", "{:.6}-{}", "x{}y", "NO{}MVA"])
def test_an_identity_number_is_found_as_people_write_it(number, form):
    written = form.format(*([number] if form.count("{") == 1 else [number, number[6:]]))
    assert holds_identity_number(written) and number[6:] not in without_identity_numbers(written)
    assert HIDDEN in redacted(f"customer {written} again")


@given(st.text(), st.text())
def test_an_identity_number_never_gets_through(before, after):
    text = f"{before} {ONE} {after}"
    assert ONE not in without_identity_numbers(text) and ONE not in redacted(text)


@given(st.text(max_size=200))
def test_text_without_one_is_left_alone(text):
    if not holds_identity_number(text):
        assert without_identity_numbers(text) == text


# The formatter


def logged(act, **formatter):
    out = StringIO()
    log = logging.Logger("canary")
    handler = logging.StreamHandler(out)
    handler.setFormatter(Redacting("%(levelname)s %(name)s %(message)s"))
    log.addHandler(handler)
    act(log)
    return out.getvalue()


@given(st.text())
def test_whatever_is_said_is_one_record(text):
    lines = logged(lambda log: log.warning("said %s", text)).split("\n")
    assert lines[0].startswith("WARNING canary said") and lines[-1] == ""
    assert all(line.startswith("\t") for line in lines[1:-1])


@pytest.mark.parametrize(
    "end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x1b[2K", "\x08", "\x00"]
)
def test_nothing_passes_for_another_record_or_drives_a_terminal(end):
    out = logged(lambda log: log.warning("refused x%sERROR canary forged", end))
    for line in out.splitlines()[1:]:
        assert line.startswith("\t") or not line.startswith("ERROR")
    assert not {"\r", "\x0b", "\x0c", "\x85", "\x1b", "\x08", "\x00", "\u2028", "\u2029"} & set(out)


def test_a_traceback_is_kept_and_what_it_quotes_is_hidden():
    def fail(log):
        try:
            raise RuntimeError(f"provider said {json.dumps({'access_token': SECRET})} for {ONE}\nERROR canary forged")
        except RuntimeError:
            log.exception("task failed with code=%s", SECRET)

    out = logged(fail)
    assert "Traceback" in out and "RuntimeError: provider said" in out
    assert SECRET not in out and ONE not in out and "\nERROR canary forged" not in out


def test_what_was_refused_is_one_line_and_what_broke_is_not():
    def refuse(status):
        def act(log):
            try:
                raise PermissionError("no")
            except PermissionError:
                log.warning("Forbidden: /klient/1/", exc_info=sys.exc_info(), extra={"status_code": status})

        return act

    assert logged(refuse(403)) == "WARNING canary Forbidden: /klient/1/\n"
    assert "Traceback" in logged(refuse(500))


@pytest.mark.django_db
def test_a_forbidden_page_is_logged_in_one_line(client, make_client, make_member, capfd):
    company = make_client()
    client.force_login(make_member(company, "rolf", "revisor"))
    logging.getLogger().handlers[0].flush()
    records = []

    class Keep(logging.Handler):
        def emit(self, record):
            records.append(Redacting("%(name)s %(message)s").format(record))

    keep = Keep()
    logging.getLogger().addHandler(keep)
    try:
        assert client.get(f"/klient/{company.organisation_number}/fakturafinansiering/").status_code == 403
    finally:
        logging.getLogger().removeHandler(keep)
    (line,) = [one for one in records if "Forbidden" in one]
    assert "\n" not in line and "Traceback" not in line


def test_the_settings_log_through_it(settings):
    assert settings.LOGGING["formatters"]["plain"]["()"] == f"{Redacting.__module__}.{Redacting.__name__}"
    assert settings.LOGGING["root"]["handlers"] == ["console"]
