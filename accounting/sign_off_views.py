"""The page of the reconciliation: which days differ, who stood by it, and the report as it was then."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import REPORTS, Level
from accounting.exports.files import report_pdf
from accounting.models import SignOff
from accounting.reports.aged_page import Compared
from accounting.reports.closing import registered_after_closing
from accounting.reports.options import Options
from accounting.reports.pages import address
from accounting.reports.reconciliation import DifferingDay
from accounting.reports.words import PAGE, OptionErrors, Words, parse
from accounting.selectors import last_sign_off, sign_offs
from accounting.services.sign_off import (
    LONGEST,
    CommentMissing,
    CommentRefused,
    former_comments,
    sign_off,
    standing,
)

_DATE = Words({"as_of": PAGE.name("as_of")})


@dataclass(frozen=True)
class Day:
    """A day that differs, with the name of its field, what is said of it, and whether a word is missing."""

    row: DifferingDay
    field: str
    comment: str
    missing: bool


@requires(REPORTS, read_only=True)
@require_safe
def reconciliation_page(request: ClientRequest, client: Client) -> HttpResponse:
    """Which days make the sub-ledger differ from the control accounts, and who reconciled it."""
    today = timezone.localdate()
    try:
        options = parse(request.GET, _DATE, today=today)
    except OptionErrors as wrong:
        return _page(request, client, today, errors=wrong.by_field, status=400)
    return _page(request, client, options.as_of)


@requires(REPORTS, level=Level.FULL)
@require_POST
def sign_off_now(request: ClientRequest, client: Client) -> HttpResponse:
    """Keep that she stands by it, with the aged report as it is now."""
    try:
        as_of = parse(request.POST, _DATE).as_of
    except OptionErrors as wrong:
        return _page(request, client, timezone.localdate(), errors=wrong.by_field, status=400)
    said = {
        one.day: request.POST.get(_field(one.day), "")[: LONGEST + 1] for one in standing(client, as_of).days
    }  # fmt: skip
    comment = request.POST.get("kommentar", "")[: LONGEST + 1]
    options = Options(as_of=as_of)
    pdf = report_pdf(client, "aged-receivables", options, made_by=str(request.user), made_at=timezone.localtime())
    try:
        sign_off(client=client, as_of=as_of, comment=comment, of_days=said, pdf=pdf, actor=request.user)
    except CommentMissing as fault:
        told = _("Say of every difference what it is, or of all of them below.")
        if not fault.days:
            told = _("The general ledger does not cover this date: say what you have reconciled the sub-ledger with.")
        again: dict[str, Any] = {
            "errors": {"kommentar": told},
            "said": said,
            "comment": comment,
            "missing": set(fault.days),
        }
        return _page(request, client, as_of, status=400, **again)
    except CommentRefused:
        told = _("A comment has at most 1000 characters and no national identity number.")
        return _page(request, client, as_of, status=400, errors={"kommentar": told}, said=said, comment=comment)
    return redirect(f"{reverse('reconciliation', args=[client.organisation_number])}?per={as_of}")


@requires(REPORTS, read_only=True)
@require_safe
def kept_report(request: ClientRequest, client: Client, sign_off_id: int) -> HttpResponse:
    """The report as it was when it was reconciled. What is no longer what was kept is not given out as it."""
    kept = SignOff.objects.for_client(client).filter(pk=sign_off_id).first()
    if kept is None:
        raise Http404
    pdf = bytes(kept.pdf)
    if sha256(pdf).hexdigest() != kept.pdf_sha256:
        return HttpResponse(
            _("The file is not the one that was kept."), status=409, content_type="text/plain; charset=utf-8"
        )
    name = f"avstemt_{client.organisation_number}_{kept.as_of}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


def _page(
    request: ClientRequest,
    client: Client,
    as_of: date,
    *,
    errors: dict[str, Any] | None = None,
    said: dict[date, str] | None = None,
    comment: str = "",
    missing: set[date] | None = None,
    status: int = 200,
) -> HttpResponse:
    if errors and "per" in errors:  # of which day nobody knows
        context: dict[str, Any] = {
            "errors": errors,
            "as_of": as_of,
            "found": None,
            "after_closing": None,
            "back_url": _back(client, as_of),
        }
        return TemplateResponse(request, "reports/reconciliation.html", context, status=status)
    stands, signed_before = standing(client, as_of), sign_offs(client)
    former = former_comments(signed_before) if said is None else {}
    days = [
        Day(
            one,
            _field(one.day),
            said.get(one.day, "") if said is not None else former.get((str(one.day), str(one.difference)), ""),
            one.day in (missing or ()),
        )
        for one in stands.days
    ]  # fmt: skip
    signed = last_sign_off(client, as_of)
    context = {
        "as_of": as_of,
        "errors": errors or {},
        "found": Compared.of(stands.found, stands.sub_ledger) if stands.found else None,
        "sub_ledger": stands.sub_ledger,
        "days": days,
        "comment": comment,
        "longest": LONGEST,
        "may_sign": request.rights.full(REPORTS),
        "signed": signed,
        "changed": bool(signed and signed.sub_ledger != stands.sub_ledger),
        "sign_offs": signed_before,
        "after_closing": registered_after_closing(client, as_of),
        "back_url": _back(client, as_of),
    }
    return TemplateResponse(request, "reports/reconciliation.html", context, status=status)


def _back(client: Client, as_of: date) -> str:
    return address("report_aged_receivables", client.organisation_number, Options(as_of=as_of))


def _field(day: date) -> str:
    return f"kommentar-{day}"
