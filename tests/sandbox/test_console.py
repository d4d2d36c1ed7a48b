"""The console: states on demand (faults: test_faults.py)."""

import pytest

from .conftest import RETURN, Person


@pytest.fixture
def console(bank):
    return bank.act


def test_rejected_by_the_bank(bank, console):
    begun = bank.begin(bank.company())
    console(begun["id"], "avsla", reason="already_pledged")
    found = bank.onboarding(begun["id"])
    assert (found["status"], found["reason"]) == ("rejected", "already_pledged")
    assert "kan ikke avslås" in console(begun["id"], "avsla", reason="credit_check")


def test_bankid_failed_and_then_it_works(bank, console, person):
    begun = bank.begin(bank.company())
    console(begun["id"], "bankid-feilet")
    found = bank.onboarding(begun["id"])
    assert (found["status"], found["reason"]) == ("created", "bankid_failed")
    person.sign_in(begun["link"]["url"], "dag")
    found = bank.onboarding(begun["id"])
    assert (found["status"], found["reason"]) == ("offered", None)


def test_authority_that_the_register_cannot_tell(bank, console, person):
    company = bank.company()
    begun = bank.begin(company)
    console(begun["id"], "uavklart")
    person.sign_in(begun["link"]["url"], "rita")
    assert bank.onboarding(begun["id"])["status"] == "authority_unresolved" and company.codes
    assert "Banken må avklare fullmakten" in person.text
    console(begun["id"], "avklar")
    found = bank.onboarding(begun["id"])
    assert (found["status"], found["authority_basis"]) == ("offered", "power_of_attorney")
    path = f"/v1/onboardings/{begun['id']}/links"
    link = bank.call("createOnboardingLink", "POST", path, {"return_url": RETURN, "state": "v" * 32}, status=201)
    other = Person(bank)
    other.sign_in(link["url"], "dag")
    assert other.answer.status_code == 403
    person.open(f"/soknad/{begun['id']}/")
    person.press("Godta og åpne konto", follow=False)
    assert bank.onboarding(begun["id"])["status"] == "accepted"


def test_expired(bank, console):
    begun = bank.begin(bank.company())
    console(begun["id"], "utlop")
    assert bank.onboarding(begun["id"])["status"] == "expired"
    assert "allerede avsluttet" in console(begun["id"], "utlop")


def test_paused_by_the_bank_and_by_a_lost_access(bank, console):
    agreement, company = bank.opened()
    onboarding = bank.agreement(agreement)["onboarding_id"]
    console(onboarding, "pause")
    found = bank.agreement(agreement)
    assert (found["status"], found["reason"], found["credit"]["available"]) == ("paused", "bank_decision", "0.00")
    manager = bank.manage(agreement)
    manager.press("Overfør til bedriften", amount="1")
    assert "ikke åpen for uttak" in manager.text
    console(onboarding, "les")  # readable data does not end the bank's own decision
    assert bank.agreement(agreement)["status"] == "paused"
    console(onboarding, "opphev-pause")
    assert bank.agreement(agreement)["status"] == "open"
    console(onboarding, "mist-tilgang")
    found = bank.agreement(agreement)
    assert (found["status"], found["reason"], found["needs_grant"]) == ("paused", "no_data", True)
    bank.call("reconnect", "PUT", f"/v1/agreements/{agreement}/grant", bank.books.grant(company.number))
    bank.until(lambda: bank.agreement(agreement)["status"] == "open")
