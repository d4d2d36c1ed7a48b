"""How an onboarding is told: heading, message and tone of each state; nothing that the bank did not say is guessed."""

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from financing.models import Onboarding


def told(onboarding: Onboarding) -> tuple[str, str, str]:
    """Heading, message, tone (of Designsystemet: info, success, warning, danger); what holds whatever the time is."""
    status = onboarding.status
    if not onboarding.is_final and onboarding.consent.ended_at is not None:
        return (
            _("The check is being ended"),
            _("Buffer's access to the receivables has ended. We tell Buffer so as soon as Buffer answers."),
            "info",
        )
    if status == "created" and onboarding.reason == "bankid_failed":
        return _("BankID did not succeed"), _("Open the window again and try once more."), "warning"
    if status == "rejected":
        return _("No offer now"), _rejection(onboarding), "warning"
    if status == "failed":
        return _("The check could not begin"), _failure(onboarding), "danger"
    if status == "awaiting_cosigner":
        return _awaited(onboarding)
    if status == "expired" and onboarding.offer:
        return (
            _("The offer has expired"),
            _("Buffer's access to the receivables has ended. Nothing is borrowed."),
            "info",
        )
    if status == "cancelled":
        return _cancelled(onboarding)
    return {
        "begun": (
            _("We are looking for Buffer's answer"),
            _("We asked, and no answer came. We keep looking, and nothing is lost. You can ask again."),
            "warning",
        ),
        "created": (
            _("Continue at Buffer in the new window"), _("Did no window open? Open it again here."), "info"),
        "identified": (_("Buffer checks your authority"), _("This takes a moment."), "info"),
        "authority_missing": (
            _("Authority is missing"),
            _("Buffer finds no right to sign for the company. Somebody who has it may continue in the same way."),
            "warning",
        ),
        "authority_unresolved": (
            _("A person at Buffer looks at the authority"),
            _("It could not be decided by machine. It may take some days. You can close the page; nothing is lost."),
            "info",
        ),
        "analysing": (
            _("Buffer reads the receivables"),
            _("Buffer works out a limit. This takes a moment. You can close the page; nothing is lost."),
            "info",
        ),
        "offered": (
            _("The offer is ready"),
            _("Read it at Buffer. It binds the company to nothing until somebody with authority accepts it there."),
            "success",
        ),
        "accepted": (_("The Buffer account is open"), _("The figures stand on the dashboard."), "success"),
        "declined": (
            _("The offer was declined"), _("Buffer's access to the receivables has ended. Nothing is borrowed."), "info"),
        "expired": (
            _("The check has expired"), _("Buffer's access to the receivables has ended. Nothing is borrowed."), "info"),
    }[status]  # fmt: skip


def _awaited(onboarding: Onboarding) -> tuple[str, str, str]:
    names = onboarding.missing_signatories
    if not names:
        return _("Waiting for one more signature"), _("The company is signed for jointly."), "info"
    text = _("The company is signed for jointly. Missing: %(names)s.") % {"names": ", ".join(names)}
    if len(names) > 1:
        return _("Waiting for more signatures"), text, "info"
    return _("Waiting for one more signature"), text, "info"


def _cancelled(onboarding: Onboarding) -> tuple[str, str, str]:
    ended = _("Buffer's access to the receivables has ended. Nothing is borrowed.")
    if onboarding.consent.end_reason == "withdrawn":
        return _("The check was cancelled"), _("It was cancelled here.") + " " + ended, "info"
    return _("The check was cancelled"), _("It was cancelled at Buffer.") + " " + ended, "info"


def _failure(onboarding: Onboarding) -> str:
    reason = {
        "never_reached_the_bank": _("Buffer never got the request."),
        "known_at_the_bank": _(
            "Buffer already knows a check or an agreement of this company that was not begun here. Ask Buffer, or send us a"
            " message."
        ),
    }.get(onboarding.reason, _("Buffer did not accept the request."))
    return reason + " " + _("The access has ended, and nothing is borrowed.")


def _rejection(onboarding: Onboarding) -> str:
    reason = {
        "too_few_receivables": _("Too few receivables count towards a limit."),
        "unsupported_currency": _("Buffer offers this only to companies that keep their books in NOK."),
        "bankruptcy_registered": _("A bankruptcy is registered on the company."),
        "already_pledged": _("The receivables are already pledged."),
        "factoring_active": _("Another factoring agreement is active."),
        "payout_account_not_owned": _("The payout account is not the company's own."),
        "credit_check": _("The bank's credit check did not allow an offer."),
    }.get(onboarding.reason, _("Buffer can make no offer now, and has given no reason."))
    parts = [reason]
    if onboarding.retry_after:
        parts.append(_("A new check can start from %(date)s.") % {"date": date_format(onboarding.retry_after, "d.m.Y")})
    parts.append(_("The access to the receivables has ended."))
    return " ".join(parts)


def rejected_label(onboarding: Onboarding) -> str:
    """The last line of a way that came to an end before an account."""
    return {
        "rejected": _("Buffer makes no offer"),
        "declined": _("Offer declined"),
        "cancelled": _("Cancelled"),
        "expired": _("Expired"),
        "failed": _("Not begun at Buffer"),
    }[onboarding.status]


def day(value: object) -> str:
    """A moment as its day in Norway: 24.11.2026."""
    return date_format(localtime(value), "d.m.Y")  # type: ignore[arg-type]


def clock(value: object) -> str:
    """A moment as day and time in Norway: 24.11.2026 14:32."""
    return date_format(localtime(value), "d.m.Y H:i")  # type: ignore[arg-type]
