"""Standing facts of a company, each ending an application at its moment; draws that wait; offers and applications that expire."""

from datetime import UTC, date, datetime, timedelta

import pytest

from .books import today
from .conftest import Bank, Person

OWN, OTHER = "97101100018", "99990600011"


@pytest.mark.parametrize(
    ("facts", "sent", "reason", "days"),
    [
        ({"pledged": "on"}, None, "already_pledged", 30),
        ({"factoring": "on"}, None, "factoring_active", 30),
        ({"poor_credit": "on"}, None, "credit_check", 90),
        ({"own_accounts": OWN}, OTHER, "payout_account_not_owned", None),
        ({"own_accounts": OWN}, None, "payout_account_not_owned", None),
        ({"own_accounts": OWN, "pledged": "on"}, OTHER, "payout_account_not_owned", None),
    ],
)
def test_a_standing_fact_rejects_after_authority_and_before_anything_is_read(bank, person, facts, sent, reason, days):
    company = bank.company()
    bank.facts(company.number, register="jointly", **facts)
    begun = bank.begin(company, payout_account=sent)
    person.sign_in(begun["link"]["url"], "dag")
    assert bank.onboarding(begun["id"])["status"] == "awaiting_cosigner"  # nothing is told before all have signed
    second = bank.signed_in(begun["id"], "vera")
    found = bank.onboarding(begun["id"])
    assert (found["status"], found["reason"], found["analysis"]) == ("rejected", reason, None)
    assert found["retry_after"] == ((today() + timedelta(days=days)).isoformat() if days else None)
    assert "Vi kan ikke gi et tilbud nå" in second.text and ("prøve igjen fra" in second.text) == bool(days)
    assert company.codes and not company.reads  # the code was never redeemed
    bank.facts(company.number)
    again = bank.begin(company)
    assert bank.signed_in(again["id"], "dag").text and bank.onboarding(again["id"])["status"] == "offered"


@pytest.mark.parametrize("sent", [OWN, OTHER])
def test_an_own_account_is_taken(bank, sent):
    company = bank.company()
    bank.facts(company.number, own_accounts=f"{OWN}, {OTHER}")
    begun = bank.begin(company, payout_account=sent)
    bank.signed_in(begun["id"], "dag")
    assert bank.onboarding(begun["id"])["status"] == "offered"


@pytest.mark.parametrize("sent", [None, OTHER])
def test_of_a_company_without_known_accounts_every_account_counts_as_its_own(bank, sent):
    begun = bank.begin(bank.company(), payout_account=sent)
    bank.signed_in(begun["id"], "dag")
    assert bank.onboarding(begun["id"])["status"] == "offered"


def test_facts_that_cannot_be_are_not_stored(bank, person):
    for form in ({"own_accounts": "123"}, {"register": "invented"}):
        assert "Ikke lagret" in bank.console("foretak/987654321/fakta", **form)
    person.open("/console/foretak?number=987 654 321")
    assert "hvem som helst kan signere alene" in person.text
    person.open("/console/foretak?number=12")
    assert "ni sifre" in person.text


def test_too_few_receivables_may_be_tried_again_in_a_month(bank):
    begun = bank.begin(bank.company([]))
    bank.signed_in(begun["id"], "dag")
    found = bank.onboarding(begun["id"])
    assert found["reason"] == "too_few_receivables"
    assert found["retry_after"] == (today() + timedelta(days=30)).isoformat()


def test_security_is_a_pledge_registered_when_the_account_opens(bank, person):
    begun = bank.begin(bank.company())
    person.sign_in(begun["link"]["url"], "dag")
    security = {"type": "factoringpant", "max_amount": "200000.00", "registered_on": None}  # 160,000 × 1.2, upwards
    assert bank.onboarding(begun["id"])["offer"]["security"] == security
    assert "factoringpant inntil 200 000,00 kr" in person.text
    person.press("Godta og åpne konto", follow=False)
    assert bank.onboarding(begun["id"])["offer"]["security"] == security | {"registered_on": today().isoformat()}


# Draws that wait


def waiting(bank):
    company = bank.company()
    bank.facts(company.number, draws_wait="on")
    agreement, _ = bank.opened(company)
    return agreement, company, bank.agreement(agreement)["onboarding_id"]


def transactions(bank, agreement):
    return bank.call("listTransactions", "GET", f"/v1/agreements/{agreement}/transactions")["items"]


def test_a_draw_that_waits_is_pending_until_it_is_booked(bank):
    agreement, _, onboarding = waiting(bank)
    manager = bank.manage(agreement)
    manager.press("Overfør til bedriften", amount="30000")
    assert "er bestilt og overføres neste bankdag" in manager.text and "Uttak, ikke bokført" in manager.text
    found = bank.agreement(agreement)
    assert found["credit"] | {"currency": "NOK"} == {
        "currency": "NOK", "limit": "160000.00", "used": "0.00", "available": "130000.00", "pending": "30000.00",
    }  # fmt: skip
    assert transactions(bank, agreement) == []
    manager.press("Overfør til bedriften", amount="130000.01")
    assert "større enn det som er tilgjengelig" in manager.text
    assert "Uttakene er bokført" in bank.act(onboarding, "bokfor")
    found = bank.agreement(agreement)
    assert (found["credit"]["used"], found["credit"]["pending"]) == ("30000.00", "0.00")
    assert [(one["kind"], one["amount"]) for one in transactions(bank, agreement)] == [("draw", "30000.00")]
    assert "ingen uttak som venter" in bank.act(onboarding, "bokfor")
    bank.act(onboarding, "uttak-venter")  # from now on at once again
    bank.manage(agreement).press("Overfør til bedriften", amount="1000")
    assert bank.agreement(agreement)["credit"]["used"] == "31000.00"


def test_the_same_form_is_ordered_once_even_after_it_was_booked(bank):
    agreement, _, onboarding = waiting(bank)
    manager = bank.manage(agreement)
    form = manager.field("form")
    for _ in range(2):
        manager.press("Overfør til bedriften", amount="1000", form=form)
        assert bank.agreement(agreement)["credit"]["pending"] == "1000.00"
    bank.act(onboarding, "bokfor")
    manager.press("Overfør til bedriften", amount="1000", form=form)
    found = bank.agreement(agreement)["credit"]
    assert (found["used"], found["pending"]) == ("1000.00", "0.00")


@pytest.mark.parametrize("end", ["terminate", "disconnect"])
def test_pending_draws_come_to_nothing_when_the_credit_ends(bank, end):
    agreement, _, _ = waiting(bank)
    manager = bank.manage(agreement)
    manager.press("Overfør til bedriften", amount="1000")
    if end == "terminate":
        manager.press("Si opp avtalen")
        manager.press("Ja, si opp avtalen")
    else:
        bank.call("disconnect", "POST", f"/v1/agreements/{agreement}/disconnect")
    found = bank.agreement(agreement)
    assert found["status"] == ("terminated" if end == "terminate" else "disconnected")
    assert (found["credit"]["used"], found["credit"]["pending"], found["due"]) == ("0.00", "0.00", None)


# As the bank's date moves


@pytest.fixture
def later(valid, books):
    found = Bank(valid, books)
    yield found
    found.end()


def test_a_pending_draw_is_booked_on_the_next_business_day(later):
    agreement, _, _ = waiting(later)
    later.manage(agreement).press("Overfør til bedriften", amount="1000")
    later.pass_days(1)
    row = transactions(later, agreement)[0]
    assert (row["kind"], row["amount"]) == ("draw", "1000.00")
    assert row["booked_on"] == (today() + timedelta(days=1)).isoformat()
    assert later.agreement(agreement)["credit"]["pending"] == "0.00"


def test_an_application_lives_fourteen_days_by_the_bank_s_date(later):
    begun = later.begin(later.company())
    later.pass_days(13)
    assert later.onboarding(begun["id"])["status"] == "created"
    later.pass_days(1)
    assert later.onboarding(begun["id"])["status"] == "expired"
    # one that begins now has its own fourteen days
    fresh = later.begin(later.company())
    assert date.fromisoformat(fresh["expires_at"][:10]) >= today() + timedelta(days=27)
    later.pass_days(13)
    assert later.onboarding(fresh["id"])["status"] == "created"


def test_an_offer_expires_by_itself_and_ends_the_agreement(later):
    begun = later.begin(later.company())
    visitor = Person(later)
    visitor.sign_in(begun["link"]["url"], "dag")
    offered = later.onboarding(begun["id"])
    later.pass_days(14)
    found = later.onboarding(begun["id"])
    agreement = later.agreement(offered["agreement_id"])
    assert found["status"] == "expired"
    assert (agreement["status"], agreement["credit"]["limit"], agreement["credit"]["available"]) == (
        "terminated",
        "0.00",
        "0.00",
    )
    visitor.press("Godta og åpne konto")
    assert "Søknaden er utløpt" in visitor.text and later.agreement(agreement["id"])["account_number"] is None


def test_a_new_offer_takes_the_place_of_the_former_with_a_new_end(later):
    company = later.company()
    begun = later.begin(company)
    visitor = Person(later)
    visitor.sign_in(begun["link"]["url"], "dag")
    first = later.onboarding(begun["id"])["offer"]
    later.pass_days(3)
    assert later.onboarding(begun["id"])["offer"] == first  # nothing changed, so that the offer stands as it was
    company.change(company.items["i0"] | {"open_amount": "60000.00"})
    later.act(begun["id"], "les")
    second = later.onboarding(begun["id"])["offer"]
    assert second["limit"] == "162000.00" and second["expires_at"] > first["expires_at"]
    visitor.press("Godta og åpne konto")  # the page of the first: nobody accepts what she did not see
    assert later.onboarding(begun["id"])["status"] == "offered" and "162 000,00" in visitor.text
    visitor.press("Godta og åpne konto", follow=False)
    assert later.onboarding(begun["id"])["status"] == "accepted"


def test_a_day_before_the_end(later):
    begun = later.begin(later.company())
    later.signed_in(begun["id"], "dag")
    assert "om ett døgn" in later.act(begun["id"], "utlop-snart")
    found = later.onboarding(begun["id"])
    assert (
        found["expires_at"] == found["offer"]["expires_at"]
        and found["expires_at"][:10] <= (today() + timedelta(days=1)).isoformat()
    )
    later.pass_days(1)
    assert later.onboarding(begun["id"])["status"] == "expired"


def test_the_moved_date_is_in_no_link_token_or_signature(later):
    later.pass_days(5)
    real = datetime.now(UTC)

    def apart(text):
        return abs(datetime.fromisoformat(text) - real)

    begun = later.begin(later.company())
    assert apart(begun["link"]["expires_at"]) < timedelta(minutes=10)
    assert apart(begun["expires_at"]) > timedelta(days=18)  # fourteen days after the bank's own date
    visitor = Person(later)
    visitor.sign_in(begun["link"]["url"], "dag")  # the link, the code and its tokens work
    found = later.onboarding(begun["id"])
    assert found["status"] == "offered" and apart(found["analysis"]["as_of"]) < timedelta(minutes=10)
    later._token = None
    assert apart(later.agreement(found["agreement_id"])["as_of"]) < timedelta(minutes=10)
    later.until(lambda: [one for one in later.books.events if begun["id"] in one[2]])
    stamps = [
        int({key.lower(): value for key, value in headers.items()}["webhook-timestamp"])
        for _, headers, body in later.books.events
        if begun["id"] in body
    ]
    assert all(abs(stamp - real.timestamp()) < 600 for stamp in stamps)
