"""The adapter against the bank's own description: every request is valid by it, and every answer that it allows is read."""

import json
import re
import string
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from financing.providers.base import (
    AnswerRefused,
    Cancelled,
    Disconnected,
    Grant,
    ManagePage,
    NewGrant,
    OnboardingPage,
    OnboardingRequest,
    ReceivablesChanged,
    Refused,
)
from financing.providers.buffer import parse
from financing.providers.buffer.adapter import Buffer

from ..conftest import OFFER
from .conftest import Door, answer

WHEN = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ORIGIN = "https://buffer.example"
GRANT = Grant("code", WHEN, "https://regnskap.example/oauth/token", "https://regnskap.example/api/v1")
REQUEST = OnboardingRequest(
    reference="r-1", organisation_number="310000000", organisation_name="Furuly Lys AS", payout_account=None,
    return_url="https://regnskap.example/retur", state="s" * 43, webhook_url="https://regnskap.example/webhooks/buffer",
    grant=GRANT,
)  # fmt: skip
ONBOARDING = {
    "id": "onb-1", "reference": "r-1", "organisation_number": "310000000", "status": "created",
    "expires_at": "2026-12-08T12:00:00Z", "needs_grant": False, "sequence": 1,
}  # fmt: skip
AGREEMENT = {
    "id": "agr-1", "onboarding_id": "onb-1", "organisation_number": "310000000", "status": "open", "needs_grant": False,
    "credit": {"currency": "NOK", "limit": "1.00", "used": "0.00", "available": "1.00", "pending": "0.00"},
    "as_of": "2026-11-24T12:00:00Z", "sequence": 1,
}  # fmt: skip
LINES = {
    "items": [{"receivable_id": None, "debtor": "d", "amount": "0.00", "counted": "-1.00", "reason": "concentration"}],
    "next_cursor": None,
}  # fmt: skip
LIST = {"items": [AGREEMENT], "next_cursor": None, "next_changed_since": "7"}


@pytest.fixture(scope="session")
def contract():
    from tests.conftest import SHARED

    file = SHARED / "contract" / "buffer.openapi.yaml"
    if not file.exists():
        pytest.skip("needs ../shared/contract/buffer.openapi.yaml beside the project")
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def resolved(contract, schema):
    """The schema with what it points at in its place."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            found = contract
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            return resolved(contract, {**found, **{k: v for k, v in schema.items() if k != "$ref"}})
        return {name: resolved(contract, value) for name, value in schema.items()}
    return [resolved(contract, one) for one in schema] if isinstance(schema, list) else schema


# Requests


def link(wire):
    return {"url": wire.url + "/o/1", "expires_at": "2026-11-24T12:10:00Z"}


OPERATIONS = {
    "createOnboarding": (lambda b: b.begin(REQUEST, key="k" * 36), lambda w: (201, {**ONBOARDING, "link": link(w)})),
    "findOnboarding": (lambda b: b.onboarding(reference="r-1"), lambda w: (200, {"items": [ONBOARDING]})),
    "readOnboarding": (lambda b: b.onboarding("onb-1"), lambda w: (200, ONBOARDING)),
    "createOnboardingLink": (
        lambda b: b.link(OnboardingPage("onb-1", "https://regnskap.example/retur", "s" * 43), key="k"), lambda w: (201, link(w))),
    "renewGrant": (lambda b: b.tell(NewGrant(GRANT, onboarding_id="onb-1"), key="k"), lambda w: (200, ONBOARDING)),
    "cancelOnboarding": (lambda b: b.tell(Cancelled("onb-1"), key="k"), lambda w: (200, ONBOARDING)),
    "listAgreements": (lambda b: list(b.changed_agreements("7")), lambda w: (200, LIST)),
    "readAgreement": (lambda b: b.agreement("agr-1"), lambda w: (200, AGREEMENT)),
    "createManageLink": (
        lambda b: b.link(ManagePage("agr-1", "https://regnskap.example/"), key="k"), lambda w: (201, link(w))),
    "announceReceivablesChanged": (lambda b: b.tell(ReceivablesChanged("agr-1"), key="k"), lambda w: (202, b"")),
    "reconnect": (lambda b: b.tell(NewGrant(GRANT, agreement_id="agr-1"), key="k"), lambda w: (200, AGREEMENT)),
    "disconnect": (lambda b: b.tell(Disconnected("agr-1"), key="k"), lambda w: (200, AGREEMENT)),
    "listAnalysisLines": (lambda b: list(b.analysis_lines("ana-1")), lambda w: (200, LINES)),
}  # fmt: skip
NOT_CALLED_YET = {"listTransactions"}


@pytest.fixture
def adapter(wire):
    return Buffer(Door(wire.url, "regnskap", lambda: ["secret"]))


def operation_of(contract, method, path):
    for template, methods in contract["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in methods:
            return resolved(contract, methods[method.lower()])
    raise AssertionError(f"{method} {path} is not in the contract")


def valid(schema, value):
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def check_request(contract, method, target, headers, body):
    path, query = urlsplit(target).path, parse_qs(urlsplit(target).query, strict_parsing=True) if "?" in target else {}
    operation = operation_of(contract, method, path)
    known = {one["name"]: one for one in operation.get("parameters", [])}
    for name, one in known.items():
        given = headers.get(name.lower()) if one["in"] == "header" else query.get(name, [None])[0]
        if one["in"] != "path" and given is not None:
            valid(one["schema"], int(given) if one["schema"].get("type") == "integer" else given)
        assert one["in"] == "path" or given is not None or not one.get("required"), name
    assert set(query) <= set(known)
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        assert body == b""
    elif "application/json" in content:
        assert headers["content-type"] == "application/json"
        valid(content["application/json"]["schema"], json.loads(body))
    else:
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        valid(
            content["application/x-www-form-urlencoded"]["schema"],
            {k: v[0] for k, v in parse_qs(body.decode()).items()},
        )
    return operation["operationId"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_request_is_valid_by_the_contract(contract, wire, adapter, name):
    call, said = OPERATIONS[name]
    status, body = said(wire)
    wire.answers = [answer(status, body, kind="application/json" if body else "")]
    call(adapter)
    assert [check_request(contract, *one) for one in wire.requests] == ["issueToken", name]


def test_every_operation_of_the_contract_is_called_or_known_not_to_be(contract):
    named = {one["operationId"] for path in contract["paths"].values() for one in path.values()}
    assert named == set(OPERATIONS) | NOT_CALLED_YET | {"issueToken"}


def test_pages_are_asked_for_until_the_last(contract, wire, adapter):
    wire.answers = [answer(body={**LIST, "next_cursor": "two"}), answer(body=LIST)]
    pages = list(adapter.changed_agreements(""))
    assert [len(page.items) for page in pages] == [1, 1]
    assert [parse_qs(urlsplit(one[1]).query).get("cursor") for one in wire.calls()] == [None, ["two"]]
    for one in wire.requests:
        check_request(contract, *one)


def test_a_page_as_large_as_it_may_be_is_let_in(wire, adapter):
    """Every text as long as it may be, every exclusion there: 200 agreements are still less than a body may hold."""
    exclusions = [{"reason": "x" * 60, "count": 2**62, "amount": "0.00"} for _ in range(15)]
    large = "9" * 16 + ".00"
    item = {
        **AGREEMENT, "id": "x" * 100, "onboarding_id": "x" * 100, "reason": "x" * 60, "account_number": "1" * 40,
        "due": {"amount": large, "date": "2026-01-01"},
        "credit": {"currency": "NOK", "limit": large, "used": large, "available": "0.00", "pending": large},
        "analysis": {
            "id": "x" * 100, "as_of": "2026-11-24T12:00:00.123456Z", "outstanding": large, "eligible": large,
            "advance_rate_percent": "100.0000", "limit": large, "exclusions": exclusions,
        },
    }  # fmt: skip
    wire.answers = [answer(body={**LIST, "items": [item] * 200})]
    (page,) = adapter.changed_agreements("")
    assert len(page.items) == 200 and not any(isinstance(one, Refused) for one in page.items)


@pytest.mark.parametrize("identity", ["a/b", "a?b=c", "a#b", "../x", "a b", "æ", "%2e%2e"])
def test_an_id_cannot_climb_out_of_its_place(wire, adapter, identity):
    with pytest.raises(AnswerRefused):  # the answer names another one; what counts is where it was asked
        wire.answers = [answer(body=AGREEMENT)]
        adapter.agreement(identity)
    (call,) = wire.calls()
    assert call[1].startswith("/v1/agreements/") and call[1].count("/") == 3 and "?" not in call[1]


# Answers

WORDS = st.text(alphabet=string.ascii_lowercase + "_", min_size=1, max_size=20)
TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(
    lambda one: one.isoformat().replace("+00:00", "Z")
)
FORMATS = {
    "date-time": TIMES,
    "date": st.dates(date(2020, 1, 1), date(2040, 1, 1)).map(date.isoformat),
    "uri": WORDS.map(lambda one: f"{ORIGIN}/{one}"),
}


def generated(schema, name=""):
    """Values that the schema allows; small, and only as much of JSON Schema as the contract uses."""
    if "allOf" in schema:
        return st.tuples(*(generated(one) for one in schema["allOf"])).map(
            lambda parts: {k: v for p in parts for k, v in p.items()}
        )
    if "oneOf" in schema:
        return st.one_of(*(generated(one) for one in schema["oneOf"]))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of(*(one_kind(schema, kind, name) for kind in kinds))


def one_kind(schema, kind, name):
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(0, 3000)
        case "array":
            return st.lists(generated(schema["items"]), max_size=3)
        case "object":
            required = set(schema.get("required", []))
            fields = {key: generated(one, key) for key, one in schema["properties"].items()}
            return st.fixed_dictionaries(
                {key: one for key, one in fields.items() if key in required},
                optional={key: one for key, one in fields.items() if key not in required},
            )
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace(r"\d", "[0-9]").strip("^$"), fullmatch=True)
    if "format" in schema:
        return FORMATS[schema["format"]]
    return {"organisation_number": st.from_regex("[0-9]{9}", fullmatch=True), "reason": WORDS}.get(name, TEXTS)


def schemas(contract):
    return {name: resolved(contract, one) for name, one in contract["components"]["schemas"].items()}


def mended(kind, value):
    """The same with what no schema can say made right: sums, signs, and the bank's own shape of an id."""
    value = json.loads(re.sub(r'"-(?=\d)', '"', json.dumps(value)))  # amounts only: a text may be a lone dash
    for name in ("id", "onboarding_id", "agreement_id"):
        if value.get(name):
            value[name] = f"{name}-1"
    if value.get("analysis"):
        one = value["analysis"]
        one["id"] = "ana-1"
        total = Decimal(one["eligible"]) + sum(Decimal(each["amount"]) for each in one["exclusions"])
        if total > Decimal("9999999999999999.99"):
            one["exclusions"], total = [], Decimal(one["eligible"])
        one["outstanding"] = str(total)
    if kind == "Agreement":
        credit = value["credit"]
        left = Decimal(credit["limit"]) - Decimal(credit["used"]) - Decimal(credit["pending"])
        credit["available"] = str(max(Decimal("0.00"), left)) if value["status"] == "open" else "0.00"
        value["as_of"] = min(value["as_of"], "2026-11-24T12:00:00Z")
    elif value.get("offer") and Decimal(value["offer"]["limit"]) == 0:
        value["offer"]["limit"] = "1000.00"
    return value


READERS = {
    "Onboarding": lambda value: parse.onboarding(value, ORIGIN),
    "Agreement": lambda value: parse.agreement(value, WHEN),
    "AnalysisLine": parse.analysis_line,
    "Link": lambda value: parse.link(value, ORIGIN),
}
# Why an answer may be refused that the schemas allow, in the words of the refusal.
NAMED = re.compile(
    r"is negative|lies in the future|is more than the limit leaves|do not add up|is not above zero|is not an id"
    r"|carries a national identity number"
)
QUIETLY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", READERS)
def test_every_answer_that_the_contract_allows_is_read_or_refused_for_a_named_reason(contract, kind):
    ends = Counter()

    @QUIETLY
    @given(generated(schemas(contract)[kind]))
    def one(value):
        try:
            READERS[kind](json.loads(json.dumps(value)))
            ends["read"] += 1
        except AnswerRefused as refused:
            assert NAMED.search(str(refused)), refused
            ends["refused"] += 1

    one()
    assert ends["read"] + ends["refused"] >= 100


@pytest.mark.parametrize("kind", ["Onboarding", "Agreement"])
def test_one_whose_sums_are_right_is_read_and_not_a_figure_is_lost(contract, kind):
    schema = schemas(contract)[kind]
    values, offers = generated(schema), 0
    if kind == "Onboarding":  # an offer may be absent or null: left to chance, some runs would draw hardly any
        named = {**schema["properties"], "offer": schemas(contract)["Offer"]}
        offered = {**schema, "properties": named, "required": [*schema["required"], "offer"]}
        values = st.one_of(values, generated(offered))

    @QUIETLY
    @given(values)
    def one(value):
        nonlocal offers
        value = mended(kind, value)
        valid(schema, value)
        found = READERS[kind](value)
        assert (found.id, found.status, found.sequence) == (value["id"], value["status"], value["sequence"])
        if kind == "Agreement":
            for name in ("limit", "used", "available", "pending"):
                assert getattr(found, name) == Decimal(value["credit"][name])
            due = value.get("due")
            assert found.due_amount == (Decimal(due["amount"]) if due else None)
        elif value.get("offer"):
            offers += 1
            for name in OFFER.keys() - {"security", "expires_at", "notice_days", "currency", "terms_url"}:
                assert getattr(found.offer, name) == Decimal(value["offer"][name])
        if value.get("analysis"):
            said = [Decimal(each["amount"]) for each in value["analysis"]["exclusions"]]
            assert [each.amount for each in found.analysis.exclusions] == said

    one()
    assert kind == "Agreement" or offers > 10


def test_the_words_that_decide_are_the_contracts(contract):
    all_of = schemas(contract)
    assert set(all_of["Onboarding"]["properties"]["status"]["enum"]) == parse.ONBOARDING_STATUSES
    assert set(all_of["Agreement"]["properties"]["status"]["enum"]) == parse.AGREEMENT_STATUSES
    assert set(all_of["Onboarding"]["properties"]["authority_basis"]["enum"]) - {None} == parse.AUTHORITIES


def test_what_we_think_an_answer_looks_like_is_valid(contract):
    """The answers of this file, or its tests of requests would prove little."""
    for name, value in (
        ("Onboarding", ONBOARDING),
        ("Agreement", AGREEMENT),
        ("AnalysisLine", LINES["items"][0]),
        ("Offer", OFFER),
    ):
        valid(schemas(contract)[name], value)
    assert WHEN + timedelta(minutes=5) > datetime.fromisoformat(AGREEMENT["as_of"])
