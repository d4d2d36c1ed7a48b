"""The widget «Fakturafinansiering»: appears by itself once the bank reads the company's receivables."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from access.privileges import FINANCING
from dashboard.widgets.base import Asked, Widget
from financing.models import Onboarding, ProviderSync
from financing.presenters.credit import CreditView, credit_view, waiting_view
from financing.providers.registry import DEFAULT
from financing.selectors import latest_onboarding, living_agreement


def _financing(asked: Asked) -> dict[str, Any] | None:
    """From when the integration is active: the bank has redeemed the code, and the consent stands."""
    client, now = asked.client, asked.now
    credit: CreditView | None = None
    if agreement := living_agreement(client, DEFAULT):
        credit = credit_view(client, agreement, ProviderSync.objects.filter(provider=DEFAULT).first(), now)
    elif (onboarding := latest_onboarding(client, DEFAULT)) and _active(onboarding, now):
        credit = waiting_view(client, onboarding)
    return {"credit": credit} if credit else None


def _active(onboarding: Onboarding, now: datetime) -> bool:
    consent = onboarding.consent
    return not onboarding.is_final and consent.activated_at is not None and consent.in_force(now)


FINANCING_WIDGET = Widget(
    key="financing",
    title=_("Invoice financing"),
    about=_("Limit, used and available at Buffer. Appears once the company has a check or an agreement there."),
    privilege=FINANCING,
    template="dashboard/_financing.html",
    context=_financing,
    may_be_absent=True,
    seconds=8,  # what the bank tells is on the screen within ten seconds
)
