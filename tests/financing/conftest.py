"""A bank that plays the contract over real HTTP in a thread of the test, and a company that can be financed."""

import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from financing.providers.buffer import _built

RECKONED = "as the contract says"  # stands for `available` until the bank says it


def spoken(content):
    """What the bank says, with `available` as the contract reckons it where the test gives no other."""
    if isinstance(content, list):
        return [spoken(one) for one in content]
    if not isinstance(content, dict):
        return content
    content = {name: spoken(one) for name, one in content.items()}
    credit = content.get("credit")
    if isinstance(credit, dict) and credit.get("available") == RECKONED:
        try:
            limit, used, pending = (Decimal(credit[name]) for name in ("limit", "used", "pending"))
            left = max(Decimal("0.00"), limit - used - pending) if content.get("status") == "open" else Decimal("0.00")
        except (ArithmeticError, TypeError):  # an amount that is none
            left = Decimal("0.00")
        content["credit"] = {**credit, "available": f"{left:.2f}"}
    return content


class Bank:
    """Keeps every request it got; `answers` may override any (method, path)."""

    def __init__(self):
        self.requests, self.answers, self.onboardings, self.agreements = [], {}, {}, {}
        self.position = 0
        bank = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                status, headers, content = bank.take(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = answer  # noqa: N815

            def log_message(self, *arguments):
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()

    def calls(self, method, prefix):
        return [one for one in self.requests if one["method"] == method and one["path"].startswith(prefix)]

    def take(self, method, target, headers, body):
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        try:
            data = json.loads(body) if body else None
        except ValueError:
            data = parse_qs(body.decode())
        self.requests.append({"method": method, "path": path, "headers": headers, "body": data, "query": query})
        given = self.answers.get((method, path)) or self.answers.get((method, "*"))
        if given is not None and path != "/oauth/token":
            given = given(self.requests[-1]) if callable(given) else given
            if given is not None:
                status, content = given[0], given[1]
                extra = given[2] if len(given) > 2 else {}
                raw = content if isinstance(content, bytes) else json.dumps(spoken(content)).encode()
                return status, {"Content-Type": "application/json", **extra}, raw
        status, content = self.reply(method, path, query, data)
        return status, {"Content-Type": "application/json"}, json.dumps(spoken(content)).encode()

    def reply(self, method, path, query, data):
        if path == "/oauth/token":
            return 200, {"access_token": "token", "token_type": "Bearer", "expires_in": 1200}
        if (method, path) == ("POST", "/v1/onboardings"):
            found = self.onboarding(data["reference"], data["organisation_number"])
            return 201, {**found, "link": self.link()}
        if (method, path) == ("GET", "/v1/onboardings"):
            return 200, {"items": [o for o in self.onboardings.values() if o["reference"] == query["reference"][0]]}
        if path.endswith(("/links", "/manage-links")):
            return 201, self.link()
        if path.endswith("/cancel"):
            return 200, self.move(path.split("/")[3], "cancelled")
        if path.endswith("/grant"):
            return 200, self.move(path.split("/")[3], None, needs_grant=False)
        if path.startswith("/v1/onboardings/"):
            return 200, self.onboardings[path.split("/")[3]]
        if path == "/v1/agreements":
            return 200, {
                "items": list(self.agreements.values()), "next_cursor": None, "next_changed_since": str(self.position)
            }  # fmt: skip
        return 200, self.agreements[path.split("/")[3]]

    def link(self):
        return {"url": self.url + "/o/abc", "expires_at": soon()}

    def onboarding(self, reference, number, **values):
        identity = f"onb-{len(self.onboardings) + 1}"
        self.onboardings[identity] = {
            "id": identity, "reference": reference, "organisation_number": number, "status": "created", "reason": None,
            "retry_after": None, "expires_at": soon(14 * 24 * 60), "identified_as": None, "authority_basis": None,
            "missing_signatories": [], "needs_grant": False, "offer": None, "analysis": None, "agreement_id": None,
            "sequence": 1, **values,
        }  # fmt: skip
        return self.onboardings[identity]

    def move(self, identity, status, **values):
        one = self.onboardings[identity]
        one |= {"status": status or one["status"], "sequence": one["sequence"] + 1, **values}
        return one

    def agreement(self, onboarding, **values):
        identity = values.pop("id", "agr-1")
        credit = {"currency": "NOK", "limit": "62000.00", "used": "0.00", "available": RECKONED, "pending": "0.00"}
        credit |= values.pop("credit", {})
        self.agreements[identity] = {
            "id": identity, "onboarding_id": onboarding["id"], "organisation_number": onboarding["organisation_number"],
            "status": "open", "reason": None, "account_number": "36241234567", "needs_grant": False, "credit": credit,
            "analysis": None, "due": None, "as_of": datetime.now(UTC).isoformat(), "sequence": 1, **values,
        }  # fmt: skip
        return self.agreements[identity]


def soon(minutes=10):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


OFFER = {
    "limit": "62000.00", "currency": "NOK", "annual_interest_percent": "12.5", "effective_annual_percent": "13.24",
    "limit_commission_percent": "0", "establishment_fee": "0.00", "drawing_fee": "0.00", "notice_days": 30,
    "terms_url": "http://127.0.0.1/terms", "security": None, "expires_at": "2099-01-01T00:00:00Z",
}  # fmt: skip


@pytest.fixture
def bank(settings):
    """The bank, and our settings pointing at it."""
    found = Bank()
    settings.BUFFER_BASE_URL = found.url
    _built.cache_clear()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def company(make_client):
    return make_client("310000000", "Furuly Lys AS")


@pytest.fixture
def dag(company, make_member):
    return make_member(company, "dag", "daglig_leder")


@pytest.fixture
def application(db):
    """The bank's credentials at our token endpoint: (application, secret)."""
    from io import StringIO

    from django.core.management import call_command
    from oauth2_provider.models import get_application_model

    out = StringIO()
    call_command("add_provider_client", "buffer", stdout=out)
    given = json.loads(out.getvalue())
    return get_application_model().objects.get(client_id=given["client_id"]), given["client_secret"]


@pytest.fixture
def begun(company, dag, application, bank):
    """A consent given and an onboarding begun at the bank: (onboarding, code)."""
    from django.utils import timezone

    from financing.consent_text import consent_text
    from financing.services.consent import valid_until
    from financing.services.onboarding import ask_bank, begin_onboarding

    last_day = valid_until(timezone.localdate())
    result = begin_onboarding(
        client=company, user=dag, role_name="Daglig leder", now=timezone.now(), provider_name="buffer",
        text=consent_text(client_name=company.name, valid_until=last_day, language="nb"), last_day=last_day,
    )  # fmt: skip
    ask_bank(client=company, begun=result)
    return result


@pytest.fixture
def token(application, begun):
    """An access token of the consent that was given."""
    from tests.financing.reading import redeem

    answer = redeem(application, begun.grant.code)
    assert answer.status_code == 200, answer.content
    return answer.json()["access_token"]
