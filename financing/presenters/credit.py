"""What the widget and the settings page say of an agreement: the bank's figures, always with their time."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import Client
from financing.models import Agreement, Onboarding, ProviderSync
from financing.presenters.analysis import analysis_view
from financing.presenters.shapes import Action
from financing.presenters.words import told
from financing.services.credit import STALE_AFTER, figures_from


@dataclass(frozen=True)
class CreditView:
    """What the widget and the settings page show; amounts in `currency`, never without `read_at`."""

    state: str
    status_label: str
    status_color: str
    read_at: datetime
    stale: bool
    currency: str = "NOK"
    limit: Decimal | None = None
    used: Decimal | None = None
    available: Decimal | None = None
    pending: Decimal | None = None
    over_limit: Decimal | None = None
    used_share: int = 0
    manage_url: str | None = None
    message: str = ""
    action: Action | None = None
    analysis: dict[str, Any] | None = field(default=None)


def credit_view(client: Client, agreement: Agreement, sync: ProviderSync | None, now: datetime) -> CreditView:
    """The agreement's figures with their time; over the limit is said as such, never as a negative «available»."""
    read_at = figures_from(agreement, sync)
    label, color, message = {
        "offered": (_("Offer ready"), "info", _("The Buffer account is not opened, so nothing is borrowed.")),
        "open": (_("Active"), "success", ""),
        "paused": (_("Paused"), "warning", _("No new draws for now. The credit limit stands.")),
        "disconnected": (
            _("Disconnected"),
            "danger",
            _("Buffer no longer reads the receivables. The agreement lives on."),
        ),
        "terminating": (_("Terminated"), "neutral", _("The agreement ends when all is repaid.")),
        "terminated": (_("Ended"), "neutral", _("The agreement is over and nothing is owed.")),
    }[agreement.status]
    over = agreement.used - agreement.limit if agreement.used > agreement.limit else None
    if over and agreement.status == "open":
        label, color = _("Over the limit"), "danger"
        message = _("No new draws while the company is over the limit.")
    stale = now - read_at > STALE_AFTER
    if stale:
        label, color, message = _("Old figures"), "warning", _("Buffer does not answer. We keep trying.")
    share = int(agreement.used * 100 / agreement.limit) if agreement.limit else (100 if agreement.used else 0)
    opened = bool(agreement.account_number) or agreement.status not in ("offered", "terminated")
    manage = reverse("financing_manage", args=[client.organisation_number])
    action = None
    if agreement.status == "offered":
        action = Action(_("See the offer"), reverse("financing", args=[client.organisation_number]), primary=True)
    return CreditView(
        state=agreement.status, status_label=label, status_color=color, read_at=read_at, stale=stale,
        currency=agreement.currency, limit=agreement.limit, used=agreement.used, available=agreement.available,
        pending=agreement.pending, over_limit=over, used_share=min(share, 100), manage_url=manage if opened else None,
        message=message, action=action, analysis=analysis_view(agreement.analysis),
    )  # fmt: skip


def waiting_view(client: Client, onboarding: Onboarding) -> CreditView:
    """The integration is active, and the bank has not offered anything yet: no figures."""
    _heading, message, _tone = told(onboarding)
    return CreditView(
        state="waiting",
        status_label=_("Under way"),
        status_color="info",
        read_at=onboarding.read_at or onboarding.started_at,
        stale=False,
        message=message,
        action=Action(_("Continue"), reverse("financing", args=[client.organisation_number])),
    )
