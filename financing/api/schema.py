"""The OpenAPI document of what a provider may call here: GET /api/v1/schema.

Kept by hand, since it is the contract and not a print of the code; tests/financing/test_api_schema.py holds the running
code to it. docs/decisions/0015-the-schema-is-kept-by-hand.md.
"""

from typing import Any

from accounting.models import Kind, Source
from financing.consent_text import SCOPE

Json = dict[str, Any]

AMOUNT = {"type": "string", "pattern": r"^-?\d{1,16}\.\d{2}$", "examples": ["1250.00"]}
CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["NOK"]}
DATE = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00Z"]}
TEXT = {"type": "string"}
TEXT_OR_NONE = {"type": ["string", "null"]}
FLAG = {"type": "boolean"}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _closed(description: str, **properties: Json) -> Json:
    """An object with exactly these members."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _said(text: str, **field: Any) -> Json:
    return {**field, "description": text}


def _answer(text: str, kind: str, schema: Json, **headers: str) -> Json:
    found: Json = {"description": text, "content": {kind: {"schema": schema}}}
    if headers:
        found["headers"] = {
            name.replace("_", "-"): {"description": said, "schema": {"type": "string"}}
            for name, said in headers.items()
        }
    return found


def _problem(text: str, **headers: str) -> Json:
    return _answer(text, "application/problem+json", _ref("Problem"), **headers)


def _oauth_error(text: str, **headers: str) -> Json:
    return _answer(text, "application/json", _ref("OAuthError"), **headers)


ALLOW = "The methods that there are."
CHALLENGE = 'Bearer realm="api", error="invalid_token"'
READ_REFUSALS = {
    "401": _problem("No consent that is in force stands behind the access token, or there is none.", WWW_Authenticate=CHALLENGE),
    "405": _problem("Only reading is possible.", Allow=ALLOW),
    "406": _problem("Only application/json is given."),
}  # fmt: skip

COMPANY = _closed(
    "The company whose books are kept.",
    organisation_number=_said("As registered, digits only in Norway.", **TEXT),
    name=TEXT,
    base_currency=CURRENCY,
)
DEBTOR = _closed(
    "Who owes the amount, or is owed it.",
    id=_said("The same for all items of a debtor; of a private person the item's own id, so that nothing ties two.", **TEXT),
    name=_said("null for a private person.", **TEXT_OR_NONE),
    organisation_number=_said("As written in the books; null where there is none, and for a private person.", **TEXT_OR_NONE),
    country={"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["NO"]},
    private_person=FLAG,
)  # fmt: skip
ITEM = _closed(
    "One open item of the customer ledger, or one that was closed since `changed_since`.",
    id=TEXT,
    debtor=_ref("Debtor"),
    kind={"type": "string", "enum": list(Kind.values)},
    invoice_number=_said("null where there is none, and for a private person.", **TEXT_OR_NONE),
    entry_date=DATE,
    due_date={"type": ["string", "null"], "format": "date"},
    due_date_assumed=_said("The books gave no due date; it was reckoned from the customer's terms.", **FLAG),
    amount=_said("In the company's base currency; debits positive, credits negative.", **AMOUNT),
    open_amount=_said("What is left of `amount`; 0.00 when the item is closed.", **AMOUNT),
    currency=CURRENCY,
    currency_amount=_said("In `currency`, with the sign of `amount`.", **AMOUNT),
    source={"type": "string", "enum": list(Source.values)},
    in_collection=FLAG,
    disputed=FLAG,
    assigned=_said("Sold or pledged to another.", **FLAG),
    related_party=FLAG,
    changed_at=_said("The latest change of the item, its matches and its debtor.", **MOMENT),
)
RECEIVABLES = _closed(
    "One page, in an order that does not change.",
    items={"type": "array", "items": _ref("Receivable")},
    next_cursor=_said("Send it as `cursor` for the next page; null on the last.", **TEXT_OR_NONE),
    next_changed_since=_said(
        "Once every page is read: what to send as `changed_since` next time. Items may then repeat; none is missed.", **MOMENT
    ),
)  # fmt: skip
PROBLEM = {
    "type": "object",
    "description": "RFC 9457.",
    "properties": {
        "type": _said("about:blank: `title` is the status in words.", **TEXT),
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": _said("For programs: invalid_token, invalid, not_found, method_not_allowed …", **TEXT),
        "detail": TEXT,
        "errors": _said(
            "What is wrong with which parameter.",
            type="object", additionalProperties={"type": "array", "items": {"type": "string"}},
        ),
    },
    "required": ["type", "title", "status", "code"],
    "additionalProperties": False,
}  # fmt: skip
OAUTH_ERRORS = (
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
    "invalid_scope", "invalid_target",
)  # fmt: skip
OAUTH_ERROR = {
    "type": "object",
    "description": "RFC 6749, section 5.2.",
    "properties": {"error": {"type": "string", "enum": list(OAUTH_ERRORS)}, "error_description": TEXT},
    "required": ["error"],
    "additionalProperties": False,
}
TOKENS = _closed(
    "RFC 6749, section 5.1.",
    access_token=TEXT,
    token_type={"const": "Bearer"},
    expires_in=_said("Seconds.", type="integer"),
    scope={"const": SCOPE},
    refresh_token=_said("The next one; the one that was sent is used up.", **TEXT),
)
TOKEN_REQUEST = {
    "type": "object",
    "properties": {
        "grant_type": {"type": "string", "enum": ["authorization_code", "refresh_token"]},
        "code": _said("For authorization_code: the code of the onboarding; single use, at most 24 hours old.", **TEXT),
        "refresh_token": _said(
            "For refresh_token: the newest one. Within 60 seconds of its use it is taken once more, for a lost answer, and"
            " ends the pair that it had given; used later it ends every token of the consent.",
            **TEXT,
        ),
        "scope": {"type": "string", "enum": [SCOPE]},
    },
    "required": ["grant_type"],
}
EVENT = {
    "type": "object",
    "description": "The provider's own event, as its contract has it. A hint: the object is read back before anything moves.",
}


def _query(name: str, text: str, **schema: Any) -> Json:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


def _header(name: str, text: str) -> Json:
    return {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}


PATHS = {
    "/oauth/token": {
        "post": {
            "operationId": "token",
            "summary": "Redeem a code, or rotate a refresh token",
            "description": "The client authenticates by HTTP Basic. Tokens are bound to one consent, and to one company.",
            "security": [{"client": []}],
            "requestBody": {
                "required": True,
                "content": {"application/x-www-form-urlencoded": {"schema": _ref("TokenRequest")}},
            },
            "responses": {
                "200": _answer("A new pair.", "application/json", _ref("Tokens"), Cache_Control="no-store"),
                "400": _oauth_error("Code or token not good (any more), consent not in force, or a form that cannot be read."),
                "401": _oauth_error("The client is unknown, or its secret is wrong.", WWW_Authenticate="Basic"),
                "405": _oauth_error("Only POST.", Allow=ALLOW),
                "413": _oauth_error("More than 1 MiB."),
            },
        }
    },
    "/api/v1/company": {
        "get": {
            "operationId": "company",
            "summary": "The company that the consent is of",
            "security": [{"consent": [SCOPE]}],
            "responses": {
                "200": _answer("The company.", "application/json", _ref("Company"), Cache_Control="no-store"),
                **READ_REFUSALS,
            },
        }
    },
    "/api/v1/receivables": {
        "get": {
            "operationId": "receivables",
            "summary": "Outstanding receivables and open credits",
            "description": "Without `changed_since` what is open now. With it also what was closed since then. Each reading"
            " is kept, and shown to the company.",
            "security": [{"consent": [SCOPE]}],
            "parameters": [
                _query(
                    "changed_since", "What the last reading gave as `next_changed_since`; empty is as none.",
                    type="string", anyOf=[{"format": "date-time"}, {"maxLength": 0}],
                ),
                _query("cursor", "What the last page gave as `next_cursor`; it carries its reading's `changed_since`.", **TEXT),
                _query("page_size", "Items on a page.", type="integer", minimum=1, maximum=1000, default=500),
            ],
            "responses": {
                "200": _answer("A page.", "application/json", _ref("Receivables"), Cache_Control="no-store"),
                "400": _problem("A parameter cannot be read; `errors` names it."),
                **READ_REFUSALS,
            },
        }
    },
    "/webhooks/buffer": {
        "post": {
            "operationId": "webhook",
            "summary": "Tell us that something changed at the bank",
            "description": "Standard Webhooks 1.0.0, signed with the shared secret over the raw body. 2xx is answered only once"
            " the event is stored; the same id again is answered alike.",
            "security": [],
            "parameters": [
                _header("webhook-id", "The same on every retry."),
                _header("webhook-timestamp", "Seconds since 1970; at most 5 minutes off."),
                _header("webhook-signature", "One or more of `v1,` and the base64 of the HMAC-SHA256, space between."),
            ],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("Event")}}},
            "responses": {
                "204": {"description": "Stored."},
                "400": _problem("The headers or the body cannot be read."),
                "401": _problem("The signature or its time is wrong."),
                "405": _problem("Only POST.", Allow=ALLOW),
                "411": _problem("The body's length is not said."),
                "413": _problem("Larger than an event can be."),
                "415": _problem("Not application/json, or compressed."),
                "429": _problem("Too many at once.", Retry_After="Seconds."),
                "503": _problem("It cannot be verified now; send it again."),
            },
        }
    },
    "/api/v1/schema": {
        "get": {
            "operationId": "schema",
            "summary": "This document",
            "security": [],
            "responses": {
                "200": _answer("OpenAPI 3.1.", "application/json", {"type": "object"}),
                "405": _problem("Only reading is possible.", Allow=ALLOW),
                "406": _problem("Only application/json is given."),
            },
        }
    },
}  # fmt: skip


def openapi(*, base_url: str) -> Json:
    """The whole document; `base_url` is where this installation is reached, without a slash at the end."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "What an invoice financing provider may call",
            "version": "1",
            "description": "Amounts are strings with two decimals. Errors are RFC 9457 problem details, those of the token"
            " endpoint RFC 6749. Every address may also answer 500 (problem details) when something broke on our side.",
        },
        "servers": [{"url": base_url}],
        "paths": PATHS,
        "components": {
            "securitySchemes": {
                "client": {"type": "http", "scheme": "basic"},
                "consent": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"An access token of /oauth/token, scope {SCOPE}, at most 20 minutes old. It reads nothing"
                    " from the moment the company's consent ends.",
                },
            },
            "schemas": {
                "Company": COMPANY,
                "Debtor": DEBTOR,
                "Receivable": ITEM,
                "Receivables": RECEIVABLES,
                "Problem": PROBLEM,
                "OAuthError": OAUTH_ERROR,
                "Tokens": TOKENS,
                "TokenRequest": TOKEN_REQUEST,
                "Event": EVENT,
            },
        },
    }
