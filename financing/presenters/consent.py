"""What the pages say of the access to the receivables: how it stands, what follows when it is taken back, each consent."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.models import Client
from financing.consent_text import sha256_of
from financing.models import Agreement, Consent, ConsentEvent, MessageKind, OutboxMessage
from financing.presenters.shapes import Action
from financing.services.access import renewal_of
from financing.services.consent import RENEWED_FROM

DUE_AFTER = timedelta(days=30)  # contract, disconnect: «what is used is due 30 days later»


@dataclass(frozen=True)
class AccessView:
    """How the access stands. `state`: none, given, active, due, lapsed, withdrawn or over; actions are None where not open."""

    state: str
    label: str
    color: str
    message: str
    facts: str = ""  # by whom, and until when
    renew: Action | None = None
    withdraw: Action | None = None


@dataclass(frozen=True)
class ConsentView:
    """One consent, as the list and its own page show it."""

    consent: Consent
    url: str
    label: str
    color: str
    ended: str  # how it ended, and by whom; empty while it stands
    last_used: datetime | None
    reference: str = ""
    hash_holds: bool = True


@dataclass(frozen=True)
class Consequences:
    """What follows when the access is taken back, said before it is. Amounts as the bank last said."""

    kind: str  # account, offer or check
    used: Decimal | None = None
    due_by: date | None = None
    pending: Decimal | None = None
    told_due: tuple[Decimal, date] | None = None
    unit: str = "kr"
    terminating: bool = False


def access_view(
    client: Client, consent: Consent | None, agreement: Agreement | None, told: OutboxMessage | None, now: datetime
) -> AccessView:
    """For the card on the pages and for the widget: one state, in words, with what may be done next."""
    if consent is None:
        return AccessView("none", "", "neutral", _("Nobody has given Buffer access to the receivables."))
    number = client.organisation_number
    facts = _facts(consent, now)
    renewal = renewal_of(consent, agreement, now)
    renew = withdraw = None
    if renewal:
        label = _("Confirm the access again") if renewal == "renewal" else _("Give access again")
        renew = Action(label, reverse("financing_consent_renew", args=[number]), primary=True)
    if consent.ended_at is None:
        withdraw = Action(_("Withdraw the access"), reverse("financing_withdraw", args=[number]))
    if consent.in_force(now):
        return replace(_standing(consent, agreement, told, now), facts=facts, renew=renew, withdraw=withdraw)
    if consent.ended_at is None:
        message = _(
            "Buffer can no longer read the receivables, and pauses new draws. Nothing else happens to the debt."
        )
        return AccessView("lapsed", _("Lapsed"), "danger", message, facts, renew, withdraw)
    if consent.end_reason == "withdrawn":
        return AccessView("withdrawn", _("Withdrawn"), "danger", _withdrawn(agreement, told), facts, renew)
    return AccessView("over", _("Ended"), "neutral", _("Buffer can no longer read the receivables."), facts, renew)


def _facts(consent: Consent, now: datetime) -> str:
    given = _("Given by %(name)s on %(day)s.") % {"name": consent.given_by_name, "day": _day(consent.given_at)}
    if consent.ended_at is not None:
        return f"{given} {_ended(consent)}"
    until = _("Valid until %(day)s.") if consent.in_force(now) else _("Lapsed on %(day)s.")
    return f"{given} {until % {'day': _day(consent.valid_until)}}"


def _standing(consent: Consent, agreement: Agreement | None, told: OutboxMessage | None, now: datetime) -> AccessView:
    if consent.activated_at is None:
        message = _("Buffer has not used the access yet.")
        if agreement is not None:
            waiting = told is not None and told.kind == MessageKind.GRANT and told.closed_at is None
            message = _("Buffer is being told.") if waiting else _("Buffer is told, and has not used the access yet.")
        return AccessView("given", _("Given"), "info", message)
    if consent.valid_until - now <= RENEWED_FROM:
        left = max((timezone.localtime(consent.valid_until).date() - timezone.localtime(now).date()).days, 0)
        message = _(
            "The access runs out on %(date)s, in %(days)s days. If it lapses, Buffer can no longer read the receivables"
            " and pauses new draws."
        ) % {"date": _day(consent.valid_until), "days": left}
        return AccessView("due", _("Runs out soon"), "warning", message)
    return AccessView("active", _("In force"), "success", _("Buffer reads the receivables."))


def _withdrawn(agreement: Agreement | None, told: OutboxMessage | None) -> str:
    """What is known of whether the bank knows."""
    if agreement is not None and agreement.status == "disconnected":
        known = _("Buffer has confirmed it. The agreement is not terminated.")
    elif told is None:
        known = ""
    elif told.closed_at is None:
        known = _("Buffer is being told. Until it has answered, what is shown of limit and status is the former.")
    elif told.outcome.startswith("refused"):
        known = _("Buffer did not accept the message. Contact Buffer about it.")
    else:
        known = _("Buffer is told.")
    return " ".join(filter(None, (_("Buffer can no longer read the receivables."), known)))


def consequences_of(agreement: Agreement | None, now: datetime) -> Consequences:
    """What the contract says follows: the limit becomes 0, what is used is due 30 days later; an offer is withdrawn."""
    if agreement is None or agreement.status == "terminated":
        return Consequences("check")
    if agreement.status == "offered":
        return Consequences("offer")
    due_by = timezone.localtime(now).date() + DUE_AFTER
    told_due = (
        (agreement.due_amount, agreement.due_date)
        if agreement.due_amount and agreement.due_date and agreement.due_date < due_by
        else None
    )
    return Consequences(
        "account", agreement.used, due_by, agreement.pending or None, told_due,
        "kr" if agreement.currency == "NOK" else agreement.currency,
        agreement.status == "terminating",
    )  # fmt: skip


def consent_view(client: Client, consent: Consent, now: datetime, *, reference: str = "") -> ConsentView:
    """One line of the list, or the head of its own page."""
    label, color = _status(consent, now)
    return ConsentView(
        consent=consent,
        url=reverse("financing_consent", args=[client.organisation_number, consent.pk]),
        label=label,
        color=color,
        ended=_ended(consent),
        last_used=getattr(consent, "last_used", None),
        reference=reference or consent.provider_reference,
        hash_holds=sha256_of(consent.text) == consent.text_sha256,
    )


def parts_of(text: str) -> list[tuple[str, str]]:
    """The text in parts (heading, what it says) that, joined, are the text again, sign by sign."""
    blocks = text.split("\n\n")
    found = []
    for index, block in enumerate(blocks):
        heading, line, rest = block.partition("\n")
        end = "\n\n" if index < len(blocks) - 1 else ""
        found.append((heading if line else "", f"{line}{rest if line else heading}{end}"))
    return found


def _status(consent: Consent, now: datetime) -> tuple[str, str]:
    if consent.in_force(now):
        if consent.activated_at is None:
            return _("Given"), "info"
        soon = consent.valid_until - now <= RENEWED_FROM
        return (_("Runs out soon"), "warning") if soon else (_("In force"), "success")
    if consent.ended_at is None or consent.end_reason == "lapsed":
        return _("Lapsed"), "danger" if consent.ended_at is None else "neutral"
    if consent.end_reason == "withdrawn":
        return _("Withdrawn"), "danger"
    return (_("Replaced"), "neutral") if consent.end_reason == "superseded" else (_("Ended"), "neutral")


def _ended(consent: Consent) -> str:
    if consent.ended_at is None:
        return ""
    by = {"date": _day(consent.ended_at), "name": consent.ended_by_name or "–"}
    return {
        "withdrawn": _("Withdrawn by %(name)s on %(date)s.") % by,
        "superseded": _("Replaced on %(date)s, when %(name)s gave a new consent.") % by,
        "lapsed": _("Lapsed on %(date)s.") % {"date": _day(consent.valid_until)},
        "fulfilled": _("Ended on %(date)s, when the agreement was over.") % by,
        "onboarding_rejected": _("Ended on %(date)s, when Buffer made no offer.") % by,
        "onboarding_declined": _("Ended on %(date)s, when the offer was declined.") % by,
        "onboarding_expired": _("Ended on %(date)s, when the check expired.") % by,
        "onboarding_cancelled": _("Ended on %(date)s, when the check was cancelled.") % by,
        "onboarding_failed": _("Ended on %(date)s, because the check could not begin.") % by,
    }.get(consent.end_reason, _("Ended on %(date)s.") % by)


def event_lines(events: list[ConsentEvent]) -> list[dict[str, Any]]:
    """What happened to a consent, oldest first, in words."""
    return [{"at": one.at, "what": _happened(one), "who": one.actor_name} for one in events]


def _happened(event: ConsentEvent) -> str:
    if event.event == "confirmed":
        return _("Confirmed with BankID by %(name)s") % {"name": event.details.get("name", "–")}
    if event.event == "activated":
        carried = event.details.get("carried")
        return _("Buffer's reading went on under this consent") if carried else _("Buffer began to use the access")
    return {
        "given": _("Given"),
        "ended:withdrawn": _("Withdrawn"),
        "ended:superseded": _("Replaced by a new consent"),
        "ended:lapsed": _("Lapsed, and replaced by a new consent"),
        "ended:fulfilled": _("Ended: the agreement is over"),
        "ended:onboarding_rejected": _("Ended: Buffer made no offer"),
        "ended:onboarding_declined": _("Ended: the offer was declined"),
        "ended:onboarding_expired": _("Ended: the check expired"),
        "ended:onboarding_cancelled": _("Ended: the check was cancelled"),
        "ended:onboarding_failed": _("Ended: the check could not begin"),
    }.get(event.event, event.event)


def _day(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%d.%m.%Y")
