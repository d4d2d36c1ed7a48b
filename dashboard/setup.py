"""«Dashboard oppsett»: the page where a person arranges her widgets, and the menu on each of them."""

import json
from collections.abc import Sequence

from django.http import HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from access.decorators import ClientRequest, requires
from access.models import Client
from dashboard.cards import asked_by, shown_keys
from dashboard.order import moved
from dashboard.selectors import Place, arrangement_of, default_places, places
from dashboard.services import arrange_dashboard, hide_widget, move_widget, show_widget
from dashboard.views import HIDDEN, permitted_widget
from dashboard.widgets.base import Widget

HIDE, SHOW, LEFT, RIGHT = "skjul", "vis", "venstre", "hoyre"  # what the menu on a widget asks for


@require_http_methods(["GET", "POST"])
@requires(None)
def setup(request: ClientRequest, client: Client) -> HttpResponse:
    """The list of widgets. Nothing is stored before «Lagre»: the other buttons answer with the list as it would be."""
    stored = places(arrangement_of(client, request.user), request.rights)
    shown, focus, focus_key = stored, "", ""
    if request.method == "POST":
        shown = _as_given(request.POST, stored)
        if "lagre" in request.POST:
            arrange_dashboard(
                client=client,
                user=request.user,
                order=[one.widget.key for one in shown],
                hidden={one.widget.key for one in shown if one.hidden},
            )
            return redirect("dashboard", client.organisation_number)
        if "standard" in request.POST:
            shown = default_places(request.rights)
        for name, step in (("opp", -1), ("ned", 1)):
            if name in request.POST:
                focus_key = request.POST[name]
                shown = _stepped(shown, focus_key, step)
                focus = _still_there(shown, focus_key, name)
    context = {
        "places": shown,
        "stored": _told(stored),
        "changed": shown != stored,
        "focus": focus,
        "focus_key": focus_key,
    }
    return TemplateResponse(request, "dashboard/setup.html", context)


@require_POST
@requires(None)
def change(request: ClientRequest, client: Client, key: str) -> HttpResponse:
    """Hide, show or move one widget, then back to the dashboard; for htmx what is told, and an event with the order.

    403 and 404 as the widget itself; 400 for anything else than the menu's own.
    """
    widget, do = permitted_widget(request, key), request.POST.get("gjor")
    told = ""
    if do == HIDE:
        hide_widget(client=client, user=request.user, key=key)
    elif do == SHOW:
        show_widget(client=client, user=request.user, key=key)
        told = _("%(widget)s is shown again") % {"widget": widget.title}
    elif do in (LEFT, RIGHT):
        told = _move(request, client, widget, -1 if do == LEFT else 1)
    else:
        return HttpResponseBadRequest()
    if request.headers.get("HX-Request") != "true":
        query = f"?{urlencode({HIDDEN: key})}" if do == HIDE else f"#widget-{key}"
        return redirect(reverse("dashboard", args=[client.organisation_number]) + query)
    now = places(arrangement_of(client, request.user), request.rights)
    context = {"hidden_now": widget if do == HIDE else None, "told": told}
    arranged = {"key": key, "did": do, "order": [one.widget.key for one in now]}
    response = TemplateResponse(request, "dashboard/_notice.html", context)
    response["HX-Trigger-After-Settle"] = json.dumps({"arranged": arranged})
    return response


def _move(request: ClientRequest, client: Client, widget: Widget, step: int) -> str:
    """Past its neighbour on the dashboard, over what is hidden or absent between them. What is told of it."""
    found = places(arrangement_of(client, request.user), request.rights)
    shown = shown_keys(found, asked_by(request))
    if widget.key not in shown:
        return ""
    place = shown.index(widget.key)
    if 0 <= place + step < len(shown):
        move_widget(client=client, user=request.user, key=widget.key, past=shown[place + step])
        place += step
    words = {"widget": widget.title, "place": place + 1, "count": len(shown)}
    return _("%(widget)s is number %(place)d of %(count)d") % words


def _told(shown: Sequence[Place]) -> str:
    """As the script puts it together from the form, to see whether something is not stored."""
    return " ".join(f"{one.widget.key}:{'' if one.hidden else 'vis'}" for one in shown)


def _still_there(shown: Sequence[Place], key: str, pressed: str) -> str:
    """The button that takes the focus: the one that was pressed, or at an end the other one."""
    ends = {"opp": (shown[:1], "ned"), "ned": (shown[-1:], "opp")}
    at_end, other = ends[pressed]
    return other if any(one.widget.key == key for one in at_end) else pressed


def _as_given(given: QueryDict, stored: Sequence[Place]) -> list[Place]:
    """The list as the form says it; what it does not name, or says twice, changes nothing."""
    before = {one.widget.key: one for one in stored}
    named = list(dict.fromkeys(key for key in given.getlist("plass") if key in before))
    order = named + [key for key in before if key not in named]
    visible = given.getlist("vis")
    return [Place(before[key].widget, key not in visible if key in named else before[key].hidden) for key in order]


def _stepped(shown: Sequence[Place], key: str, step: int) -> list[Place]:
    keyed = {one.widget.key: one for one in shown}
    order = list(keyed)
    if key in keyed and 0 <= order.index(key) + step < len(order):
        order = moved(order, key, order[order.index(key) + step])
    return [keyed[one] for one in order]
