"""What a person is told of matching: why it was refused and what to do, and what was done."""

from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.templatetags.figures import money
from accounting.models import Kind, LedgerEntry
from accounting.services.locking import PeriodLocked
from accounting.services.settle import BeyondTolerance, Settled
from accounting.settling import NotMatchable

Refusal = NotMatchable | BeyondTolerance | PeriodLocked


def refused(fault: Refusal) -> str:
    """Why it cannot be done, and what to do instead."""
    if isinstance(fault, PeriodLocked):
        day = date_format(fault.locked_through, "d.m.Y") if fault.locked_through else ""
        return _(
            "The books are locked through %(day)s, and a match in that period cannot be undone. Open the period again"
            " under Settings › Accounting first."
        ) % {"day": day}
    if isinstance(fault, BeyondTolerance):
        return _(
            "%(left)s would be left over, and at most %(most)s may be entered as this. Leave it open, or change the limit"
            " under Settings › Accounting."
        ) % {"left": money(fault.left), "most": money(fault.most)}
    return {
        "customers": _("The rows belong to two customers. Choose rows of one customer."),
        "sides": _("Choose at least one debit and one credit, for example an invoice and a payment."),
        "closed": _(
            "Nothing is open any more of one of the rows; somebody may have matched it meanwhile. Choose anew."
        ),
        "unknown": _("One of the rows is not in these books any more. Choose anew."),
        "part": _("A part of an amount can be matched between one debit and one credit. Choose two rows."),
        "amount": _("The part must be more than 0 and no more than what is open of both rows. Write a smaller amount."),
        "difference": _(
            "A difference can be entered where exactly one row is left with something open. Leave it open."
        ),
        "kind": _("A difference can be entered as rounding, bank fee or cash discount. Choose one of them."),
        "taken_back": _(
            "This difference was taken back when its match was undone, and stays so. There is nothing to do."
        ),
    }[fault.code]


def matched(settled: Settled, currency: str) -> str:
    """What was matched, in one line."""
    keys = {key for one in settled.matches for key in (one.debit_id, one.credit_id)}
    keys -= {one.pk for one in settled.differences}
    amount = sum((one.amount for one in settled.matches if one.how == settled.matches[0].how), Decimal(0))
    said = ngettext("%(count)d row was matched", "%(count)d rows were matched", len(keys)) % {"count": len(keys)}
    said = f"{said}: {money(amount)} {currency}."
    for one in settled.differences:
        said += f" {Kind(one.kind).label}: {money(one.amount)}."
    return said


def unmatched(count: int) -> str:
    """What was undone, in one line."""
    if not count:
        return _("There was no match to undo.")
    return ngettext("%(count)d match was undone.", "%(count)d matches were undone.", count) % {"count": count}


def named(entry: LedgerEntry) -> str:
    """An entry as people call it: «Faktura 4252»."""
    number = entry.invoice_number or entry.voucher_number
    return f"{Kind(entry.kind).label} {number}".strip()
