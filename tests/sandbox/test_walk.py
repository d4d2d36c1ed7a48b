"""The straight path and its forks, over HTTP with the bank as a process."""

import re
import threading
from datetime import date, timedelta

import requests

from .books import four_debtors, receivable, today
from .conftest import RETURN, Person


def test_from_link_to_account_to_draw(bank, person):
    company = bank.company()
    begun = bank.begin(company)
    assert begun["status"] == "created" and not begun["needs_grant"] and begun["sequence"] > 0
    assert begun["link"]["url"].startswith(bank.url)

    page = person.open(begun["link"]["url"])
    assert "Fjord &amp; Sønn &lt;AS&gt;" in page.text and "Fjord & Sønn <AS>" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "form-action 'self' http://localhost:8000" in policy
    assert page.headers["Referrer-Policy"] == "same-origin" and page.headers["X-Frame-Options"] == "DENY"
    assert all(name in person.text for name in ("Ada Administrator", "Otto Operatør", "Avbryt"))

    person.press("Dag Leder")
    assert "160 000,00" in person.text and "13,24 %" in person.text and "12,5 %" in person.text
    offered = bank.onboarding(begun["id"])
    assert (offered["status"], offered["identified_as"], offered["authority_basis"]) == (
        "offered", "Dag Leder", "signature",
    )  # fmt: skip
    assert offered["offer"]["limit"] == "160000.00" and offered["sequence"] > begun["sequence"]
    assert ("authorization_code", True, ["code", "grant_type"]) in bank.books.token_calls
    agreement = bank.agreement(offered["agreement_id"])
    assert agreement["status"] == "offered" and agreement["account_number"] is None
    assert agreement["credit"] == {
        "currency": "NOK", "limit": "160000.00", "used": "0.00", "available": "0.00", "pending": "0.00",
    }  # fmt: skip

    person.press("Godta og åpne konto", follow=False)
    assert person.came_back == {"state": begun["state"], "onboarding": begun["id"]}
    assert bank.onboarding(begun["id"])["status"] == "accepted"
    opened = bank.agreement(agreement["id"])
    assert opened["status"] == "open" and opened["credit"]["available"] == "160000.00"
    number = [int(sign) for sign in opened["account_number"]]
    assert sum(d * w for d, w in zip(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 11 == 0

    manager = bank.manage(agreement["id"])
    assert "Kredittgrense 160 000,00" in manager.text and "Benyttet 0,00" in manager.text
    manager.press("Overfør til bedriften", amount="20 000,00")
    assert "Benyttet 20 000,00" in manager.text and "Tilgjengelig 140 000,00" in manager.text
    drawn = bank.agreement(agreement["id"])
    assert drawn["credit"]["used"] == "20000.00" and drawn["sequence"] > opened["sequence"]
    manager.press("Overfør til bedriften", amount="140000,01")
    assert manager.answer.status_code == 422 and "større enn det som er tilgjengelig" in manager.text
    manager.press("Tilbakebetal", amount="20000.01")
    assert "større enn det som er benyttet" in manager.text
    manager.press("Tilbakebetal", amount="5000.00")
    path = f"/v1/agreements/{agreement['id']}/transactions"
    first = bank.call("listTransactions", "GET", path, query={"page_size": 1})
    assert first["has_more"] and first["items"][0]["amount"] == "20000.00"
    rest = bank.call("listTransactions", "GET", path, query={"after": first["items"][0]["id"]})
    assert [one["balance_after"] for one in rest["items"]] == ["15000.00"] and not rest["has_more"]
    assert rest["items"][0]["kind"] == "repayment" and rest["items"][0]["amount"] == "-5000.00"
    bank.call("listTransactions", "GET", path, query={"after": "trn_unknown"}, status=400)


def test_a_form_sent_twice_draws_once(bank):
    agreement, _ = bank.opened()
    manager = bank.manage(agreement)
    form = re.search(r'name="form" value="([^"]+)"', manager.answer.text)[1]
    manager.press("Overfør til bedriften", amount="1000")
    manager.press("Overfør til bedriften", amount="1000", form=form)
    assert bank.agreement(agreement)["credit"]["used"] == "1000.00"
    for wrong in ("", "-5", "0", "1,234", "NaN", "1e3", "abc"):
        manager.press("Overfør til bedriften", amount=wrong)
        assert manager.answer.status_code == 422, wrong


def test_analysis_lines_add_up(bank, person):
    items = [*four_debtors(), receivable("late", "1000.00", due_in=-31), receivable("small", "199.99", debtor="D9")]
    begun = bank.begin(bank.company(items))
    person.sign_in(begun["link"]["url"], "dag")
    analysis = bank.onboarding(begun["id"])["analysis"]
    assert {one["reason"]: one["amount"] for one in analysis["exclusions"]} == {
        "overdue": "1000.00", "below_minimum": "199.99",
    }  # fmt: skip
    path, cursor, lines = f"/v1/analyses/{analysis['id']}/lines", None, []
    while True:
        page = bank.call(
            "listAnalysisLines", "GET", path, query={"page_size": 4} | ({"cursor": cursor} if cursor else {})
        )
        lines += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert {line["receivable_id"] for line in lines} == {item["id"] for item in items}
    assert "forfalt for mer enn 30 dager siden" in person.text


def test_cancelled_at_bankid(bank, person):
    begun = bank.begin(bank.company())
    person.open(begun["link"]["url"])
    person.press("Avbryt", follow=False)
    assert person.came_back == {"state": begun["state"], "onboarding": begun["id"]}
    found = bank.onboarding(begun["id"])
    assert found["status"] == "cancelled" and found["agreement_id"] is None
    path = f"/v1/onboardings/{begun['id']}"
    bank.call("createOnboardingLink", "POST", f"{path}/links", {"return_url": RETURN, "state": "s" * 32}, status=409)
    grant = bank.books.grant(begun["organisation_number"])
    bank.call("renewGrant", "PUT", f"{path}/grant", grant, status=409)


def test_a_link_is_used_once_and_opening_does_not_use_it(bank, person):
    begun = bank.begin(bank.company())
    for _ in range(3):
        Person(bank).open(begun["link"]["url"])
    person.sign_in(begun["link"]["url"], "dag")
    again = Person(bank).open(begun["link"]["url"])
    assert again.status_code == 410 and "Lenken er brukt" in again.text
    assert Person(bank).open("/inn/" + "x" * 43).status_code == 404
    # another browser gets nowhere without signing in
    assert Person(bank).open(f"/soknad/{begun['id']}/").status_code == 403


def test_declined_ends_the_agreement(bank, person):
    company = bank.company()
    begun = bank.begin(company)
    person.sign_in(begun["link"]["url"], "dag")
    person.press("Avslå", follow=False)
    assert person.came_back["onboarding"] == begun["id"]
    found = bank.onboarding(begun["id"])
    assert found["status"] == "declined"
    ended = bank.agreement(found["agreement_id"])
    assert ended["status"] == "terminated" and ended["credit"]["limit"] == "0.00"
    bank.call(
        "createManageLink", "POST", f"/v1/agreements/{ended['id']}/manage-links", {"return_url": RETURN}, status=409
    )
    assert bank.begin(company)["status"] == "created"  # a new one may begin


def test_rejected(bank):
    poor, foreign = bank.company([receivable("a", "100000.00")]), bank.company()
    foreign.currency = "SEK"
    for company, reason in ((poor, "too_few_receivables"), (foreign, "unsupported_currency")):
        begun, visitor = bank.begin(company), Person(bank)
        visitor.sign_in(begun["link"]["url"], "dag")
        found = bank.onboarding(begun["id"])
        assert (found["status"], found["reason"], found["agreement_id"]) == ("rejected", reason, None)
        assert "Vi kan ikke gi et tilbud nå" in visitor.text
    assert bank.onboarding(begun["id"])["offer"] is None


def test_authority(bank):
    alone = bank.begin(bank.company(number="310000000"))
    ada = Person(bank)
    ada.sign_in(alone["link"]["url"], "ada")
    assert bank.onboarding(alone["id"])["status"] == "authority_missing"
    assert "Du kan ikke signere" in ada.text
    assert bank.books.companies["310000000"].codes  # nothing was redeemed
    path = f"/v1/onboardings/{alone['id']}/links"
    link = bank.call("createOnboardingLink", "POST", path, {"return_url": RETURN, "state": "t" * 40}, status=201)
    dag = Person(bank)
    dag.sign_in(link["url"], "dag")
    assert bank.onboarding(alone["id"])["status"] == "offered"
    dag.press("Godta og åpne konto", follow=False)
    assert dag.came_back["state"] == "t" * 40
    agreement = bank.onboarding(alone["id"])["agreement_id"]
    assert bank.manage(agreement, "rita").answer.status_code == 403


def test_two_sign_jointly(bank):
    begun = bank.begin(bank.company(number="310022225"))
    dag, vera = Person(bank), Person(bank)
    dag.sign_in(begun["link"]["url"], "dag")
    found = bank.onboarding(begun["id"])
    assert (found["status"], found["missing_signatories"]) == ("awaiting_cosigner", ["Vera Vest"])
    assert "Vera Vest" in dag.text
    path = f"/v1/onboardings/{begun['id']}/links"
    for sub, status in (("ada", "awaiting_cosigner"), ("dag", "awaiting_cosigner"), ("vera", "offered")):
        link = bank.call("createOnboardingLink", "POST", path, {"return_url": RETURN, "state": "u" * 32}, status=201)
        vera = Person(bank)
        vera.sign_in(link["url"], sub)
        assert bank.onboarding(begun["id"])["status"] == status
    assert bank.onboarding(begun["id"])["missing_signatories"] == []
    vera.press("Godta og åpne konto", follow=False)
    assert "Kredittgrense" in bank.manage(bank.onboarding(begun["id"])["agreement_id"], "dag").text


def test_terminated_with_and_without_debt(bank):
    agreement, company = bank.opened()
    manager = bank.manage(agreement)
    manager.press("Overfør til bedriften", amount="1000")
    manager.press("Si opp avtalen")
    assert bank.agreement(agreement)["status"] == "open"
    manager.press("Ja, si opp avtalen")
    found = bank.agreement(agreement)
    assert found["status"] == "terminating" and found["credit"]["limit"] == "0.00"
    assert found["due"] == {"amount": "1000.00", "date": (today() + timedelta(days=30)).isoformat()}
    manager.press("Overfør til bedriften", amount="1")
    assert manager.answer.status_code == 422
    manager.press("Tilbakebetal", amount="1000")
    found = bank.agreement(agreement)
    assert (found["status"], found["due"], found["credit"]["used"]) == ("terminated", None, "0.00")
    body = bank.books.grant(company.number)
    bank.call("reconnect", "PUT", f"/v1/agreements/{agreement}/grant", body, status=409)

    other, _ = bank.opened()
    manager = bank.manage(other)
    manager.press("Si opp avtalen")
    manager.press("Ja, si opp avtalen")
    assert bank.agreement(other)["status"] == "terminated" and "Tilbake til regnskapssystemet" in manager.text


def test_disconnect_and_reconnect(bank):
    agreement, company = bank.opened()
    bank.manage(agreement).press("Overfør til bedriften", amount="20000")
    found = bank.call("disconnect", "POST", f"/v1/agreements/{agreement}/disconnect")
    assert (found["status"], found["credit"]["limit"], found["credit"]["available"]) == ("disconnected", "0.00", "0.00")
    assert found["due"] == {"amount": "20000.00", "date": (today() + timedelta(days=30)).isoformat()}
    assert bank.call("disconnect", "POST", f"/v1/agreements/{agreement}/disconnect") == found
    grant = bank.books.grant(company.number)
    bank.call("reconnect", "PUT", f"/v1/agreements/{agreement}/grant", grant)
    found = bank.until(lambda: (one := bank.agreement(agreement))["status"] == "open" and one)
    assert found["credit"]["limit"] == "160000.00" and found["due"] is None


def test_disconnect_of_an_offer_withdraws_it(bank, person):
    begun = bank.begin(bank.company())
    person.sign_in(begun["link"]["url"], "dag")
    agreement = bank.onboarding(begun["id"])["agreement_id"]
    bank.call("cancelOnboarding", "POST", f"/v1/onboardings/{begun['id']}/cancel", status=409)
    assert bank.call("disconnect", "POST", f"/v1/agreements/{agreement}/disconnect")["status"] == "terminated"
    assert bank.onboarding(begun["id"])["status"] == "cancelled"
    person.press("Godta og åpne konto")
    assert "Søknaden er avsluttet" in person.text and bank.agreement(agreement)["status"] == "terminated"


def test_a_nudge_reads_what_changed(bank):
    agreement, company = bank.opened()
    company.change(company.items["i0"] | {"open_amount": "0.00"})
    reads = len(company.reads)
    bank.call("announceReceivablesChanged", "POST", f"/v1/agreements/{agreement}/receivables-changed", status=202)
    found = bank.until(lambda: (one := bank.agreement(agreement))["credit"]["limit"] != "160000.00" and one)
    assert company.reads[reads]["changed_since"] == "4"
    # 150,000 in three equal debtors: each is cut from 50,000 to 37,500
    assert found["credit"]["limit"] == "90000.00" and found["analysis"]["eligible"] == "112500.00"


def test_over_the_limit_is_shown_and_due_waits_for_the_end_of_the_day(bank):
    agreement, company = bank.opened()
    bank.manage(agreement).press("Overfør til bedriften", amount="160000")
    company.change(company.items["i0"] | {"open_amount": "0.00"})
    bank.call("announceReceivablesChanged", "POST", f"/v1/agreements/{agreement}/receivables-changed", status=202)
    found = bank.until(lambda: (one := bank.agreement(agreement))["credit"]["limit"] == "90000.00" and one)
    assert found["credit"]["available"] == "0.00" and found["credit"]["used"] == "160000.00" and found["due"] is None


def test_lost_access_pauses_and_a_new_grant_opens(bank):
    agreement, company = bank.opened()
    company.access.clear()  # the token ended: the refresh token is used once
    bank.call("announceReceivablesChanged", "POST", f"/v1/agreements/{agreement}/receivables-changed", status=202)
    bank.until(lambda: company.access)
    company.consent = False
    bank.call("announceReceivablesChanged", "POST", f"/v1/agreements/{agreement}/receivables-changed", status=202)
    found = bank.until(lambda: (one := bank.agreement(agreement))["status"] == "paused" and one)
    assert (found["reason"], found["needs_grant"]) == ("no_data", True)
    assert found["credit"]["limit"] == "160000.00" and found["credit"]["available"] == "0.00"
    company.consent = True
    answer = bank.call("reconnect", "PUT", f"/v1/agreements/{agreement}/grant", bank.books.grant(company.number))
    assert answer["needs_grant"] is False
    bank.until(lambda: bank.agreement(agreement)["status"] == "open")


def test_a_code_that_is_refused_is_asked_for_again(bank, person):
    company = bank.company()
    begun = bank.begin(company)
    company.codes.clear()
    person.sign_in(begun["link"]["url"], "dag")
    found = bank.onboarding(begun["id"])
    assert (found["status"], found["needs_grant"]) == ("analysing", True)
    assert "Vi venter på tilgang" in person.text
    bank.call("renewGrant", "PUT", f"/v1/onboardings/{begun['id']}/grant", bank.books.grant(company.number))
    bank.until(lambda: bank.onboarding(begun["id"])["status"] == "offered")
    person.open(f"/soknad/{begun['id']}/")
    assert "Godta og åpne konto" in person.text


def test_the_console_reads_now(bank, person):
    bank.opened()
    person.open("/console/")
    assert "Testbankens konsoll" in person.text
    person.press("Les fordringene nå")
    assert "Fordringene er lest" in person.text


def test_pages_do_not_take_forms_from_elsewhere(bank):
    begun = bank.begin(bank.company())
    answer = requests.post(begun["link"]["url"], data={"person": "dag"}, timeout=10)
    assert answer.status_code == 403 and "Skjemaet ble ikke godtatt" in answer.text
    assert bank.onboarding(begun["id"])["status"] == "created"


def test_two_people_press_at_once(bank):
    begun = bank.begin(bank.company())
    visitors = [Person(bank) for _ in range(5)]
    for one in visitors:
        one.open(begun["link"]["url"])
    threads = [threading.Thread(target=one.press, args=("Dag Leder",)) for one in visitors]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.answer.status_code for one in visitors) == [200, 410, 410, 410, 410]
    assert date.fromisoformat(begun["expires_at"][:10]) >= today() + timedelta(days=13)
