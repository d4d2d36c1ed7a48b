"""What the pages and the widget say of an onboarding or an agreement: view-models without a request."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import Client
from financing.models import FINAL, Agreement, Onboarding, ProviderSync
from financing.services.credit import STALE_AFTER, figures_from

STEPS = ("consent", "window", "bankid", "authority", "analysis", "offer")
REACHED = {  # how many steps are done, by status
    "begun": 1, "created": 2, "identified": 3, "authority_missing": 3, "authority_unresolved": 3, "awaiting_cosigner": 3,
    "analysing": 4, "offered": 5, "accepted": 6, "declined": 6, "rejected": 5, "cancelled": 2, "expired": 2, "failed": 1,
}  # fmt: skip

EXCLUSIONS = {
    "not_an_invoice": gettext_lazy("Not an invoice"),
    "not_yet_invoiced": gettext_lazy("Not yet invoiced"),
    "assigned": gettext_lazy("Assigned to another"),
    "related_party": gettext_lazy("Related party"),
    "foreign_currency": gettext_lazy("Other currency than NOK"),
    "private_person": gettext_lazy("Private person"),
    "missing_organisation_number": gettext_lazy("Organisation number missing"),
    "foreign_debtor": gettext_lazy("Customer abroad"),
    "in_collection": gettext_lazy("In collection"),
    "disputed": gettext_lazy("Disputed"),
    "overdue": gettext_lazy("Overdue for long"),
    "long_terms": gettext_lazy("Long terms of payment"),
    "below_minimum": gettext_lazy("Small amount"),
    "credit_note": gettext_lazy("Open credits that do not count"),
    "concentration": gettext_lazy("Too large a share on one customer"),
}


@dataclass(frozen=True)
class Action:
    """Something to do next."""

    label: str
    url: str
    method: str = "get"
    new_window: bool = False
    primary: bool = False


@dataclass(frozen=True)
class Step:
    """One line of the way; state is done, current, todo or failed."""

    label: str
    state: str


@dataclass(frozen=True)
class OnboardingView:
    """What the page that follows an onboarding shows."""

    heading: str
    message: str
    tone: str
    final: bool
    steps: list[Step]
    actions: list[Action]
    offer_limit: Decimal | None
    updated_at: datetime | None


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


def onboarding_view(client: Client, onboarding: Onboarding) -> OnboardingView:
    """Step by step what has happened, and what to do next; nothing is guessed that the bank did not say."""
    number = client.organisation_number
    status = onboarding.status
    heading, message, tone = _told(onboarding)
    actions = []
    again = Action(_("Open the window again"), reverse("financing_link", args=[number]), "post", new_window=True)
    cancel = Action(_("Cancel"), reverse("financing_cancel", args=[number]), "post")
    if status == "offered":
        actions = [
            Action(_("See the offer"), reverse("financing_link", args=[number]), "post", new_window=True, primary=True)
        ]
    elif status == "authority_missing":
        actions = [again, cancel]
    elif status == "accepted":
        actions = [Action(_("Go to the dashboard"), reverse("dashboard", args=[number]), primary=True)]
    elif status in FINAL:
        actions = [Action(_("Start again"), reverse("financing", args=[number]) + "?ny=1")]
    elif status == "begun":
        actions = [cancel]
    else:
        actions = [again, cancel]
    return OnboardingView(
        heading, message, tone, onboarding.is_final, _steps(onboarding), actions,
        Decimal(onboarding.offer["limit"]) if onboarding.offer and status in ("offered", "accepted") else None,
        onboarding.read_at,
    )  # fmt: skip


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
    _heading, message, _tone = _told(onboarding)
    return CreditView(
        state="waiting",
        status_label=_("Under way"),
        status_color="info",
        read_at=onboarding.read_at or onboarding.started_at,
        stale=False,
        message=message,
        action=Action(_("Continue"), reverse("financing", args=[client.organisation_number])),
    )


def analysis_view(analysis: dict[str, Any] | None) -> dict[str, Any] | None:
    """How the limit came about, by what the bank said; amounts in NOK."""
    if analysis is None:
        return None
    exclusions = [
        {
            "label": EXCLUSIONS.get(one["reason"], one["reason"]),
            "of_customers": one["reason"] in ("credit_note", "concentration"),
            "count": one["count"],
            "amount": -Decimal(one["amount"]),
        }
        for one in analysis["exclusions"]
    ]
    eligible, limit = Decimal(analysis["eligible"]), Decimal(analysis["limit"])
    share = (eligible * Decimal(analysis["advance_rate_percent"]) / 100).quantize(Decimal("0.01"))
    return {
        "outstanding": Decimal(analysis["outstanding"]),
        "eligible": eligible,
        "advance_rate_percent": Decimal(analysis["advance_rate_percent"]),
        "advance": share,
        "rounding": limit - share,
        "limit": limit,
        "exclusions": exclusions,
        "as_of": datetime.fromisoformat(analysis["as_of"]),
    }


def _steps(onboarding: Onboarding) -> list[Step]:
    labels = {
        "consent": _("Consent given by %(name)s") % {"name": onboarding.consent.given_by_name},
        "window": _("Window opened at Buffer"),
        "bankid": (
            _("Confirmed with BankID by %(name)s") % {"name": onboarding.identified_as}
            if onboarding.identified_as
            else _("Waiting for BankID")
        ),
        "authority": _("Authority for the company"),
        "analysis": _("Analysis of the receivables"),
        "offer": _("Offer and Buffer account"),
    }
    reached = REACHED[onboarding.status]
    if onboarding.identified_as and onboarding.status in ("cancelled", "expired"):
        reached = max(reached, 3)
    broken = onboarding.is_final and onboarding.status != "accepted"
    found = []
    for index, step in enumerate(STEPS):
        state = "done" if index < reached else "todo"
        if index == reached and not onboarding.is_final:
            state = "current"
        if index == min(reached, len(STEPS) - 1) and broken:
            state = "failed"
        found.append(Step(labels[step], state))
    return found


def _told(onboarding: Onboarding) -> tuple[str, str, str]:
    """Heading, message, tone."""
    status = onboarding.status
    if status == "created" and onboarding.reason == "bankid_failed":
        return _("BankID did not succeed"), _("Open the window again and try once more."), "warning"
    if status == "rejected":
        return _("No offer now"), _rejection(onboarding), "warning"
    if status == "awaiting_cosigner":
        missing = ", ".join(onboarding.missing_signatories)
        text = _("The company is signed for jointly. Missing: %(names)s.") % {"names": missing or "–"}
        return _("Waiting for one more signature"), text, "info"
    return {
        "begun": (_("We are waiting for Buffer"), _("Buffer has not answered yet. We keep trying."), "warning"),
        "created": (
            _("Continue at Buffer in the new window"), _("Did no window open? Open it again here."), "info"),
        "identified": (_("Buffer checks your authority"), _("This takes a moment."), "info"),
        "authority_missing": (
            _("Authority is missing"),
            _("Buffer finds no right to sign for the company. Somebody who has it may continue in the same way."),
            "warning",
        ),
        "authority_unresolved": (
            _("A person at Buffer looks at the authority"), _("You can close the page; nothing is lost."), "info"),
        "analysing": (_("Buffer reads the receivables"), _("Buffer works out a limit. This takes a moment."), "info"),
        "offered": (_("The offer is ready"), _("Interest, fees and security are stated in the offer."), "success"),
        "accepted": (_("The Buffer account is open"), _("The figures stand on the dashboard."), "success"),
        "declined": (_("The offer was declined"), _("Buffer's access to the receivables has ended."), "info"),
        "cancelled": (
            _("The check was cancelled"), _("Buffer's access to the receivables has ended. Nothing is borrowed."), "info"),
        "expired": (_("The check has expired"), _("Buffer's access to the receivables has ended."), "info"),
        "failed": (
            _("The check could not begin"),
            _("Buffer did not accept the request. The access has ended, and nothing is borrowed."),
            "danger",
        ),
    }[status]  # fmt: skip


def _rejection(onboarding: Onboarding) -> str:
    reason = {
        "too_few_receivables": _("Too few receivables count towards a limit."),
        "unsupported_currency": _("Buffer offers this only to companies that keep their books in NOK."),
        "payout_account_not_owned": _("The payout account is not the company's own."),
        "already_pledged": _("The receivables are already pledged."),
        "factoring_active": _("Another factoring agreement is active."),
    }.get(onboarding.reason, _("Buffer can make no offer now."))
    ended = _("The access to the receivables has ended.")
    if onboarding.retry_after:
        when = _("A new check can start from %(date)s.") % {"date": onboarding.retry_after.strftime("%d.%m.%Y")}
        return f"{reason} {when} {ended}"
    return f"{reason} {ended}"
