"""Samtykker: every consent with its text and events, the access taken back, and given anew."""

import logging
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from kombu.exceptions import OperationalError

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import FINANCING, Level
from access.tenancy import client_scope
from financing.consent_text import ConsentText, Occasion, consent_text
from financing.models import ProviderSync
from financing.presenters.consent import access_view, consent_view, consequences_of, event_lines, parts_of
from financing.providers.registry import DEFAULT
from financing.selectors import consents_of, last_told, latest_consent, living_agreement
from financing.services.access import NothingToRenew, renew_access, renewal_of, withdraw_access
from financing.services.consent import valid_until
from financing.services.credit import figures_from
from financing.tasks import send_messages
from financing.views.common import origin_of

log = logging.getLogger(__name__)


@require_GET
@requires(FINANCING, read_only=True)
def financing_consents(request: ClientRequest, client: Client) -> HttpResponse:
    """Every consent, the present one first: who gave it, who confirmed it, until when, when it was last used."""
    now = timezone.now()
    consents = [consent_view(client, one, now) for one in consents_of(client, DEFAULT)]
    present = consents[0] if consents and consents[0].consent.ended_at is None else None
    agreement = living_agreement(client, DEFAULT)
    newest = consents[0].consent if consents else None
    context = {
        "access": access_view(client, newest, agreement, last_told(client, DEFAULT), now),
        "present": present,
        "former": consents[1:] if present else consents,
    }
    return TemplateResponse(request, "financing/consents.html", context)


@require_GET
@requires(FINANCING, read_only=True)
def financing_consent(request: ClientRequest, client: Client, consent_id: UUID) -> HttpResponse:
    """One consent: the text exactly as it was shown, its hash, and everything that happened to it."""
    found = next((one for one in consents_of(client, DEFAULT) if one.pk == consent_id), None)
    if found is None:
        raise Http404
    onboarding = found.onboardings.for_client(client).first()
    reference = onboarding.provider_reference if onboarding else ""
    context = {
        "one": consent_view(client, found, timezone.now(), reference=reference),
        "parts": parts_of(found.text),
        "events": event_lines(list(found.events.for_client(client).order_by("at", "id"))),
    }
    return TemplateResponse(request, "financing/consents_one.html", context)


@require_http_methods(["GET", "POST"])
@requires(FINANCING, level=Level.FULL, scope=False)
def financing_withdraw(request: ClientRequest, client: Client) -> HttpResponse:
    """«Trekk tilbake tilgangen»: what follows is said first (GET); then it is done (POST), and Buffer is told at once."""
    now = timezone.now()
    if request.method == "POST":
        if withdraw_access(client=client, provider_name=DEFAULT, user=request.user, now=now):
            _tell_soon()
        return redirect("financing_consents", client.organisation_number)
    with client_scope(client, read_only=True):
        consent = latest_consent(client, DEFAULT)
        if consent is None or consent.ended_at is not None:
            return redirect("financing_consents", client.organisation_number)
        agreement = living_agreement(client, DEFAULT)
        sync = ProviderSync.objects.filter(provider=DEFAULT).first()
        context = {
            "client": client,
            "consent": consent,
            "follows": consequences_of(agreement, now),
            "figures_from": figures_from(agreement, sync) if agreement else None,
        }
        return TemplateResponse(request, "financing/withdraw.html", context).render()


@require_http_methods(["GET", "POST"])
@requires(FINANCING, level=Level.FULL, scope=False)
def financing_consent_renew(request: ClientRequest, client: Client) -> HttpResponse:
    """The text anew: one button while the access stands, the tick where it ended. Needs an agreement that lives."""
    now = timezone.now()
    with client_scope(client, read_only=True):
        former = latest_consent(client, DEFAULT)
        occasion = renewal_of(former, living_agreement(client, DEFAULT), now)
    if occasion is None:
        return redirect("financing_consents", client.organisation_number)
    text, error = _text(client, occasion), ""
    if request.method == "POST":
        error = _missing(request, text)
        if not error:
            return _renewed(request, client, text)
    with client_scope(client, read_only=True):
        context: dict[str, Any] = {
            "client": client, "text": text, "error": error, "former": former, "tick": occasion == "reconnect"
        }  # fmt: skip
        page = TemplateResponse(request, "financing/renew.html", context, status=400 if error else 200)
        return page.render()


def _missing(request: ClientRequest, text: ConsentText) -> str:
    if request.POST.get("text_hash") != text.sha256:
        return _("The text has changed since you opened the page. Read it again.")
    if text.occasion == "reconnect" and request.POST.get("consent") != "1":
        return _("Tick the box above to go on.")
    return ""


def _renewed(request: ClientRequest, client: Client, text: ConsentText) -> HttpResponse:
    try:
        renew_access(
            client=client, provider_name=DEFAULT, text=text, user=request.user,
            role_name=request.rights.membership.role.name, last_day=valid_until(timezone.localdate()),
            now=timezone.now(), origin=origin_of(request),
        )  # fmt: skip
    except NothingToRenew:
        log.info("nothing to renew for %s: somebody else was first, or the agreement ended", client.pk)
    else:
        _tell_soon()
    return redirect("financing_consents", client.organisation_number)


def _text(client: Client, occasion: Occasion) -> ConsentText:
    last_day = valid_until(timezone.localdate())
    language = get_language() or "nb"
    return consent_text(client_name=client.name, valid_until=last_day, language=language, occasion=occasion)


def _tell_soon() -> None:
    """Wake the worker; where the queue is down, the tick sends what was written down."""
    try:
        send_messages.delay()
    except OperationalError as error:
        log.warning("the queue was not reached: %s", error)
