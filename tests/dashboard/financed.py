"""Short ways to put a consent, an onboarding and an agreement of a company into the database, in any state."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from access.services import known_person
from access.tenancy import client_scope
from financing.models import FINAL, Agreement, Consent, Onboarding

OFFER = {
    "limit": "62000.00", "currency": "NOK", "annual_interest_percent": "12.5", "effective_annual_percent": "13.24",
    "limit_commission_percent": "0", "establishment_fee": "0.00", "drawing_fee": "0.00", "notice_days": 30,
    "terms_url": "http://127.0.0.1:8001/vilkar", "security": None, "expires_at": "2099-01-01T00:00:00Z",
}  # fmt: skip


def onboarding(client, status="created", *, valid_days=365, **values):
    """An onboarding in this status, with a standing consent that runs out `valid_days` from now."""
    now, person = timezone.now(), known_person(subject="giver")
    with client_scope(client):
        consent = Consent.objects.for_client(client).create(
            provider="buffer", text_version="1", text_language="nb", text="", text_sha256="", scope="", given_by=person,
            given_by_name="Giver", given_by_role="", given_at=now - timedelta(days=400),
            valid_until=now + timedelta(days=valid_days),
        )  # fmt: skip
        return Onboarding.objects.for_client(client).create(
            provider="buffer", consent=consent, started_by=person, status=status, started_at=now,
            ended_at=now if status in FINAL else None, **values,
        )  # fmt: skip


def agreement(client, status="open", stage="accepted", *, limit="62000.00", used="0.00", valid_days=365, **values):
    """An agreement whose onboarding has come to this stage."""
    began = onboarding(client, stage, valid_days=valid_days)
    now, limit, used = timezone.now(), Decimal(limit), Decimal(used)
    with client_scope(client):
        return Agreement.objects.for_client(client).create(
            provider="buffer", provider_reference=f"agr-{client.pk}", onboarding=began, status=status, currency="NOK",
            limit=limit, used=used, available=max(limit - used, Decimal(0)), pending=0, as_of=now, read_at=now,
            sequence=1, **values,
        )  # fmt: skip
