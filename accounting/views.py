"""The three pages of receivables reports, and the same as files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import FINANCING, INVOICES, REPORTS
from accounting.reports.aged_page import aged_page
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.formats import WRITERS, Report
from accounting.reports.items_page import items_page
from accounting.reports.open_items import open_items
from accounting.reports.options import AGED_PAGE, PAGE, PAGE_DEFAULTS, OptionErrors, Options, Words, parse
from accounting.reports.pages import Link, address, date_presets
from accounting.reports.unpaid_invoices import unpaid_invoices


@dataclass(frozen=True)
class Page:
    """One report's page: its URL name, template and file name, the report, and how the page shows it."""

    name: str
    template: str
    file_name: str
    report: Callable[[Client, Options], Any]
    shown: Callable[[Any], Any]
    words: Words = PAGE


OPEN_ITEMS = Page(
    "report_open_items",
    "reports/open_items.html",
    "apne-poster-kunder",
    open_items,
    lambda report: items_page("report_open_items", report),
)
AGED_RECEIVABLES = Page(
    "report_aged_receivables",
    "reports/aged_receivables.html",
    "aldersfordelte-kundefordringer",
    aged_receivables,
    aged_page,
    AGED_PAGE,
)
UNPAID_INVOICES = Page(
    "report_unpaid_invoices",
    "reports/unpaid_invoices.html",
    "ubetalte-fakturaer",
    unpaid_invoices,
    lambda report: items_page("report_unpaid_invoices", report),
)


@requires(REPORTS, read_only=True)
@require_safe
def open_items_page(request: ClientRequest, client: Client) -> HttpResponse:
    """«Åpne poster kunder»."""
    return _answer(request, client, OPEN_ITEMS)


@requires(REPORTS, read_only=True)
@require_safe
def aged_receivables_page(request: ClientRequest, client: Client) -> HttpResponse:
    """«Aldersfordelte kundefordringer»."""
    return _answer(request, client, AGED_RECEIVABLES)


@requires(INVOICES, read_only=True)
@require_safe
def unpaid_invoices_page(request: ClientRequest, client: Client) -> HttpResponse:
    """«Ubetalte fakturaer»."""
    return _answer(request, client, UNPAID_INVOICES)


def _answer(request: ClientRequest, client: Client, page: Page) -> HttpResponse:
    today = timezone.localdate()
    wanted = request.GET.get("format", "")
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
    report = None if errors else page.report(client, options)
    if report is not None and wanted:
        return _file(report, wanted, f"{page.file_name}_{client.organisation_number}_{options.as_of}")
    number = client.organisation_number
    form = {PAGE.as_of: today.isoformat(), **PAGE_DEFAULTS}
    context = {
        "report": None if report is None else page.shown(report),
        "errors": errors,
        "form": {name: request.GET.get(name, "").strip() or default for name, default in form.items()},
        "presets": date_presets(page.name, number, options, today),
        "exports": [
            Link(label, address(page.name, number, options, format=name))
            for label, name in (("CSV", "csv"), ("JSON", "json"))
        ],
        "financing_url": reverse("financing", args=[number]) if FINANCING in request.rights else None,
    }
    return TemplateResponse(request, page.template, context, status=400 if errors else 200)


def _file(report: Report, wanted: str, name: str) -> HttpResponse:
    write, content_type = WRITERS[wanted]
    return HttpResponse(
        write(report),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{wanted}"'},
    )
