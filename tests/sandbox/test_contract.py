"""The whole contract both ways: every operation in every state answers as the document says, and what it forbids is refused."""

import json
import secrets
from decimal import Decimal

import pytest
import requests

from .books import four_debtors, receivable
from .conftest import RETURN, Person

ALIVE = (
    "created",
    "identified",
    "authority_missing",
    "authority_unresolved",
    "awaiting_cosigner",
    "analysing",
    "offered",
)
FINAL = ("accepted", "declined", "rejected", "cancelled", "expired")
AGREED = ("offered", "accepted", "declined")  # an agreement came with the offer

# What the register must say for an application to stay where it is.
ANSWERS = {
    "identified": "silent", "authority_missing": "nobody", "authority_unresolved": "free_text",
    "awaiting_cosigner": "jointly",
}  # fmt: skip


def onboarding_in(bank, status):
    """(id, company) of an onboarding in this status, brought there by people, the partner or the console."""
    company = bank.company([receivable("a", "100.00")] if status == "rejected" else None)
    case = ANSWERS.get(status, "")
    if case:
        bank.facts(company.number, register=case)
    begun = bank.begin(company)
    if status == "analysing":
        company.codes.clear()  # no access yet, so that it stays
    if status not in ("created", "cancelled", "expired"):
        visitor = Person(bank)
        visitor.sign_in(begun["link"]["url"], "dag")
        if status in ("accepted", "declined"):
            visitor.press("Godta og åpne konto" if status == "accepted" else "Avslå", follow=False)
    if status == "cancelled":
        bank.call("cancelOnboarding", "POST", f"/v1/onboardings/{begun['id']}/cancel")
    if status == "expired":
        bank.act(begun["id"], "utlop")
    assert bank.onboarding(begun["id"])["status"] == status
    return begun["id"], company


def agreement_in(bank, status):
    """(id, company) of an agreement in this status."""
    onboarding, company = onboarding_in(bank, "offered" if status == "offered" else "accepted")
    found = bank.onboarding(onboarding)["agreement_id"]
    path = f"/v1/agreements/{found}"
    if status in ("disconnected", "terminating"):
        bank.manage(found).press("Overfør til bedriften", amount="1000")
    if status == "paused":
        bank.act(onboarding, "pause")
    if status == "disconnected":
        bank.call("disconnect", "POST", f"{path}/disconnect")
    if status in ("terminating", "terminated"):
        manager = bank.manage(found)
        manager.press("Si opp avtalen")
        manager.press("Ja, si opp avtalen")
    assert bank.agreement(found)["status"] == status
    return found, company


@pytest.mark.parametrize("status", [*ALIVE, *FINAL])
def test_every_onboarding_operation_in_every_status(bank, status):
    one, company = onboarding_in(bank, status)
    path = f"/v1/onboardings/{one}"
    read = bank.onboarding(one)
    assert bank.call("findOnboarding", "GET", "/v1/onboardings", query={"reference": read["reference"]})["items"] == [
        read
    ]
    assert (read["agreement_id"] is not None) == (status in AGREED) == (read["offer"] is not None)

    living = status in ALIVE
    body = {"return_url": RETURN, "state": "s" * 32}
    bank.call("createOnboardingLink", "POST", f"{path}/links", body, status=201 if living else 409)
    grant = bank.books.grant(company.number)
    bank.call("renewGrant", "PUT", f"{path}/grant", grant, status=200 if living else 409)
    again = bank.call(
        "createOnboarding", "POST", "/v1/onboardings", bank.request_for(company),
        status=409 if living or status == "accepted" else 201,
    )  # fmt: skip
    if living or status == "accepted":
        assert again["onboarding_id"] == one
    if status == "analysing":  # the new grant is at work
        bank.until(lambda: bank.onboarding(one)["status"] == "offered")
        status = "offered"
    may_end = status == "cancelled" or (living and status != "offered")
    ended = bank.call("cancelOnboarding", "POST", f"{path}/cancel", status=200 if may_end else 409)
    assert ended["status"] == ("cancelled" if may_end else 409)


@pytest.mark.parametrize(
    ("status", "manage", "grant", "ends"),
    [
        ("offered", 409, 200, "terminated"), ("open", 201, 200, "disconnected"), ("paused", 201, 200, "disconnected"),
        ("disconnected", 201, 200, "disconnected"), ("terminating", 201, 200, "terminating"),
        ("terminated", 409, 409, "terminated"),
    ],
)  # fmt: skip
def test_every_agreement_operation_in_every_status(bank, status, manage, grant, ends):
    one, company = agreement_in(bank, status)
    path = f"/v1/agreements/{one}"
    read = bank.agreement(one)
    page = bank.call("listAgreements", "GET", "/v1/agreements", query={"page_size": 500})
    assert one in [each["id"] for each in page["items"]]
    lines = bank.call("listAnalysisLines", "GET", f"/v1/analyses/{read['analysis']['id']}/lines")
    assert len(lines["items"]) == 4
    moves = bank.call("listTransactions", "GET", f"{path}/transactions")
    assert sum(Decimal(each["amount"]) for each in moves["items"]) == Decimal(read["credit"]["used"])
    bank.call("createManageLink", "POST", f"{path}/manage-links", {"return_url": RETURN}, status=manage)
    bank.call("announceReceivablesChanged", "POST", f"{path}/receivables-changed", status=202)
    bank.call("reconnect", "PUT", f"{path}/grant", bank.books.grant(company.number), status=grant)
    if status == "disconnected":  # a new grant connects it again
        bank.until(lambda: bank.agreement(one)["status"] == "open")
    ended = bank.call("disconnect", "POST", f"{path}/disconnect")
    assert ended["status"] == ends and ended["credit"]["available"] == "0.00"
    assert bank.call("disconnect", "POST", f"{path}/disconnect")["status"] == ends


def test_every_operation_of_the_document_was_held_to_it(bank, contract):
    """Success and refusal of each, in the two tests above and the ones of this file: nothing of the document is left out."""
    onboarding, _ = onboarding_in(bank, "offered")
    agreement, _ = agreement_in(bank, "open")
    for name, (method, path, operation) in contract.operations.items():
        found = path.replace("{id}", "nothing")
        if name == "issueToken":
            answer = requests.post(bank.url + path, data={"grant_type": "x"}, timeout=10)
            bank.token()
        else:
            answer = requests.request(method, bank.url + found, json={}, timeout=10)
        assert answer.status_code == 401 and answer.headers["Content-Type"] == "application/problem+json"
        contract.check(name, 401, answer.json())
        if "{id}" in path:
            body = next(iter(_allowed(bank, name)), None)
            bank.call(name, method, found, body, status=404)
        assert "default" in operation["responses"]
    assert {name for name, _ in contract.seen} == set(contract.operations)
    bank.call("readOnboarding", "GET", f"/v1/onboardings/{agreement}", status=404)
    bank.call("readAgreement", "GET", f"/v1/agreements/{onboarding}", status=404)


def _allowed(bank, operation):
    """A body that the contract allows, where the operation takes one."""
    company = bank.company()
    if operation == "createOnboarding":
        yield bank.request_for(company)
    elif operation == "createOnboardingLink":
        yield {"return_url": RETURN, "state": "s" * 32}
    elif operation == "createManageLink":
        yield {"return_url": RETURN}
    elif operation in ("renewGrant", "reconnect"):
        yield bank.books.grant(company.number)


@pytest.mark.parametrize(
    "operation", ["createOnboarding", "createOnboardingLink", "createManageLink", "renewGrant", "reconnect"]
)
def test_a_body_that_the_document_forbids_is_refused(bank, contract, operation):
    onboarding, _ = onboarding_in(bank, "created")
    agreement, _ = agreement_in(bank, "open")
    method, path, _ = contract.operations[operation]
    path = path.replace("{id}", agreement if "agreements" in path else onboarding)
    before = bank.onboarding(onboarding), bank.agreement(agreement)["status"]
    tried = 0
    for body in _allowed(bank, operation):
        for what, wrong in contract.forbidden(operation, body):
            answer = requests.request(
                method, bank.url + path, json=wrong, timeout=10,
                headers={"Authorization": f"Bearer {bank.token()}", "Idempotency-Key": secrets.token_hex(16)},
            )  # fmt: skip
            assert answer.status_code in (400, 422), (what, answer.status_code, answer.text)
            contract.check(operation, answer.status_code, answer.json())
            tried += 1
    assert tried > 10
    assert (bank.onboarding(onboarding), bank.agreement(agreement)["status"]) == before


def test_what_the_document_does_not_name_is_passed_over(bank):
    """It allows more properties than it names: one that a later partner sends is no fault."""
    body = bank.request_for(bank.company(), later="x")
    bank.call("createOnboarding", "POST", "/v1/onboardings", body, status=201)


def test_idempotency_key_is_asked_for_by_every_writer(bank, contract):
    onboarding, agreement = onboarding_in(bank, "created")[0], agreement_in(bank, "open")[0]
    for name, (method, path, operation) in contract.operations.items():
        takes = any(one.get("$ref", "").endswith("/IdempotencyKey") for one in operation.get("parameters", []))
        assert takes == (method != "GET" and name != "issueToken"), name
        if not takes:
            continue
        url = bank.url + path.replace("{id}", agreement if "agreements" in path else onboarding)
        body = next(iter(_allowed(bank, name)), None)
        for key in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 65}):
            headers = {"Authorization": f"Bearer {bank.token()}", **key}
            answer = requests.request(method, url, json=body, headers=headers, timeout=10)
            assert answer.status_code == 400, (name, key)
            contract.check(name, 400, answer.json())
    assert bank.onboarding(onboarding)["status"] == "created" and bank.agreement(agreement)["status"] == "open"


def test_query_parameters_outside_the_document_are_refused(bank, contract):
    agreement, _ = agreement_in(bank, "open")
    analysis = bank.agreement(agreement)["analysis"]["id"]
    tried = 0
    for name, (method, path, operation) in contract.operations.items():
        url = path.replace("{id}", analysis if "analyses" in path else agreement)
        for one in operation.get("parameters", []):
            schema = one.get("schema", {})
            if one.get("in") != "query" or schema.get("type") != "integer":
                continue
            for value in (schema["minimum"] - 1, schema["maximum"] + 1, "x", "", "1.5", "-1", "٣"):
                bank.call(name, method, url, query={one["name"]: value}, status=400)
                tried += 1
            for value in (schema["minimum"], schema["maximum"]):
                bank.call(name, method, url, query={one["name"]: value})
    assert tried == 21
    bank.call("findOnboarding", "GET", "/v1/onboardings", status=400)


@pytest.mark.parametrize(
    "form",
    [
        {}, {"grant_type": ""}, {"grant_type": "password"}, {"grant_type": "authorization_code", "code": "x"},
        {"grant_type": "client_credentials", "scope": "all"}, {"grant_type": "client_credentials", "scope": ""},
    ],
)  # fmt: skip
def test_a_token_request_that_the_document_forbids(bank, contract, form):
    assert not contract.allows("issueToken", form)
    auth = (b"regnskap", "partner secret: æ".encode())
    answer = requests.post(bank.url + "/oauth/token", data=form, auth=auth, timeout=10)
    assert answer.status_code == 400
    contract.check("issueToken", 400, answer.json())


def test_every_webhook_is_an_event_of_the_document(bank, contract):
    """Of an onboarding through its life and an agreement through its own, with a draw, interest and a repayment."""
    company = bank.company(four_debtors())
    bank.facts(company.number, register="jointly")
    begun = bank.begin(company)
    for person in ("rita", "dag", "vera"):
        last = bank.signed_in(begun["id"], person)
    last.press("Godta og åpne konto", follow=False)
    agreement = bank.onboarding(begun["id"])["agreement_id"]
    manager = bank.manage(agreement)
    manager.press("Overfør til bedriften", amount="1000")
    bank.act(begun["id"], "gebyr", amount="12,50")
    manager.press("Tilbakebetal", amount="1012,50")
    manager.press("Si opp avtalen")
    manager.press("Ja, si opp avtalen")

    def told():
        found = [json.loads(body) for status, _, body in bank.books.events if status == 204]
        ours = (begun["id"], agreement)
        return [one for one in found if one["data"]["id"] in ours or one["data"].get("agreement_id") in ours]

    bank.until(lambda: "terminated" in [one["data"].get("status") for one in told()], 15)
    for one in told():
        contract.event(one)
    assert [one["data"]["status"] for one in told() if one["type"] == "onboarding.updated"] == [
        "created", "identified", "authority_missing", "identified", "awaiting_cosigner", "analysing", "offered", "accepted",
    ]  # fmt: skip
    assert [one["data"]["kind"] for one in told() if one["type"] == "transaction.created"] == [
        "draw",
        "fee",
        "repayment",
    ]
    sequences = [one["data"]["sequence"] for one in told() if "sequence" in one["data"]]
    assert sequences == sorted(set(sequences))
