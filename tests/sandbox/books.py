"""A small accounting system for the bank to talk to: token endpoint, /company, /receivables, webhooks."""

import base64
import json
import secrets
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

PARTNER = ("bank", "bank-secret-ø")


def today() -> date:
    return datetime.now(UTC).astimezone(ZoneInfo("Europe/Oslo")).date()


def receivable(key, amount, *, debtor="D1", due_in=14, age=10, kind="invoice", **more):
    """An item as GET /api/v1/receivables gives it."""
    number = more.pop("organisation_number", "974760673")
    entry = today() - timedelta(days=age)
    found = {
        "id": key,
        "debtor": {"id": debtor, "name": f"Kunde {debtor} AS", "organisation_number": number, "country": "NO",
                   "private_person": False},
        "kind": kind, "invoice_number": f"F{key}", "entry_date": entry.isoformat(),
        "due_date": (today() + timedelta(days=due_in)).isoformat(), "due_date_assumed": False,
        "amount": amount, "open_amount": amount, "currency": "NOK", "currency_amount": amount, "source": "own",
        "in_collection": False, "disputed": False, "assigned": False, "related_party": False,
        "changed_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    return found | more


def four_debtors(each="50000.00"):
    """Four debtors of a quarter each: no concentration; 4 × 50,000 gives a limit of 160,000."""
    return [receivable(f"i{n}", each, debtor=f"D{n}") for n in range(4)]


class Company:
    """One company's books, as the bank may read them."""

    def __init__(self, number, items):
        self.number, self.currency = number, "NOK"
        self.items = {item["id"]: item for item in items}
        self.changes = [(index, item["id"]) for index, item in enumerate(items, 1)]
        self.codes, self.access, self.refresh = set(), set(), set()
        self.consent, self.reads, self.page_size = True, [], 3

    def change(self, item):
        self.items[item["id"]] = item
        self.changes.append((len(self.changes) + 1, item["id"]))

    def page(self, query):
        since, cursor = int(query.get("changed_since", 0)), int(query.get("cursor", 0))
        keys = list(dict.fromkeys(key for index, key in self.changes if index > since))
        if not since:
            keys = [key for key in keys if self.items[key]["open_amount"] != "0.00"]
        chosen = keys[cursor : cursor + self.page_size]
        after = cursor + self.page_size
        return {
            "items": [self.items[key] for key in chosen],
            "next_cursor": str(after) if after < len(keys) else None,
            "next_changed_since": str(len(self.changes)),
        }


class Books:
    """The server. `companies` by organisation number; what came to the webhook is kept in `events`."""

    def __init__(self):
        books = self
        self.companies, self.events, self.token_calls = {}, [], []
        self.webhook_answers = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def answer(self, status, body):
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/webhooks/buffer":
                    status = books.webhook_answers.pop(0) if books.webhook_answers else 204
                    books.events.append((status, dict(self.headers), body.decode()))
                    return self.answer(status if status != 204 else 200, {})
                return self.answer(*books.token(self.headers, parse_qs(body.decode())))

            def do_GET(self):
                parts = urlsplit(self.path)
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                company = next((one for one in books.companies.values() if token in one.access and one.consent), None)
                if company is None:
                    return self.answer(401, {"error": "invalid_token"})
                if parts.path == "/api/v1/company":
                    return self.answer(
                        200,
                        {"organisation_number": company.number, "name": "Foretak", "base_currency": company.currency},
                    )
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                company.reads.append(query)
                return self.answer(200, company.page(query))

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, headers, form):
        right = "Basic " + base64.b64encode(":".join(PARTNER).encode()).decode()
        kind = form.get("grant_type", [""])[0]
        self.token_calls.append((kind, headers.get("Authorization") == right, sorted(form)))
        if headers.get("Authorization") != right:
            return 401, {"error": "invalid_client"}
        for company in self.companies.values():
            kept, value = company.codes, form.get("code", [""])[0]
            if kind == "refresh_token":
                kept, value = company.refresh, form.get("refresh_token", [""])[0]
            if value in kept and company.consent:
                kept.discard(value)
                access, refresh = secrets.token_urlsafe(), secrets.token_urlsafe()
                company.access.add(access)
                company.refresh.add(refresh)
                return 200, {
                    "access_token": access,
                    "refresh_token": refresh,
                    "expires_in": 1200,
                    "token_type": "Bearer",
                }
        return 400, {"error": "invalid_grant"}

    def grant(self, number, *, hours=24):
        code = secrets.token_urlsafe()
        self.companies[number].codes.add(code)
        expires = datetime.now(UTC) + timedelta(hours=hours)
        return {
            "code": code, "expires_at": expires.isoformat(), "token_url": f"{self.url}/oauth/token",
            "api_base_url": f"{self.url}/api/v1",
        }  # fmt: skip
