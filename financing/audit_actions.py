"""The words of financing's actions in the log."""

from django.utils.translation import gettext_lazy as _

from access.audit_words import FINANCING, fact, move, one_of, register
from financing.models import MessageKind
from financing.presenters.history import RESULTS, STATUSES

_MOVES = {
    **RESULTS,
    "begun": _("Begun"),
    "created": _("Open at Buffer"),
    "identified": _("Identified with BankID"),
    "authority_missing": _("Authority is missing"),
    "authority_unresolved": _("Authority is being looked at"),
    "awaiting_cosigner": _("Waiting for one more signature"),
    "analysing": _("Buffer reads the receivables"),
    "offered": _("Offered"),
}
_ENDS = {
    "withdrawn": _("Withdrawn"),
    "superseded": _("Replaced"),
    "lapsed": _("Lapsed"),
    "fulfilled": _("The agreement ended"),
    "onboarding_failed": _("The check could not begin"),
    "onboarding_declined": _("Offer declined"),
    "onboarding_rejected": _("No offer"),
    "onboarding_cancelled": _("The check was cancelled"),
    "onboarding_expired": _("The check has expired"),
}
_REFUSALS = {
    "identity": _("It named another company or another check"),
    "unknown": _("The way back was not known"),
    "another person": _("Another person had begun it"),
    "another onboarding": _("It belonged to another check"),
    "no right": _("The person has lost the right"),
    "used": _("It was used before"),
    "too old": _("It came too late"),
}
_WHY = fact("why", _("Reason"), one_of(_REFUSALS))
_OUTCOME = fact("outcome", _("Outcome"))
TOLD = "provider.told."  # and the kind of the message

register(
    FINANCING,
    {
        "consent.given": (_("Consent given"),),
        "consent.ended": (_("Consent ended"), fact("reason", _("Reason"), one_of(_ENDS))),
        "integration.activated": (_("Buffer's access activated"),),
        "onboarding.begun": (_("Check of the financing begun"),),
        "onboarding.link": (_("Buffer's page opened again"),),
        "onboarding.moved": (
            _("The check has moved on"),
            move(_("Status"), one_of(_MOVES), before="from", after="to"),
        ),
        "onboarding.failed": (_("The check could not begin"), fact("reason", _("Reason"))),
        "agreement.moved": (
            _("The agreement has changed"),
            move(_("Status"), one_of(STATUSES), before="from", after="to"),
        ),
        "return.refused": (_("Way back from Buffer refused"), _WHY),
        "provider.answer_refused": (_("An answer from Buffer was not believed"), _WHY),
        "event.quarantined": (_("A message from Buffer was set aside"), fact("event", _("Message"))),
        "event.replayed": (_("A message from Buffer was taken up again"), fact("event", _("Message"))),
        "event.given_up": (_("Messages from Buffer were given up"), _WHY),
        TOLD + MessageKind.RECEIVABLES_CHANGED: (_("Buffer was told: the receivables have changed"), _OUTCOME),
        TOLD + MessageKind.DISCONNECT: (_("Buffer was told: the connection is ended"), _OUTCOME),
        TOLD + MessageKind.CANCEL: (_("Buffer was told: the check is cancelled"), _OUTCOME),
        TOLD + MessageKind.GRANT: (_("Buffer was given a new access"), _OUTCOME),
    },
)
