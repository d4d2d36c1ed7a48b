"""The bank as a process: its clock, its links' life, webhooks, restart, what it needs to start."""

import base64
import hashlib
import hmac
import json
import re
import stat
import subprocess
import sys
import time

import pytest

from .conftest import RETURN, ROOT, WEBHOOK_SECRET, Bank, Person


@pytest.fixture(scope="module")
def quick(valid, books):
    """A bank whose links live a second and whose clock ticks twice a second."""
    found = Bank(valid, books, SANDBOX_LINK_SECONDS="1", SANDBOX_REANALYSE_SECONDS="0.5")
    yield found
    found.end()


def test_an_expired_link(quick):
    begun, visitor = quick.begin(quick.company()), Person(quick)
    visitor.open(begun["link"]["url"])
    time.sleep(1.1)
    visitor.press("Dag Leder")
    assert visitor.answer.status_code == 410 and "Tilbake til regnskapssystemet" in visitor.text
    assert "Lenken er utløpt" in Person(quick).open(begun["link"]["url"]).text
    assert quick.onboarding(begun["id"])["status"] == "created"


def test_the_clock_reads_by_itself(quick):
    agreement, company = quick.opened()
    before = quick.agreement(agreement)
    company.change(company.items["i0"] | {"open_amount": "60000.00"})
    found = quick.until(lambda: (one := quick.agreement(agreement))["credit"]["limit"] != "160000.00" and one)
    # base 210,000, cap 52,500: 50,000 × 3 + 52,500 = 202,500; 80 % = 162,000
    assert found["credit"]["limit"] == "162000.00"
    assert found["sequence"] > before["sequence"] and found["as_of"] > before["as_of"]


def test_a_code_that_ran_out_is_asked_for_again(quick):
    company = quick.company()
    begun = quick.begin(company, grant=quick.books.grant(company.number, hours=-1))
    found = quick.until(lambda: (one := quick.onboarding(begun["id"]))["needs_grant"] and one)
    assert found["status"] == "created"
    body = quick.books.grant(company.number)
    assert quick.call("renewGrant", "PUT", f"/v1/onboardings/{begun['id']}/grant", body)["needs_grant"] is False


def test_one_company_with_unreadable_books_stops_nobody(quick):
    broken = quick.company()
    broken.items["i0"]["entry_date"] = "not a date"
    begun, visitor = quick.begin(broken), Person(quick)
    visitor.sign_in(begun["link"]["url"], "dag")
    assert visitor.answer.status_code == 200 and "Vi leser kundefordringene" in visitor.text
    agreement, company = quick.opened()
    reads = len(company.reads)
    quick.until(lambda: len(company.reads) > reads + 2)
    broken.change(broken.items["i0"] | {"entry_date": broken.items["i1"]["entry_date"]})
    quick.until(lambda: quick.onboarding(begun["id"])["status"] == "offered")
    assert quick.agreement(agreement)["status"] == "open"


def test_webhooks_are_signed_and_sent_again(quick, books):
    books.webhook_answers[:] = [500]
    begun = quick.begin(quick.company())
    visitor = Person(quick)
    visitor.sign_in(begun["link"]["url"], "dag")

    def about(identity):
        found = [(status, headers, json.loads(body), body) for status, headers, body in books.events]
        return [one for one in found if identity in (one[2]["data"]["id"], one[2]["data"].get("onboarding_id"))]

    quick.until(lambda: "offered" in [one[2]["data"]["status"] for one in about(begun["id"]) if one[0] == 204], 15)
    secret = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
    for _, headers, event, body in about(begun["id"]):
        headers = {key.lower(): value for key, value in headers.items()}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
        right = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{right}"
        kind = "readAgreement" if event["type"] == "agreement.updated" else "readOnboarding"
        quick.valid(kind, 200, event["data"])
        assert "code" not in event["data"] and "link" not in event["data"]
    quick.until(lambda: not books.webhook_answers)


def test_everything_is_there_after_a_restart(valid, books):
    bank = Bank(valid, books)
    try:
        agreement, _ = bank.opened()
        bank.manage(agreement).press("Overfør til bedriften", amount="123.45")
        before, kid = bank.agreement(agreement), Person(bank).open("/oidc/jwks").json()
        token = bank.token()
        bank.stop()
        bank.start()
        bank._token = token
        after = bank.agreement(agreement)
        assert after | {"as_of": ""} == before | {"as_of": ""} or after["sequence"] > before["sequence"]
        assert after["credit"]["used"] == "123.45" and Person(bank).open("/oidc/jwks").json() == kid
        folder = bank.state / "bank"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in ("es256-key.pem", "django-secret"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert not any(word in bank.told() for word in ("bank-secret", "Traceback", "/inn/", token))
    finally:
        bank.end()


def test_what_was_begun_and_ordered_is_there_after_a_restart(valid, books):
    """Onboardings under way, agreements, the moved date, faults, facts of companies, pending draws, undelivered webhooks."""
    bank = Bank(valid, books)
    try:
        bank.pass_days(2)
        company, joint = bank.company(), bank.company()
        bank.facts(company.number, register="alone", draws_wait="on", own_accounts="97101100018", factoring="on")
        bank.facts(joint.number, register="jointly")
        bank.facts(company.number, register="alone", draws_wait="on")
        agreement, _ = bank.opened(company)
        bank.manage(agreement).press("Overfør til bedriften", amount="500")
        begun = bank.begin(joint)
        bank.signed_in(begun["id"], "dag")
        bank.facts(company.number, register="other_alone", draws_wait="on", own_accounts="97101100018", factoring="on")
        bank.order("negative", 2)
        bank.order("webhooks_twice", 7, value="4")
        books.webhook_answers[:] = [500] * 500  # nothing is taken for now
        last = bank.begin(bank.company())
        before, waiting = bank.onboarding(begun["id"]), bank.onboarding(last["id"])
        bank.stop()
        books.webhook_answers.clear()
        bank.start()

        found = bank.onboarding(begun["id"])
        assert found == before and found["missing_signatories"] == ["Vera Vest"]
        assert bank.onboarding(last["id"]) == waiting
        console = Person(bank)
        console.open("/console/")
        assert "2 dager foran kalenderen" in console.text and "2 igjen" in console.text
        assert "6 igjen, leveringer av hver: 4" in console.text  # one of the seven was taken by the last application
        console.open(f"/console/foretak/{company.number}/")
        assert "97101100018" in console.answer.text
        assert re.search(r'value="other_alone" selected', console.answer.text)
        assert re.search(r'name="factoring" checked', console.answer.text)
        assert not re.search(r'name="pledged" checked', console.answer.text)
        assert bank.manage(agreement, "dag").answer.status_code == 403
        assert "Bestilt, ikke overført 500,00" in bank.manage(agreement, "vera").text
        bank.order("negative", 0)
        assert bank.agreement(agreement)["credit"]["pending"] == "500.00"
        bank.signed_in(begun["id"], "vera")
        assert bank.onboarding(begun["id"])["status"] == "offered"

        def taken():
            return [one for one in books.events if one[0] == 204 and json.loads(one[2])["data"]["id"] == last["id"]]

        bank.until(lambda: len(taken()) == 4, 40)  # undelivered before the restart, and four times as ordered
        assert len({tuple(one[1][key] for key in one[1] if key.lower() == "webhook-id") for one in taken()}) == 1
    finally:
        bank.end()


def test_it_says_what_is_missing():
    done = subprocess.run(
        [sys.executable, "-c", "import sandbox.wsgi"], cwd=ROOT, env={"PATH": "", "BUFFER_CLIENT_ID": "x"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    for name in ("BUFFER_CLIENT_SECRET", "PARTNER_CLIENT_SECRET", "OIDC_CLIENT_SECRET", "OIDC_REDIRECT_URIS"):
        assert name in done.stderr
    assert "BUFFER_CLIENT_ID," not in done.stderr


def test_static_and_unknown_pages(quick):
    visitor = Person(quick)
    assert visitor.open("/static/sandbox/bank.css").headers["Content-Type"].startswith("text/css")
    assert visitor.open("/ukjent").status_code == 404 and "Fant ikke siden" in visitor.text
    assert "Vilkår" in Person(quick).open("/vilkar").text
    assert RETURN not in visitor.text
