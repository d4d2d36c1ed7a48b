"""The way through the bank: where it stands, a new window, giving up, and coming back."""

import logging

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import FINANCING
from access.tenancy import client_scope
from financing.presenters.onboarding import onboarding_view
from financing.providers.base import ProviderRejected, ProviderUnavailable
from financing.providers.registry import DEFAULT
from financing.selectors import latest_onboarding, living_onboarding
from financing.services.onboarding import (
    cancel_onboarding,
)
from financing.services.onboarding_reading import claim_reading, give_back_reading
from financing.services.returning import StateUnknown, take_return
from financing.views.common import followed, links, to_the_bank, to_the_window

log = logging.getLogger(__name__)


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
    fragment = request.headers.get("HX-Request") == "true"
    context = {
        "client": client,
        "onboarding": onboarding_view(client, onboarding),
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
        onboarding = latest_onboarding(client, DEFAULT)
    if onboarding and not onboarding.is_final:
        try:
            cancel_onboarding(client=client, onboarding=onboarding, user=request.user, now=timezone.now())
        except (ProviderUnavailable, ProviderRejected) as error:
            log.warning("the bank did not take the cancelling of %s: %s", onboarding.pk, error)
    return redirect("financing_status", client.organisation_number)


@require_GET
def financing_return(request: HttpRequest) -> HttpResponse:
    """The bank sends the browser back here. It proves nothing: we read the bank, and go on to a clean address."""
    try:
        client, onboarding = take_return(
            state=request.GET.get("state", ""),
            provider_reference=request.GET.get("onboarding", ""),
            user=request.user,  # type: ignore[arg-type]  # LoginRequiredMiddleware
            now=timezone.now(),
        )
    except StateUnknown:
        response: HttpResponse = TemplateResponse(
            request,
            "financing/problem.html",
            {
                "heading": _("This way back is no longer valid"),
                "message": _("Nothing was changed. Go to the company's dashboard to see where it stands."),
                "back_url": reverse("home"),
            },
            status=400,
        )
    else:
        followed(client, onboarding)
        response = HttpResponseRedirect(reverse("financing_status", args=[client.organisation_number]), status=303)
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
