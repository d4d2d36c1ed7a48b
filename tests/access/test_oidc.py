"""Sign-in against a provider that lies: every lie ends on the failure page, with one audit line and no session."""

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client as Browser

from access import oidc
from access.models import AuditEntry, User
from access.ownership import as_owner
from access.services import known_person
from access.sparing import Sparing
from tests.access.identity_provider import CLIENT_ID, Provider

# Lines without a company are read as the owner, and the role is not changed inside a transaction.
pytestmark = pytest.mark.django_db(transaction=True)

FAILED = "/innlogging/mislyktes"
UNKNOWN = FAILED + "?uten-tilgang"
SOMEBODY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(autouse=True)
def each_refusal_is_audited(monkeypatch):
    """However many the tests before brought about in this minute."""
    monkeypatch.setattr(oidc, "refusals", Sparing(most=100, seconds=60))


@pytest.fixture(scope="module")
def server():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def provider(server, settings, caplog):
    """The provider, telling the truth; whatever it issued may stand in no line of the log."""
    caplog.set_level("DEBUG")
    server.reset()
    settings.OIDC_OP_ISSUER = server.url
    oidc.documents.clear()
    yield server
    server.released.set()
    oidc.documents.clear()
    logged = "\n".join(map(caplog.handler.format, caplog.get_records("call")))  # caplog.text is empty by now
    assert [one for one in server.secrets if one in logged] == []


@pytest.fixture
def dag(provider):
    return known_person(subject="dag")


def start(browser, wanted=None):
    return browser.get("/innlogging/", {"next": wanted} if wanted else {})


def sign_in(browser, provider, wanted=None):
    sent = start(browser, wanted)
    return browser.get("/oidc/callback/", provider.authorise(sent["Location"]))


def lines():
    """(action, why) of every audit line without a company."""
    with as_owner():
        found = list(AuditEntry.unscoped.filter(client=None).order_by("at"))
    return [(line.action, line.details.get("why")) for line in found]


def signed_in(browser) -> bool:
    return "_auth_user_id" in browser.session


def test_the_good_case(client, provider, dag):
    sent = start(client, "/admin/?q=1")
    asked = parse_qs(urlsplit(sent["Location"]).query)
    assert asked["redirect_uri"] == ["http://localhost:8000/oidc/callback/"]  # PUBLIC_BASE_URL, not the request's host
    assert asked["scope"] == ["openid profile email"]
    before = client.session.session_key
    back = client.get("/oidc/callback/", provider.authorise(sent["Location"]))
    assert (back.status_code, back["Location"]) == (302, "/admin/?q=1")
    assert signed_in(client)
    assert client.session.session_key != before
    assert not {"oidc_access_token", "oidc_id_token"} & set(client.session.keys())
    dag.refresh_from_db()
    assert (dag.name, dag.email, dag.subject) == ("Dag Leder", "dag@eksempel.invalid", "dag")
    assert lines() == [("sign_in", None)]
    assert client.get("/").status_code == 200


def test_without_a_wish_it_leads_home(client, provider, dag):
    assert sign_in(client, provider)["Location"] == "/"


def claim(**changed):
    """The ID token says this instead; None leaves a claim out."""

    def lie(provider):
        provider.tell = lambda claims: {k: v for k, v in {**claims, **changed}.items() if v is not None}

    return lie


def attribute(name, value):
    return lambda provider: setattr(provider, name, value)


def signing(how):
    def lie(provider):
        provider.sign = lambda claims: how(provider, claims)

    return lie


def answering(path, answer):
    def lie(provider):
        provider.answers[path] = answer

    return lie


def inactive(provider):
    User.objects.update(is_active=False)


DEEP = "[" * 200_000
LIES = {
    "aud of another": (claim(aud="another"), "InvalidAudienceError"),
    "aud missing": (claim(aud=None), "MissingRequiredClaimError"),
    "aud list without azp": (claim(aud=[CLIENT_ID, "another"]), "azp"),
    "azp of another": (claim(azp="another"), "azp"),
    "iss of another": (claim(iss="http://127.0.0.1:1"), "InvalidIssuerError"),
    "iss missing": (claim(iss=None), "MissingRequiredClaimError"),
    "exp missing": (claim(exp=None), "MissingRequiredClaimError"),
    "exp past": (claim(exp=time.time() - 120), "ExpiredSignatureError"),
    "exp without end": (claim(exp=float("inf")), "DecodeError"),
    "iat missing": (claim(iat=None), "MissingRequiredClaimError"),
    "iat without end": (claim(iat=float("inf")), "InvalidIssuedAtError"),
    "iat future": (claim(iat=time.time() + 6000), "ImmatureSignatureError"),
    "sub missing": (claim(sub=None), "MissingRequiredClaimError"),
    "sub empty": (claim(sub=""), "sub"),
    "sub a number": (claim(sub=7), "InvalidSubjectError"),
    "sub with NUL": (attribute("person", {"sub": "dag\0"}), "ValueError"),
    "sub half a character": (attribute("person", {"sub": "dag\ud800"}), "UnicodeEncodeError"),
    "nonce wrong": (claim(nonce="another"), "nonce"),
    "nonce missing": (claim(nonce=None), "nonce"),
    "alg none": (signing(Provider.unsigned), "algorithm"),
    "HS256 with the public key": (signing(Provider.signed_with_the_public_key), "algorithm"),
    "signed by somebody": (signing(lambda p, claims: p.signed(claims, key=SOMEBODY)), "InvalidSignatureError"),
    "unknown kid": (signing(lambda p, claims: p.signed(claims, kid="another")), "unknown_key"),
    "no kid": (signing(lambda p, claims: p.signed(claims, kid=None)), "unknown_key"),
    "garbage": (signing(lambda p, claims: "not.a.token"), "DecodeError"),
    "no token": (signing(lambda p, claims: None), "algorithm"),
    "token endpoint 400": (answering("/token", (400, '{"error": "invalid_grant"}')), "HTTPError"),
    "token endpoint not JSON": (answering("/token", (200, "<html>")), "JSONDecodeError"),
    "token endpoint a list": (answering("/token", (200, "[]")), "AttributeError"),
    "token endpoint deeply nested": (answering("/token", (200, DEEP)), "RecursionError"),
    "token endpoint silent": (answering("/token", "silence"), "ReadTimeout"),
    "token endpoint hangs up": (answering("/token", "hang up"), "ConnectionError"),
    "JWKS 500": (answering("/jwks", (500, "{}")), "HTTPError"),
    "JWKS without keys": (answering("/jwks", (200, '{"keys": null}')), "TypeError"),
    "JWKS of texts": (answering("/jwks", (200, '{"keys": ["a"]}')), "AttributeError"),
    "JWKS silent": (answering("/jwks", "silence"), "ReadTimeout"),
    "userinfo of another": (attribute("userinfo", lambda claims: {"sub": "ada"}), "userinfo_of_another"),
    "userinfo of nobody": (attribute("userinfo", lambda claims: {"name": "Dag"}), "userinfo_of_another"),
    "userinfo a list": (attribute("userinfo", lambda claims: []), "userinfo_of_another"),
    "userinfo 401": (answering("/userinfo", (401, "{}")), "HTTPError"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused(client, provider, dag, settings, lie):
    settings.OIDC_TIMEOUT = (0.5, 0.5)
    known_person(subject="ada")
    tell, why = LIES[lie]
    tell(provider)
    answer = sign_in(client, provider)
    assert (answer.status_code, answer["Location"]) == (302, FAILED)
    assert not signed_in(client)
    assert lines() == [("sign_in.refused", why)]
    assert User.objects.count() == 2
    dag.refresh_from_db()
    assert dag.name == ""


@pytest.mark.parametrize("who", [attribute("person", {"sub": "nobody", "email": "dag@eksempel.invalid"}), inactive])
def test_whom_we_do_not_know_is_told_that_and_no_more(client, provider, dag, who):
    User.objects.update(email="dag@eksempel.invalid")
    who(provider)
    answer = sign_in(client, provider)
    assert answer["Location"] == UNKNOWN
    assert not signed_in(client)
    assert lines() == [("sign_in.refused", "unknown_person")]
    assert User.objects.count() == 1
    page = client.get(UNKNOWN)
    assert (page.status_code, page.context["without_access"]) == (403, True)
    assert client.get(FAILED).context["without_access"] is False


def test_somebody_with_the_same_sub_at_another_issuer_is_somebody_else(client, provider):
    known_person(subject="dag", issuer="https://another.example")
    assert sign_in(client, provider)["Location"] == UNKNOWN


def test_several_audiences_with_ours_as_azp_are_fine(client, provider, dag):
    claim(aud=[CLIENT_ID, "another"], azp=CLIENT_ID)(provider)
    sign_in(client, provider)
    assert signed_in(client)


def test_the_signed_claims_win_over_userinfo(client, provider, dag):
    provider.userinfo = lambda claims: {"sub": "dag", "name": "Somebody", "iss": "https://another.example"}
    sign_in(client, provider)
    dag.refresh_from_db()
    assert dag.name == "Dag Leder"


def test_names_that_are_none_leave_what_we_have(client, provider, dag):
    User.objects.update(name="Dag", email="old@eksempel.invalid")
    provider.person = {"sub": "dag", "name": {"first": "Dag"}, "email": ""}
    sign_in(client, provider)
    dag.refresh_from_db()
    assert signed_in(client)
    assert (dag.name, dag.email) == ("Dag", "old@eksempel.invalid")


# The way back


def test_she_says_no_at_the_provider(client, provider, dag):
    state = provider.authorise(start(client)["Location"])["state"]
    answer = client.get("/oidc/callback/", {"error": "access_denied", "state": state})
    assert answer["Location"] == FAILED
    again = client.get("/oidc/callback/", {"error": "access_denied", "state": state})
    assert again["Location"] == FAILED
    assert lines() == [("sign_in.refused", "provider_error"), ("sign_in.refused", "state")]


@pytest.mark.parametrize(
    "query", [{"error": "access_denied"}, {"error": "x", "state": "y"}, {"code": "c", "state": "s"}, {}]
)
def test_a_link_to_the_callback_signs_nobody_out(client, provider, dag, query):
    sign_in(client, provider)
    assert client.get("/oidc/callback/", query)["Location"] == FAILED
    assert signed_in(client)
    assert lines() == [("sign_in", None), ("sign_in.refused", "state")]


def test_a_state_without_a_code(client, provider, dag):
    state = provider.authorise(start(client)["Location"])["state"]
    assert client.get("/oidc/callback/", {"state": state})["Location"] == FAILED
    assert lines() == [("sign_in.refused", "no_code")]


def test_a_replayed_callback(client, provider, dag):
    query = provider.authorise(start(client)["Location"])
    client.get("/oidc/callback/", query)
    client.post("/logg-ut")
    assert client.get("/oidc/callback/", query)["Location"] == FAILED
    assert not signed_in(client)
    assert lines()[-1] == ("sign_in.refused", "state")
    assert provider.hits["/token"] == 1


def test_the_callback_in_another_browser(client, provider, dag):
    query = provider.authorise(start(client)["Location"])
    other = Browser()
    assert other.get("/oidc/callback/", query)["Location"] == FAILED
    assert not signed_in(other)
    assert lines() == [("sign_in.refused", "state")]


def test_two_tabs_keep_their_own_way(client, provider, dag):
    one = provider.authorise(start(client, "/one")["Location"])
    two = provider.authorise(start(client, "/two")["Location"])
    assert client.get("/oidc/callback/", one)["Location"] == "/one"
    assert client.get("/oidc/callback/", two)["Location"] == "/two"


def test_another_person_in_the_same_browser_gets_a_session_of_her_own(client, provider, dag):
    known_person(subject="ada")
    sign_in(client, provider)
    session = client.session
    session["kept"] = "dag's"
    session.save()
    provider.person = {"sub": "ada", "name": "Ada"}
    sign_in(client, provider)
    assert int(client.session["_auth_user_id"]) == User.objects.get(subject="ada").pk
    assert "kept" not in client.session


@pytest.mark.parametrize("wanted", [
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", "http:///evil.example",
])  # fmt: skip
def test_a_foreign_way_back_is_forgotten(client, provider, dag, wanted):
    assert sign_in(client, provider, wanted)["Location"] == "/"


def test_the_callback_takes_no_post(client, provider, dag):
    query = provider.authorise(start(client)["Location"])
    assert client.post("/oidc/callback/?" + urlencode(query), query).status_code == 405
    assert not signed_in(client)


# The provider's documents


@pytest.mark.parametrize("answer", [
    (500, "{}"), (200, "<html>"), (200, "[]"), (200, "{}"), (200, '{"issuer": "https://another.example"}'),
    (302, "{}"), "silence", "hang up",
])  # fmt: skip
def test_a_broken_discovery_ends_on_the_failure_page(client, provider, dag, settings, answer):
    settings.OIDC_TIMEOUT = (0.5, 0.5)
    provider.answers["/.well-known/openid-configuration"] = answer
    assert start(client)["Location"] == FAILED
    assert not provider.hits["/authorize"]


@pytest.mark.parametrize(("issuer", "address"), [
    ("https://provider.example", "http://provider.example/token"), ("https://provider.example", "file:///etc/passwd"),
    ("https://provider.example", None), ("http://127.0.0.1:1", "ftp://127.0.0.1/token"),
])  # fmt: skip
def test_an_address_that_nobody_should_go_to(settings, monkeypatch, issuer, address):
    settings.OIDC_OP_ISSUER = issuer
    monkeypatch.setattr(oidc.documents, "get", lambda url: {"issuer": issuer, "token_endpoint": address})
    with pytest.raises(ValueError, match="not an address"):
        oidc.discovered("token_endpoint")


def test_documents_are_fetched_once(client, provider, dag):
    for _ in range(3):
        sign_in(Browser(), provider)
    assert provider.hits["/.well-known/openid-configuration"] == 1
    assert provider.hits["/jwks"] == 1


def test_a_new_key_is_looked_for_once_and_found(client, provider, dag, monkeypatch):
    sign_in(Browser(), provider)
    provider.new_key()
    sign_in(client, provider)
    assert not signed_in(client)  # looked for less than ten seconds ago
    assert provider.hits["/jwks"] == 1
    monkeypatch.setattr(oidc, "REFETCH", 0)
    sign_in(client, provider)
    assert signed_in(client)
    assert provider.hits["/jwks"] == 2


def test_old_documents_are_fetched_anew(client, provider, dag, monkeypatch):
    sign_in(Browser(), provider)
    later = time.monotonic() + oidc.KEPT
    monkeypatch.setattr(oidc.time, "monotonic", lambda: later)
    sign_in(client, provider)
    assert provider.hits["/jwks"] == 2


def test_signed_in_pages_never_ask_the_provider(client, provider, dag):
    sign_in(client, provider)
    oidc.documents.clear()
    provider.hits.clear()
    assert client.get("/").status_code == 200
    assert not provider.hits
