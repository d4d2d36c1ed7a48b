"""The table of moves: what can follow what, that leaps are as good as steps, and that an end is an end in PostgreSQL too."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from access.tenancy import client_scope
from financing.models import FINAL, Agreement, AgreementStatus, Onboarding, OnboardingStatus
from financing.services.transitions import (
    AGREEMENT,
    ONBOARDING,
    ImpossibleMove,
    check_agreement_move,
    check_move,
)

from .test_onboarding import only, walk_to_accepted

KINDS = {"onboarding": (ONBOARDING, check_move), "agreement": (AGREEMENT, check_agreement_move)}
OURS = {"begun", "failed"}


def test_the_tables_know_every_state_and_leave_no_final_one():
    assert set(ONBOARDING) == set(OnboardingStatus.values) and set(AGREEMENT) == set(AgreementStatus.values)
    assert {state for state, following in ONBOARDING.items() if not following} == set(FINAL)
    assert {state for state, following in AGREEMENT.items() if not following} == {"terminated"}
    for state in set(ONBOARDING) - set(FINAL) - {"begun"}:
        assert {"cancelled", "expired"} <= set(ONBOARDING[state])


def test_the_tables_know_the_contracts_states_and_no_others(shared: Path):
    schemas = yaml.safe_load((shared / "contract/buffer.openapi.yaml").read_text())["components"]["schemas"]
    assert set(ONBOARDING) - OURS == set(schemas["Onboarding"]["properties"]["status"]["enum"])
    assert set(AGREEMENT) == set(schemas["Agreement"]["properties"]["status"]["enum"])


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_whatever_is_walked_step_by_step_is_allowed_in_one_leap_too(kind, data):
    """A reader that misses steps between comes to the same."""
    table, check = KINDS[kind]
    walk = [data.draw(st.sampled_from(sorted(table)))]
    while table[walk[-1]] and len(walk) < 8:
        walk.append(data.draw(st.sampled_from(table[walk[-1]])))
    for before, after in pairwise(walk):
        check(before, after)
    check(walk[0], walk[-1])


@given(st.sampled_from(OnboardingStatus.values), st.sampled_from(OnboardingStatus.values))
def test_nothing_comes_back_from_an_end_or_to_the_beginning(before, after):
    if before != after and (before in FINAL or after == "begun" or (after == "created" and before != "begun")):
        with pytest.raises(ImpossibleMove):
            check_move(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("created", "declined_by_nobody"), ("awaiting_cosigner", "identified"), ("offered", "rejected"),
        ("analysing", "identified"), ("accepted", "cancelled"), ("offered", "analysing"),
    ],
)  # fmt: skip
def test_impossible_moves_of_an_onboarding_raise(before, after):
    with pytest.raises(ImpossibleMove):
        check_move(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("open", "offered"), ("terminated", "open"), ("terminating", "open"), ("terminating", "disconnected"),
        ("paused", "offered"),
    ],
)  # fmt: skip
def test_impossible_moves_of_an_agreement_raise(before, after):
    with pytest.raises(ImpossibleMove):
        check_agreement_move(before, after)


def test_an_agreement_that_is_new_to_us_may_stand_anywhere():
    for state in AGREEMENT:
        check_agreement_move("", state)


@pytest.mark.django_db
def test_an_agreement_that_moves_impossibly_keeps_its_last_good_state(company, begun, bank):
    from access.models import AuditEntry
    from financing.services.sync import sync_credit

    walk_to_accepted(company, bank)
    bank.agreements["agr-1"] |= {"status": "offered", "sequence": 2, "account_number": None}
    sync_credit(provider_name="buffer", now=timezone.now())
    agreement = only(Agreement, company)
    assert (agreement.status, agreement.sequence) == ("open", 1) and agreement.refused_at is not None
    with client_scope(company):
        refused = AuditEntry.objects.for_client(company).filter(action="provider.answer_refused")
        assert [one.details["why"] for one in refused] == ["agreement: open → offered"]


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Onboarding, Agreement])
def test_the_database_takes_no_end_back(company, begun, bank, model):
    walk_to_accepted(company, bank)
    end, again = {Onboarding: ("accepted", "offered"), Agreement: ("terminated", "open")}[model]
    with client_scope(company):
        model.objects.for_client(company).update(status=end)
        with pytest.raises(IntegrityError, match="is final"), transaction.atomic():
            model.objects.for_client(company).update(
                status=again, **({"ended_at": None} if model is Onboarding else {})
            )
        model.objects.for_client(company).update(status=end)
