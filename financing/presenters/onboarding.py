"""What the page that follows an onboarding says: step by step what has happened, and what to do next."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import Client
from financing.models import FINAL, Onboarding
from financing.presenters.shapes import Action, Step

STEPS = ("consent", "window", "bankid", "authority", "analysis", "offer")
REACHED = {  # how many steps are done, by status
    "begun": 1, "created": 2, "identified": 3, "authority_missing": 3, "authority_unresolved": 3, "awaiting_cosigner": 3,
    "analysing": 4, "offered": 5, "accepted": 6, "declined": 6, "rejected": 5, "cancelled": 2, "expired": 2, "failed": 1,
}  # fmt: skip


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


def onboarding_view(client: Client, onboarding: Onboarding) -> OnboardingView:
    """Step by step what has happened, and what to do next; nothing is guessed that the bank did not say."""
    number = client.organisation_number
    status = onboarding.status
    heading, message, tone = told(onboarding)
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


def told(onboarding: Onboarding) -> tuple[str, str, str]:
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
