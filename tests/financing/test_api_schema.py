"""The OpenAPI document is the truth: of the addresses, of every answer, and of what may be sent at all."""

import json
from collections import Counter
from datetime import date

import jsonschema
import pytest
import schemathesis
from django.test import Client as Browser
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from access.tenancy import client_scope
from accounting.models import Match
from config.wsgi import application as wsgi
from financing.api import webhooks
from financing.api.problems import MACHINES
from financing.api.schema import ITEM, openapi
from financing.consent_text import consent_text
from tests.access.test_urls_walk import patterns
from tests.financing.reading import add_entry, basic, get, read_all, redeem, refresh
from tests.financing.test_webhooks import OTHER, body_of, deliver

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document():
    return openapi(base_url="http://testserver")


def fits(document, path, method, answer):
    """The answer's status is documented for the operation, and its body is what the document says of it."""
    said = document["paths"][path][method]["responses"]
    assert str(answer.status_code) in said, f"{answer.status_code} is not documented: {answer.content[:200]!r}"
    content = said[str(answer.status_code)].get("content")
    if content is None:
        assert answer.content == b""
        return
    (kind,) = content
    assert answer["Content-Type"].split(";")[0] == kind
    schema = {**content[kind]["schema"], "components": document["components"]}
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(answer.json())


def test_it_is_public_and_says_where_we_are(client, settings):
    answer = client.get("/api/v1/schema")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.json()["servers"] == [{"url": settings.PUBLIC_BASE_URL}]
    assert answer.json() == json.loads(json.dumps(openapi(base_url=settings.PUBLIC_BASE_URL)))


def test_the_document_is_openapi():
    schemathesis.openapi.from_dict(openapi(base_url="http://testserver")).validate()


def test_every_address_of_machines_is_documented_and_there_are_no_others(document):
    addresses = {f"/{address}" for address, _, _ in patterns(get_resolver("config.urls"))}
    assert {one for one in addresses if one.startswith(MACHINES)} == set(document["paths"])


# The members as the specification of this interface lists them; another word here is another consent.
FIELDS = (
    "id", "debtor", "kind", "invoice_number", "entry_date", "due_date", "due_date_assumed", "amount", "open_amount",
    "currency", "currency_amount", "source", "in_collection", "disputed", "assigned", "related_party", "changed_at",
)  # fmt: skip
DEBTOR_FIELDS = ("id", "name", "organisation_number", "country", "private_person")
# What the consent's words call each of them. An id ties readings together and says nothing of anybody.
CONSENTED = {
    "kind": "posttype", "invoice_number": "fakturanummer", "entry_date": "datoer", "due_date": "datoer",
    "due_date_assumed": "datoer", "changed_at": "datoer", "amount": "beløp", "open_amount": "beløp",
    "currency_amount": "beløp", "currency": "valuta", "source": "kilde", "in_collection": "til inkasso",
    "disputed": "omtvistet", "assigned": "overdratt", "related_party": "en nærstående",
    "private_person": "en privatperson", "name": "kundens navn", "organisation_number": "organisasjonsnummer",
    "country": "land", "base_currency": "regnskapsvaluta",
}  # fmt: skip


def keys(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for one in value:
            yield from keys(one)


def test_an_item_has_the_listed_members_in_the_document_and_in_truth(company, token):
    add_entry(company, "1", 100)
    (item,) = get("receivables", token).json()["items"]
    assert tuple(item) == tuple(ITEM["properties"]) == FIELDS
    assert tuple(item["debtor"]) == DEBTOR_FIELDS
    assert set(get("company", token).json()) == {"organisation_number", "name", "base_currency"}


def test_nothing_goes_out_that_the_consent_does_not_name(company, token):
    add_entry(company, "1", 100)
    words = consent_text(client_name="X", valid_until=date(2027, 1, 1), language="nb").full
    given = set(keys(get("receivables", token).json()["items"])) | set(keys(get("company", token).json()))
    for key in given - {"id", "debtor"}:
        assert CONSENTED[key] in words, key


def test_of_a_private_person_no_field_says_who_it_is_or_ties_two_items(company, token):
    """Whatever field her name or number was written into; what is left are figures, dates and flags."""
    secret = "Kari Nordmann"
    for number in ("1", "2"):
        add_entry(
            company, f"{secret} {number}", 100, private_person=True, name=secret, organisation_number=secret,
            customer=secret, invoice_number=secret, kid=secret, voucher_number=secret, description=secret,
            cross_reference=secret, source_document_id=secret, department=secret, project=secret, account=secret,
        )  # fmt: skip
    items, _ = read_all(token)
    assert len(items) == 2 and secret not in json.dumps(items, ensure_ascii=False)
    assert items[0]["debtor"]["id"] == items[0]["id"] != items[1]["debtor"]["id"]
    same = {key for key in FIELDS if items[0][key] == items[1][key]}
    assert {"id", "debtor"} == set(FIELDS) - same
    assert {key for key in DEBTOR_FIELDS if items[0]["debtor"][key] is None} == {"name", "organisation_number"}


def test_what_is_answered_is_what_is_documented(document, company, application, begun):
    """Each documented status of the addresses that read, brought about once."""
    pair = redeem(application, begun.grant.code)
    fits(document, "/oauth/token", "post", pair)
    pair = refresh(application, pair.json()["refresh_token"])
    fits(document, "/oauth/token", "post", pair)
    token = pair.json()["access_token"]
    debit = add_entry(company, "1", "1250.50", organisation_number="310001015")
    add_entry(company, "2", 1, private_person=True, customer="2")
    credit = add_entry(company, "c", "-1250.50", kind="payment")
    since = read_all(token)[1]
    with client_scope(company):
        Match.objects.for_client(company).create(
            debit=debit, credit=credit, amount="1250.50", debit_currency_amount="1250.50",
            credit_currency_amount="1250.50", matched_on="2026-01-02",
        )  # fmt: skip
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    seen = set()

    def check(path, answer, method="get"):
        fits(document, path, method, answer)
        seen.add((path, str(answer.status_code)))
        return answer

    for path in ("/api/v1/company", "/api/v1/receivables"):
        check(path, Browser().get(path, **bearer))
        check(path, Browser().get(path))
        check(path, Browser().get(path, HTTP_ACCEPT="text/html", **bearer))
        for method in ("post", "put", "patch", "delete", "options", "trace"):
            answer = check(path, getattr(Browser(), method)(path, **bearer))
            assert answer.status_code == 405 and answer["Allow"] == "GET, HEAD"
    check("/api/v1/receivables", Browser().get("/api/v1/receivables", {"cursor": "x"}, **bearer))
    closed = check("/api/v1/receivables", Browser().get("/api/v1/receivables", {"changed_since": since}, **bearer))
    assert "0.00" in [one["open_amount"] for one in closed.json()["items"]]
    check("/api/v1/schema", Browser().get("/api/v1/schema"))
    check("/api/v1/schema", Browser().get("/api/v1/schema", HTTP_ACCEPT="text/html"))
    check("/api/v1/schema", Browser().post("/api/v1/schema"))
    signed = {"HTTP_AUTHORIZATION": basic(*application)}
    check("/oauth/token", Browser().post("/oauth/token", {"grant_type": "refresh_token"}, **signed), "post")
    check("/oauth/token", Browser().post("/oauth/token", {"grant_type": "refresh_token", "refresh_token": "x"}), "post")
    check("/oauth/token", Browser().get("/oauth/token", **signed), "post")
    check("/oauth/token", Browser().post("/oauth/token", {"code": "x" * 2**21}, **signed), "post")
    documented = {
        (path, status)
        for path, operations in document["paths"].items() if not path.startswith("/webhooks/")
        for operation in operations.values()
        for status in operation["responses"]
    }  # fmt: skip
    assert seen | {("/oauth/token", "200")} == documented


def test_what_a_webhook_is_answered_is_what_is_documented(document, settings, monkeypatch):
    path, kind = "/webhooks/buffer", "application/json"
    body = body_of()
    answers = [
        deliver(), deliver(body=b"{"), deliver(secret=OTHER), Browser().get(path), deliver(content_type="text/plain"),
        deliver(body=b" " * 70_000), Browser().post(path, body, content_type=kind, CONTENT_LENGTH="x"),
    ]  # fmt: skip
    monkeypatch.setattr(webhooks, "_throttle", webhooks.Throttle())
    settings.WEBHOOKS_A_SECOND = 1
    answers += [deliver(identity=f"msg_{n}") for n in range(3)]
    settings.BUFFER_WEBHOOK_SECRET = "whsec_?"
    answers.append(deliver())
    for answer in answers:
        fits(document, path, "post", answer)
    assert {str(one.status_code) for one in answers} == set(document["paths"][path]["post"]["responses"])


# schemathesis, over WSGI in this process; the same examples in every run.
CALLS = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip


def hammer(prefix, headers):
    """Call every operation below, with what the document allows and with what it forbids: how often which status came."""
    tally = Counter()
    for mode in GenerationMode:
        written = openapi(base_url="http://testserver")
        if (
            mode is GenerationMode.NEGATIVE
        ):  # else leaving out the credentials, which are given below, counts as a fault
            written = {**written, "paths": without_security(written["paths"])}
        schema = schemathesis.openapi.from_dict(written).include(path_regex=f"^{prefix}")
        schema.app = wsgi
        for found in schema.get_all_operations():
            operation = found.ok()
            if mode is GenerationMode.NEGATIVE and not {"parameters", "requestBody"} & set(operation.definition.raw):
                continue  # nothing is sent that could be wrong

            @CALLS
            @given(case=operation.as_strategy(generation_mode=mode))
            def call(case):
                # A cursor, a code or a token that we did not give is well-formed and refused all the same.
                response = case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])
                tally[response.status_code] += 1

            call()
    return tally


def without_security(paths):
    return {
        path: {method: {**operation, "security": []} for method, operation in operations.items()}
        for path, operations in paths.items()
    }


@pytest.mark.django_db(transaction=True)
def test_schemathesis_finds_nothing_undocumented_where_the_bank_reads(company, token):
    for n in range(5):
        add_entry(company, str(n), 100 + n, private_person=bool(n % 2), customer=str(n))
    tally = hammer("/api/", {"Authorization": f"Bearer {token}"})
    assert set(tally) == {200, 400} and min(tally.values()) > 20


@pytest.mark.django_db(transaction=True)
def test_schemathesis_finds_nothing_undocumented_where_the_bank_tells():
    tally = hammer("/webhooks/", {})
    assert set(tally) <= {400, 401, 413, 415} and tally[400]


@pytest.mark.django_db(transaction=True)
def test_schemathesis_finds_nothing_undocumented_at_the_token_endpoint(application):
    tally = hammer("/oauth/", {"Authorization": basic(*application)})
    assert set(tally) == {400}
