"""How a limit came about and what moved it, by what the bank said, in words."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from financing.presenters.shapes import Row

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

ChangeRow = tuple[str, int, Decimal]  # what moved the limit, how many, by how much


def reason_label(reason: str) -> str:
    """In words; one that we do not know as the bank wrote it."""
    return str(EXCLUSIONS.get(reason, reason))


def of_customers(reason: str) -> bool:
    """Whether a line with this reason is about a customer as a whole."""
    return reason in ("credit_note", "concentration")


def change_by_sums(before: dict[str, Any], after: dict[str, Any]) -> list[ChangeRow]:
    """What moved the limit from one analysis to the next, by their figures alone; adds up to the difference."""
    left_out = {one["reason"]: [Decimal(one["amount"]), Decimal(0)] for one in before["exclusions"]}
    for one in after["exclusions"]:
        left_out.setdefault(one["reason"], [Decimal(0), Decimal(0)])[1] = Decimal(one["amount"])
    rows = [("outstanding", 0, Decimal(after["outstanding"]) - Decimal(before["outstanding"]))]
    rows += [(f"reason:{reason}", 0, was - now) for reason, (was, now) in left_out.items()]
    whole = Decimal(after["limit"]) - Decimal(before["limit"])
    rows.append(("lending", 0, whole - sum((amount for _what, _count, amount in rows), Decimal(0))))
    return [one for one in rows if one[2]]


def change_rows(change: list[ChangeRow]) -> tuple[Row, ...]:
    """The same in words."""
    return tuple(Row(_change_label(what, count), amount, signed=True) for what, count, amount in change)


def _change_label(what: str, count: int) -> str:
    if what.startswith("reason:"):
        return reason_label(what.removeprefix("reason:"))
    if what == "new":
        return ngettext("%(count)d new item", "%(count)d new items", count) % {"count": count}
    if what == "gone":
        return ngettext("%(count)d settled item", "%(count)d settled items", count) % {"count": count}
    if what == "partly":
        return ngettext("%(count)d item partly paid", "%(count)d items partly paid", count) % {"count": count}
    return {"outstanding": _("Outstanding receivables")}.get(what, _("Advance rate and rounding"))


def analysis_view(analysis: dict[str, Any] | None) -> dict[str, Any] | None:
    """How the limit came about, by what the bank said; amounts in NOK."""
    if analysis is None:
        return None
    exclusions = [
        {
            "reason": one["reason"],
            "label": reason_label(one["reason"]),
            "of_customers": of_customers(one["reason"]),
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
