"""The widgets there are, in their order; each says who may see it and gives its own context."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.models import Client
from access.privileges import FINANCING, INVOICES, REPORTS
from accounting.reports.aged_receivables import page_of_aged_receivables
from accounting.reports.item_sums import item_sums
from accounting.reports.items import UNPAID_INVOICES, page_of_items
from accounting.reports.options import Options
from financing.models import Onboarding, ProviderSync
from financing.presenters.credit import CreditView, credit_view, waiting_view
from financing.providers.registry import DEFAULT
from financing.selectors import latest_onboarding, living_agreement

SHOWN_INVOICES = 9


@dataclass(frozen=True)
class Widget:
    """One card of the dashboard. `context` gives None where there is nothing to show."""

    key: str
    title: str | Promise
    privilege: str
    template: str
    context: Callable[[Client, date, datetime], dict[str, Any] | None]


def widgets_for(client: Client, rights: Any, today: date, now: datetime) -> list[dict[str, Any]]:
    """The cards that this person sees, each with its context. Inside the client's scope."""
    shown = []
    for widget in WIDGETS:
        if widget.privilege not in rights:
            continue
        context = widget.context(client, today, now)
        if context is not None:
            shown.append({"key": widget.key, "title": widget.title, "template": widget.template, **context})
    return shown


def _financing(client: Client, today: date, now: datetime) -> dict[str, Any] | None:
    """Appears by itself once the integration is active: the bank has redeemed the code, and the consent stands."""
    credit: CreditView | None = None
    if agreement := living_agreement(client, DEFAULT):
        credit = credit_view(client, agreement, ProviderSync.objects.filter(provider=DEFAULT).first(), now)
    elif (onboarding := latest_onboarding(client, DEFAULT)) and _active(onboarding, now):
        credit = waiting_view(client, onboarding)
    return {"credit": credit} if credit else None


def _active(onboarding: Onboarding, now: datetime) -> bool:
    consent = onboarding.consent
    return not onboarding.is_final and consent.activated_at is not None and consent.in_force(now)


def _receivables(client: Client, today: date, now: datetime) -> dict[str, Any]:
    """What customers owe today, by age."""
    report = page_of_aged_receivables(client, Options(as_of=today), None)  # the sums are of everything
    return {"report": report, "as_of": today, "report_url": _url("report_aged_receivables", client)}


def _unpaid(client: Client, today: date, now: datetime) -> dict[str, Any]:
    """The invoices that are overdue the longest."""
    options = Options(as_of=today)
    items, _previous, _following = page_of_items(client, options, UNPAID_INVOICES, None)
    totals = item_sums(client, options, UNPAID_INVOICES).currencies[client.base_currency]
    return {"items": items[:SHOWN_INVOICES], "totals": totals, "all_url": _url("report_unpaid_invoices", client)}


def _url(name: str, client: Client) -> str:
    return reverse(name, args=[client.organisation_number])


WIDGETS = (
    Widget("financing", _("Invoice financing"), FINANCING, "dashboard/_financing.html", _financing),
    Widget("receivables", _("Receivables"), REPORTS, "dashboard/_receivables.html", _receivables),
    Widget("unpaid_invoices", _("Unpaid invoices"), INVOICES, "dashboard/_unpaid_invoices.html", _unpaid),
)
