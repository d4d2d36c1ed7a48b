"""The widget «Ubetalte fakturaer»: how many are overdue, not due or partly paid, and those due the longest ago."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from access.privileges import INVOICES
from accounting.reports.filters import Filter, Status
from accounting.reports.item_sums import Sum, Totals, item_sums
from accounting.reports.items import UNPAID_INVOICES, Item, page_of_items
from accounting.reports.options import Options
from accounting.reports.pages import STATUS_LABELS, Text, address
from accounting.reports.words import PAGE
from accounting.selectors import ledger_pulse
from dashboard.widgets.base import Asked, Widget

KEY = "unpaid_invoices"
CHOICE = "ubetalte"  # in an address: which of them
SHOWN = 9
STATUSES = (Status.OVERDUE, Status.NOT_DUE, Status.PARTLY_PAID)
WORDS = {status: word for word, status in PAGE.statuses.items()}
SUMS = {
    Status.OVERDUE: _("Sum overdue"),
    Status.NOT_DUE: _("Sum not due"),
    Status.PARTLY_PAID: _("Sum partly paid"),
}


@dataclass(frozen=True)
class Chip:
    """A status to choose: its word in the address, its invoices, and the addresses of page and widget with it chosen."""

    label: Text
    word: str
    count: int
    url: str
    fragment_url: str
    current: bool


@dataclass(frozen=True)
class Line:
    """One invoice, with the list of what its customer has not paid; days until it is due, if it is not yet."""

    item: Item
    url: str
    due_in: int | None


def _unpaid(asked: Asked) -> dict[str, Any]:
    """The nine of the chosen status that fall due first, their sum, and the sum of all."""
    options = Options(as_of=asked.today)
    totals = item_sums(asked.client, options, UNPAID_INVOICES).currencies[asked.client.base_currency]
    chosen = _chosen(asked, totals)
    narrowed = replace(options, only=Filter(status=chosen))
    items = page_of_items(asked.client, narrowed, UNPAID_INVOICES, None)[0] if totals.by_status[chosen].items else []
    number = asked.client.organisation_number
    return {
        "currency": asked.client.base_currency,
        "chips": tuple(_chips(asked, totals, chosen)),
        "word": WORDS[chosen],
        "lines": tuple(_line(item, number, options) for item in items[:SHOWN]),
        "sum_label": SUMS[chosen],
        "sum": totals.by_status[chosen],
        "chosen_url": address("report_unpaid_invoices", number, narrowed),
        "all": Sum(totals.items, totals.open_amount),
        "all_url": address("report_unpaid_invoices", number, options),
    }


def _chosen(asked: Asked, totals: Totals) -> Status:
    """What the address says; else what is overdue, where anything is."""
    wanted = PAGE.statuses.get(asked.choices.get(CHOICE, ""))
    if wanted in STATUSES:
        return wanted
    return Status.OVERDUE if totals.by_status[Status.OVERDUE].items else Status.NOT_DUE


def _chips(asked: Asked, totals: Totals, chosen: Status) -> Iterator[Chip]:
    number = asked.client.organisation_number
    page, fragment = reverse("dashboard", args=[number]), reverse("dashboard_widget", args=[number, KEY])
    for status in STATUSES:
        count = totals.by_status[status].items
        if count or status in (chosen, Status.OVERDUE, Status.NOT_DUE):
            query = "?" + urlencode({CHOICE: WORDS[status]})
            yield Chip(STATUS_LABELS[status], WORDS[status], count, page + query, fragment + query, status == chosen)


def _line(item: Item, number: str, options: Options) -> Line:
    of_customer = replace(options, only=Filter(customers=item.customer_number))
    late = item.days_overdue or 0
    return Line(item, address("report_unpaid_invoices", number, of_customer), None if late > 0 else -late)


UNPAID_INVOICES_WIDGET = Widget(
    key=KEY,
    title=_("Unpaid invoices"),
    about=_("The invoices that have been due the longest, those not due, and those partly paid."),
    privilege=INVOICES,
    template="dashboard/_unpaid_invoices.html",
    context=_unpaid,
    wide=True,
    pulse=ledger_pulse,
)
