"""The page «Logg» of a company, and its lines as a file. Administrators only: nobody else has the right to roles."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from access.audit_chain import WHAT, fault_among
from access.audit_page import (
    FILE_ROWS,
    SYSTEM,
    Page,
    Unreadable,
    Wanted,
    csv_of,
    lines_of,
    page_of,
    people_of,
    read_wanted,
)
from access.audit_words import GROUPS
from access.decorators import ClientRequest, requires
from access.models import AuditChain, Client
from access.privileges import ROLES
from access.services import write_audit


@requires(ROLES, read_only=True)
@require_safe
def audit_log(request: ClientRequest, client: Client) -> HttpResponse:
    """Newest first; filter and place in the list stand in the address."""
    return _page(request, client)


@requires(ROLES)
@require_POST
def audit_log_file(request: ClientRequest, client: Client) -> HttpResponse:
    """What the page's filter leaves, as CSV. That it was taken out is itself a line of the log."""
    try:
        wanted = read_wanted(request.POST)
    except Unreadable as unreadable:
        return _page(request, client, unreadable.by_field)
    text, count, _cut = csv_of(client, wanted)
    details = {"lines": count, "narrowed": wanted.query()}
    role = request.rights.membership.role.name
    write_audit(action="log.exported", client=client, actor=request.user, role_name=role, details=details)
    name = f"logg_{client.organisation_number}_{timezone.localdate()}.csv"
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _page(request: HttpRequest, client: Client, errors: dict[str, str] | None = None) -> HttpResponse:
    wanted, page, errors = Wanted(), Page(), dict(errors or {})
    if not errors:
        try:
            wanted = read_wanted(request.GET)
        except Unreadable as unreadable:
            errors = unreadable.by_field
        else:
            page = page_of(client, wanted)
    form = {name: request.GET.get(name, "") for name in ("gruppe", "person", "fra", "til", "sok")}
    context = {
        "page": page,
        "wanted": wanted,
        "errors": errors,
        "form": form,
        "groups": list(GROUPS.items()),
        "people": people_of(client),
        "system": SYSTEM,
        "chain": _chain(client, page),
        "file_rows": FILE_ROWS,
        "more_than_a_file": bool(page.older) and lines_of(client, wanted)[FILE_ROWS : FILE_ROWS + 1].exists(),
    }
    return TemplateResponse(request, "access/log.html", context, status=400 if errors else 200)


def _chain(client: Client, page: Page) -> dict[str, Any]:
    """How the chain stands: its fault by the last whole verification, else among the lines shown; and when it was verified."""
    kept = AuditChain.objects.for_client(client).first()
    fault = kept.fault_number if kept else None
    what = WHAT.get(kept.fault, kept.fault) if kept and kept.fault else ""
    if fault is None and page.lines:
        fault = fault_among(client, [one.entry for one in page.lines])
        what = WHAT["changed"] if fault is not None else ""
    return {
        "fault": fault,
        "what": what,
        "verified_at": kept.verified_at if kept else None,
        "verified_number": kept.verified_number if kept else None,
    }
