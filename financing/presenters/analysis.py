"""How a limit came about, by what the bank said, in words."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy

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
