"""The record of a consent: its events alone tell what is stored, and what was agreed cannot be changed afterwards."""

from datetime import timedelta

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.tenancy import client_scope
from financing.consent_text import consent_text, sha256_of
from financing.models import Consent, ConsentEvent
from financing.services.access import forget_origins
from financing.services.consent import (
    Origin,
    activate_consent,
    confirm_consent,
    end_consent,
    give_consent,
    valid_until,
)
from financing.services.consent_record import record_from, record_of
from financing.tasks import forget

from .consents import consents, events

pytestmark = pytest.mark.django_db
START = timezone.now()
REASONS = ["withdrawn", "fulfilled", "onboarding_rejected", "onboarding_declined", "onboarding_expired"]


def give(company, user, now=None, **values):
    last_day = valid_until(timezone.localdate())
    text = consent_text(client_name=company.name, valid_until=last_day, language="nb")
    with client_scope(company):
        return give_consent(
            client=company, provider="buffer", text=text, user=user, role_name="Daglig leder", last_day=last_day,
            now=now or timezone.now(), **values,
        )  # fmt: skip


class RollBack(Exception):
    """Ends one example."""


DEEDS = st.one_of(
    st.tuples(st.just("give"), st.booleans()),
    st.tuples(st.just("confirm"), st.sampled_from(["Dag Leder", "Vera Vest", ""])),
    st.tuples(st.just("activate"), st.none()),
    st.tuples(st.just("end"), st.sampled_from(REASONS)),
    st.tuples(st.just("wait"), st.sampled_from([1, 40, 400])),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEEDS, max_size=12))
def test_whatever_happens_the_events_alone_tell_what_is_stored(company, dag, deeds):
    try:
        with transaction.atomic(), client_scope(company):
            now = START
            for deed, value in [("give", False), *deeds]:
                now += timedelta(seconds=1)
                newest = Consent.objects.for_client(company).order_by("-given_at").first()
                if deed == "wait":
                    now += timedelta(days=value)
                elif deed == "give":
                    last_day = valid_until(now.date())
                    text = consent_text(client_name=company.name, valid_until=last_day, language="nb")
                    give_consent(
                        client=company, provider="buffer", text=text, user=dag, role_name="Daglig leder",
                        last_day=last_day, now=now, carry=value,
                    )  # fmt: skip
                elif deed == "confirm":
                    confirm_consent(consent=newest, name=value, now=now)
                elif deed == "activate":
                    activate_consent(consent=newest, now=now)
                else:
                    end_consent(consent=newest, reason=value, actor=dag, now=now)
            found = list(Consent.objects.for_client(company))
            assert found
            for one in found:
                told = ConsentEvent.objects.for_client(company).filter(consent=one).order_by("at", "id")
                assert record_from(told) == record_of(one)
            assert sum(one.ended_at is None for one in found) <= 1
            raise RollBack
    except RollBack:
        pass


def test_what_an_auditor_asks_is_kept(company, dag):
    now = timezone.now()
    give(company, dag, now, origin=Origin("192.0.2.7", "Firefox/140" + "x" * 500))
    (one,) = consents(company)
    assert one.provider_name == "Buffer, levert av Sparebanken Vest"
    assert one.purpose and one.data_categories.startswith("Buffer får: foretakets navn")
    assert (one.scope, one.text_version, one.text_language) == ("receivables:read", "2", "nb")
    assert sha256_of(one.text) == one.text_sha256
    assert (one.given_by, one.given_by_name, one.given_by_role, one.given_at) == (dag, "Dag", "Daglig leder", now)
    assert one.given_by.subject == "dag" and one.given_by.issuer
    assert (one.given_from_ip, len(one.given_with)) == ("192.0.2.7", 400)
    assert one.origin_until == now + timedelta(days=365)
    last = timezone.localtime(one.valid_until)
    assert (last.date(), last.hour, last.minute, last.second) == (valid_until(timezone.localdate()), 23, 59, 59)
    (given_event,) = events(one)
    assert given_event.details["sha256"] == one.text_sha256 and given_event.details["role"] == "Daglig leder"


def test_who_ended_it_when_and_why(company, dag, make_member):
    consent, ada = give(company, dag), make_member(company, "ada", "administrator")
    now = timezone.now()
    with client_scope(company):
        end_consent(consent=consent, reason="withdrawn", actor=ada, now=now)
        end_consent(consent=consent, reason="fulfilled", now=now + timedelta(days=1))  # twice does nothing more
    (one,) = consents(company)
    assert (one.ended_at, one.end_reason, one.ended_by, one.ended_by_name) == (now, "withdrawn", ada, "Ada")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "Noe annet"), ("text_sha256", "0" * 64), ("text_version", "9"), ("scope", "everything"),
        ("given_by_name", "En annen"), ("given_by_role", "Administrator"), ("provider", "other"), ("purpose", "Salg"),
        ("provider_reference", "agr-9"),
    ],
)  # fmt: skip
def test_the_application_cannot_change_what_was_agreed(company, dag, column, value):
    give(company, dag)
    with pytest.raises(Error, match="permission denied"), transaction.atomic(), client_scope(company):
        Consent.objects.for_client(company).update(**{column: value})
    with pytest.raises(Error, match="permission denied"), transaction.atomic(), client_scope(company):
        connection.cursor().execute("DELETE FROM financing_consent")


def test_no_consent_is_made_longer(company, dag):
    consent = give(company, dag)
    longer = consent.valid_until + timedelta(seconds=1)
    with pytest.raises(Error, match="given anew"), transaction.atomic(), client_scope(company):
        Consent.objects.for_client(company).update(valid_until=longer)


def test_address_and_browser_are_forgotten_after_a_year_and_nothing_else(company, dag, make_client, make_member):
    now, day = timezone.now(), timedelta(days=1)
    give(company, dag, now - day, origin=Origin("192.0.2.8", "Firefox"))
    give(company, dag, now, origin=Origin("2001:db8::7", "Firefox"))
    other = make_client("310011118", "Furulia Lys AS")
    give(other, make_member(other, "vera", "administrator"), now - day, origin=Origin("192.0.2.1", "Edge"))
    year = timedelta(days=365)
    assert forget_origins(now=now + year - timedelta(seconds=1)) == 2
    assert [one.given_from_ip for one in consents(company)] == [None, "2001:db8::7"]
    assert consents(other)[0].given_from_ip is None
    assert forget_origins(now=now + year) == 1
    one = consents(company)[-1]
    assert (one.given_from_ip, one.given_with, one.origin_until) == (None, "", None)
    assert one.given_by == dag and sha256_of(one.text) == one.text_sha256
    assert forget_origins(now=now + 9 * year) == 0


def test_the_nightly_task_forgets_what_is_due(company, dag):
    give(company, dag, timezone.now() - timedelta(days=366), origin=Origin("192.0.2.7", "Firefox"))
    forget()
    assert consents(company)[0].given_from_ip is None
