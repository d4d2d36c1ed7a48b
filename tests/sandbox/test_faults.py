"""Faults on demand: each of the partner API and of the webhooks, as often as ordered and no more."""

import json
import re
import time

import pytest
import requests
from jsonschema import ValidationError

from .books import four_debtors
from .conftest import Bank, Person


@pytest.fixture(scope="module")
def faulty(valid, books):
    """A bank of its own, since a fault meets whoever calls next."""
    found = Bank(valid, books)
    yield found
    found.end()


@pytest.fixture(scope="module")
def offered(faulty):
    """The id of an onboarding with an offer, and of its agreement."""
    begun = faulty.begin(faulty.company())
    faulty.signed_in(begun["id"], "dag")
    return begun["id"], faulty.onboarding(begun["id"])["agreement_id"]


def get(bank, path="/v1/agreements", timeout=30):
    return requests.get(bank.url + path, headers={"Authorization": f"Bearer {bank.token()}"}, timeout=timeout)


@pytest.mark.parametrize(
    ("kind", "status", "waits"),
    [("unavailable", 503, True), ("too_many", 429, True), ("refused", 401, False), ("failed", 500, False)],
)
def test_a_refusal_is_a_problem_of_the_contract_and_nothing_is_done(faulty, kind, status, waits):
    company = faulty.company()
    body = faulty.request_for(company)
    faulty.order(kind, 2)
    for _ in range(2):
        answer = requests.post(
            faulty.url + "/v1/onboardings", json=body, timeout=10,
            headers={"Authorization": f"Bearer {faulty.token()}", "Idempotency-Key": "k" + body["state"][:40]},
        )  # fmt: skip
        assert answer.status_code == status and answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.headers.get("Retry-After") == "2") == waits
        faulty.valid("createOnboarding", status, answer.json())
    found = faulty.call("findOnboarding", "GET", "/v1/onboardings", query={"reference": body["reference"]})
    assert found["items"] == []


def test_html_with_200(faulty):
    faulty.order("garbage")
    answer = get(faulty)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
    assert get(faulty).headers["Content-Type"] == "application/json"


def test_json_that_is_none(faulty):
    faulty.order("malformed")
    answer = get(faulty)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(answer.text)
    assert get(faulty).json()


def test_a_truncated_answer_promises_more_than_comes(faulty, offered):
    faulty.order("truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(faulty, "/v1/agreements/" + offered[1])
    assert get(faulty).json()


def test_a_lost_answer_was_a_call_that_was_done(faulty):
    """The partner finds what it made by its own reference, and the same key gives the answer that was lost."""
    body, key = faulty.request_for(faulty.company()), "lost-answer"
    faulty.order("lost")
    headers = {"Authorization": f"Bearer {faulty.token()}", "Idempotency-Key": key}
    with pytest.raises(requests.ConnectionError):
        requests.post(faulty.url + "/v1/onboardings", json=body, headers=headers, timeout=10)
    found = faulty.call("findOnboarding", "GET", "/v1/onboardings", query={"reference": body["reference"]})["items"]
    again = faulty.call("createOnboarding", "POST", "/v1/onboardings", body, key=key, status=201)
    assert [one["id"] for one in found] == [again["id"]]


def test_a_mute_bank_says_nothing_and_keeps_no_thread(faulty):
    faulty.order("mute", 12)  # more than the bank has threads
    for _ in range(12):
        with pytest.raises(requests.exceptions.ReadTimeout):
            get(faulty, timeout=0.4)
    started = time.monotonic()
    assert get(faulty).status_code == 200
    assert time.monotonic() - started < 3  # those who hung up are forgotten


def test_a_slow_answer_comes_whole(faulty):
    faulty.order("slow")
    started = time.monotonic()
    assert get(faulty).json()["items"] is not None
    assert 12 <= time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [("negative", "limit", "-1000.00"), ("wrong_currency", "currency", "EUR")],
)
def test_a_credit_that_cannot_be_believed(faulty, offered, kind, field, value):
    onboarding, agreement = offered
    for path, part in ((f"/v1/agreements/{agreement}", "credit"), (f"/v1/onboardings/{onboarding}", "offer")):
        right = get(faulty, path).json()
        faulty.order(kind)
        assert get(faulty, f"/v1/agreements/{agreement}/transactions").json()["items"] == []  # nothing in it to spoil
        wrong = get(faulty, path).json()
        assert wrong[part][field] == value and wrong[part] | {field: right[part][field]} == right[part]
        assert get(faulty, path).json() == right  # what the bank has is as it was
    faulty.order(kind)
    listed = get(faulty, "/v1/agreements?page_size=500").json()["items"]
    assert all(one["credit"][field] == value for one in listed)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [("wrong_company", "organisation_number", "999999999"), ("unknown_status", "status", "frozen")],
)
def test_an_object_of_another_company_or_in_an_unknown_status(faulty, offered, contract, kind, field, value):
    onboarding, agreement = offered
    for path, operation in (
        (f"/v1/agreements/{agreement}", "readAgreement"),
        (f"/v1/onboardings/{onboarding}", "readOnboarding"),
    ):
        right = get(faulty, path).json()
        faulty.order(kind)
        wrong = get(faulty, path).json()
        assert wrong == right | {field: value}
        if field == "status":
            with pytest.raises(ValidationError):
                contract.check(operation, 200, wrong)
        assert get(faulty, path).json() == right


def test_an_order_is_shown_counted_and_taken_back(faulty, person):
    faulty.order("negative", 3)
    faulty.order("webhooks_twice", 2, value="5")
    person.bank = faulty
    person.open("/console/")
    assert "2 slags feil er bestilt" in person.text and "3 igjen" in person.text
    assert "2 igjen, leveringer av hver: 5" in person.text
    faulty.order("negative", 0)
    person.open("/console/")
    assert "3 igjen" not in person.text and "1 slag feil er bestilt" in person.text
    person.press("Ta tilbake alle feil")
    assert "tatt tilbake" in person.text and not re.search(r"\d igjen", person.text)
    for form in ({"kind": "negative", "times": "51"}, {"kind": "negative", "times": "x"}, {"kind": "no", "times": "1"}):
        assert "Skriv et antall" in faulty.console("feil", **form)
    assert "skriv et tall fra 2 til 20" in faulty.console("feil", kind="webhooks_twice", times="1", value="1")


# Webhooks


@pytest.fixture
def told(faulty, books):
    """told(onboarding id): what came of it, oldest first: (webhook-id, status)."""

    def of(identity):
        found = []
        for _, headers, body in books.events:
            data = json.loads(body)["data"]
            if data["id"] == identity:
                found.append(({k.lower(): v for k, v in headers.items()}["webhook-id"], data["status"]))
        return found

    return of


def cancelled(bank):
    """An onboarding with two events: created, cancelled."""
    begun = bank.begin(bank.company())
    bank.call("cancelOnboarding", "POST", f"/v1/onboardings/{begun['id']}/cancel")
    return begun["id"]


def test_webhooks_that_are_lost(faulty, told):
    faulty.order("webhooks", 1)
    one = cancelled(faulty)
    faulty.until(lambda: told(one))
    time.sleep(2.2)  # two more rounds
    assert [status for _, status in told(one)] == ["cancelled"]
    assert "sendes aldri" in Person(faulty).open("/console/").text


def test_webhooks_that_come_several_times(faulty, told):
    faulty.order("webhooks_twice", 1, value="4")
    one = cancelled(faulty)
    faulty.until(lambda: len(told(one)) == 5)
    assert [status for _, status in told(one)] == ["created"] * 4 + ["cancelled"]
    assert len({key for key, _ in told(one)}) == 2  # the same id each time, so that it can be known again


def test_webhooks_in_the_wrong_order(faulty, told):
    faulty.order("webhooks_reversed", 5)
    begun = faulty.begin(faulty.company(four_debtors()))
    time.sleep(2.2)
    assert told(begun["id"]) == []  # held back until all five are there
    page = Person(faulty).open("/console/").text
    assert "holdes tilbake" in page and "4 igjen" in page
    faulty.signed_in(begun["id"], "dag")  # identified, analysing, offered agreement and onboarding
    faulty.until(lambda: len(told(begun["id"])) == 4)
    assert [status for _, status in told(begun["id"])] == ["offered", "analysing", "identified", "created"]


def test_events_that_are_held_go_when_the_order_is_taken_back(faulty, told):
    faulty.order("webhooks_reversed", 50)
    one = cancelled(faulty)
    time.sleep(1.5)
    assert told(one) == []
    faulty.order("webhooks_reversed", 0)
    faulty.until(lambda: len(told(one)) == 2)
    assert [status for _, status in told(one)] == ["cancelled", "created"]


def test_webhooks_that_are_late(faulty, told):
    faulty.order("webhooks_late", 1, value="4")
    one, started = cancelled(faulty), time.monotonic()
    faulty.until(lambda: len(told(one)) == 2)
    assert time.monotonic() - started >= 3.5
    assert [status for _, status in told(one)] == ["cancelled", "created"]


def test_a_fault_meets_as_many_events_as_were_ordered(faulty, told):
    faulty.order("webhooks", 1)
    ones = [cancelled(faulty) for _ in range(2)]
    faulty.until(lambda: len(told(ones[1])) == 2)
    assert len(told(ones[0])) == 1
    assert not re.search(r"\d igjen", Person(faulty).open("/console/").text)
