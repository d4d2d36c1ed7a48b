"""«Trekk tilbake tilgangen»: in two clicks, effective on the next request, told to the bank, and nothing of the past lost."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from access.tenancy import client_scope
from financing.models import Agreement, CreditSnapshot, DataAccess, MessageKind, Onboarding
from financing.services.access import withdraw_access
from financing.services.outbox import send_due

from .consents import agreement_of, consents, messages, opened
from .reading import get, post_token, redeem
from .test_onboarding import actions, only

pytestmark = pytest.mark.django_db
THIN = "\u2009"


def url(name):
    return reverse(name, args=["310000000"])


@pytest.fixture
def signed_in(client, dag):
    client.force_login(dag)
    return client


@pytest.fixture
def woken(monkeypatch):
    """How often the worker was woken."""
    from financing.tasks import send_messages

    calls = []
    monkeypatch.setattr(send_messages, "delay", lambda: calls.append(1))
    return calls


@pytest.fixture
def tokens(company, bank, application, begun):
    return opened(company, bank, application, begun)


def disconnects(bank):
    def take(request):
        row = bank.agreements["agr-1"]
        credit = row["credit"] | {"limit": "0.00", "available": "0.00"}
        row |= {"status": "disconnected", "sequence": row["sequence"] + 5, "credit": credit}
        return 200, row

    bank.answers["POST", "/v1/agreements/agr-1/disconnect"] = take


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode())).replace(THIN, " ")


def used(company, amount, **values):
    with client_scope(company):
        Agreement.objects.for_client(company).update(used=amount, **values)


def test_withdrawn_the_next_read_is_refused_the_agreement_disconnects_and_the_history_stays(
    signed_in, company, tokens, application, bank, woken
):
    disconnects(bank)
    assert get("receivables", tokens["access_token"]).status_code == 200
    settings = signed_in.get(url("financing_settings")).content.decode()
    assert f'href="{url("financing_withdraw")}"' in settings  # the first click
    assert signed_in.get(url("financing_withdraw")).status_code == 200
    assert get("receivables", tokens["access_token"]).status_code == 200  # looking changes nothing
    assert signed_in.post(url("financing_withdraw")).status_code == 302  # the second
    withdrawn = timezone.now()

    refused = get("receivables", tokens["access_token"])  # the very next request
    assert timezone.now() - withdrawn < timedelta(seconds=1)
    again = post_token(application, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert refused.status_code == 401 and 'error="invalid_token"' in refused["WWW-Authenticate"]
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")

    assert woken == [1]
    assert "Buffer får beskjed." in text_of(signed_in.get(url("financing_consents")))
    send_due(provider_name="buffer", now=timezone.now())
    agreement = agreement_of(company)
    assert (agreement.status, agreement.limit) == ("disconnected", 0)
    assert "Buffer har bekreftet det. Avtalen er ikke sagt opp." in text_of(signed_in.get(url("financing_consents")))
    (one,) = consents(company)
    assert (one.end_reason, one.ended_by_name) == ("withdrawn", "Dag") and one.text
    with client_scope(company):
        assert DataAccess.objects.for_client(company).count() == 2
        assert CreditSnapshot.objects.for_client(company).count() == 2
    assert actions(company)[-3:] == ["consent.ended", "provider.told.disconnect", "agreement.moved"]


def test_what_follows_is_said_before_the_second_click(signed_in, company, tokens):
    used(company, "12396.96")
    page = signed_in.get(url("financing_withdraw"))
    day = (timezone.localdate() + timedelta(days=30)).strftime("%d.%m.%Y")
    assert (
        f"Kredittgrensen blir 0. Benyttet 12 396,96 kr må tilbakebetales innen {day}. Å trekke tilbake tilgangen er ikke å"
        " si opp avtalen." in text_of(page)
    )
    assert "Benyttet er slik Buffer sist sa det" in text_of(page)
    assert "Trekk tilbake tilgangen" in text_of(page) and "Furuly Lys AS" in text_of(page)


def test_nothing_used_pending_draws_and_an_earlier_due_date_are_said_as_they_are(signed_in, company, tokens):
    assert "Ingenting er benyttet, så ingenting må tilbakebetales." in text_of(signed_in.get(url("financing_withdraw")))
    soon = timezone.localdate() + timedelta(days=3)
    used(company, "500.00", pending="100.00", due_amount="200.00", due_date=soon)
    told = text_of(signed_in.get(url("financing_withdraw")))
    assert "Uttak på 100,00 er bestilt og ikke bokført." in told
    assert f"Buffer har allerede bedt om 200,00 innen {soon:%d.%m.%Y}." in told


def test_a_terminated_agreement_is_not_told_that_it_is_not_terminated(signed_in, company, tokens):
    used(company, "500.00", status="terminating")
    assert "er ikke å si opp avtalen" not in text_of(signed_in.get(url("financing_withdraw")))


def test_before_there_is_an_agreement_the_check_is_cancelled(signed_in, company, begun, application, bank, woken):
    code = begun.grant.code
    assert "Sjekken hos Buffer avbrytes. Ingenting er lånt" in text_of(signed_in.get(url("financing_withdraw")))
    signed_in.post(url("financing_withdraw"))
    assert redeem(application, code).status_code == 400
    (waiting,) = messages(company)
    assert waiting.kind == MessageKind.CANCEL
    send_due(provider_name="buffer", now=timezone.now())
    assert len(bank.calls("POST", "/v1/onboardings/onb-1/cancel")) == 1
    assert only(Onboarding, company).status == "cancelled"
    assert consents(company)[0].end_reason == "withdrawn"


def test_an_offer_is_withdrawn_by_disconnecting(signed_in, company, tokens, bank, woken):
    used(company, "0.00", status="offered")
    assert "Tilbudet trekkes, og sjekken avsluttes." in text_of(signed_in.get(url("financing_withdraw")))
    signed_in.post(url("financing_withdraw"))
    assert [one.kind for one in messages(company)] == [MessageKind.DISCONNECT]


def test_a_bank_that_is_down_is_told_later_and_the_page_says_so(signed_in, company, tokens, bank, woken):
    bank.answers["POST", "/v1/agreements/agr-1/disconnect"] = (503, {"title": "later"}, {"Retry-After": "1"})
    signed_in.post(url("financing_withdraw"))
    send_due(provider_name="buffer", now=timezone.now())
    assert get("company", tokens["access_token"]).status_code == 401
    assert agreement_of(company).status == "open"
    page = text_of(signed_in.get(url("financing_consents")))
    assert "Buffer får ikke lenger lest kundefordringene. Buffer får beskjed." in page
    assert "Buffer har bekreftet det" not in page


def test_a_bank_that_refuses_is_said(signed_in, company, tokens, bank, woken):
    bank.answers["POST", "/v1/agreements/agr-1/disconnect"] = (
        409,
        {"type": "about:blank", "title": "no", "status": 409},
    )
    signed_in.post(url("financing_withdraw"))
    send_due(provider_name="buffer", now=timezone.now())
    assert "Buffer tok ikke imot beskjeden." in text_of(signed_in.get(url("financing_consents")))


def test_a_queue_that_is_down_does_not_stop_it(signed_in, company, tokens, monkeypatch):
    from kombu.exceptions import OperationalError

    from financing.tasks import send_messages

    def down():
        raise OperationalError("no broker")

    monkeypatch.setattr(send_messages, "delay", down)
    assert signed_in.post(url("financing_withdraw")).status_code == 302
    assert len(messages(company, kind=MessageKind.DISCONNECT, closed_at=None)) == 1


def test_twice_is_once(signed_in, company, tokens, woken):
    signed_in.post(url("financing_withdraw"))
    ended = consents(company)[0].ended_at
    assert signed_in.post(url("financing_withdraw"))["Location"] == url("financing_consents")
    assert signed_in.get(url("financing_withdraw"))["Location"] == url("financing_consents")
    assert consents(company)[0].ended_at == ended and len(messages(company)) == 1 and woken == [1]


def test_all_of_it_or_nothing(company, tokens, dag, monkeypatch):
    """The end of the consent and what the bank is told of it are one transaction."""
    from financing.services import access

    def breaks(**values):
        raise RuntimeError("here")

    monkeypatch.setattr(access, "put_message", breaks)
    with pytest.raises(RuntimeError):
        withdraw_access(client=company, provider_name="buffer", user=dag, now=timezone.now())
    assert consents(company)[0].ended_at is None
    assert get("company", tokens["access_token"]).status_code == 200


def test_a_lapsed_consent_can_be_withdrawn_too(signed_in, company, tokens, woken):
    from .consents import left

    left(company, seconds=-1)
    signed_in.post(url("financing_withdraw"))
    assert consents(company)[0].end_reason == "withdrawn"
