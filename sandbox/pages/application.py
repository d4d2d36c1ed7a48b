"""The application: where it stands, the offer, and the company's answer to it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from sandbox import account, applications, links, present, reckoning
from sandbox.models import Onboarding
from sandbox.pages.bankid import bound_to, no_authority, see_other, signed_out
from sandbox.pages.words import REASONS, money, shown_lines
from sandbox.people import PEOPLE

MOST_LINES = 200


@require_GET
def show(request: HttpRequest, id: str) -> HttpResponse:
    """Where the application stands, for the person who signed in for it."""
    bound = bound_to(request, "onboarding", id)
    if bound is None:
        return signed_out(request)
    one = Onboarding.objects.get(pk=id)
    context: dict[str, Any] = {"one": one, "back": bound["back"], "person": PEOPLE[bound["person"]], "reasons": REASONS}
    if one.status == "identified" and one.identified_as == PEOPLE[bound["person"]].name:
        one = context["one"] = applications.identify(id, bound["person"])
    may_act = applications.may_act(one, bound["person"])
    if one.status == "analysing" and may_act and not one.needs_grant:
        reckoning.attend(one.pk)
        one.refresh_from_db()
    if one.status in ("analysing", "offered") and not may_act:
        return no_authority(request, one, bound["person"], bound["back"])
    last = one.analyses.order_by("-created_at").first()
    if last is not None:
        context["analysis"] = {
            "outstanding": last.outstanding, "eligible": last.eligible, "limit": last.limit, "as_of": last.as_of,
            "rate": present.ADVANCE_PERCENT,
        }  # fmt: skip
        context["lines"], context["more_lines"] = shown_lines(one, last, MOST_LINES)
    response = render(request, "sandbox/application.html", context)
    response.form_origin = links.origin(bound["back"])  # type: ignore[attr-defined]
    if one.status in ("identified", "analysing"):
        response["Refresh"] = "3"
    return response


@require_POST
def accept(request: HttpRequest, id: str) -> HttpResponse:
    """«Godta og åpne konto»; the form carries the limit that was shown, so that nobody accepts another."""
    return _answer(request, id, lambda: applications.accept(id, request.POST.get("limit", "")))


@require_POST
def decline(request: HttpRequest, id: str) -> HttpResponse:
    """«Avslå»."""
    return _answer(request, id, lambda: applications.decline(id))


def _answer(request: HttpRequest, id: str, act: Any) -> HttpResponse:
    bound = bound_to(request, "onboarding", id)
    if bound is None:
        return signed_out(request)
    one = Onboarding.objects.get(pk=id)
    if not one.is_final and not applications.may_act(one, bound["person"]):
        return no_authority(request, one, bound["person"], bound["back"])
    try:
        act()
    except applications.OfferChanged:
        return redirect("bank_application", id)
    request.session.flush()
    return see_other(bound["back"])


@require_GET
def terms(request: HttpRequest) -> HttpResponse:
    """The terms that every offer names."""
    context = {
        "interest": account.ANNUAL_INTEREST,
        "effective": account.effective_annual_percent(),
        "notice": reckoning.NOTICE_DAYS,
        "nothing": money(account.ZERO),
    }
    return render(request, "sandbox/terms.html", context)
