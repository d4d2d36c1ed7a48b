"""What the widget says while a check is under way, and after one that came to nothing: no figures but what was offered."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import Client
from financing.models import Onboarding
from financing.presenters.credit import CreditView, day
from financing.presenters.shapes import Action, Row, Step, address
from financing.presenters.states import OFFER_SOON, SHOWN_AFTER_THE_END, offer_ends
from financing.presenters.words import told
from financing.selectors_credit import MissingNumbers

# The bank redeems the code only once the authority is confirmed; from when it has identified somebody the company waits.
_WAITING = ("authority_missing", "authority_unresolved", "awaiting_cosigner", "analysing", "offered")
_ENDED = ("rejected", "declined", "expired")


def waiting_view(
    client: Client, onboarding: Onboarding, now: datetime, missing: MissingNumbers | None
) -> CreditView | None:
    """The card of a check without an agreement that lives; None where there is nothing to show."""
    if onboarding.status in _ENDED:
        return _ended(client, onboarding, missing) if _still_shown(onboarding, now) else None
    if onboarding.status == "accepted":
        return _unknown(client, onboarding)
    if onboarding.is_final or not onboarding.consent.in_force(now):
        return None
    if onboarding.status not in _WAITING and onboarding.consent.activated_at is None:
        return None
    return _under_way(client, onboarding, now)


def _under_way(client: Client, onboarding: Onboarding, now: datetime) -> CreditView:
    heading, message, _tone = told(onboarding)
    # The message leans on its heading; the label says it where the two would be the same.
    text = message if onboarding.status in ("authority_missing", "offered") else f"{heading}. {message}"
    label, color = {
        "authority_missing": (_("Authority missing"), "warning"),
        "authority_unresolved": (_("Being examined"), "info"),
        "awaiting_cosigner": (_("Waiting"), "warning"),
        "analysing": (_("Analysing"), "info"),
        "offered": (_("Offer ready"), "info"),
    }.get(onboarding.status, (_("Check begun"), "info"))
    go_on = Action(_("Continue"), address("financing", client))
    view = CreditView(
        onboarding.status if onboarding.status in _WAITING else "check_begun", label, color,
        onboarding.read_at or onboarding.started_at, text=(text,), actions=(go_on,),
        foot=_("The check was begun on %(day)s.") % {"day": day(onboarding.started_at)},
    )  # fmt: skip
    if onboarding.status == "awaiting_cosigner":
        signed = (
            [Step(_("%(name)s has signed") % {"name": onboarding.identified_as}, "done")]
            if onboarding.identified_as
            else []
        )
        lacking = [
            Step(_("%(name)s is missing") % {"name": name}, "current") for name in onboarding.missing_signatories
        ]
        until = onboarding.expires_at
        text = ngettext(
            "The company is signed for jointly. %(count)d signature is missing.",
            "The company is signed for jointly. %(count)d signatures are missing.", len(lacking),
        ) % {"count": len(lacking)} if lacking else _("The company is signed for jointly. A signature is missing.")  # fmt: skip
        wait = _("Buffer waits until %(day)s. After that the check must be begun anew.")
        return replace(
            view, text=(text,), people=(*signed, *lacking), foot=wait % {"day": day(until)} if until else view.foot,
            actions=(Action(_("See where it stands"), address("financing_status", client)),),
        )  # fmt: skip
    if onboarding.status == "analysing":
        return replace(
            view, working=True, actions=(Action(_("See where it stands"), address("financing_status", client)),),
        )  # fmt: skip
    if onboarding.status == "offered" and onboarding.offer:
        return _offered(client, onboarding, view, now)
    return view


def _offered(client: Client, onboarding: Onboarding, view: CreditView, now: datetime) -> CreditView:
    ends = offer_ends(onboarding)
    assert onboarding.offer is not None
    until = _("The offer is valid until %(day)s.") % {"day": day(ends)} if ends else ""
    soon = ends is not None and ends - now <= OFFER_SOON
    return replace(
        view, state="offer_soon" if soon else "offer", currency=onboarding.offer.get("currency", "NOK"),
        headline=Row(_("Limit offered"), Decimal(onboarding.offer["limit"])), foot=until,
        status_color="warning" if soon else "info", status_label=_("Ends soon") if soon else view.status_label,
        actions=(Action(_("See the offer"), address("financing", client), primary=True),),
    )  # fmt: skip


def _unknown(client: Client, onboarding: Onboarding) -> CreditView:
    """Accepted, and the bank has not told of the agreement: that the figures are not known is no figure."""
    return CreditView(
        "unknown", _("Not available"), "warning", onboarding.read_at or onboarding.started_at, unavailable=True,
        text=(_("The agreement is made, but Buffer has not told the figures yet. We keep trying."),),
        actions=(Action(_("See where it stands"), address("financing_status", client)),),
    )  # fmt: skip


def _ended(client: Client, onboarding: Onboarding, missing: MissingNumbers | None) -> CreditView:
    heading, message, _tone = told(onboarding)
    again = Action(_("Start a new check"), address("financing", client) + "?ny=1")
    label = {"rejected": _("No offer"), "declined": _("Declined"), "expired": _("Expired")}[onboarding.status]
    view = CreditView(
        onboarding.status, label, "neutral", onboarding.read_at or onboarding.ended_at or onboarding.started_at,
        text=(message if onboarding.status == "rejected" else f"{heading}. {message}",), actions=(again,),
    )  # fmt: skip
    if onboarding.status != "rejected":
        return view
    if onboarding.retry_after:
        # The message says from when; before that there is nothing to begin.
        view = replace(view, actions=(again,) if onboarding.retry_after <= timezone.localdate() else ())
    if missing:
        mend = ngettext(
            "%(count)d item lacks the customer's organisation number. That you can mend.",
            "%(count)d items lack the customer's organisation number. That you can mend.", missing.items,
        ) % {"count": missing.items}  # fmt: skip
        see = Action(_("See the customers"), address("financing_settings", client) + "#missing")
        view = replace(view, text=(message, mend), actions=(see, *view.actions))
    return view


def _still_shown(onboarding: Onboarding, now: datetime) -> bool:
    """For two weeks after the end, or after the day from which a new check may begin."""
    ends = onboarding.ended_at or onboarding.started_at
    if onboarding.retry_after:
        retry = datetime.combine(onboarding.retry_after, datetime.min.time(), timezone.get_current_timezone())
        ends = max(ends, retry)
    return now < ends + SHOWN_AFTER_THE_END
