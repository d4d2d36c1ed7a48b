"""The tab «Historikk», and the lines of the analysis."""

import logging
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import FINANCING
from access.tenancy import client_scope
from financing.models import Agreement, Onboarding
from financing.presenters.history import checks_of, csv_lines, told_lines
from financing.presenters.lines import lines_view
from financing.presenters.shapes import address
from financing.providers.base import AnswerRefused, ProviderRejected, ProviderUnavailable
from financing.providers.registry import DEFAULT
from financing.selectors import living_agreement
from financing.selectors_credit import snapshots
from financing.services.analysis_lines import kept_lines, read_analysis_lines

log = logging.getLogger(__name__)

PAGE = 50
BEFORE = "eldre_enn"  # the id of a line: those told before it
MOST_CHECKS = 100


@require_GET
@requires(FINANCING, scope=False)
def financing_history(request: ClientRequest, client: Client) -> HttpResponse:
    """Every limit and balance that was told, newest first; `format=csv` gives all of them as a file."""
    if request.GET.get("format") == "csv":
        return _file(client)  # type: ignore[return-value]  # streamed; the gate only sets headers on it
    with client_scope(client, read_only=True):
        return _history(request, client).render()  # type: ignore[attr-defined]  # a TemplateResponse


def _history(request: ClientRequest, client: Client) -> HttpResponse:
    rows = snapshots(client).filter(agreement__provider=DEFAULT).defer("analysis")
    older = _number(request.GET.get(BEFORE, ""))
    if older:
        rows = rows.filter(id__lt=older)
    found = list(rows[: PAGE + 1])
    here = address("financing_history", client)
    checks = Onboarding.objects.for_client(client).filter(provider=DEFAULT).select_related("started_by")
    agreements = Agreement.objects.for_client(client).filter(provider=DEFAULT)
    context = {
        "told": told_lines(found, PAGE),
        "older_url": f"{here}?{urlencode({BEFORE: found[PAGE - 1].pk})}" if len(found) > PAGE else None,
        "newest_url": here if older else None,
        "file_url": f"{here}?format=csv",
        "checks": checks_of(checks.order_by("-started_at")[:MOST_CHECKS], agreements),
        "tab": "history",
    }
    return TemplateResponse(request, "financing/history.html", context)


def _file(client: Client) -> StreamingHttpResponse:
    def lines() -> Any:
        with client_scope(client, read_only=True):  # open as long as the answer is sent
            rows = snapshots(client).filter(agreement__provider=DEFAULT).select_related("agreement").defer("analysis")
            yield from csv_lines(rows.iterator(chunk_size=1000))

    name = f"fakturafinansiering-{client.organisation_number}-{timezone.localdate()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8", headers=headers)


@require_GET
@requires(FINANCING, scope=False)
def financing_lines(request: ClientRequest, client: Client) -> HttpResponse:
    """«Vis post for post»: the present analysis line by line; `grunn` shows those left out under one reason.

    The lines are read at the bank once for each analysis. Where it does not answer, those of the last one that was read.
    """
    with client_scope(client):
        agreement = living_agreement(client, DEFAULT)
    if agreement is None:
        return redirect("financing_settings", client.organisation_number)
    trouble, lines = "", None
    try:
        lines = read_analysis_lines(client=client, agreement_id=agreement.pk, now=timezone.now())
    except (ProviderUnavailable, ProviderRejected) as error:
        log.warning("the lines of agreement %s were not read: %s", agreement.pk, error)
        trouble = "refused" if isinstance(error, AnswerRefused) else "unavailable"
    with client_scope(client, read_only=True):
        lines = lines or kept_lines(client, agreement)
        page = _number(request.GET.get("side", "")) or 1
        view = lines_view(client, lines, reason=request.GET.get("grunn", ""), page=page) if lines else None
        context = {"client": client, "view": view, "trouble": trouble, "tab": "manage"}
        return TemplateResponse(request, "financing/analysis_lines.html", context).render()


def _number(text: str) -> int:
    # isdecimal alone also takes other scripts' digits; a long one is nobody's wish.
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0
