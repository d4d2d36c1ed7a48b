"""Codes and tokens: each bound to one consent, used once, dead when it must be, whoever tries and however many at once."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client as Browser
from django.utils import timezone
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_refresh_token_model,
)

from access.tenancy import client_scope
from financing.api.tokens import LOST_ANSWER
from financing.consent_text import consent_text
from financing.models import Consent, ConsentEvent, DataAccess
from financing.services.consent import consent_in_force, end_consent, new_code, valid_until
from financing.services.onboarding import ask_bank, begin_onboarding
from tests.financing.reading import basic, consent_of, get, post_token, redeem, refresh

pytestmark = pytest.mark.django_db


def reads(token):
    return get("company", token).status_code == 200


def at_once(times, act):
    """`act` in that many threads, each with a connection of its own."""

    def one(_):
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def later(**ago):
    """As if what was used or revoked had been so this much earlier."""
    moment = timezone.now() - timedelta(**ago)
    get_refresh_token_model().objects.filter(revoked__isnull=False).update(revoked=moment)
    get_grant_model().objects.exclude(claims="").update(updated=moment)


def living():
    return get_refresh_token_model().objects.filter(
        revoked__isnull=True
    ).count(), get_access_token_model().objects.count()


@pytest.fixture
def stranger(application):
    """Credentials of another provider, right in themselves."""
    app = get_application_model().objects.get(pk=application[0].pk)
    app.pk, app.client_id, app.name, app.client_secret = None, "stranger", "stranger", "its-own-secret"
    app.save()
    return app, "its-own-secret"


# The code


def test_a_code_again_is_refused_and_within_a_minute_no_more_than_that(application, begun):
    """The answer was lost, or the request was doubled on the way: the bank asks for a new grant."""
    first = redeem(application, begun.grant.code).json()
    again = redeem(application, begun.grant.code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert reads(first["access_token"])
    assert refresh(application, first["refresh_token"]).status_code == 200


def test_a_code_again_after_that_ends_what_came_of_it(application, begun):
    """RFC 6749, 4.1.2: somebody has it who should not."""
    first = redeem(application, begun.grant.code).json()
    second = refresh(application, first["refresh_token"]).json()
    later(seconds=LOST_ANSWER.seconds + 1)
    assert redeem(application, begun.grant.code).status_code == 400
    assert not reads(second["access_token"]) and living() == (0, 0)
    assert refresh(application, second["refresh_token"]).status_code == 400


def test_a_new_code_mends_a_lost_first_answer(company, application, begun):
    lost = redeem(application, begun.grant.code).json()
    with client_scope(company):
        new_code(consent=consent_of(begun), code="the-second", expires_at=timezone.now() + timedelta(hours=24))
    found = redeem(application, "the-second").json()
    assert reads(found["access_token"])
    assert redeem(application, begun.grant.code).status_code == 400
    assert reads(found["access_token"]) and lost["access_token"] != found["access_token"]


@pytest.mark.django_db(transaction=True)
def test_of_eight_redemptions_at_once_one_is_answered_and_its_tokens_live(application, begun):
    answers = at_once(8, lambda: redeem(application, begun.grant.code))
    assert sorted(one.status_code for one in answers) == [200] + 7 * [400]
    (won,) = [one.json() for one in answers if one.status_code == 200]
    assert reads(won["access_token"]) and living() == (1, 1)
    with client_scope(begun.onboarding.client_id):
        events = ConsentEvent.objects.for_client(begun.onboarding.client_id)
        assert events.filter(event="activated").count() == 1


def test_a_code_lives_a_day_at_most(begun):
    (expires,) = get_grant_model().objects.values_list("expires", flat=True)
    assert timezone.now() + timedelta(hours=23) < expires <= timezone.now() + timedelta(hours=24)


def test_the_code_of_another_provider_is_no_code(stranger, application, begun):
    assert redeem(stranger, begun.grant.code).status_code == 400
    get_grant_model().objects.update(application=stranger[0])  # even where it were its own, the consent is not
    assert redeem(stranger, begun.grant.code).status_code == 400
    assert living() == (0, 0) and consent_of(begun).activated_at is None


# Refreshing


def test_a_lost_answer_may_be_asked_for_many_times_and_leaves_one_pair(application, begun):
    first = redeem(application, begun.grant.code).json()
    pairs = [refresh(application, first["refresh_token"]).json() for _ in range(5)]
    assert [reads(one["access_token"]) for one in pairs] == 4 * [False] + [True]
    assert living() == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_eight_refreshings_at_once_one_pair_lives(application, begun):
    first = redeem(application, begun.grant.code).json()
    answers = at_once(8, lambda: refresh(application, first["refresh_token"]))
    assert {one.status_code for one in answers} == {200}
    assert [reads(one.json()["access_token"]) for one in answers].count(True) == 1
    assert living() == (1, 1)


@pytest.mark.parametrize(("seconds", "taken"), [(58, True), (62, False)])
def test_the_minute_of_the_lost_answer(application, begun, seconds, taken):
    first = redeem(application, begun.grant.code).json()
    second = refresh(application, first["refresh_token"]).json()
    later(seconds=seconds)
    assert (refresh(application, first["refresh_token"]).status_code == 200) is taken
    assert not reads(second["access_token"])
    assert living() == ((1, 1) if taken else (0, 0))


def test_late_reuse_ends_everything_of_the_consent_and_nothing_of_another(
    company, application, begun, bank, make_client, make_member
):

    other = make_client("310011118", "Furulia Lys AS")
    vera, last_day = make_member(other, "vera", "administrator"), valid_until(timezone.localdate())
    text = consent_text(client_name=other.name, valid_until=last_day, language="nb")
    elsewhere = begin_onboarding(
        client=other, user=vera, role_name="Administrator", now=timezone.now(), provider_name="buffer", text=text,
        last_day=last_day,
    )  # fmt: skip
    ask_bank(client=other, begun=elsewhere)
    others = redeem(application, elsewhere.grant.code).json()
    first = redeem(application, begun.grant.code).json()
    second = refresh(application, first["refresh_token"]).json()
    later(minutes=2)
    assert refresh(application, first["refresh_token"]).status_code == 400
    assert refresh(application, second["refresh_token"]).status_code == 400
    assert reads(others["access_token"])
    assert get("company", others["access_token"]).json()["organisation_number"] == "310011118"


def test_the_refresh_token_of_another_provider_is_none(stranger, application, begun):
    first = redeem(application, begun.grant.code).json()
    assert refresh(stranger, first["refresh_token"]).status_code == 400
    assert reads(first["access_token"])  # and a stranger's guess ends nothing
    get_refresh_token_model().objects.update(application=stranger[0])
    assert refresh(stranger, first["refresh_token"]).status_code == 400


@pytest.mark.parametrize("scope", ["receivables:read admin", "write", "receivables:readx"])
def test_no_more_can_be_asked_for_than_was_given(application, begun, scope):
    first = redeem(application, begun.grant.code).json()
    answer = refresh(application, first["refresh_token"], scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert first["scope"] == "receivables:read"


# The access token


def test_an_access_token_of_another_provider_reads_nothing(stranger, token):
    assert reads(token)
    get_access_token_model().objects.update(application=stranger[0])
    assert not reads(token)


@pytest.mark.parametrize("scope", ["", "read", "receivables:read2", "receivables"])
def test_an_access_token_of_another_scope_reads_nothing(token, scope):
    get_access_token_model().objects.update(scope=scope)
    assert not reads(token)


@pytest.mark.parametrize(("left", "good"), [(1, True), (-1, False)])
def test_an_access_token_lives_to_its_second(token, left, good):
    (expires,) = get_access_token_model().objects.values_list("expires", flat=True)
    assert timedelta(minutes=19) < expires - timezone.now() <= timedelta(minutes=20)
    get_access_token_model().objects.update(expires=timezone.now() + timedelta(seconds=left))
    assert reads(token) is good


def test_a_token_without_its_pair_reads_nothing(token):
    """What the toolkit would make for a client alone has no consent behind it."""
    get_refresh_token_model().objects.all().delete()
    assert not reads(token)


def test_a_refresh_token_reads_nothing(application, begun):
    assert not reads(redeem(application, begun.grant.code).json()["refresh_token"])


# The consent


@pytest.mark.parametrize(("left", "good"), [(1, True), (-1, False)])
def test_a_consent_lasts_to_its_second(company, application, begun, left, good):
    pair = redeem(application, begun.grant.code).json()
    with client_scope(company):
        new_code(consent=consent_of(begun), code="another", expires_at=timezone.now() + timedelta(hours=1))
        end = timezone.now() + timedelta(seconds=left)
        Consent.objects.for_client(company).update(given_at=end - timedelta(days=365), valid_until=end)
    assert reads(pair["access_token"]) is good
    assert (refresh(application, pair["refresh_token"]).status_code == 200) is good
    assert (redeem(application, "another").status_code == 200) is good


def test_the_very_second_belongs_to_it_no_more(company, begun):
    consent = consent_of(begun)
    before, at = consent.valid_until - timedelta(microseconds=1), consent.valid_until
    assert consent_in_force(consent.pk, now=before) and not consent_in_force(consent.pk, now=at)


def test_after_withdrawal_everything_is_dead_on_the_next_request(company, application, begun):
    pair = redeem(application, begun.grant.code).json()
    with client_scope(company):
        new_code(consent=consent_of(begun), code="unused", expires_at=timezone.now() + timedelta(hours=1))
    assert reads(pair["access_token"])
    with client_scope(company):
        end_consent(consent=consent_of(begun), reason="withdrawn", now=timezone.now())
    for path in ("company", "receivables"):
        answer = get(path, pair["access_token"])
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    for answer in (refresh(application, pair["refresh_token"]), redeem(application, "unused")):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert living() == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_given_across_a_withdrawal(company, application, begun):
    """Redeemed, refreshed and read from eight threads while it is withdrawn: afterwards nothing reads."""
    pair = redeem(application, begun.grant.code).json()
    consent = consent_of(begun)
    given = [pair]

    def turn():
        answer = refresh(application, given[-1]["refresh_token"])
        if answer.status_code == 200:
            given.append(answer.json())

    def withdraw():
        with client_scope(company):
            end_consent(consent=consent, reason="withdrawn", now=timezone.now())

    work = iter([turn, turn, turn, withdraw, turn, turn, turn, turn])
    at_once(8, lambda: next(work)())
    assert living() == (0, 0)
    assert not any(reads(one["access_token"]) for one in given)


# The client


def test_a_secret_in_the_body_is_refused_whoever_else_is_named(application, begun):
    app, secret = application
    body = {"grant_type": "authorization_code", "code": begun.grant.code, "client_id": app.client_id}
    assert Browser().post("/oauth/token", {**body, "client_secret": secret}).status_code == 401
    wrong = Browser().post("/oauth/token", {**body, "client_secret": secret}, HTTP_AUTHORIZATION=basic(app, "wrong"))
    assert wrong.status_code == 401
    other = post_token(application, {**body, "client_id": "somebody-else"})
    assert (other.status_code, other.json()["error"]) == (401, "invalid_client")
    assert post_token(application, body).status_code == 200


def test_after_a_new_secret_the_old_one_is_refused(application, begun):
    out = StringIO()
    call_command("add_provider_client", "buffer", stdout=out)
    assert redeem(application, begun.grant.code).status_code == 401


def test_neither_tables_nor_logs_hold_a_code_a_token_or_a_secret(application, begun, caplog):
    caplog.set_level("DEBUG")
    first = redeem(application, begun.grant.code).json()
    second = refresh(application, first["refresh_token"]).json()
    assert reads(second["access_token"])
    refresh(application, "a-token-that-is-wrong-9"), redeem(application, "a-code-that-is-wrong-9")
    secrets = [begun.grant.code, application[1], "a-token-that-is-wrong-9", "a-code-that-is-wrong-9"]
    secrets += [pair[name] for pair in (first, second) for name in ("access_token", "refresh_token")]
    kept = []
    with connection.cursor() as cursor:
        for model in (get_access_token_model(), get_refresh_token_model(), get_grant_model(), get_application_model()):
            cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t")
            kept += [row for (row,) in cursor.fetchall()]
    assert any(hashlib.sha256(second["access_token"].encode()).hexdigest() in row for row in kept)
    for secret in secrets:
        assert not any(secret in row for row in kept)
        assert secret not in caplog.text


def test_what_was_read_is_told_to_the_company_and_what_was_refused_is_not_a_reading(company, begun, application):
    pair = redeem(application, begun.grant.code).json()
    get("receivables", pair["access_token"], page_size=0), get("company", "wrong")
    assert reads(pair["access_token"])
    with client_scope(company):
        assert [one.resource for one in DataAccess.objects.for_client(company)] == ["company"]
