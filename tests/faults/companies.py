"""`python -m tests.faults.companies N`: N financed companies in the database that the environment names, printed as JSON."""

import json
import sys
from datetime import timedelta

import django

WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)


def numbers():
    """Organisation numbers with a right check digit."""
    for stem in range(31_100_000, 32_000_000):
        rest = 11 - sum(int(one) * weight for one, weight in zip(str(stem), WEIGHTS, strict=True)) % 11
        if rest != 10:
            yield f"{stem}{rest % 11}"


def main(count):
    django.setup()
    from django.utils import timezone

    from access.services import create_client, known_person
    from access.tenancy import client_scope
    from financing.consent_text import consent_text
    from financing.models import Onboarding
    from financing.services.consent import give_consent, valid_until

    user, made = known_person(subject="dag", name="Dag"), []
    last_day = valid_until(timezone.localdate())
    for number, organisation_number in zip(range(count), numbers(), strict=False):
        client, now = create_client(organisation_number=organisation_number, name=f"Firma {number} AS"), timezone.now()
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
                provider="buffer", consent=consent, started_by=user, started_at=now, provider_reference=f"onb-{number}",
                status="accepted", sequence=1, expires_at=now + timedelta(days=14), ended_at=now,
            )  # fmt: skip
        made.append({"number": organisation_number, "reference": str(onboarding.pk), "onboarding": f"onb-{number}"})
    print(json.dumps(made))


if __name__ == "__main__":
    main(int(sys.argv[1]))
