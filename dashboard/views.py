"""The company's first page, and each of its widgets by itself."""

import json

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import privilege
from dashboard.cards import asked_by, card_of, cards_of, pulses_of
from dashboard.selectors import Place, arrangement_of, places
from dashboard.widgets.base import Widget
from dashboard.widgets.registry import widget_of

HIDDEN = "skjult"  # in an address: what was hidden just now


@require_GET
@requires(None, read_only=True)
def dashboard(request: ClientRequest, client: Client) -> HttpResponse:
    """The widgets that this person may see and has not hidden, in her order."""
    asked = asked_by(request)
    before = pulses_of(client, request.rights)  # first: what changes while the cards are made is asked for again
    found = places(arrangement_of(client, request.user), request.rights)
    hidden_now = next((one.widget for one in found if one.hidden and one.widget.key == request.GET.get(HIDDEN)), None)
    context = {
        "cards": cards_of(request, found, asked),
        "pulses": json.dumps(before),
        "hidden_now": hidden_now,
        "greeting": _greeting(asked.now.hour, request.user.given_name),
        "now": asked.now,
    }
    return TemplateResponse(request, "dashboard/dashboard.html", context)


@require_GET
@requires(None, read_only=True)
def widget(request: ClientRequest, client: Client, key: str) -> HttpResponse:
    """One widget for the page that refreshes itself; nothing where there is nothing to show. As a page: the dashboard.

    403 without the widget's privilege, 404 for a widget that there is not.
    """
    found = permitted_widget(request, key)
    if request.headers.get("HX-Request") != "true":  # after a sign-in that a refresh had asked for
        return redirect("dashboard", client.organisation_number)
    hidden = key in arrangement_of(client, request.user).hidden
    card = card_of(request, Place(found, hidden), asked_by(request))
    return TemplateResponse(request, "dashboard/_card.html", {"card": card})


@require_GET
@requires(None, read_only=True)
def pulses(request: ClientRequest, client: Client) -> HttpResponse:
    """What tells an open dashboard which of its widgets to ask for anew: {key: pulse} of those that this person may see."""
    return JsonResponse(pulses_of(client, request.rights))


def permitted_widget(request: ClientRequest, key: str) -> Widget:
    """The widget of this key. Raises Http404, or PermissionDenied where the person lacks its privilege."""
    found = widget_of(key)
    if found is None:
        raise Http404
    if found.privilege not in request.rights:
        request.refused = privilege(found.privilege)
        raise PermissionDenied
    return found


def _greeting(hour: int, name: str) -> str:
    if hour < 10:
        return _("Good morning, %(name)s") % {"name": name}
    if hour < 18:
        return _("Good day, %(name)s") % {"name": name}
    return _("Good evening, %(name)s") % {"name": name}
