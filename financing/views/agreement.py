"""The agreement: Innstillinger › Fakturafinansiering, the way to the bank's page for it, and asking for its figures at once."""

import logging
import uuid

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
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
from financing.models import Agreement
from financing.presenters.settings import settings_context
from financing.providers.base import AnswerRefused, ManagePage, ProviderRejected, ProviderUnavailable
from financing.providers.registry import DEFAULT
from financing.selectors import living_agreement
from financing.selectors_credit import agreement_to_show
from financing.services.bank import bank
from financing.services.credit import refresh_at_once
from financing.services.seen import put_away
from financing.views.common import links, to_the_bank

log = logging.getLogger(__name__)


@require_GET
@requires(FINANCING, scope=False)
def financing_manage(request: ClientRequest, client: Client) -> HttpResponse:
    """Send this window to the bank's page for the agreement. Changes nothing here; the bank asks for BankID there."""
    with client_scope(client):
        agreement = living_agreement(client, DEFAULT)
    if agreement is None:
        return redirect("financing_settings", client.organisation_number)
    back = settings.PUBLIC_BASE_URL + reverse("financing_settings", args=[client.organisation_number])
    try:
        page = ManagePage(agreement.provider_reference, back)
        link = bank(agreement.provider).link(page, key=str(uuid.uuid4()))
    except (ProviderUnavailable, ProviderRejected) as error:
        return _no_way(request, client, agreement, error)
    return HttpResponseRedirect(link.url, status=303)


@to_the_bank
@require_GET
@requires(FINANCING)
def financing_settings(request: ClientRequest, client: Client) -> HttpResponse:
    """The tab «Administrer»: limit, used, available, how it was reckoned, what changed, and the consent."""
    context = settings_context(client, request.user, timezone.now())
    return TemplateResponse(request, "financing/settings.html", {**context, "links": links(), "tab": "manage"})


@require_POST
@requires(FINANCING, scope=False)
def financing_refresh(request: ClientRequest, client: Client) -> HttpResponse:
    """«Prøv igjen nå»: one reading of the agreement, not more often than now and then; back to where it was asked for.

    Where the bank does not answer the figures stay as old as they are, and the page says so by itself.
    """
    with client_scope(client):
        agreement = living_agreement(client, DEFAULT)
    if agreement is not None:
        try:
            refresh_at_once(client=client, agreement=agreement, now=timezone.now())
        except (ProviderUnavailable, ProviderRejected) as error:
            log.warning("agreement %s was not read: %s", agreement.pk, error)
    page = "financing_settings" if request.POST.get("fra") == "innstillinger" else "dashboard"
    return redirect(page, client.organisation_number)


@require_POST
@requires(FINANCING, scope=False)
def financing_put_away(request: ClientRequest, client: Client) -> HttpResponse:
    """She has read that the agreement is over: the card goes from her dashboard, and from nobody else's."""
    with client_scope(client):
        agreement = agreement_to_show(client, DEFAULT)
    if agreement is not None and agreement.status == "terminated":
        put_away(client=client, user=request.user, agreement=agreement, now=timezone.now())
    return redirect("dashboard", client.organisation_number)


def _no_way(request: ClientRequest, client: Client, agreement: Agreement, error: Exception) -> HttpResponse:
    """The plain page in the window that was to go to the bank: what is true of the agreement, and nothing about a check."""
    log.log(logging.ERROR if isinstance(error, AnswerRefused) else logging.WARNING, "no way to the bank: %s", error)
    later = isinstance(error, ProviderUnavailable)
    context = {
        "client": client,
        "heading": _("Buffer does not answer right now") if later else _("Buffer does not open the agreement now"),
        "message": (
            _("The agreement stands as it did, and nothing was changed. Try again in a little while.")
            if later
            else _("The agreement stands as Buffer last said it, and nothing was changed. Ask Buffer if it goes on.")
        ),
        "back_url": reverse("financing_settings", args=[client.organisation_number]),
    }
    return TemplateResponse(request, "financing/problem.html", context, status=503 if later else 502)
