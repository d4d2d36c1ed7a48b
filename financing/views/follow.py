"""The way through the bank: where it stands, a new window, giving up, and coming back."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from access.decorators import ClientRequest, requires
from access.errors import forbidden
from access.models import Client
from access.privileges import FINANCING
from access.tenancy import client_scope
from financing.presenters.onboarding import onboarding_view
from financing.providers.registry import DEFAULT
from financing.selectors import (
    invoices_without_organisation_number,
    last_way_out,
    latest_onboarding,
    living_agreement,
    living_onboarding,
)
from financing.services.onboarding import cancel_onboarding
from financing.services.onboarding_reading import claim_reading, give_back_reading
from financing.services.returning import RightLost, StateUnknown, state_hash, take_return
from financing.views.common import followed, links, to_the_bank, to_the_window

RETURNED = "financing_returned"  # in the session: the state's hash and the bank's id, until she has signed in again


@to_the_bank
@require_GET
@requires(FINANCING, scope=False)
def financing_status(request: ClientRequest, client: Client) -> HttpResponse:
    """Where the onboarding stands; as a fragment for the page that follows along. Reads the bank, but not at every poll."""
    with client_scope(client):
        onboarding = latest_onboarding(client, DEFAULT)
    if onboarding is None:
        return redirect("financing", client.organisation_number)
    now = timezone.now()
    if not onboarding.is_final and claim_reading(client=client, onboarding=onboarding, now=now):
        onboarding = followed(client, onboarding)
        give_back_reading(client=client, onboarding=onboarding, now=timezone.now())
    with client_scope(client):
        last = last_way_out(onboarding)
        too_few = onboarding.status == "rejected" and onboarding.reason == "too_few_receivables"
        unnumbered = invoices_without_organisation_number(client) if too_few else 0
    fragment = request.headers.get("HX-Request") == "true"
    context = {
        "client": client,
        "fragment": fragment,
        "identity": onboarding.pk,
        "onboarding": onboarding_view(client, onboarding, last, request.user, timezone.now(), unnumbered),
        "status_url": reverse("financing_status", args=[client.organisation_number]),
        "links": links(),
    }
    return TemplateResponse(request, "financing/_status.html" if fragment else "financing/status.html", context)


@require_POST
@requires(FINANCING, scope=False)
def financing_link(request: ClientRequest, client: Client) -> HttpResponse:
    """A new page at the bank for the onboarding that lives."""
    with client_scope(client):
        onboarding = living_onboarding(client, DEFAULT)
    if onboarding is None:
        return redirect("financing", client.organisation_number)
    return to_the_window(request, client, onboarding)


@require_POST
@requires(FINANCING, scope=False)
def financing_cancel(request: ClientRequest, client: Client) -> HttpResponse:
    """The company gives up before there is an agreement: the access ends at once."""
    with client_scope(client):
        onboarding, agreement = latest_onboarding(client, DEFAULT), living_agreement(client, DEFAULT)
    if agreement is not None and agreement.status != "offered":
        # There is an account already: what follows from ending the access is told before it is done.
        return redirect("financing_withdraw", client.organisation_number)
    if onboarding and not onboarding.is_final:
        cancel_onboarding(client=client, onboarding=onboarding, user=request.user, now=timezone.now())
    return redirect("financing_status", client.organisation_number)


@login_not_required  # whose session has ended signs in first; the state must not follow in the address of that
@require_GET
def financing_return(request: HttpRequest) -> HttpResponse:
    """The bank sends the browser back here. It proves nothing: we read the bank, and go on to a clean address."""
    response = _returned(request)
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def _returned(request: HttpRequest) -> HttpResponse:
    if "prefetch" in request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", ""):
        return HttpResponse(status=503)  # a browser that looks ahead uses nothing up, and asks again when it is meant
    if "state" in request.GET:
        hashed, reference = state_hash(request.GET["state"]), request.GET.get("onboarding", "")[:100]
    else:
        hashed, reference = request.session.pop(RETURNED, ("", ""))
    if not request.user.is_authenticated:
        request.session[RETURNED] = (hashed, reference)
        return redirect_to_login(reverse("financing_return"))
    try:
        client, onboarding = take_return(
            hashed=hashed, provider_reference=reference, user=request.user, now=timezone.now()
        )
    except StateUnknown:
        context = {
            "heading": _("This way back is no longer valid"),
            "message": _("Nothing was changed. Go to the company's dashboard to see where it stands."),
            "back_url": reverse("home"),
        }
        return TemplateResponse(request, "financing/problem.html", context, status=400)
    except RightLost as error:
        return forbidden(request, error)
    followed(client, onboarding)
    return HttpResponseRedirect(reverse("financing_status", args=[client.organisation_number]), status=303)
