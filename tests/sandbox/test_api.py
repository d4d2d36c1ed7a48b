"""The partner API by itself: tokens, Idempotency-Key, validation, lists that miss nothing."""

import secrets
import threading

import pytest
import requests

from .conftest import RETURN, Person


def test_token_needs_the_secret(bank):
    url, form = bank.url + "/oauth/token", {"grant_type": "client_credentials"}
    for auth in (None, ("regnskap", "wrong"), ("other", "partner secret: æ")):
        answer = requests.post(url, data=form, auth=auth, timeout=10)
        assert answer.status_code == 401
        bank.valid("issueToken", 401, answer.json())
    auth = (b"regnskap", "partner secret: æ".encode())
    assert requests.post(url, data={"grant_type": "password"}, auth=auth, timeout=10).status_code == 400
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": "Basic no"}):
        answer = requests.get(bank.url + "/v1/agreements", headers=headers, timeout=10)
        assert answer.status_code == 401 and "invalid_token" in answer.headers["WWW-Authenticate"]
        bank.valid("listAgreements", 401, answer.json())


def test_unknown_things_are_problems(bank):
    bank.call("readOnboarding", "GET", "/v1/onboardings/nothing", status=404)
    bank.call("readAgreement", "GET", "/v1/agreements/nothing", status=404)
    bank.call("listAnalysisLines", "GET", "/v1/analyses/nothing/lines", status=404)
    bank.call("readAgreement", "POST", "/v1/agreements/nothing", {}, status=405)
    bank.call("readAgreement", "GET", "/v1/other", status=404)
    bank.call("findOnboarding", "GET", "/v1/onboardings", status=400)
    for query in (
        {"page_size": 0},
        {"page_size": 501},
        {"page_size": "x"},
        {"changed_since": "2026"},
        {"cursor": "c1"},
    ):
        bank.call("listAgreements", "GET", "/v1/agreements", query=query, status=400)


def test_one_live_onboarding_per_company(bank):
    company = bank.company()
    first = bank.begin(company)
    refused = bank.call("createOnboarding", "POST", "/v1/onboardings", bank.request_for(company), status=409)
    assert refused["onboarding_id"] == first["id"]
    found = bank.call("findOnboarding", "GET", "/v1/onboardings", query={"reference": first["reference"]})["items"]
    assert [one["id"] for one in found] == [first["id"]] and "link" not in found[0]
    assert bank.call("findOnboarding", "GET", "/v1/onboardings", query={"reference": "none"})["items"] == []
    path = f"/v1/onboardings/{first['id']}/cancel"
    assert bank.call("cancelOnboarding", "POST", path)["status"] == "cancelled"
    assert bank.call("cancelOnboarding", "POST", path)["status"] == "cancelled"
    second = bank.begin(company)
    assert second["id"] != first["id"] and second["sequence"] > first["sequence"]
    # what was begun may not be finished: the link of the cancelled one
    visitor = Person(bank)
    visitor.sign_in(first["link"]["url"], "dag")
    assert "Søknaden er avsluttet" in visitor.text and bank.onboarding(first["id"])["status"] == "cancelled"


def test_an_agreement_stands_in_the_way_of_a_second_onboarding(bank):
    agreement, company = bank.opened()
    refused = bank.call("createOnboarding", "POST", "/v1/onboardings", bank.request_for(company), status=409)
    assert refused["onboarding_id"] == bank.agreement(agreement)["onboarding_id"]


def test_idempotency_key(bank):
    company, key = bank.company(), secrets.token_hex(16)
    body = bank.request_for(company)
    first = bank.call("createOnboarding", "POST", "/v1/onboardings", body, key=key, status=201)
    assert bank.call("createOnboarding", "POST", "/v1/onboardings", body, key=key, status=201) == first
    bank.call("createOnboarding", "POST", "/v1/onboardings", body | {"state": "o" * 40}, key=key, status=409)
    bank.call("cancelOnboarding", "POST", f"/v1/onboardings/{first['id']}/cancel", key=key, status=409)
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 65}):
        answer = requests.post(
            bank.url + "/v1/onboardings",
            json=body,
            headers={"Authorization": f"Bearer {bank.token()}", **headers},
            timeout=10,
        )
        assert answer.status_code == 400


def test_the_same_request_many_times_at_once(bank):
    body, key, answers = bank.request_for(bank.company()), secrets.token_hex(16), []

    def send():
        headers = {"Authorization": f"Bearer {bank.token()}", "Idempotency-Key": key}
        answers.append(requests.post(bank.url + "/v1/onboardings", json=body, headers=headers, timeout=30))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {one.status_code for one in answers} == {201} and len({one.text for one in answers}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"reference": None}, {"reference": ""}, {"reference": "r" * 65}, {"organisation_number": "12345678"},
        {"organisation_number": "12345678٣"}, {"organisation_number": 310000000}, {"organisation_name": None},
        {"payout_account": "123"}, {"return_url": "javascript:alert(1)"}, {"return_url": "http://evil.example/"},
        {"return_url": "https://a.example; script-src *"}, {"return_url": "https://u:p@a.example/"}, {"state": "short"},
        {"webhook_url": "/relative"}, {"grant": None}, {"grant": "code"}, {"grant": {}},
        {"grant": {"code": "c", "expires_at": "tomorrow", "token_url": RETURN, "api_base_url": RETURN}},
        {"grant": {"code": "c", "expires_at": "2030-01-01T00:00:00", "token_url": RETURN, "api_base_url": RETURN}},
        {"grant": {"code": "c", "expires_at": "2030-01-01T00:00:00Z", "token_url": "file:///etc/passwd",
                   "api_base_url": RETURN}},
    ],
)  # fmt: skip
def test_a_body_that_does_not_fit(bank, change):
    body = bank.request_for(bank.company()) | change
    bank.call("createOnboarding", "POST", "/v1/onboardings", body, status=422)


def test_a_body_that_is_not_json(bank):
    for content in (b"{", b"[]", b"\xff", b"[" * 100_000):
        answer = requests.post(
            bank.url + "/v1/onboardings", data=content, timeout=10,
            headers={"Authorization": f"Bearer {bank.token()}", "Idempotency-Key": secrets.token_hex(8)},
        )  # fmt: skip
        assert answer.status_code == 400 and answer.headers["Content-Type"] == "application/problem+json"


def test_changed_agreements_in_pages(bank):
    first = bank.call("listAgreements", "GET", "/v1/agreements")
    since = first["next_changed_since"]
    made = [bank.opened()[0] for _ in range(3)]
    seen, query = [], {"changed_since": since, "page_size": 1}
    page = bank.call("listAgreements", "GET", "/v1/agreements", query=query)
    seen += page["items"]
    bank.manage(made[2]).press("Overfør til bedriften", amount="100")  # changes while it is read: comes next time
    while page["next_cursor"]:
        page = bank.call("listAgreements", "GET", "/v1/agreements", query=query | {"cursor": page["next_cursor"]})
        seen += page["items"]
    after = bank.call("listAgreements", "GET", "/v1/agreements", query={"changed_since": page["next_changed_since"]})
    assert {one["id"] for one in seen + after["items"]} >= set(made)
    assert made[2] in {one["id"] for one in after["items"]}
    sequences = [one["sequence"] for one in seen + after["items"]]
    assert sequences == sorted(sequences)
    last = bank.call("listAgreements", "GET", "/v1/agreements", query={"changed_since": after["next_changed_since"]})
    assert last["items"] == [] and last["next_changed_since"] >= after["next_changed_since"]
