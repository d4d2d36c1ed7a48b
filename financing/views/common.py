"""What the pages of financing share: the way to the bank's window, and the plain page where there is none."""

import ipaddress
import logging
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.decorators import ClientRequest
from access.models import Client
from access.tenancy import client_scope
from financing.models import Onboarding
from financing.providers.base import AnswerRefused, ProviderRejected, ProviderUnavailable
from financing.services.consent import Origin
from financing.services.credit import follow_onboarding
from financing.services.onboarding import OnboardingEnds, open_again

log = logging.getLogger(__name__)

# The form's POST ends at the bank, in a new window: the page that carries it must name exactly that origin, or the
# browser stops the window after the POST has run. docs/decisions/0012-form-action-and-new-window.md
to_the_bank = csp_update({"form-action": [settings.BUFFER_BASE_URL]})


def to_the_window(request: ClientRequest, client: Client, onboarding: Onboarding) -> HttpResponse:
    """This window goes to a new page at the bank for an onboarding that lives."""
    try:
        link = open_again(client=client, onboarding=onboarding, user=request.user, now=timezone.now())
    except OnboardingEnds:
        return redirect("financing_status", client.organisation_number)
    except (ProviderUnavailable, ProviderRejected) as error:
        return problem_page(request, client, error)
    return HttpResponseRedirect(link.url, status=303)


def followed(client: Client, onboarding: Onboarding) -> Onboarding:
    """The onboarding after a look at the bank; as we know it where the bank does not answer."""
    try:
        follow_onboarding(client=client, onboarding=onboarding)
    except (ProviderUnavailable, ProviderRejected) as error:
        log.warning("onboarding %s was not read: %s", onboarding.pk, error)
    with client_scope(client):
        return Onboarding.objects.for_client(client).select_related("consent").get(pk=onboarding.pk)


def problem_page(request: ClientRequest, client: Client, error: Exception) -> HttpResponse:
    """A plain page in the window that was to go to the bank."""
    if isinstance(error, AnswerRefused):
        log.error("an answer of the bank was refused: %s", error)
    log.warning("no way to the bank: %s", error)
    later = isinstance(error, ProviderUnavailable)
    context: dict[str, Any] = {
        "client": client,
        "heading": _("Buffer does not answer right now") if later else _("Buffer did not accept the request"),
        "message": (
            _("Nothing is lost. We keep trying, and you can try again in a little while.")
            if later
            else _("Nothing is borrowed. See where it stands, or start again.")
        ),
        "back_url": reverse("financing_status", args=[client.organisation_number]),
    }
    return TemplateResponse(request, "financing/problem.html", context, status=503 if later else 502)


def origin_of(request: HttpRequest) -> Origin:
    """From where a consent is given: behind our own proxies (PROXY_HOPS) the address that the outermost one saw."""
    address, hops = request.META.get("REMOTE_ADDR", ""), settings.PROXY_HOPS
    said = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    if hops and len(said) >= hops:
        address = said[-hops]
    try:
        ip = str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        ip = None  # a socket without an address
    agent = "".join(sign for sign in request.headers.get("User-Agent", "") if sign.isprintable())
    return Origin(ip, agent)


def links() -> dict[str, str]:
    return {"info_url": settings.BUFFER_INFO_URL, "support_url": settings.SUPPORT_URL}
