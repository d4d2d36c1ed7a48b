"""The three pages of receivables reports, and the same as files."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

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
from accounting.exports.files import AT_ONCE, FORMATS, MOST, count_rows, report_file
from accounting.keeping import asked, keeping
from accounting.models import ExportFormat, Kind
from accounting.reports.aged_page import aged_page
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.closing import registered_after_closing
from accounting.reports.facets import facets
from accounting.reports.filters import Status
from accounting.reports.formats import WRITERS, Report
from accounting.reports.items import OPEN_ITEMS, UNPAID_INVOICES
from accounting.reports.items_page import SUMMARY, VIEW, items_page
from accounting.reports.open_items import open_items
from accounting.reports.options import Options
from accounting.reports.pages import STATUS_LABELS, Link, address, date_presets
from accounting.reports.position import AFTER, BEFORE, BadPosition, read_position
from accounting.reports.shown import on_page
from accounting.reports.unpaid_invoices import unpaid_invoices
from accounting.reports.words import AGED_PAGE, PAGE, PAGE_DEFAULTS, OptionErrors, Words, as_parameters, parse
from accounting.unidentified import waiting_count

_FILES = (("Excel", "xlsx"), ("PDF", "pdf"), ("CSV", "csv"), ("JSON", "json"))
_ITEM_STATUSES = tuple(Status)
_INVOICE_STATUSES = tuple(one for one in Status if one != Status.CREDIT)


@dataclass(frozen=True)
class Page:
    """One report's page: its name and its URL's, template and file name, the whole report for a file, and a page of it.

    `shown` takes client, options, position and whether it is the summary.
    """

    report_name: str
    name: str
    template: str
    file_name: str
    report: Callable[[Client, Options], Any]
    shown: Callable[..., Any]
    words: Words
    has_summary: bool = False
    tells_of_closing: bool = False

    def keys(self, *, summary: bool) -> int:
        """How many keys a position in it has."""
        return 2 if summary or self.words is AGED_PAGE else 5


OPEN_ITEMS_PAGE = Page(
    "open-items",
    "report_open_items",
    "reports/open_items.html",
    "apne-poster-kunder",
    open_items,
    partial(items_page, "report_open_items", OPEN_ITEMS, _ITEM_STATUSES),
    PAGE,
    has_summary=True,
    tells_of_closing=True,
)
AGED_RECEIVABLES_PAGE = Page(
    "aged-receivables",
    "report_aged_receivables",
    "reports/aged_receivables.html",
    "aldersfordelte-kundefordringer",
    aged_receivables,
    lambda client, options, position, **_told: aged_page(client, options, position),
    AGED_PAGE,
    tells_of_closing=True,
)
UNPAID_INVOICES_PAGE = Page(
    "unpaid-invoices",
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


def _answer(request: ClientRequest, client: Client, page: Page) -> HttpResponse:
    given = asked(request.GET)
    today, wanted = timezone.localdate(), request.GET.get("format", "")
    summary = page.has_summary and request.GET.get(VIEW) == SUMMARY
    errors: dict[str, Any] = {}
    if wanted and wanted not in (*WRITERS, *FORMATS):
        errors["format"] = _("This file format is not known. Choose Excel, PDF, CSV or JSON.")
    try:
        options = parse(given, page.words, today=today)
    except OptionErrors as wrong:
        errors |= wrong.by_field
        options = Options(as_of=today)
    try:
        position = read_position(request.GET.get(AFTER, ""), request.GET.get(BEFORE, ""), page.keys(summary=summary))
    except BadPosition:
        errors[AFTER] = _("This page of the report cannot be found again. Begin on the first page.")
    number = client.organisation_number
    if wanted in WRITERS and not errors:
        return _file(page.report(client, options), wanted, f"{page.file_name}_{number}_{options.as_of}")
    if wanted and not errors:
        return _laid_out(request, client, page, options, wanted)
    # Of a past date the auditor's first question is what was paid since.
    options = replace(options, paid_after=options.as_of < today)
    kept = {VIEW: SUMMARY} if summary else {}
    may_match = page.has_summary and not summary and not errors and request.rights.full(REPORTS)
    plain = replace(options, paid_after=False)
    form = {PAGE.name("as_of"): today.isoformat(), **PAGE_DEFAULTS}
    context = {
        "report": None if errors else page.shown(client, options, position, summary=summary, reader=request.user),
        "errors": errors,
        "form": {name: given.get(name, "").strip() or form.get(name, "") for name in page.words.names.values()},
        "choices": _choices(client, page),
        "matching": may_match and options.as_of >= today,
        "matching_today_url": address(page.name, number, replace(options, as_of=today, paid_after=False))
        if may_match and options.as_of < today
        else "",
        "after_closing": registered_after_closing(client, options.as_of) if page.tells_of_closing else None,
        "waiting_payments": waiting_count(client) if page is OPEN_ITEMS_PAGE else 0,
        "choosing": request.GET.get("velg") == "kolonner",
        "presets": date_presets(page.name, number, plain, today, **kept),
        "exports": [Link(label, address(page.name, number, options, format=name)) for label, name in _FILES],
        "keeping": None if errors else keeping(client, request.user, page.report_name, page.name, plain, kept, today),
        "shown": None
        if page.words is AGED_PAGE
        else on_page(page.report_name, options.shown, paid_after=options.paid_after),
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


def _laid_out(request: ClientRequest, client: Client, page: Page, options: Options, wanted: str) -> HttpResponse:
    """The report as Excel or PDF; one that is too large to wait for is offered to be made in the background."""
    rows = count_rows(client, page.report_name, options)
    if rows <= AT_ONCE[wanted]:
        made_by, now = str(request.user), timezone.now()
        file = report_file(client, page.report_name, options, wanted, made_by=made_by, made_at=now)
        named = {"Content-Disposition": f'attachment; filename="{file.name}"'}
        return HttpResponse(file.content, content_type=file.content_type, headers=named)
    context = {
        "report_name": page.report_name,
        "wanted": wanted,
        "format_name": ExportFormat(wanted).label,
        "rows": rows,
        "most": MOST[wanted] if rows > MOST[wanted] else None,
        "query": urlencode(as_parameters(options)),
        "back_url": address(page.name, client.organisation_number, replace(options, paid_after=False)),
    }
    return TemplateResponse(request, "exports/large.html", context)


def _file(report: Report, wanted: str, name: str) -> HttpResponse:
    write, content_type = WRITERS[wanted]
    return HttpResponse(
        write(report),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{wanted}"'},
    )
