"""The words of accounting's actions in the log."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access.audit_words import BOOKS, FILES, Details, Told, changes, day, fact, move, plain, register
from access.templatetags.figures import money

MOST = 8  # pairs of a match are told; the rest is counted


def _pairs(details: Details) -> Iterable[Told]:
    pairs: list[Any] = details["matches"]
    for debit, credit, amount, matched_on in pairs[:MOST]:
        yield Told(f"{debit} ↔ {credit}", f"{money(Decimal(amount))}, {day(matched_on)}")
    if len(pairs) > MOST:
        yield Told(_("And"), gettext("%(count)d more") % {"count": len(pairs) - MOST})


def _differences(details: Details) -> Iterable[Told]:
    for entry, kind, amount in details.get("differences", []):
        yield Told(_("Difference entered"), f"{entry}, {KINDS.get(kind, kind)}, {money(Decimal(amount))}")


KINDS = {
    "rounding": _("Rounding"), "bank_fee": _("Bank fee"), "cash_discount": _("Cash discount"),
    "exchange_difference": _("Exchange difference"),
}  # fmt: skip

_CHOICES = {
    "rounding_tolerance": _("Rounding, at most"),
    "bank_fee_tolerance": _("Bank fee, at most"),
    "cash_discount_percent": _("Cash discount, at most percent"),
    "kid_check": _("KID check digit"),
    "kid_length": _("KID length"),
}
_FACTS = {
    "reminder_stage": _("Reminder stage"),
    "agreed_date": _("Agreed payment date"),
    "disputed": _("Disputed"),
    "in_collection": _("In collection"),
}
_CUSTOMER = {
    "organisation_number": _("Organisation number"),
    "country": _("Country"),
    "private_person": _("Private person"),
    "related_party": _("Related party"),
}


def _value(value: Any) -> str:
    """A flag in words, all else as it is."""
    return str(_("Yes") if value else _("No")) if isinstance(value, bool) else plain(value)


_PAYMENT = (
    fact("amount", _("Amount"), lambda amount: money(Decimal(amount))),
    fact("currency", _("Currency")),
    fact("booked_on", _("Day"), day),
)

register(
    BOOKS,
    {
        "ledger.matched": (_("Items matched"), _pairs, _differences),
        "ledger.unmatched": (_("Match undone"), _pairs, fact("taken_back", _("Difference taken back"))),
        "ledger.locked": (
            _("Lock of the books changed"),
            move(_("Locked through"), day),
            fact("reason", _("Reason")),
        ),
        "ledger.settings_changed": (_("Choices of the customer ledger changed"), changes(_CHOICES)),
        "ledger.signed_off": (
            _("Sub-ledger reconciled"),
            fact("as_of", _("As of"), day),
            fact("sub_ledger", _("Sub-ledger"), lambda amount: money(Decimal(amount))),
        ),
        "entry.facts_set": (_("Facts of an item set"), fact("entry", _("Entry")), changes(_FACTS, _value)),
        "customer.changed": (_("Customer changed"), fact("customer", _("Customer")), changes(_CUSTOMER, _value)),
        # Never what it said: the log is for ever, and a note can be deleted.
        "note.written": (_("Note written"), fact("author", _("Author"))),
        "note.edited": (_("Note edited"), fact("author", _("Author"))),
        "note.deleted": (_("Note deleted"), fact("author", _("Author"))),
        "payment.booked": (
            _("Waiting payment booked on a customer"),
            *_PAYMENT,
            fact("customer", _("Customer")),
            fact("entry", _("Entry")),
        ),
        "payment.called_loan": (_("Waiting payment called a draw of the credit"), *_PAYMENT),
        "payment.dismissed": (_("Waiting payment put aside"), *_PAYMENT, fact("reason", _("Reason"))),
        "payment.waits_again": (_("Payment waits again"), *_PAYMENT),
        "rate.entered": (
            _("Exchange rate entered"),
            fact("currency", _("Currency")),
            fact("day", _("Day"), day),
            move(_("Rate")),
        ),
        "demo.seeded": (_("Example books made"), fact("entries", _("Entries"))),
    },
)
register(
    FILES,
    {
        "ledger.imported": (
            _("Ledger imported"),
            fact("file", _("File")),
            fact("count", _("Files")),
            fact("matches_file", _("File of matches")),
            fact("start", _("From"), day),
            fact("end", _("To"), day),
            fact("entries", _("New entries")),
            fact("restated", _("Changed entries")),
            fact("matches", _("Matches")),
        ),
        "payments.imported": (
            _("Payments imported"),
            fact("files", _("Files")),
            fact("booked", _("Booked")),
            fact("waiting", _("Waiting")),
            fact("entries", _("New entries")),
            fact("matches", _("Matches")),
        ),
        "payments.taken_up": (
            _("Waiting payments booked"),
            fact("entries", _("New entries")),
            fact("matches", _("Matches")),
        ),
        "export.asked": (
            _("Report exported"),
            fact("report", _("Report")),
            fact("format", _("Format")),
            fact("rows", _("Lines")),
        ),
    },
)
