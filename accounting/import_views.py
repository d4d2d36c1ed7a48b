"""The page «Import»: files come in, their imports are followed, and what came of each stays as history."""

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import IMPORT, Level
from access.tenancy import client_scope
from accounting.import_result import result_of
from accounting.imports.received import MEGABYTE, Received, remove
from accounting.models import ImportKind, ImportRun
from accounting.services.import_kinds import FOUND_NEW, OWN_FILE
from accounting.services.import_runs import register_upload
from accounting.tasks import wake_import
from accounting.uploading import UploadRefused, receive

ON_A_PAGE = 25
FILES = "files"


# Django looks for the token before the gate, and reading it takes the files: a stranger could fill the disk. So the token
# is looked at behind the gate, in `_take`.
@csrf_exempt
@requires(IMPORT, level=Level.FULL, scope=False)
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: ClientRequest, client: Client) -> HttpResponse:
    """Where files are given, and the history."""
    if request.method != "POST":
        return _page(request, client)
    try:
        received = receive(request)
    except UploadRefused as refusal:
        return _page(request, client, error=str(refusal))
    taken = False
    try:
        response = _take(request, client, received)
        taken = getattr(response, "taken", False)
    finally:
        if not taken:
            for one in received:
                remove(one.stored)
    return response


@csrf_protect
def _take(request: ClientRequest, client: Client, received: list[Received]) -> HttpResponse:
    if not received:
        return _page(request, client, error=_("Choose at least one file."))
    options = {name: name in request.POST for name in (FOUND_NEW, OWN_FILE)}
    with client_scope(client):
        runs = register_upload(
            client=client, received=received, options=options, actor=request.user, now=timezone.now()
        )
    waiting = [run.pk for run in runs if run.under_way]
    if waiting:
        wake_import(client.pk, waiting[0])
    response = redirect("import_run", client.organisation_number, runs[0].pk)
    response.taken = True  # type: ignore[attr-defined]  # the files are the runs' now
    return response


def _page(request: HttpRequest, client: Client, error: str = "") -> HttpResponse:
    with client_scope(client, read_only=True):
        rows = ImportRun.objects.for_client(client).select_related("by").order_by("-pk")
        page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("side"))
        context = {
            "error": error,
            "page": page,
            "history": [result_of(run) for run in page],
            "most": settings.UPLOAD_MOST_BYTES // MEGABYTE,
            "most_bytes": settings.UPLOAD_MOST_BYTES,
            "most_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        }
        response = TemplateResponse(request, "imports/import.html", context, status=400 if error else 200)
        return response.render()


@requires(IMPORT, level=Level.FULL, read_only=True)
@require_safe
def import_run_page(request: ClientRequest, client: Client, run_id: int) -> HttpResponse:
    """One import: how far it has come, then what came of it. Fetched again by itself while it is under way."""
    runs = ImportRun.objects.for_client(client).select_related("by")
    run = runs.filter(pk=run_id).first()
    if run is None:
        raise Http404
    context: dict[str, Any] = {
        "result": result_of(run, request.user, live=True),
        "unidentified_url": _unidentified(client) if run.kind == ImportKind.PAYMENTS else "",
        "others": [result_of(one) for one in runs.filter(upload=run.upload).exclude(pk=run_id).order_by("pk")],
    }
    return TemplateResponse(request, "imports/run.html", context)


def _unidentified(client: Client) -> str:
    try:
        return reverse("unidentified_payments", args=[client.organisation_number])
    except NoReverseMatch:
        return ""
