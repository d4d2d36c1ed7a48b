"""Hva Buffer har lest: every reading of the provider, by month, by day, and one with its rows."""

import csv
import io
import re
from datetime import date

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import FINANCING
from accounting.models import Kind
from financing.models import DataAccess
from financing.readings import lines_of_day, lines_of_file, month_of_readings, rows_of

LINES, ROWS = 200, 100  # on one page


@require_GET
@requires(FINANCING, read_only=True)
def financing_accesses(request: ClientRequest, client: Client) -> HttpResponse:
    """A month, summed per day (`?maned=2026-11`), also as a file (`&format=csv`)."""
    month = month_of_readings(client, _month(request.GET.get("maned", "")))
    if month and request.GET.get("format") == "csv":
        return _file(client, month.first)
    return TemplateResponse(request, "financing/accesses.html", {"month": month})


@require_GET
@requires(FINANCING, read_only=True)
def financing_accesses_day(request: ClientRequest, client: Client, day: str) -> HttpResponse:
    """One day, reading by reading; those that brought nothing are folded."""
    wanted = _date(day)
    lines = lines_of_day(client, wanted)
    page = Paginator(lines, LINES).get_page(request.GET.get("side"))
    return TemplateResponse(request, "financing/accesses_day.html", {"day": wanted, "page": page})


@require_GET
@requires(FINANCING, read_only=True)
def financing_access(request: ClientRequest, client: Client, access_id: int) -> HttpResponse:
    """One reading: when, what was asked for, and the rows as they are now."""
    reading = DataAccess.objects.for_client(client).filter(pk=access_id).select_related("consent").first()
    if reading is None:
        raise Http404
    page = Paginator(reading.item_ids, ROWS).get_page(request.GET.get("side"))
    rows = rows_of(client, list(page.object_list))
    context = {
        "reading": reading,
        "page": page,
        "rows": [(row, Kind(row.kind).label) for row in rows],
        "gone": len(page.object_list) - len(rows),
    }
    return TemplateResponse(request, "financing/access.html", context)


def _file(client: Client, first: date) -> HttpResponse:
    out = io.StringIO()
    csv.writer(out).writerows(lines_of_file(client, first))
    name = f"buffer-lesinger-{client.organisation_number}-{first:%Y-%m}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _month(text: str) -> date | None:
    """The first day of `2026-11`; None where none was asked for. 404 for what is no month."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
        raise Http404
    return _date(text + "-01")


def _date(text: str) -> date:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year <= 2199:
        raise Http404
    return found
