"""Many companies with an open agreement, at a bank that the test plays."""

from datetime import timedelta

from django.utils import timezone

from access.tenancy import client_scope
from financing.consent_text import consent_text
from financing.models import Onboarding
from financing.services.consent import give_consent, valid_until
from tests.faults.companies import numbers


def make_financed(bank, make_client, make_member, count) -> list[str]:
    """The bank's ids of their agreements, which we have yet to read."""
    made, last_day = [], valid_until(timezone.localdate())
    for number, organisation_number in zip(range(count), numbers(), strict=False):
        client, now = make_client(organisation_number, f"Firma {number} AS"), timezone.now()
        user = make_member(client, "dag", "daglig_leder")
        text = consent_text(client_name=client.name, valid_until=last_day, language="nb")
        with client_scope(client):
            consent = give_consent(
                client=client,
                provider="buffer",
                text=text,
                user=user,
                role_name="Daglig leder",
                last_day=last_day,
                now=now,
            )
            onboarding = Onboarding.objects.for_client(client).create(
                provider="buffer", consent=consent, started_by=user, started_at=now, provider_reference=f"onb-{number + 1}",
                status="accepted", sequence=1, expires_at=now + timedelta(days=14), ended_at=now,
            )  # fmt: skip
        row = bank.onboarding(str(onboarding.pk), organisation_number, status="accepted")
        bank.agreement(row, id=f"agr-{number}")
        made.append(f"agr-{number}")
    return made
