"""Information and consent, and the first step to the bank."""

from datetime import timedelta

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import FINANCING
from access.tenancy import client_scope
from financing.consent_text import ConsentText, consent_text
from financing.models import Onboarding
from financing.presenters.words import clock
from financing.providers.base import ProviderRejected, ProviderUnavailable
from financing.providers.registry import DEFAULT
from financing.selectors import latest_onboarding, living_agreement, living_onboarding
from financing.services.consent import valid_until
from financing.services.onboarding import (
    AgreementLives,
    OnboardingLives,
    ask_bank,
    begin_onboarding,
)
from financing.views.common import links, origin_of, problem_page, to_the_bank, to_the_window


@to_the_bank
@require_GET
@requires(FINANCING)
def financing(request: ClientRequest, client: Client) -> HttpResponse:
    """Information and consent, as a page or as what a dialog shows (`?dialog=1`).

    Where an onboarding lives, or has just ended, its own page; where there is an agreement, the agreement's.
    """
    elsewhere = _elsewhere(request, client)
    if elsewhere and "dialog" in request.GET:  # the page under the dialog goes there, not the dialog
        return HttpResponse(status=204, headers={"HX-Redirect": reverse(elsewhere, args=[client.organisation_number])})
    return redirect(elsewhere, client.organisation_number) if elsewhere else _consent_page(request, client)


def _elsewhere(request: ClientRequest, client: Client) -> str:
    if living_onboarding(client, DEFAULT):
        return "financing_status"
    if living_agreement(client, DEFAULT):
        return "financing_settings"
    latest = latest_onboarding(client, DEFAULT)
    just_ended = latest and "ny" not in request.GET and timezone.now() - latest.started_at < timedelta(days=1)
    return "financing_status" if just_ended else ""


@to_the_bank
@require_POST
@requires(FINANCING, scope=False)
def financing_start(request: ClientRequest, client: Client) -> HttpResponse:
    """The tick: store the consent, begin at the bank, and send this window there."""
    today = timezone.localdate()
    text = _text(client)
    if request.POST.get("consent") != "1":
        return _scoped_consent_page(request, client, _("Tick the box above to go on."))
    if request.POST.get("text_hash") != text.sha256:
        return _scoped_consent_page(
            request, client, _("The text has changed since you opened the page. Read it again.")
        )
    try:
        begun = begin_onboarding(
            client=client, user=request.user, role_name=request.rights.membership.role.name, text=text,
            last_day=valid_until(today), provider_name=DEFAULT, now=timezone.now(), origin=origin_of(request),
        )  # fmt: skip
    except OnboardingLives as lives:
        if lives.onboarding.started_by_id != request.user.pk:
            return _under_way(request, client, lives.onboarding)
        return to_the_window(request, client, lives.onboarding)
    except AgreementLives:
        return redirect("financing_settings", client.organisation_number)
    try:
        return HttpResponseRedirect(ask_bank(client=client, begun=begun).url, status=303)
    except (ProviderUnavailable, ProviderRejected) as error:
        return problem_page(request, client, error)


def _under_way(request: ClientRequest, client: Client, onboarding: Onboarding) -> HttpResponse:
    """Of two people who begin at once the second reads who was first, and may go on with that one."""
    context = {
        "client": client,
        "heading": _("A check is under way already"),
        "message": _("Started by %(name)s on %(time)s. You can go on with the same one.")
        % {"name": onboarding.consent.given_by_name, "time": clock(onboarding.started_at)},
        "link_url": reverse("financing_link", args=[client.organisation_number]),
        "back_url": reverse("financing_status", args=[client.organisation_number]),
    }
    return TemplateResponse(request, "financing/problem.html", context, status=409)


def _text(client: Client) -> ConsentText:
    return consent_text(
        client_name=client.name, valid_until=valid_until(timezone.localdate()), language=get_language() or "nb"
    )


def _consent_page(request: ClientRequest, client: Client, error: str = "") -> HttpResponse:
    number = client.organisation_number
    latest = latest_onboarding(client, DEFAULT)
    context = {
        "latest": latest.pk if latest else "",
        "text": _text(client),
        "error": error,
        "start_url": reverse("financing_start", args=[number]),
        "status_url": reverse("financing_status", args=[number]),
        "cancel_url": reverse("dashboard", args=[number]),
        "valid_until": valid_until(timezone.localdate()),
        "links": links(),
    }
    template = "financing/_dialog.html" if "dialog" in request.GET else "financing/consent.html"
    return TemplateResponse(request, template, context, status=400 if error else 200)


def _scoped_consent_page(request: ClientRequest, client: Client, error: str) -> HttpResponse:
    with client_scope(client):
        return _consent_page(request, client, error).render()  # type: ignore[attr-defined]
