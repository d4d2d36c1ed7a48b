"""The agreement: Innstillinger › Fakturafinansiering, and the way to the bank's page for it."""

import uuid

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import FINANCING
from access.tenancy import client_scope
from financing.models import ProviderSync
from financing.presenters.consent import access_view
from financing.presenters.credit import credit_view
from financing.providers.base import ManagePage, ProviderRejected, ProviderUnavailable
from financing.providers.registry import DEFAULT
from financing.selectors import last_told, latest_consent, latest_onboarding, living_agreement
from financing.services.bank import bank
from financing.views.common import links, problem_page, to_the_bank


@require_GET
@requires(FINANCING, scope=False)
def financing_manage(request: ClientRequest, client: Client) -> HttpResponse:
    """Send this window to the bank's page for the agreement. Changes nothing here; the bank asks for BankID there."""
    with client_scope(client):
        agreement = living_agreement(client, DEFAULT)
    if agreement is None:
        return redirect("financing", client.organisation_number)
    back = settings.PUBLIC_BASE_URL + reverse("financing_settings", args=[client.organisation_number])
    try:
        page = ManagePage(agreement.provider_reference, back)
        link = bank(agreement.provider).link(page, key=str(uuid.uuid4()))
    except (ProviderUnavailable, ProviderRejected) as error:
        return problem_page(request, client, error)
    return HttpResponseRedirect(link.url, status=303)


@to_the_bank
@require_GET
@requires(FINANCING)
def financing_settings(request: ClientRequest, client: Client) -> HttpResponse:
    """Innstillinger › Fakturafinansiering: limit, used, available, how it was reckoned, and the consent."""
    agreement = living_agreement(client, DEFAULT)
    sync = ProviderSync.objects.filter(provider=DEFAULT).first()
    credit = credit_view(client, agreement, sync, timezone.now()) if agreement else None
    onboarding = None if agreement else latest_onboarding(client, DEFAULT)
    consent = latest_consent(client, DEFAULT)
    context = {
        "credit": credit,
        "analysis": credit.analysis if credit else None,
        "onboarding": onboarding,
        "access": access_view(client, consent, agreement, last_told(client, DEFAULT), timezone.now()),
        "manage_url": credit.manage_url if credit else None,
        "financing_url": reverse("financing", args=[client.organisation_number]),
        "links": links(),
    }
    return TemplateResponse(request, "financing/settings.html", context)
