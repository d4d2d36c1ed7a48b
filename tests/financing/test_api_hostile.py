"""Whatever is sent to our doors for machines: an answer in JSON, never a page, never a 500, nothing of another company."""

import base64
import json
from datetime import UTC, datetime, timedelta
from itertools import product
from urllib.parse import quote

import pytest
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import JsonResponse
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import include, path
from django.utils import timezone

from access.tenancy import client_scope
from accounting.receivables import receivables_page
from financing.api.problems import NoPagesForMachines
from financing.models import DataAccess
from tests.financing.reading import add_entry, basic, get, read_all

pytestmark = pytest.mark.django_db
PROBLEM, JSON = "application/problem+json", "application/json"


@login_not_required
def breaks(request):
    raise RuntimeError("on purpose")


urlpatterns = [path("api/v1/breaks", breaks), path("oauth/breaks", breaks), path("", include("config.urls"))]
handler400, handler403, handler500 = (f"access.errors.{name}" for name in ("bad_request", "forbidden", "server_error"))


def is_problem(answer, status):
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), answer.content[:300]
    body = answer.json()
    assert body["type"] == "about:blank" and body["status"] == status and body["title"] and body["code"]
    assert "no-store" in answer["Cache-Control"]
    assert not any(letter in answer.content.decode() for letter in "æøåÆØÅ<")
    return body


@pytest.fixture
def bearer(token):
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


@pytest.mark.parametrize(
    "address", ["/api/", "/api/v1/", "/api/v2/company", "/api/v1/company/", "/api/v1/x%00y", "/webhooks/no"]
)
def test_an_address_that_there_is_not(address, bearer):
    assert is_problem(Browser().get(address, **bearer), 404)["code"] == "not_found"
    assert is_problem(Browser().post(address, "{}", content_type=JSON), 404)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("name", ["company", "receivables"])
def test_a_method_that_there_is_not(name, method, bearer):
    answer = getattr(Browser(), method)(f"/api/v1/{name}", "{}", content_type=JSON, **bearer)
    assert is_problem(answer, 405)["code"] == "method_not_allowed"
    assert answer["Allow"] == "GET, HEAD"
    is_problem(getattr(Browser(), method)(f"/api/v1/{name}"), 401)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "\x00", "a/b;c", ";;;"])
def test_a_kind_of_answer_that_there_is_not(accept, bearer):
    assert is_problem(Browser().get("/api/v1/company", HTTP_ACCEPT=accept, **bearer), 406)["code"] == "not_acceptable"


def test_head_reads_without_a_body_and_is_kept_as_a_reading(company, bearer):
    answer = Browser().head("/api/v1/company", **bearer)
    assert answer.status_code == 200 and answer.content == b""
    with client_scope(company):
        assert DataAccess.objects.for_client(company).count() == 1


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("address", "kind"), [("/api/v1/breaks", PROBLEM), ("/oauth/breaks", JSON)])
def test_where_we_break_no_page_is_answered_and_nothing_is_told(client, address, kind):
    client.raise_request_exception = False
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (500, kind)
    assert "purpose" not in answer.content.decode() and "<" not in answer.content.decode()
    assert int(answer["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize("address", ["/api/v1/company", "/oauth/token"])
def test_a_host_that_is_not_ours(address, bearer):
    answer = Browser().get(address, HTTP_HOST="elsewhere.example", **bearer)
    assert answer.status_code in (400, 405) and answer["Content-Type"] in (PROBLEM, JSON)


def test_people_still_get_pages(client):
    answer = client.get("/tull")
    assert answer.status_code == 404 and answer["Content-Type"].startswith("text/html")


def test_the_words_do_not_follow_a_language(bearer):
    browser = Browser()
    browser.cookies["django_language"] = "nb"
    for query in ({"page_size": "0"}, {"nonsense": "1"}):
        is_problem(browser.get("/api/v1/receivables", query, HTTP_ACCEPT_LANGUAGE="nb", **bearer), 400)
    is_problem(browser.post("/api/v1/receivables", HTTP_ACCEPT_LANGUAGE="nb", **bearer), 405)


# The query

BAD = {
    "page_size": [
        "", "0", "-1", "1001", "10000", "9" * 5000, "1e2", "1.0", "+1", " 1", "1 ", "0x10", "٣", "１０", "²",
        "\x00", "1\n", "\ud800", "null", "true", "1,2", "' OR 1=1 --",
    ],
    "changed_since": [
        "soon", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01\x0000:00:00Z", "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00",
        "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00." + "0" * 5000 + "Z", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z", "-2026-01-01T00:00:00Z", "+12026-01-01T00:00:00Z",
        "٢٠٢٦-01-01T00:00:00Z", "２０２６-01-01T00:00:00Z", "1767225600", "now", "\x00", "\ud800", "2026-W01-1T00:00:00Z",
        "2026-01-01T00:00:00Z\n", "infinity", "-infinity",
    ],
    "cursor": [
        "x", ":", "::", "\x00", "\ud800", "é", "W10:x", "WzFd", "WzEsbnVsbCwiMjAyNi0wMS0wMVQwMDowMDowMFoiXQ", "A" * 5000,
        "null", "-1", "1",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_parameter_that_cannot_be_read(name, bearer):
    for value in BAD[name]:
        sent = quote(value.encode("utf-8", "surrogatepass"))
        body = is_problem(Browser().get(f"/api/v1/receivables?{name}={sent}", **bearer), 400)
        assert list(body["errors"]) == [name]


def test_a_parameter_that_there_is_not_or_stands_twice(bearer):
    for query in (
        "page_size=1&page_size=2",
        "changed_sinse=2026-01-01T00:00:00Z",
        "format=html",
        "=",
        "%00=1",
        "%ff=1",
    ):
        is_problem(Browser().get(f"/api/v1/receivables?{query}", **bearer), 400)


GOOD = [
    "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00+05:45",
    "2026-01-01T00:00:00.123456-23:59", "2026-01-01T00:00:00.1Z", "2099-01-01T00:00:00+00:00",
]  # fmt: skip


def test_any_time_that_is_one_is_understood_past_and_future(company, token):
    add_entry(company, "1", 100)
    for since in GOOD:
        items, again = read_all(token, changed_since=since)
        asked = datetime.fromisoformat(since)
        assert len(items) == (asked <= timezone.now())
        # Whatever was asked, what comes next is reckoned from what is written now.
        assert abs(datetime.fromisoformat(again) - timezone.now()) < timedelta(minutes=3)
        with client_scope(company):
            kept = DataAccess.objects.for_client(company).latest("id").changed_since
        assert datetime.fromisoformat(kept) == asked and kept.endswith("Z")


def test_an_empty_time_or_cursor_is_none(company, token):
    add_entry(company, "1", 100)
    assert len(get("receivables", token, changed_since="", cursor="").json()["items"]) == 1


# Cursors


def first_cursor(token, **query):
    return get("receivables", token, page_size=1, **query).json()["next_cursor"]


def test_a_cursor_that_was_touched_is_refused(company, token):
    for number in "123":
        add_entry(company, number, 1)
    cursor = first_cursor(token)
    assert get("receivables", token, cursor=cursor).status_code == 200
    for at in range(len(cursor)):
        other = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        # The last letter of base64 carries bits that stand for nothing.
        if get("receivables", token, cursor=other).status_code != 400:
            assert at == len(cursor) - 1


def test_a_cursor_of_another_company_is_refused_and_says_nothing(company, token, make_client):
    other = make_client("310011118", "Furulia Lys AS")
    for number in "123":
        add_entry(other, number, 1)
        add_entry(company, number, 1)
    with client_scope(other):
        foreign = receivables_page(client=other, changed_since="", cursor="", page_size=1).next_cursor
    body = is_problem(get("receivables", token, cursor=foreign), 400)
    assert body["errors"] == {"cursor": ["send what next_cursor gave"]}
    assert other.organisation_number not in json.dumps(body)


def test_a_cursor_signed_for_something_else_is_refused(company, token):
    for salt in ("", "accounting.receivables", f"accounting.receivables.{company.pk + 1}"):
        made = signing.Signer(salt=salt or None).sign_object([0, None, "2026-01-01T00:00:00Z"])
        is_problem(get("receivables", token, cursor=made), 400)


def test_a_cursor_carries_the_time_of_its_reading(company, token):
    for number in "123":
        add_entry(company, number, 1)
    since = "2026-01-01T00:00:00Z"
    cursor = first_cursor(token, changed_since=since)
    assert len(get("receivables", token, cursor=cursor).json()["items"]) == 2
    assert len(get("receivables", token, cursor=cursor, changed_since="2026-01-01T01:00:00+01:00").json()["items"]) == 2
    is_problem(get("receivables", token, cursor=cursor, changed_since="2026-01-02T00:00:00Z"), 400)
    is_problem(get("receivables", token, cursor=first_cursor(token), changed_since=since), 400)


# Headers

HEADERS = [
    "", "Bearer", "Bearer ", "bearer", "Basic x", "Bearer \x00", "Bearer é", "Bearer " + "x" * 8000, "Bearer a b", "Bearer\tx",
    "Digest x", "Bearer ,", "Token x", "Bearer null", "\xff\xfe", "Bearer ' OR '1'='1",
]  # fmt: skip


def test_a_token_that_is_none(company):
    for value in HEADERS:
        answer = Browser().get("/api/v1/receivables", HTTP_AUTHORIZATION=value)
        assert is_problem(answer, 401)["code"] == "invalid_token"
        assert answer["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'


def test_a_token_goes_in_the_header_only(token):
    is_problem(Browser().get("/api/v1/company", {"access_token": token}), 401)
    is_problem(Browser().generic("GET", "/api/v1/company", f"access_token={token}", content_type=FORM), 401)
    browser = Browser()
    browser.cookies["access_token"] = token
    is_problem(browser.get("/api/v1/company"), 401)


# The token endpoint

FORM = "application/x-www-form-urlencoded"
REFUSALS = {
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"
}  # fmt: skip


def is_refusal(answer, *statuses):
    assert answer.status_code in statuses and answer["Content-Type"].split(";")[0] == JSON, answer.content[:300]
    assert answer.json()["error"] in REFUSALS
    assert "no-store" in answer["Cache-Control"]
    return answer.json()["error"]


NASTY = ["", "\x00", "x\x00y", "é", "\U0001f600", "%00", "{}", "[]", "' OR 1=1", "x" * 100_000, "a\r\nb: c"]


@pytest.mark.parametrize(
    "name", ["code", "refresh_token", "scope", "client_id", "redirect_uri", "code_verifier", "resource", "grant_type"]
)
def test_whatever_stands_in_the_form(application, begun, name):
    for value, grant in product(NASTY, ("authorization_code", "refresh_token")):
        data = {"grant_type": grant, "code": "x", "refresh_token": "x", "redirect_uri": "https://x", name: value}
        is_refusal(Browser().post("/oauth/token", data, HTTP_AUTHORIZATION=basic(*application)), 400, 401)


@pytest.mark.parametrize("name", ["scope", "client_id", "code_verifier", "resource", "state", "nonce"])
def test_what_stands_beside_a_good_code_or_token_breaks_nothing(application, begun, name):
    data = {"grant_type": "authorization_code", "code": begun.grant.code}
    for value in NASTY:
        answer = Browser().post("/oauth/token", {**data, name: value}, HTTP_AUTHORIZATION=basic(*application))
        assert answer.status_code in (200, 400, 401) and answer["Content-Type"].split(";")[0] == JSON
        if answer.status_code == 200:
            data = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}


def test_a_resource_that_is_named_is_not_kept(application, begun):
    from oauth2_provider.models import get_access_token_model

    data = {"grant_type": "authorization_code", "code": begun.grant.code, "resource": "https://elsewhere.example/\x00"}
    assert Browser().post("/oauth/token", data, HTTP_AUTHORIZATION=basic(*application)).status_code == 200
    assert not get_access_token_model().objects.get().resource


CLIENTS = [
    "", "Basic", "Basic ", "Basic é", "Basic =", "Basic \x00", "Basic x", "basic eDp5", "Bearer x", "Basic " + "A" * 100_000,
    *["Basic " + base64.b64encode(one).decode() for one in (
        b"", b":", b"a", b"\x00:\x00", b"\xff\xfe:\xff", b"a:b:c", b"%00:x", b"x" * 10_000 + b":y", "é:ø".encode(),
    )],
]  # fmt: skip


def test_whatever_stands_for_the_client(application):
    for value in CLIENTS:
        sent = {"grant_type": "authorization_code", "code": "x"}
        answer = Browser().post("/oauth/token", sent, HTTP_AUTHORIZATION=value)
        assert is_refusal(answer, 401) == "invalid_client"
        assert answer["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ""), (b"{", JSON), (b'{"grant_type": "authorization_code"}', JSON), (b"\xff\xfe", FORM), (b"%", FORM),
        (b"grant_type", FORM), (b"&&&==", FORM), (b"grant_type=authorization_code&grant_type=refresh_token", FORM),
        (b"x", "multipart/form-data"), (b"x", "multipart/form-data; boundary=\xff".encode("latin-1").decode("latin-1")),
        (b"--a\r\n", "multipart/form-data; boundary=a"),
        (b"&".join(b"a%d=1" % n for n in range(600)), FORM),
    ],
)  # fmt: skip
def test_whatever_the_body_is(application, body, kind):
    answer = Browser().generic("POST", "/oauth/token", body, content_type=kind, HTTP_AUTHORIZATION=basic(*application))
    is_refusal(answer, 400)


def test_a_body_beyond_the_limit(application):
    signed = {"HTTP_AUTHORIZATION": basic(*application)}
    answer = Browser().generic("POST", "/oauth/token", b"code=" + b"x" * 2**21, content_type=FORM, **signed)
    assert is_refusal(answer, 413) == "invalid_request"


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options", "head"])
def test_a_token_is_asked_for_by_post(application, method):
    answer = getattr(Browser(), method)("/oauth/token", HTTP_AUTHORIZATION=basic(*application))
    assert answer.status_code == 405 and answer["Allow"] == "POST"
    if method != "head":
        is_refusal(answer, 405)


@pytest.mark.parametrize(
    "address", ["/oauth/", "/oauth/authorize", "/oauth/revoke", "/oauth/introspect", "/oauth/applications/"]
)
def test_of_the_toolkit_only_the_token_endpoint_is_there(application, address):
    for method in ("get", "post"):
        is_refusal(getattr(Browser(), method)(address, HTTP_AUTHORIZATION=basic(*application)), 404)


def test_what_is_json_already_stays_as_it_is():
    answer = NoPagesForMachines(lambda request: JsonResponse({"a": 1}, status=400))(RequestFactory().get("/api/x"))
    assert json.loads(answer.content) == {"a": 1}


def test_now_is_utc_to_the_bank(token):
    said = get("receivables", token).json()["next_changed_since"]
    assert said.endswith("Z") and datetime.fromisoformat(said).tzinfo == UTC
