"""BankID test as an OpenID Connect provider."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from .conftest import Person

CALLBACK = "http://localhost:8000/oidc/callback/"
RP = ("rp", "rp-secret")


class Flow:
    """One sign-in of the relying party."""

    def __init__(self, bank):
        self.bank, self.verifier = bank, secrets.token_urlsafe(48)
        self.found = requests.get(bank.url + "/.well-known/openid-configuration", timeout=10).json()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        self.query = {
            "client_id": "rp", "response_type": "code", "scope": "openid profile email", "redirect_uri": CALLBACK,
            "state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24), "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip

    def ask(self, **change):
        visitor = Person(self.bank)
        visitor.answer = visitor.session.get(
            self.found["authorization_endpoint"], params=self.query | change, allow_redirects=False, timeout=10
        )
        return visitor

    def back(self, visitor):
        assert visitor.answer.status_code == 303, visitor.text
        address = visitor.answer.headers["Location"]
        assert address.startswith(CALLBACK + "?")
        return {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}

    def code(self, name="Ada Administrator"):
        visitor = self.ask()
        visitor.press(name, follow=False)
        return self.back(visitor)["code"]

    def redeem(self, code, auth=RP, **change):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        return requests.post(self.found["token_endpoint"], data=form | change, auth=auth, timeout=10)


@pytest.fixture
def flow(bank):
    return Flow(bank)


def test_the_good_case(bank, flow):
    assert flow.found["issuer"] == bank.url and flow.found["id_token_signing_alg_values_supported"] == ["ES256"]
    visitor = flow.ask()
    assert "BankID test" in visitor.text
    assert "form-action 'self' http://localhost:8000" in visitor.answer.headers["Content-Security-Policy"]
    visitor.press("Otto Operatør", follow=False)
    back = flow.back(visitor)
    assert (back["state"], back["iss"]) == (flow.query["state"], bank.url)
    answer = flow.redeem(back["code"])
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    key = jwt.PyJWKClient(flow.found["jwks_uri"]).get_signing_key_from_jwt(answer.json()["id_token"])
    claims = jwt.decode(
        answer.json()["id_token"], key, algorithms=["ES256"], audience="rp", issuer=bank.url,
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )  # fmt: skip
    assert {name: claims[name] for name in ("sub", "name", "given_name", "family_name", "nonce")} == {
        "sub": "otto", "name": "Otto Operatør", "given_name": "Otto", "family_name": "Operatør",
        "nonce": flow.query["nonce"],
    }  # fmt: skip
    assert claims["acr"] and claims["auth_time"] <= claims["iat"] and claims["email"].startswith("otto@")
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    info = requests.get(flow.found["userinfo_endpoint"], headers=bearer, timeout=10).json()
    assert info["sub"] == "otto" and info["name"] == "Otto Operatør"
    # the token of BankID opens nothing at the bank
    assert requests.get(bank.url + "/v1/agreements", headers=bearer, timeout=10).status_code == 401


def test_a_code_is_good_once_and_its_reuse_ends_the_token(flow):
    code = flow.code()
    token = flow.redeem(code).json()["access_token"]
    assert flow.redeem(code).json() == {"error": "invalid_grant"}
    answer = requests.get(flow.found["userinfo_endpoint"], headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "v" * 64}, {"code_verifier": ""}, {"redirect_uri": "http://localhost:8000/other"},
        {"redirect_uri": ""}, {"code": "other"},
    ],
)  # fmt: skip
def test_a_wrong_redemption_uses_the_code_up(flow, change):
    code = flow.code()
    answer = flow.redeem(**{"code": code} | change)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
    if "code" not in change:
        assert flow.redeem(code).status_code == 400


def test_the_client_must_show_its_secret(flow):
    code = flow.code()
    for auth in (None, ("rp", "wrong"), ("regnskap", "rp-secret")):
        assert flow.redeem(code, auth=auth).status_code == 401
    assert flow.redeem(code, grant_type="password").json() == {"error": "unsupported_grant_type"}
    assert flow.redeem(code).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://localhost:8000/oidc/callback"}, {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": CALLBACK + "?x=1"}, {"redirect_uri": ""}, {"client_id": "other"},
    ],
)  # fmt: skip
def test_no_redirect_to_an_unknown_place(flow, change):
    visitor = flow.ask(**change)
    assert visitor.answer.status_code == 400 and "Location" not in visitor.answer.headers


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"), ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"), ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"), ({"request": "x"}, "request_not_supported"),
    ],
)  # fmt: skip
def test_faults_go_back_to_the_relying_party(flow, change, error):
    back = flow.back(flow.ask(**change))
    assert (back["error"], back["state"]) == (error, flow.query["state"])


def test_cancelled_and_always_asked_again(flow):
    visitor = flow.ask()
    visitor.press("Avbryt", follow=False)
    assert flow.back(visitor)["error"] == "access_denied"
    first = flow.ask()
    first.press("Ada Administrator", follow=False)
    first.answer = first.session.get(flow.found["authorization_endpoint"], params=flow.query, timeout=10)
    assert "BankID test" in first.text  # nobody is kept signed in


def test_a_sealed_request_cannot_be_changed(bank, flow):
    visitor = flow.ask()
    visitor.press("Ada Administrator", follow=False, request="e30:abc:def")
    assert visitor.answer.status_code == 410 and "Siden er utløpt" in visitor.text
