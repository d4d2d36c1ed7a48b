"""«Eksporter»: files that are made in the background, fetched by who asked for them; and views of reports under a name."""

from typing import NoReturn
from uuid import UUID

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import privilege
from accounting.exports.files import FORMATS, MOST, count_rows
from accounting.exports.pdf import CONTENT_TYPE as PDF_TYPE
from accounting.exports.xlsx import CONTENT_TYPE as XLSX_TYPE
from accounting.keeping import asked
from accounting.models import ExportJob, ExportState, ReportName
from accounting.reports.items_page import SUMMARY, VIEW
from accounting.reports.options import Options
from accounting.reports.words import OptionErrors, parse
from accounting.services.exports import KEPT, PRIVILEGE, UNDER_WAY, ReportTooLarge, TooManyExports, ask_export
from accounting.services.saved_views import MOST_VIEWS, NameMissing, TooManyViews, remove_view, save_view
from accounting.views import AGED_RECEIVABLES_PAGE, OPEN_ITEMS_PAGE, UNPAID_INVOICES_PAGE, Page

PAGES = {page.report_name: page for page in (OPEN_ITEMS_PAGE, AGED_RECEIVABLES_PAGE, UNPAID_INVOICES_PAGE)}
_TYPES = {"xlsx": XLSX_TYPE, "pdf": PDF_TYPE}
_SHOWN = 50  # of the last seven days


@requires(None)
@require_http_methods(["GET", "HEAD", "POST"])
def exports_page(request: ClientRequest, client: Client) -> HttpResponse:
    """The person's own exports of this company, newest first; POST asks for another."""
    error = _ask(request, client) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return HttpResponseRedirect(reverse("exports", args=[client.organisation_number]))
    mine = ExportJob.objects.for_client(client).filter(person=request.user).defer("content")
    jobs = list(mine.order_by("-asked_at", "-pk")[:_SHOWN])
    context = {
        "jobs": [(job, _options_of(job)) for job in jobs],
        "under_way": any(job.state in UNDER_WAY for job in jobs),
        "days": KEPT.days,
        "error": error,
        "done": ExportState.DONE,
        "failed": ExportState.FAILED,
    }
    return TemplateResponse(request, "exports/exports.html", context, status=400 if error else 200)


@requires(None, read_only=True)
@require_safe
def export_file(request: ClientRequest, client: Client, export_key: UUID) -> HttpResponse:
    """The file of one export: of another person or company it is 404, and who lost the right meanwhile is refused."""
    job = (
        ExportJob.objects.for_client(client).filter(key=export_key, person=request.user, state=ExportState.DONE).first()
    )
    if job is None or job.content is None or job.expires_at is None or job.expires_at <= timezone.now():
        raise Http404
    _check(request, job.report)
    return HttpResponse(
        bytes(job.content),
        content_type=_TYPES[job.format],
        headers={"Content-Disposition": f'attachment; filename="{job.file_name}"'},
    )


@requires(None)
@require_POST
def save_view_page(request: ClientRequest, client: Client) -> HttpResponse:
    """Keeps the view under a name and leads back to it."""
    page, options = _report_of(request)
    query = QueryDict(request.POST.get("sporring", ""))
    more = {VIEW: SUMMARY} if page.has_summary and query.get(VIEW) == SUMMARY else {}
    name, error = request.POST.get("navn", ""), ""
    try:
        save_view(client=client, person=request.user, report=page.report_name, name=name, options=options, more=more)
    except NameMissing:
        error = _("Give the view a name of at most 60 characters.")
    except TooManyViews:
        error = _("There is room for {most} views of a report. Delete one first.").format(most=MOST_VIEWS)
    back = _back(client, page, query)
    if error:
        context = {
            "error": error,
            "name": name,
            "report_name": page.report_name,
            "query": query.urlencode(),
            "back_url": back,
        }
        return TemplateResponse(request, "exports/view_name.html", context, status=400)
    return HttpResponseRedirect(back)


@requires(None)
@require_POST
def remove_view_page(request: ClientRequest, client: Client, saved_view_id: int) -> HttpResponse:
    """Forgets one of the person's views and leads back to the report."""
    page, _options = _report_of(request)
    remove_view(client=client, person=request.user, pk=saved_view_id)
    return HttpResponseRedirect(_back(client, page, QueryDict(request.POST.get("sporring", ""))))


def _ask(request: ClientRequest, client: Client) -> str:
    """What is wrong with the wish, in words; empty where it is in line."""
    page, options = _report_of(request)
    wanted = request.POST.get("format", "")
    if wanted not in FORMATS:
        raise BadRequest
    rows = count_rows(client, page.report_name, options)
    try:
        ask_export(
            client=client, person=request.user, report=page.report_name, options=options, wanted=wanted, rows=rows,
            now=timezone.now(),
        )  # fmt: skip
    except TooManyExports:
        return _("You have five exports under way. Wait until one of them is ready.")
    except ReportTooLarge:
        return _("The report has more than {most} rows. Narrow it, or take it as CSV.").format(most=MOST[wanted])
    return ""


def _report_of(request: ClientRequest) -> tuple[Page, Options]:
    """The report that a form of ours names, with its options; the person must have the right to it."""
    name = request.POST.get("rapport", "")
    page = PAGES.get(name)
    if page is None:
        raise BadRequest
    _check(request, name)
    try:
        return page, parse(asked(QueryDict(request.POST.get("sporring", ""))), page.words, today=timezone.localdate())
    except OptionErrors:
        raise BadRequest from None


def _check(request: ClientRequest, report: str) -> None:
    wanted = PRIVILEGE[ReportName(report)]
    if wanted not in request.rights:
        _refuse(request, wanted)


def _refuse(request: ClientRequest, wanted: str) -> NoReturn:
    request.refused = privilege(wanted)
    raise PermissionDenied


def _back(client: Client, page: Page, query: QueryDict) -> str:
    address = reverse(page.name, args=[client.organisation_number])
    return f"{address}?{query.urlencode()}" if query else address


def _options_of(job: ExportJob) -> Options | None:
    """What the job asks for; None where a later version no longer understands it."""
    try:
        return parse(QueryDict(job.query), PAGES[job.report].words)
    except OptionErrors:
        return None
