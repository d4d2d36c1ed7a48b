"""The bank as a real process on a free port, an accounting system for it to read, and a person with a browser."""

import html
import itertools
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import yaml

from .books import PARTNER, Books, Company, four_debtors
from .contract import Contract

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT.parent / "shared" / "contract" / "buffer.openapi.yaml"
RETURN = "http://localhost:8000/fakturafinansiering/retur"
WEBHOOK_SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMhISE="
_numbers = itertools.count(900_000_001)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="session")
def contract():
    if not CONTRACT.exists():
        pytest.skip("needs ../shared/contract/buffer.openapi.yaml beside the project")
    return Contract(yaml.safe_load(CONTRACT.read_text()))


@pytest.fixture(scope="session")
def valid(contract):
    """valid(operation, status, body): the answer is what the contract says, or the test fails."""
    return contract.check


class Bank:
    """The running process and its partner's client."""

    def __init__(self, valid, books, **environment):
        self.valid, self.books = valid, books
        self.state = Path(tempfile.mkdtemp(prefix="bank-test-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(self.state / "log", "w")  # noqa: SIM115
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("SANDBOX_", "BUFFER_", "OIDC_"))} | {
            "DJANGO_SETTINGS_MODULE": "config.settings.test", "SANDBOX_PORT": str(self.port),
            "SANDBOX_STATE": str(self.state / "bank"), "BUFFER_CLIENT_ID": "regnskap",
            "BUFFER_CLIENT_SECRET": "partner secret: æ", "BUFFER_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "PARTNER_CLIENT_ID": PARTNER[0], "PARTNER_CLIENT_SECRET": PARTNER[1], "OIDC_CLIENT_ID": "rp",
            "OIDC_CLIENT_SECRET": "rp-secret", "OIDC_REDIRECT_URIS": "http://localhost:8000/oidc/callback/",
            **environment,
        }  # fmt: skip
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "sandbox.wsgi:application", "--bind", f"127.0.0.1:{self.port}",
             "--workers", "1", "--threads", "8", "--no-control-socket"],
            cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        for _ in range(200):
            assert self.process.poll() is None, self.told()
            try:
                requests.get(self.url + "/oidc/jwks", timeout=2)
                break
            except requests.RequestException:
                time.sleep(0.05)
        self._token = None

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def end(self):
        self.stop()
        self.log.close()
        shutil.rmtree(self.state, ignore_errors=True)

    def told(self):
        return (self.state / "log").read_text()

    def token(self):
        if self._token is None:
            answer = requests.post(
                self.url + "/oauth/token", data={"grant_type": "client_credentials", "scope": "partner"},
                auth=(b"regnskap", "partner secret: æ".encode()), timeout=10,
            )  # fmt: skip
            assert answer.status_code == 200, answer.text
            self.valid("issueToken", 200, answer.json())
            self._token = answer.json()["access_token"]
        return self._token

    def call(self, operation, method, path, body=None, *, key=None, status=200, query=None):
        """The JSON of the answer, validated against the contract."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        if method in ("POST", "PUT"):
            headers["Idempotency-Key"] = key or secrets.token_hex(16)
        answer = requests.request(method, self.url + path, json=body, headers=headers, params=query, timeout=30)
        assert answer.status_code == status, (answer.status_code, answer.text, self.told()[-2000:])
        found = answer.json() if answer.content else None
        self.valid(operation, status, found)
        if status >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json"
        return found

    def company(self, items=None, number=None):
        """A company in the books; its number is not in the register unless it is given."""
        number = number or str(next(_numbers))
        self.books.companies[number] = Company(number, four_debtors() if items is None else items)
        return self.books.companies[number]

    def request_for(self, company, **more):
        return {
            "reference": secrets.token_hex(16), "organisation_number": company.number, "organisation_name": "Fjord & Sønn <AS>",
            "payout_account": None, "return_url": RETURN, "state": secrets.token_hex(24),
            "webhook_url": f"{self.books.url}/webhooks/buffer", "grant": self.books.grant(company.number), **more,
        }  # fmt: skip

    def begin(self, company, **more):
        body = self.request_for(company, **more)
        return self.call("createOnboarding", "POST", "/v1/onboardings", body, status=201) | {"state": body["state"]}

    def onboarding(self, identity):
        return self.call("readOnboarding", "GET", f"/v1/onboardings/{identity}")

    def agreement(self, identity):
        return self.call("readAgreement", "GET", f"/v1/agreements/{identity}")

    def opened(self, company=None, *, person="dag"):
        """(agreement id, company) after offer and yes."""
        company = company or self.company()
        begun = self.begin(company)
        visitor = Person(self)
        visitor.sign_in(begun["link"]["url"], person)
        visitor.press("Godta og åpne konto", follow=False)
        return self.onboarding(begun["id"])["agreement_id"], company

    def manage(self, agreement_id, person="dag"):
        path = f"/v1/agreements/{agreement_id}/manage-links"
        link = self.call("createManageLink", "POST", path, {"return_url": RETURN}, status=201)
        visitor = Person(self)
        visitor.sign_in(link["url"], person)
        return visitor

    def console(self, path, **form):
        """POST of one of the console's forms, by its address; the text of the page that follows."""
        visitor = Person(self)
        visitor.open("/console/")
        return visitor.post(f"/console/{path}", form)

    def act(self, onboarding_id, deed, **form):
        return self.console(f"{onboarding_id}/{deed}", **form)

    def facts(self, number, **form):
        """Standing facts of a company; what is not named is as for any company."""
        assert "Lagret." in self.console(f"foretak/{number}/fakta", **form)

    def order(self, kind, times=1, **more):
        """A fault; «more»: value."""
        told = self.console("feil", kind=kind, times=str(times), **more)
        assert "Bestilt" in told or "Tatt tilbake" in told

    def pass_days(self, days):
        assert "er flyttet" in self.console("dato", days=str(days))

    def link_for(self, onboarding_id):
        path, body = f"/v1/onboardings/{onboarding_id}/links", {"return_url": RETURN, "state": secrets.token_hex(24)}
        return self.call("createOnboardingLink", "POST", path, body, status=201)["url"]

    def signed_in(self, onboarding_id, person):
        """The person, at the bank with a new link."""
        visitor = Person(self)
        visitor.sign_in(self.link_for(onboarding_id), person)
        return visitor

    def until(self, found, seconds=10):
        """What `found()` gives as soon as it is true."""
        for _ in range(int(seconds * 10)):
            value = found()
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError("it did not happen: " + self.told()[-2000:])


class Person:
    """Somebody with a browser without script: follows links, presses buttons by their names."""

    def __init__(self, bank):
        self.bank, self.session, self.answer = bank, requests.Session(), None

    @property
    def text(self):
        without = re.sub(r"<[^>]+>", " ", self.answer.text)
        return re.sub(r"[\s\u00a0]+", " ", html.unescape(without))

    def field(self, name):
        """The value of the page's hidden field."""
        return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', self.answer.text)[1])

    def open(self, url):
        self.answer = self.session.get(url if url.startswith("http") else self.bank.url + url, timeout=30)
        return self.answer

    def press(self, name, *, follow=True, **fields):
        """Press the button of this name in the form it stands in."""
        for form in re.findall(r"<form\b.*?</form>", self.answer.text, re.S):
            for attributes, text in re.findall(r"<button\b([^>]*)>(.*?)</button>", form, re.S):
                if html.unescape(text).strip() == name:
                    return self._send(form, attributes, fields, follow)
        raise AssertionError(f"no button «{name}» on {self.answer.url}: {self.text[:500]}")

    def _send(self, form, button, fields, follow):
        def attribute(text, key):
            found = re.search(rf'\b{key}="([^"]*)"', text)
            return html.unescape(found[1]) if found else ""

        opening = re.match(r"<form\b[^>]*>", form)[0]
        data = {attribute(one, "name"): attribute(one, "value") for one in re.findall(r"<input\b[^>]*>", form)}
        data |= fields
        if attribute(button, "name"):
            data[attribute(button, "name")] = attribute(button, "value")
        target = attribute(button, "formaction") or attribute(opening, "action") or self.answer.url
        url = target if target.startswith("http") else self.bank.url + target
        how = {"params": data} if attribute(opening, "method") == "get" else {"data": data}
        self.answer = self.session.request(
            attribute(opening, "method"), url, allow_redirects=False, timeout=30,
            headers={"Origin": self.bank.url}, **how,
        )  # fmt: skip
        while follow and self.answer.is_redirect and self.answer.headers["Location"].startswith(("/", self.bank.url)):
            assert self.answer.status_code in (302, 303)
            self.open(self.answer.headers["Location"])
        return self.answer

    def post(self, path, form):
        """The form with its token, followed; the text of the page."""
        token = self.field("csrfmiddlewaretoken")
        self.answer = self.session.post(
            self.bank.url + path,
            data={"csrfmiddlewaretoken": token, **form},
            headers={"Origin": self.bank.url},
            timeout=60,
        )
        assert self.answer.status_code == 200, self.answer.status_code
        return self.text

    def sign_in(self, url, sub):
        names = {
            "dag": "Dag Leder",
            "vera": "Vera Vest",
            "ada": "Ada Administrator",
            "rita": "Rita Regnskap",
            "rolf": "Rolf Revisor",
        }
        self.open(url)
        assert "BankID test" in self.text, self.text
        return self.press(names.get(sub, sub))

    @property
    def came_back(self):
        """The query with which the browser was sent back to the accounting system."""
        assert self.answer.status_code == 303
        address = urlsplit(self.answer.headers["Location"])
        assert f"{address.scheme}://{address.netloc}{address.path}" == RETURN
        return {key: values[0] for key, values in parse_qs(address.query).items()}


@pytest.fixture(scope="session")
def books():
    return Books()


@pytest.fixture(scope="session")
def bank(valid, books):
    found = Bank(valid, books)
    yield found
    found.end()


@pytest.fixture
def person(bank):
    return Person(bank)
