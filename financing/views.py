"""The pages of invoice financing: information and consent, the way through the bank, and the agreement."""

import logging
import uuid
from datetime import timedelta
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
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
from financing.models import Consent, Onboarding, ProviderSync
from financing.presenters import credit_view, onboarding_view
from financing.providers.base import AnswerRefused, ProviderRejected, ProviderUnavailable
from financing.providers.registry import DEFAULT, provider
from financing.services.consent import valid_until
from financing.services.credit import follow_onboarding
from financing.services.onboarding import (
    AgreementLives,
    OnboardingLives,
    StateUnknown,
    ask_bank,
    begin_onboarding,
    cancel_onboarding,
    claim_reading,
    give_back_reading,
    latest_onboarding,
    living_agreement,
    living_onboarding,
    open_again,
    take_return,
)

log = logging.getLogger(__name__)

# The form's POST ends at the bank, in a new window: the page that carries it must name exactly that origin, or the
# browser stops the window after the POST has run. docs/decisions/0012-form-action-and-new-window.md
to_the_bank = csp_update({"form-action": [settings.BUFFER_BASE_URL]})


@to_the_bank
@require_GET
@requires(FINANCING)
def financing(request: ClientRequest, client: Client) -> HttpResponse:
    """Information and consent; the onboarding's own page where one lives, the agreement's where there is one."""
    if living_onboarding(client, DEFAULT):
        return redirect("financing_status", client.organisation_number)
    if living_agreement(client, DEFAULT):
        return redirect("financing_settings", client.organisation_number)
    latest = latest_onboarding(client, DEFAULT)
    if latest and "ny" not in request.GET and timezone.now() - latest.started_at < timedelta(days=1):
        return redirect("financing_status", client.organisation_number)
    return _consent_page(request, client)


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
            last_day=valid_until(today), provider_name=DEFAULT, now=timezone.now(),
        )  # fmt: skip
    except OnboardingLives as lives:
        return _open(request, client, lives.onboarding)
    except AgreementLives:
        return redirect("financing_settings", client.organisation_number)
    try:
        return HttpResponseRedirect(ask_bank(client=client, begun=begun).url, status=303)
    except (ProviderUnavailable, ProviderRejected) as error:
        return _problem(request, client, error)


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
        onboarding = _followed(client, onboarding)
        give_back_reading(client=client, onboarding=onboarding, now=timezone.now())
    fragment = request.headers.get("HX-Request") == "true"
    context = {
        "client": client,
        "onboarding": onboarding_view(client, onboarding),
        "status_url": reverse("financing_status", args=[client.organisation_number]),
        "links": _links(),
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
    return _open(request, client, onboarding)


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
        _followed(client, onboarding)
        response = HttpResponseRedirect(reverse("financing_status", args=[client.organisation_number]), status=303)
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


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
        link = provider(agreement.provider).manage_link(
            agreement.provider_reference, return_url=back, key=str(uuid.uuid4())
        )
    except (ProviderUnavailable, ProviderRejected) as error:
        return _problem(request, client, error)
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
    consent: Consent | None = agreement.onboarding.consent if agreement else None
    context = {
        "credit": credit,
        "analysis": credit.analysis if credit else None,
        "onboarding": onboarding,
        "consent": consent,
        "consent_in_force": bool(consent and consent.in_force(timezone.now())),
        "manage_url": credit.manage_url if credit else None,
        "financing_url": reverse("financing", args=[client.organisation_number]),
        "links": _links(),
    }
    return TemplateResponse(request, "financing/settings.html", context)


def _text(client: Client) -> ConsentText:
    return consent_text(
        client_name=client.name, valid_until=valid_until(timezone.localdate()), language=get_language() or "nb"
    )


def _consent_page(request: ClientRequest, client: Client, error: str = "") -> HttpResponse:
    number = client.organisation_number
    context = {
        "text": _text(client),
        "error": error,
        "start_url": reverse("financing_start", args=[number]),
        "status_url": reverse("financing_status", args=[number]),
        "cancel_url": reverse("dashboard", args=[number]),
        "valid_until": valid_until(timezone.localdate()),
        "links": _links(),
    }
    return TemplateResponse(request, "financing/consent.html", context, status=400 if error else 200)


def _scoped_consent_page(request: ClientRequest, client: Client, error: str) -> HttpResponse:
    with client_scope(client):
        return _consent_page(request, client, error).render()  # type: ignore[attr-defined]


def _open(request: ClientRequest, client: Client, onboarding: Onboarding) -> HttpResponse:
    try:
        link = open_again(client=client, onboarding=onboarding, user=request.user, now=timezone.now())
    except (ProviderUnavailable, ProviderRejected) as error:
        return _problem(request, client, error)
    return HttpResponseRedirect(link.url, status=303)


def _followed(client: Client, onboarding: Onboarding) -> Onboarding:
    """The onboarding after a look at the bank; as we know it where the bank does not answer."""
    try:
        follow_onboarding(client=client, onboarding=onboarding)
    except (ProviderUnavailable, ProviderRejected) as error:
        log.warning("onboarding %s was not read: %s", onboarding.pk, error)
    with client_scope(client):
        return Onboarding.objects.for_client(client).select_related("consent").get(pk=onboarding.pk)


def _problem(request: ClientRequest, client: Client, error: Exception) -> HttpResponse:
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


def _links() -> dict[str, str]:
    return {"info_url": settings.BUFFER_INFO_URL, "support_url": settings.SUPPORT_URL}
