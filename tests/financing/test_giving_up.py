"""Giving up where an account exists already: the consent that stands ends, and what follows is told first."""

import pytest
from django.utils import timezone

from access.tenancy import client_scope
from financing.consent_text import consent_text
from financing.models import Consent
from financing.services.consent import end_consent, give_consent, valid_until
from financing.services.credit import refresh_agreement

from .test_onboarding import cancel, only


@pytest.mark.django_db
def test_giving_up_ends_the_consent_that_stands_now_too(company, dag, begun, bank):
    """The account was opened, the access withdrawn and given anew, and our onboarding does not know of its end yet."""
    agreement = bank.agreement(bank.onboardings["onb-1"], status="disconnected", id="agr-1")
    refresh_agreement(client=company, provider_name="buffer", reference=agreement["id"])
    with client_scope(company):
        end_consent(consent=only(Consent, company), reason="withdrawn", now=timezone.now(), actor=dag)
        last_day = valid_until(timezone.localdate())
        text = consent_text(client_name=company.name, valid_until=last_day, language="nb")
        give_consent(
            client=company, provider="buffer", text=text, user=dag, role_name="", last_day=last_day, now=timezone.now()
        )
    cancel(company, dag)
    with client_scope(company):
        assert not Consent.objects.for_client(company).filter(ended_at=None).exists()
    assert len(bank.calls("POST", "/v1/agreements/agr-1/disconnect")) == 1


@pytest.mark.django_db
def test_where_there_is_an_account_giving_up_leads_to_what_follows_from_it(company, dag, begun, bank, client):
    bank.agreement(bank.onboardings["onb-1"], id="agr-1")
    refresh_agreement(client=company, provider_name="buffer", reference="agr-1")
    client.force_login(dag)
    answer = client.post("/klient/310000000/fakturafinansiering/avbryt")
    assert answer["Location"].endswith("/samtykker/trekk-tilbake")
    assert only(Consent, company).ended_at is None
