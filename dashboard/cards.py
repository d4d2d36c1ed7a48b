"""A widget as HTML: asked once, rendered once, with a mark that changes when what it shows does."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from access.decorators import ClientRequest
from access.models import Client, Rights
from dashboard.selectors import Place
from dashboard.widgets.base import Asked, Widget
from dashboard.widgets.registry import permitted

# How long ago it was is no change, and a form's token is another one each time.
_PASSING = re.compile(r"<time\b.*?</time>|<input[^>]*csrfmiddlewaretoken[^>]*>", re.S)


@dataclass(frozen=True)
class Card:
    """One place on the dashboard. `content` is None where there is nothing to show: hidden, or no matter for the widget.

    `state` stays the same while nothing but the passing of time changes. `is_first` and `is_last` are among those shown.
    """

    widget: Widget
    hidden: bool = False
    content: SafeString | None = None
    state: str = ""
    is_first: bool = False
    is_last: bool = False


def asked_by(request: ClientRequest) -> Asked:
    """What every widget of this request is asked with."""
    now = timezone.localtime()
    return Asked(request.client, request.user, request.rights, now.date(), now, request.GET)


def card_of(request: HttpRequest, place: Place, asked: Asked) -> Card:
    """One card, without its neighbours. Inside the client's scope."""
    widget = place.widget
    context = None if place.hidden else widget.context(asked)
    if context is None:
        return Card(widget, place.hidden)
    shown = {"widget": {"key": widget.key, "title": widget.title, **context}}
    content = render_to_string(widget.template, shown, request)
    state = sha256(_PASSING.sub("", content).encode()).hexdigest()[:16]
    return Card(widget, content=content, state=state)


def cards_of(request: HttpRequest, places: Iterable[Place], asked: Asked) -> list[Card]:
    """All of them, each knowing whether it is the first or the last that is shown."""
    cards = [card_of(request, place, asked) for place in places]
    shown = [one.widget.key for one in cards if one.content is not None]
    return [
        Card(one.widget, one.hidden, one.content, one.state, one.widget.key in shown[:1], one.widget.key in shown[-1:])
        for one in cards
    ]


def pulses_of(client: Client, rights: Rights) -> dict[str, str]:
    """The pulse of each widget that has one and that these rights let see; each reckoned once. Inside the scope."""
    having = [(one.key, one.pulse) for one in permitted(rights) if one.pulse]
    told = {pulse: pulse(client) for pulse in dict.fromkeys(pulse for _key, pulse in having)}
    return {key: told[pulse] for key, pulse in having}


def shown_keys(places: Iterable[Place], asked: Asked) -> list[str]:
    """The keys of what is on the dashboard now. Only widgets that may be absent are asked."""
    return [
        one.widget.key
        for one in places
        if not one.hidden and (not one.widget.may_be_absent or one.widget.context(asked) is not None)
    ]
