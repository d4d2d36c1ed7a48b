"""A consent given anew: without a gap while the old one stands, with a new code where it had ended."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from access.tenancy import client_scope
from financing.models import Agreement, Consent, MessageKind
from financing.selectors import latest_consent
from financing.services.access import NothingToRenew, renewal_of, withdraw_access
from financing.services.consent import consent_in_force, end_access_of, new_code
from financing.services.outbox import send_due

from .consents import agreement_of, consents, events, left, messages, opened, renew
from .reading import get, post_token, redeem

pytestmark = pytest.mark.django_db


def refresh(application, token):
    return post_token(application, {"grant_type": "refresh_token", "refresh_token": token})


@pytest.fixture
def tokens(company, bank, application, begun):
    return opened(company, bank, application, begun)


def occasion(company, **more):
    left(company, **more)
    with client_scope(company):
        return renewal_of(latest_consent(company, "buffer"), agreement_of(company), timezone.now())


def test_from_sixty_days_before_it_is_confirmed_in_one_click(company, tokens):
    assert occasion(company, days=61) is None
    assert occasion(company, days=60, seconds=2) is None
    assert occasion(company, days=60) == "renewal"
    assert occasion(company, seconds=2) == "renewal"
    assert occasion(company, seconds=-1) == "reconnect"


def test_no_sooner(company, dag, tokens):
    left(company, days=61)
    with pytest.raises(NothingToRenew):
        renew(company, dag)
    assert len(consents(company)) == 1


def test_the_new_consent_supersedes_the_old_and_lasts_twelve_months_from_now(company, tokens, make_member):
    left(company, days=30)
    ada = make_member(company, "ada", "administrator")
    new = renew(company, ada)
    old, standing = consents(company)
    assert standing.pk == new.pk and standing.ended_at is None
    assert (old.end_reason, old.superseded_by_id, old.ended_by) == ("superseded", new.pk, ada)
    assert standing.given_by == ada and standing.provider_reference == "agr-1"
    assert 364 <= (standing.valid_until - timezone.now()).days <= 366
    assert [one.event for one in events(standing)] == ["given", "activated"]


def test_the_banks_reading_has_no_gap(company, dag, tokens, application):
    left(company, days=30)
    access, second = tokens["access_token"], tokens["refresh_token"]
    assert get("receivables", access).status_code == 200
    renew(company, dag)
    assert get("receivables", access).status_code == 200
    following = refresh(application, second)
    assert following.status_code == 200
    assert get("receivables", following.json()["access_token"]).status_code == 200
    assert messages(company, kind=MessageKind.GRANT) == []
    new = consents(company)[-1]
    with client_scope(company):
        assert new.accesses.for_client(company).count() == 2


def test_reuse_of_an_old_refresh_token_still_ends_everything(company, dag, tokens, application, settings):
    first = tokens["refresh_token"]
    second = refresh(application, first).json()
    left(company, days=30)
    renew(company, dag)
    from oauth2_provider.models import get_refresh_token_model

    used = get_refresh_token_model().objects.filter(revoked__isnull=False)
    assert used.update(revoked=timezone.now() - timedelta(minutes=5)) == 1
    assert refresh(application, first).status_code == 400
    assert get("receivables", second["access_token"]).status_code == 401


def test_an_unused_code_goes_over_too(company, dag, tokens, application):
    left(company, days=30)
    with client_scope(company):
        old = latest_consent(company, "buffer")
        new_code(consent=old, code="a new code of the old consent", expires_at=timezone.now() + timedelta(hours=1))
    renew(company, dag)
    answer = redeem(application, "a new code of the old consent")
    assert answer.status_code == 200
    assert get("company", answer.json()["access_token"]).status_code == 200


@pytest.mark.parametrize("ended", ["lapsed", "withdrawn"])
def test_where_it_had_ended_old_tokens_stay_dead_and_a_new_code_is_sent(company, dag, tokens, application, bank, ended):
    if ended == "lapsed":
        left(company, seconds=-1)
    else:
        withdraw_access(client=company, provider_name="buffer", user=dag, now=timezone.now())
        with client_scope(company):
            Agreement.objects.for_client(company).update(status="disconnected")
    assert get("receivables", tokens["access_token"]).status_code == 401
    new = renew(company, dag, "reconnect")
    assert consents(company)[0].end_reason == ended
    assert get("receivables", tokens["access_token"]).status_code == 401
    assert refresh(application, tokens["refresh_token"]).status_code == 400
    (waiting,) = messages(company, kind=MessageKind.GRANT)
    assert waiting.closed_at is None and waiting.agreement_id == agreement_of(company).pk
    assert consents(company)[-1].activated_at is None

    def take(request):
        row = bank.agreements["agr-1"]
        row |= {"status": "open", "needs_grant": False, "sequence": row["sequence"] + 5}
        return 200, row

    bank.answers["PUT", "/v1/agreements/agr-1/grant"] = take
    bank.answers["POST", "/v1/agreements/agr-1/disconnect"] = lambda request: (200, bank.agreements["agr-1"])
    send_due(provider_name="buffer", now=timezone.now())
    (call,) = bank.calls("PUT", "/v1/agreements/agr-1/grant")
    answer = redeem(application, call["body"]["code"])
    assert answer.status_code == 200
    assert get("receivables", answer.json()["access_token"]).status_code == 200
    assert consents(company)[-1].pk == new.pk and consents(company)[-1].activated_at is not None
    assert agreement_of(company).status == "open"


def test_where_the_bank_holds_nothing_that_works_it_gets_a_new_code_although_the_consent_stands(company, dag, tokens):
    from oauth2_provider.models import get_refresh_token_model

    get_refresh_token_model().objects.update(revoked=timezone.now())
    left(company, days=30)
    renew(company, dag)
    assert len(messages(company, kind=MessageKind.GRANT)) == 1


@pytest.mark.parametrize("said", ["first", "reconnect"])
def test_a_text_for_another_occasion_is_not_taken(company, dag, tokens, said):
    left(company, days=30)
    with pytest.raises(NothingToRenew):
        renew(company, dag, said)


def test_without_an_agreement_there_is_nothing_to_renew(company, dag, begun):
    left(company, days=30)
    with pytest.raises(NothingToRenew):
        renew(company, dag)


def test_an_offer_that_was_withdrawn_from_is_not_connected_again(company, dag, tokens):
    with client_scope(company):
        Agreement.objects.for_client(company).update(status="offered")
    withdraw_access(client=company, provider_name="buffer", user=dag, now=timezone.now())
    with pytest.raises(NothingToRenew):
        renew(company, dag, "reconnect")


def test_in_force_to_the_second(company, tokens):
    """C3: asked at use, by no job."""
    left(company, days=30)
    (one,) = consents(company)
    second = timedelta(seconds=1)
    assert consent_in_force(one.pk, now=one.valid_until - second)
    assert not consent_in_force(one.pk, now=one.valid_until)
    assert not consent_in_force(one.pk, now=one.valid_until + second)
    left(company, seconds=1.5)
    assert get("company", tokens["access_token"]).status_code == 200
    left(company, seconds=-1)
    assert get("company", tokens["access_token"]).status_code == 401


def test_when_the_agreement_is_over_the_renewed_consent_is_fulfilled(company, dag, tokens, bank, application):
    left(company, days=30)
    renew(company, dag)
    terminate(bank, company)
    old, new = consents(company)
    assert (old.end_reason, new.end_reason) == ("superseded", "fulfilled")
    assert get("receivables", tokens["access_token"]).status_code == 401


def terminate(bank, company):
    from financing.services.credit import refresh_agreement

    bank.agreements["agr-1"] |= {"status": "terminated", "sequence": 99}
    refresh_agreement(client=company, provider_name="buffer", reference="agr-1")


def test_a_late_word_of_a_former_agreement_ends_nothing_that_was_given_since(company, dag, tokens, bank):
    terminate(bank, company)
    former = agreement_of(company)
    from .test_onboarding import begin

    begin(company, dag)
    with client_scope(company):
        end_access_of(agreement=former, reason="fulfilled", now=timezone.now())
    assert [one.end_reason for one in consents(company)] == ["fulfilled", ""]


@pytest.mark.django_db(transaction=True)
def test_a_refresh_in_the_same_moment_as_the_renewal_is_answered(company, dag, tokens, application):
    """The token endpoint waits for the consent's lock, finds the token gone over, and goes on under the new consent."""
    left(company, days=30)

    def ask():
        try:
            return refresh(application, tokens["refresh_token"]).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with client_scope(company):
            Consent.objects.for_client(company).select_for_update().get(ended_at=None)
            asked = pool.submit(ask)
            _until_somebody_waits()
            renew(company, dag)
        assert asked.result(20) == 200


def _until_somebody_waits():
    import time

    for _ in range(100):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits for the consent's lock")


@pytest.mark.django_db(transaction=True)
def test_two_people_who_confirm_at_once_give_one_consent(company, dag, tokens, make_member):
    left(company, days=30)
    people = [dag, make_member(company, "ada", "administrator")]

    def confirm(person):
        try:
            return renew(company, person)
        except NothingToRenew:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(confirm, people))
    assert sum(one is not None for one in found) == 1
    assert len(consents(company)) == 2
