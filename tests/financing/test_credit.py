"""Limit, used and available: read from the bank's list for all companies, applied by `sequence`, never believed blindly."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import AuditEntry
from access.tenancy import client_scope
from financing.models import Agreement, Consent, CreditSnapshot, Onboarding, ProviderSync
from financing.services.credit import figures_from, store_agreement
from financing.services.sync import LEASE, sync_credit

from .test_onboarding import only, walk_to_accepted

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreed(company, begun, bank):
    walk_to_accepted(company, bank)
    return bank.agreements["agr-1"]


def sync():
    return sync_credit(provider_name="buffer", now=timezone.now())


def told(one, **credit):
    one["credit"] |= credit
    one["sequence"] += 1
    return one


def test_a_draw_is_seen_and_kept_as_history(company, agreed):
    told(agreed, used="20000.00", available="42000.00")
    assert sync() == 1
    agreement = only(Agreement, company)
    assert (agreement.limit, agreement.used, agreement.available) == (
        Decimal("62000.00"), Decimal("20000.00"), Decimal("42000.00")
    )  # fmt: skip
    with client_scope(company):
        history = CreditSnapshot.objects.for_client(company).order_by("sequence").values_list("used", flat=True)
        assert list(history) == [Decimal("0.00"), Decimal("20000.00")]
    assert sync() == 0
    told(agreed)  # a new sequence and nothing else: read, and no new line in the history
    assert sync() == 1
    with client_scope(company):
        assert CreditSnapshot.objects.for_client(company).count() == 2


def test_the_next_reading_asks_from_where_the_last_complete_one_ended(company, agreed, bank):
    bank.position = 7
    sync()
    sync()
    first, second = bank.calls("GET", "/v1/agreements")[-2:]
    assert "changed_since" not in first["query"] and second["query"]["changed_since"] == ["7"]


@pytest.mark.parametrize(
    "fault",
    [
        {"limit": "-1.00"}, {"currency": "EUR"}, {"used": "-0.01"}, {"limit": 62000}, {"limit": "62000"},
        {"limit": "NaN"}, {"limit": "1e5"}, {"available": None}, {"limit": "99999999999999999.00"},
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_and_the_last_good_figure_stays(company, agreed, fault):
    good = only(Agreement, company)
    told(agreed, **fault)
    sync()
    agreement = only(Agreement, company)
    assert (agreement.limit, agreement.sequence) == (good.limit, good.sequence)
    # its figures are not passed off as fresh because others were read
    assert figures_from(agreement, ProviderSync.objects.get()) == good.read_at
    with client_scope(company):
        assert AuditEntry.objects.for_client(company).filter(action="provider.answer_refused").exists()


@pytest.mark.parametrize(
    "fault",
    [
        {"organisation_number": "310011118"},
        {"status": "excellent"},
        {"as_of": "2099-01-01T00:00:00Z"},
        {"as_of": "now"},
    ],
)
def test_another_company_an_unknown_state_or_a_time_to_come_is_refused(company, agreed, fault):
    told(agreed, limit="99000.00")
    agreed |= fault
    sync()
    assert only(Agreement, company).limit == Decimal("62000.00")


def test_an_agreement_of_nobody_we_know_is_left_alone(company, agreed, bank):
    bank.agreement({"id": "onb-9", "organisation_number": "310000000"}, id="agr-9", sequence=5)
    assert sync() == 0
    assert only(Agreement, company).provider_reference == "agr-1"


@pytest.mark.parametrize(
    "answer",
    [
        (500, {"title": "oops"}), (200, b"<html>maintenance</html>", {"Content-Type": "text/html"}), (200, b"{"),
        (200, b"[]"), (302, b"", {"Location": "http://127.0.0.1:9/"}), (200, b'{"items": [], "items": []}'),
        (429, {"title": "slow down"}, {"Retry-After": "120"}), (200, {"items": "x"}), (200, b"x" * (1024 * 1024 + 1)),
        (404, {"title": "gone"}),
    ],
)  # fmt: skip
def test_a_bank_that_fails_moves_nothing_and_the_position_stays(company, agreed, bank, answer):
    sync()
    before = ProviderSync.objects.get()
    told(agreed, used="1.00", available="61999.00")
    bank.answers[("GET", "/v1/agreements")] = answer
    assert sync() is None
    after = ProviderSync.objects.get()
    assert (after.complete_at, after.changed_since) == (before.complete_at, before.changed_since)
    assert after.failures == 1 and after.last_error
    assert only(Agreement, company).used == Decimal("0.00")
    del bank.answers[("GET", "/v1/agreements")]
    ProviderSync.objects.update(next_at=None)
    assert sync() == 1


def test_retry_after_is_honoured(agreed, bank):
    bank.answers[("GET", "/v1/agreements")] = (503, {"title": "later"}, {"Retry-After": "600"})
    sync()
    count = len(bank.calls("GET", "/v1/agreements"))
    assert sync() is None
    assert len(bank.calls("GET", "/v1/agreements")) == count
    assert ProviderSync.objects.get().next_at > timezone.now() + timedelta(minutes=9)


def test_only_one_worker_reads_and_a_dead_ones_lease_runs_out(agreed):
    now = timezone.now()
    ProviderSync.objects.update_or_create(provider="buffer", defaults={"lease_until": now + LEASE, "lease": 4})
    assert sync_credit(provider_name="buffer", now=now) is None
    assert sync_credit(provider_name="buffer", now=now + LEASE + timedelta(seconds=1)) is not None


def test_a_lost_token_is_fetched_again_once(agreed, bank):
    refused = []

    def first_time(request):
        if not refused:
            refused.append(request)
            return 401, {"title": "invalid_token"}
        return None

    bank.answers[("GET", "/v1/agreements")] = first_time
    before = len(bank.calls("POST", "/oauth/token"))
    assert sync() == 0
    assert len(bank.calls("POST", "/oauth/token")) == before + 1


def test_a_terminated_agreement_fulfils_the_consent(company, agreed):
    told(agreed, limit="0.00", available="0.00")
    agreed["status"] = "terminated"
    sync()
    assert only(Agreement, company).status == "terminated"
    assert only(Consent, company).end_reason == "fulfilled"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(2, 7)), st.lists(st.integers(2, 6), max_size=5))
def test_the_same_states_in_any_order_and_number_give_the_same_end(company, begun, bank, order, again):
    from django.db import transaction

    from financing.providers.buffer import parse

    one = bank.agreements.get("agr-1") or bank.agreement(bank.onboardings["onb-1"])
    with transaction.atomic():
        for sequence in [*order, *again]:
            answer = one | {
                "sequence": sequence,
                "credit": one["credit"] | {"used": f"{sequence}.00", "available": "9.00"},
            }
            store_agreement(provider_name="buffer", state=parse.agreement(answer, timezone.now()))
        assert only(Agreement, company).used == Decimal("6.00")
        assert only(Onboarding, company).status == "created"
        transaction.set_rollback(True)
