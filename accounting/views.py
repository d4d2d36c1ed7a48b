"""The three pages of receivables reports, and the same as files."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from access.csp import forms_may_end_at
from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import FINANCING, INVOICES, REPORTS
from accounting.models import Kind
from accounting.reports.aged_page import Compared, aged_page
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.facets import facets
from accounting.reports.filters import Status
from accounting.reports.formats import WRITERS, Report
from accounting.reports.item_sums import item_sums
from accounting.reports.items import OPEN_ITEMS, UNPAID_INVOICES
from accounting.reports.items_page import SUMMARY, VIEW, items_page
from accounting.reports.open_items import open_items
from accounting.reports.options import Options
from accounting.reports.pages import STATUS_LABELS, Link, address, date_presets
from accounting.reports.position import AFTER, BEFORE, BadPosition, read_position
from accounting.reports.reconciliation import differing_days, reconciliation
from accounting.reports.unpaid_invoices import unpaid_invoices
from accounting.reports.words import AGED_PAGE, PAGE, PAGE_DEFAULTS, OptionErrors, Words, parse

_ITEM_STATUSES = tuple(Status)
_INVOICE_STATUSES = tuple(one for one in Status if one != Status.CREDIT)


@dataclass(frozen=True)
class Page:
    """One report's page: its URL name, template and file name, the whole report for a file, and a page of it.

    `shown` takes client, options, position and whether it is the summary.
    """

    name: str
    template: str
    file_name: str
    report: Callable[[Client, Options], Any]
    shown: Callable[..., Any]
    words: Words
    has_summary: bool = False

    def keys(self, *, summary: bool) -> int:
        """How many keys a position in it has."""
        return 2 if summary or self.words is AGED_PAGE else 5


OPEN_ITEMS_PAGE = Page(
    "report_open_items",
    "reports/open_items.html",
    "apne-poster-kunder",
    open_items,
    partial(items_page, "report_open_items", OPEN_ITEMS, _ITEM_STATUSES),
    PAGE,
    has_summary=True,
)
AGED_RECEIVABLES_PAGE = Page(
    "report_aged_receivables",
    "reports/aged_receivables.html",
    "aldersfordelte-kundefordringer",
    aged_receivables,
    lambda client, options, position, **_told: aged_page(client, options, position),
    AGED_PAGE,
)
UNPAID_INVOICES_PAGE = Page(
    "report_unpaid_invoices",
    "reports/unpaid_invoices.html",
    "ubetalte-fakturaer",
    unpaid_invoices,
    partial(items_page, "report_unpaid_invoices", UNPAID_INVOICES, _INVOICE_STATUSES),
    PAGE.without("kind"),
)


@requires(REPORTS, read_only=True)
@require_safe
def open_items_page(request: ClientRequest, client: Client) -> HttpResponse:
    """«Åpne poster kunder»."""
    return _answer(request, client, OPEN_ITEMS_PAGE)


@requires(REPORTS, read_only=True)
@require_safe
def aged_receivables_page(request: ClientRequest, client: Client) -> HttpResponse:
    """«Aldersfordelte kundefordringer»."""
    return _answer(request, client, AGED_RECEIVABLES_PAGE)


@requires(INVOICES, read_only=True)
@require_safe
def unpaid_invoices_page(request: ClientRequest, client: Client) -> HttpResponse:
    """«Ubetalte fakturaer»."""
    return _answer(request, client, UNPAID_INVOICES_PAGE)


@requires(REPORTS, read_only=True)
@require_safe
def reconciliation_page(request: ClientRequest, client: Client) -> HttpResponse:
    """Which days make the sub-ledger differ from the control accounts."""
    today = timezone.localdate()
    errors: dict[str, Any] = {}
    try:
        options = parse(request.GET, Words({"as_of": PAGE.name("as_of")}), today=today)
    except OptionErrors as wrong:
        errors, options = wrong.by_field, Options(as_of=today)
    sub_ledger = item_sums(client, options, OPEN_ITEMS).currencies[client.base_currency].open_amount
    found = None if errors else reconciliation(client, options, sub_ledger)
    context = {
        "as_of": options.as_of,
        "errors": errors,
        "found": Compared.of(found, sub_ledger) if found else None,
        "days": differing_days(client, options.as_of) if found else [],
        "back_url": address(AGED_RECEIVABLES_PAGE.name, client.organisation_number, options),
    }
    status = 400 if errors else 200
    return TemplateResponse(request, "reports/reconciliation.html", context, status=status)


def _answer(request: ClientRequest, client: Client, page: Page) -> HttpResponse:
    today, wanted = timezone.localdate(), request.GET.get("format", "")
    summary = page.has_summary and request.GET.get(VIEW) == SUMMARY
    errors: dict[str, Any] = {}
    if wanted in ("xlsx", "pdf"):
        errors["format"] = _("Excel and PDF are not there yet. Choose CSV or JSON.")
    elif wanted and wanted not in WRITERS:
        errors["format"] = _("This file format is not known. Choose CSV or JSON.")
    try:
        options = parse(request.GET, page.words, today=today)
    except OptionErrors as wrong:
        errors |= wrong.by_field
        options = Options(as_of=today)
    try:
        position = read_position(request.GET.get(AFTER, ""), request.GET.get(BEFORE, ""), page.keys(summary=summary))
    except BadPosition:
        errors[AFTER] = _("This page of the report cannot be found again. Begin on the first page.")
    number = client.organisation_number
    if wanted and not errors:
        return _file(page.report(client, options), wanted, f"{page.file_name}_{number}_{options.as_of}")
    # Of a past date the auditor's first question is what was paid since.
    options = replace(options, paid_after=options.as_of < today)
    kept = {VIEW: SUMMARY} if summary else {}
    form = {PAGE.name("as_of"): today.isoformat(), **PAGE_DEFAULTS}
    context = {
        "report": None if errors else page.shown(client, options, position, summary=summary, reader=request.user),
        "errors": errors,
        "form": {name: request.GET.get(name, "").strip() or form.get(name, "") for name in page.words.names.values()},
        "choices": _choices(client, page),
        "presets": date_presets(page.name, number, replace(options, paid_after=False), today, **kept),
        "exports": [
            Link(label, address(page.name, number, options, format=name))
            for label, name in (("CSV", "csv"), ("JSON", "json"))
        ],
        "may_set": request.rights.full(REPORTS),
        "back": request.get_full_path(),
        "financing_url": reverse("financing", args=[number]) if FINANCING in request.rights else None,
    }
    response = TemplateResponse(request, page.template, context, status=400 if errors else 200)
    if context["financing_url"]:  # the dialog of its button has a form that ends at the bank, in a new window
        forms_may_end_at(response, settings.BUFFER_BASE_URL)
    return response


def _choices(client: Client, page: Page) -> dict[str, Any]:
    """What the filter's fields offer: what there is of it in the books, and words for the rest."""
    found = facets(client)
    return {
        "kinds": [(word, Kind(kind).label) for word, kind in PAGE.kinds.items()] if page.words.name("kind") else [],
        "statuses": [(word, STATUS_LABELS[status]) for word, status in PAGE.statuses.items()],
        "departments": found.departments,
        "projects": found.projects,
        "currencies": found.currencies if found.currencies != [client.base_currency] else [],
    }


def _file(report: Report, wanted: str, name: str) -> HttpResponse:
    write, content_type = WRITERS[wanted]
    return HttpResponse(
        write(report),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{wanted}"'},
    )
