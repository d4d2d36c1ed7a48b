"""The bank alone from created on: each status of the contract by partner API, pages and console, each answer held to it."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest

from .books import today
from .conftest import Bank, Person

FINAL = {"accepted", "rejected", "declined", "cancelled", "expired"}
# Contract: Onboarding.status. cancelled and expired can follow any state but the final ones.
NEXT = {
    "created": {"identified"},
    "identified": {"authority_missing", "authority_unresolved", "awaiting_cosigner", "analysing"},
    "authority_missing": {"identified"},
    "awaiting_cosigner": {"analysing"},
    "authority_unresolved": {"analysing", "rejected"},
    "analysing": {"offered", "rejected"},
    "offered": {"accepted", "declined", "offered"},
}


@pytest.fixture(scope="module")
def own(valid, books):
    found = Bank(valid, books)
    yield found
    found.end()


@pytest.fixture(scope="module")
def moves(own, books):
    """moves(onboarding id): its statuses as the webhooks told them, by sequence, without repeats."""

    def of(identity, last):
        def told():
            about = [json.loads(body)["data"] for status, _, body in books.events if status == 204]
            mine = sorted((one for one in about if one["id"] == identity), key=lambda one: one["sequence"])
            found = [one["status"] for one in mine]
            return found if found and found[-1] == last else None

        found = own.until(told, 20)
        return [one for n, one in enumerate(found) if n == 0 or one != found[n - 1]]

    return of


def lawful(path):
    assert path[0] == "created"
    for before, after in pairwise(path):
        assert before not in FINAL, path
        assert after in NEXT[before] | {"cancelled", "expired"}, path


def test_the_long_way_to_an_account_and_through_all_that_can_become_of_it(own, moves, contract):
    company = own.company()
    own.facts(company.number, register="nobody")
    begun = own.begin(company)
    one = begun["id"]

    def stands(status):
        found = own.onboarding(one)
        assert found["status"] == status, found
        return found

    stands("created")
    own.act(one, "bankid-feilet")
    assert stands("created")["reason"] == "bankid_failed"
    own.signed_in(one, "rolf")
    assert stands("authority_missing")["identified_as"] == "Rolf Revisor"
    own.facts(company.number, register="silent")
    own.signed_in(one, "rolf")
    stands("identified")
    own.facts(company.number, register="jointly")
    own.until(lambda: own.onboarding(one)["status"] == "authority_missing")
    own.signed_in(one, "dag")
    assert stands("awaiting_cosigner")["missing_signatories"] == ["Vera Vest"]
    company.codes.clear()  # days pass, and the code is not good any more
    vera = own.signed_in(one, "vera")
    assert stands("analysing")["needs_grant"] is True
    own.call("renewGrant", "PUT", f"/v1/onboardings/{one}/grant", own.books.grant(company.number))
    own.until(lambda: own.onboarding(one)["status"] == "offered")
    offered = stands("offered")
    agreement = offered["agreement_id"]

    def is_now(status, **more):
        found = own.agreement(agreement)
        assert found["status"] == status, found
        assert {key: found[key] for key in more} == more, found
        assert contract.check("readAgreement", 200, found) is None
        return found["credit"]

    assert is_now("offered", account_number=None)["limit"] == offered["offer"]["limit"] == "160000.00"
    vera.open(f"/soknad/{one}/")
    vera.press("Godta og åpne konto", follow=False)
    stands("accepted")

    assert is_now("open", reason=None, due=None)["available"] == "160000.00"
    manager = own.manage(agreement, "vera")
    manager.press("Overfør til bedriften", amount="60000")
    assert is_now("open")["available"] == "100000.00"
    own.act(one, "pause")
    assert is_now("paused", reason="bank_decision")["available"] == "0.00"
    own.act(one, "opphev-pause")
    own.act(one, "mist-tilgang")
    assert is_now("paused", reason="no_data", needs_grant=True)["limit"] == "160000.00"
    own.call("reconnect", "PUT", f"/v1/agreements/{agreement}/grant", own.books.grant(company.number))
    own.until(lambda: own.agreement(agreement)["status"] == "open")
    company.change(company.items["i0"] | {"open_amount": "0.00"})
    company.change(company.items["i1"] | {"open_amount": "0.00"})
    own.call("announceReceivablesChanged", "POST", f"/v1/agreements/{agreement}/receivables-changed", status=202)
    # base 100,000, cap 25,000, twice: 50,000 × 80 %
    own.until(lambda: own.agreement(agreement)["credit"]["limit"] == "40000.00")
    assert is_now("open", due=None)["available"] == "0.00"
    own.pass_days(1)
    due = own.agreement(agreement)["due"]
    used = own.agreement(agreement)["credit"]["used"]
    assert due["date"] == (today() + timedelta(days=14)).isoformat()
    assert is_now("open")["used"] == used >= "60000.00"
    own.call("disconnect", "POST", f"/v1/agreements/{agreement}/disconnect")
    assert is_now("disconnected", reason=None)["limit"] == "0.00"
    own.call("reconnect", "PUT", f"/v1/agreements/{agreement}/grant", own.books.grant(company.number))
    own.until(lambda: own.agreement(agreement)["status"] == "open")
    manager = own.manage(agreement, "dag")
    manager.press("Si opp avtalen")
    manager.press("Ja, si opp avtalen")
    credit = is_now("terminating")
    assert (credit["limit"], credit["available"]) == ("0.00", "0.00")
    manager.press("Tilbakebetal", amount=credit["used"])
    assert is_now("terminated", due=None)["used"] == "0.00"

    path = moves(one, "accepted")
    lawful(path)
    assert path == [
        "created", "identified", "authority_missing", "identified", "authority_missing", "identified", "awaiting_cosigner",
        "analysing", "offered", "accepted",
    ]  # fmt: skip
    assert moves(agreement, "terminated") == [
        "offered", "open", "paused", "open", "paused", "open", "disconnected", "open", "terminating", "terminated",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "end", "path"),
    [
        ("alone", "declined", ["created", "identified", "analysing", "offered", "declined"]),
        ("alone", "expired", ["created", "identified", "analysing", "offered", "expired"]),
        ("jointly", "expired", ["created", "identified", "awaiting_cosigner", "expired"]),
        ("jointly", "cancelled", ["created", "identified", "awaiting_cosigner", "cancelled"]),
        ("nobody", "cancelled", ["created", "identified", "authority_missing", "cancelled"]),
        ("bankrupt", "rejected", ["created", "identified", "analysing", "rejected"]),
        ("free_text", "rejected", ["created", "identified", "authority_unresolved", "rejected"]),
        (
            "no_combination",
            "accepted",
            ["created", "identified", "authority_unresolved", "analysing", "offered", "accepted"],
        ),
        ("poor", "rejected", ["created", "identified", "analysing", "rejected"]),
        ("left", "cancelled", ["created", "cancelled"]),
        ("refused early", "rejected", ["created", "identified", "analysing", "rejected"]),
    ],
)
def test_every_other_end(own, moves, case, end, path):
    company = own.company([] if case == "poor" else None)
    if case in ("alone", "jointly", "nobody", "bankrupt", "free_text", "no_combination"):
        own.facts(company.number, register=case)
    begun = own.begin(company)
    one, visitor = begun["id"], Person(own)
    visitor.open(begun["link"]["url"])
    if case == "left":
        visitor.press("Avbryt", follow=False)
    elif case == "refused early":
        own.act(one, "avsla", reason="credit_check")
    else:
        visitor.press("Dag Leder")
    if case == "no_combination":
        own.act(one, "avklar")
        visitor.open(f"/soknad/{one}/")
    if case == "free_text":
        own.act(one, "avsla", reason="")
    if end in ("declined", "accepted"):
        visitor.press("Avslå" if end == "declined" else "Godta og åpne konto", follow=False)
    if end == "expired":
        own.act(one, "utlop")
    if end == "cancelled" and case != "left":
        own.call("cancelOnboarding", "POST", f"/v1/onboardings/{one}/cancel")
    found = own.onboarding(one)
    assert found["status"] == end and found["needs_grant"] is False
    told = moves(one, end)
    assert told == path
    lawful(told)
    if found["agreement_id"]:
        assert own.agreement(found["agreement_id"])["status"] == ("open" if end == "accepted" else "terminated")
    if end != "accepted":
        assert own.begin(company)["status"] == "created"  # a new one may begin
