"""What the page that follows an onboarding says: step by step what has happened, and what to do next."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import Client, User
from financing.models import Onboarding, ReturnState
from financing.presenters.offer import OfferView, offer_view
from financing.presenters.shapes import Action, Step
from financing.presenters.words import clock, day, rejected_label, told

STEPS = ("consent", "window", "bankid", "authority", "analysis", "offer")
REACHED = {  # how many steps are done, by status of those that live, and of the happy end
    "begun": 1, "created": 2, "identified": 3, "authority_missing": 3, "authority_unresolved": 3, "awaiting_cosigner": 3,
    "analysing": 4, "offered": 5, "accepted": 6,
}  # fmt: skip
QUIET_AFTER = timedelta(minutes=1)  # so long without an answer while somebody follows along, and the page says so
SLOW = ("authority_missing", "authority_unresolved", "awaiting_cosigner", "offered")  # people's doing, not machines'


@dataclass(frozen=True)
class Sent:
    """The page's address for somebody else: how to send it, and what she needs."""

    label: str
    address: str
    mail: str
    note: str


@dataclass(frozen=True)
class OnboardingView:
    """What the page that follows an onboarding shows."""

    heading: str
    message: str
    tone: str
    final: bool
    poll_seconds: int
    steps: list[Step]
    actions: list[Action]
    notes: list[str] = field(default_factory=list)
    offer: OfferView | None = None
    sent: Sent | None = None

    @property
    def fingerprint(self) -> str:
        """Changes with anything that is shown, so that a page that follows along replaces nothing in vain."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def onboarding_view(
    client: Client, onboarding: Onboarding, last: ReturnState | None, user: User, now: datetime, unnumbered: int = 0
) -> OnboardingView:
    """Step by step what has happened, and what to do next; nothing is guessed that the bank did not say.

    `last` is the last way out to the bank, `unnumbered` how many open invoices lack the customer's organisation number.
    """
    offer = offer_view(onboarding, now, settings.BUFFER_BASE_URL) if onboarding.status == "offered" else None
    heading, message, tone = _told(onboarding, last, offer, now)
    return OnboardingView(
        heading, message, tone, onboarding.is_final, 5 if onboarding.status in SLOW else 2, _steps(onboarding),
        _actions(client, onboarding, offer, now), _notes(onboarding, user, now, unnumbered), offer,
        _sent(client, onboarding),
    )  # fmt: skip


def _told(
    onboarding: Onboarding, last: ReturnState | None, offer: OfferView | None, now: datetime
) -> tuple[str, str, str]:
    if onboarding.status == "created" and not onboarding.reason and onboarding.consent.ended_at is None and last:
        if last.used_at is not None:
            return (
                _("BankID is not done"),
                _("You came back from Buffer before BankID was done. Open the window again to go on."),
                "warning",
            )
        if last.link_expires_at is not None and last.link_expires_at <= now:
            return (
                _("The link to Buffer has run out"),
                _("It works once and for some minutes only. Open the window again, and you get a new one."),
                "warning",
            )
    heading, message, tone = told(onboarding)
    if offer and offer.over:
        return _("The offer has run out"), _("It can no longer be accepted."), "warning"
    if offer and offer.soon:
        return _("The offer soon runs out"), message, "warning"
    return heading, message, tone


def _actions(client: Client, onboarding: Onboarding, offer: OfferView | None, now: datetime) -> list[Action]:
    number, status = client.organisation_number, onboarding.status
    link = reverse("financing_link", args=[number])
    cancel = Action(
        _("Cancel"), reverse("financing_cancel", args=[number]), "post", quiet=True, consequence=_consequence(status),
        confirmed_label=_("Cancel the check"),
    )  # fmt: skip
    if status == "accepted":
        return [Action(_("Go to the dashboard"), reverse("dashboard", args=[number]), primary=True)]
    if onboarding.is_final:
        if onboarding.retry_after and timezone.localdate(now) < onboarding.retry_after:
            return []
        return [Action(_("Start again"), reverse("financing", args=[number]) + "?ny=1")]
    if onboarding.consent.ended_at is not None:
        return []
    if status == "offered":
        if offer is None or offer.over:
            return [cancel]
        return [Action(_("See the offer"), link, "post", new_window=True, primary=True), cancel]
    if status == "begun":
        return [Action(_("Try again"), link, "post", new_window=True), cancel]
    again = Action(_("Open the window again"), link, "post", new_window=True)
    if status == "created":
        return [again, Action(_("Go on in this tab"), link, "post", quiet=True), cancel]
    return [again, cancel]


def _consequence(status: str) -> str:
    if status in ("begun", "created"):
        return ""  # nobody has done anything yet that would be lost
    if status == "offered":
        return _("The offer is then withdrawn, and Buffer's access to the receivables ends at once.")
    return _(
        "What has been done at Buffer must then be done anew, and Buffer's access to the receivables ends at once."
    )


def _notes(onboarding: Onboarding, user: User, now: datetime, unnumbered: int) -> list[str]:
    found = []
    if not onboarding.is_final:
        if onboarding.started_by_id != user.pk:
            found.append(
                _("Under way already, started by %(name)s on %(time)s.")
                % {"name": onboarding.consent.given_by_name, "time": clock(onboarding.started_at)}
            )
        if onboarding.read_at and now - onboarding.read_at > QUIET_AFTER:
            found.append(
                _("Buffer does not answer right now. This is how it stood on %(time)s; we keep trying.")
                % {"time": clock(onboarding.read_at)}
            )
        if onboarding.expires_at and onboarding.status != "offered":
            found.append(
                _("The check is open until %(date)s. After that it must be started anew.")
                % {"date": day(onboarding.expires_at)}
            )
    if unnumbered:
        found.append(
            ngettext(
                "In your books %(count)d open invoice lacks the customer's organisation number. That you can mend.",
                "In your books %(count)d open invoices lack the customer's organisation number. That you can mend.",
                unnumbered,
            )
            % {"count": unnumbered}
        )
    return found


def _sent(client: Client, onboarding: Onboarding) -> Sent | None:
    """Our own page is what is sent: the bank's link lives minutes, and opens for whoever has it."""
    if onboarding.is_final or onboarding.consent.ended_at is not None:
        return None
    if onboarding.status == "authority_missing":
        label = _("Send to somebody with the right to sign")
        note = _(
            "Is she beside you, open the window again here. The address is for those who have access to Invoice financing"
            " in this company; an administrator gives it under Users and roles."
        )
    elif onboarding.status == "awaiting_cosigner":
        names = onboarding.missing_signatories
        label = _("Send to %(names)s") % {"names": ", ".join(names)} if names else _("Send to those who are missing")
        note = _(
            "Whoever is missing signs at Buffer with BankID, from this page. The address is for those who have access to"
            " Invoice financing in this company; an administrator gives it under Users and roles."
        )
    else:
        return None
    address = settings.PUBLIC_BASE_URL + reverse("financing_status", args=[client.organisation_number])
    subject = _("Buffer for %(company)s: your signature") % {"company": client.name}
    body = _("%(company)s has a check under way at Buffer, and it waits for you. Sign in here and go on to Buffer:") % {
        "company": client.name
    }
    text = quote(f"{body}\n\n{address}\n")
    return Sent(label, address, f"mailto:?subject={quote(subject)}&body={text}", note)


def _steps(onboarding: Onboarding) -> list[Step]:
    labels = _labels(onboarding)
    if onboarding.is_final and onboarding.status != "accepted":
        return _ended_steps(onboarding, labels)
    reached = REACHED[onboarding.status]
    found = [
        Step(labels[step], "done" if index < reached else "current" if index == reached else "todo")
        for index, step in enumerate(STEPS)
    ]
    if onboarding.status == "awaiting_cosigner":
        signed = Step(_("Signed by %(name)s") % {"name": onboarding.identified_as}, "done")
        missing = [
            Step(_("%(name)s has not signed") % {"name": name}, "current") for name in onboarding.missing_signatories
        ]
        found[3:4] = [signed, *missing] if onboarding.identified_as else missing
    return found


def _labels(onboarding: Onboarding) -> dict[str, str]:
    consent, status = onboarding.consent, onboarding.status
    return {
        "consent": _("Consent given by %(name)s on %(date)s")
        % {"name": consent.given_by_name, "date": day(consent.given_at)},
        "window": _("Buffer's answer to the request") if status == "begun" else _("The page at Buffer is ready"),
        "bankid": (
            _("Confirmed with BankID by %(name)s") % {"name": onboarding.identified_as}
            if onboarding.identified_as
            else _("Waiting for BankID")
        ),
        "authority": _("Authority for the company"),
        "analysis": _("Analysis of the receivables"),
        "offer": _("Offer accepted") if status == "accepted" else _("Offer and Buffer account"),
    }


def _ended_steps(onboarding: Onboarding, labels: dict[str, str]) -> list[Step]:
    # Only what is known to have been done; where between it broke off, the bank does not say.
    done = ["consent"]
    if onboarding.status != "failed":
        done.append("window")
    if onboarding.identified_as:
        done.append("bankid")
    if onboarding.analysis or onboarding.offer:
        done += ["authority", "analysis"]
    return [*(Step(labels[step], "done") for step in done), Step(rejected_label(onboarding), "failed")]
