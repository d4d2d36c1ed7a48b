"""The first page of whoever works for several companies: what needs somebody in which, and the way to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from access.models import Client, Membership, Rights
from access.tenancy import client_scope
from dashboard.attention import Notice, notices_for

PAGE = 50
FOLLOW_UP = "oppfolging"
_LAST_LETTERS = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}"})


@dataclass(frozen=True)
class Company:
    """One line of the page."""

    client: Client
    role_name: str
    notices: list[Notice]


@require_GET
@vary_on_headers("HX-Request")
def home(request: HttpRequest) -> HttpResponse:
    """The person's companies; straight on where there is one. The operator goes to the admin site.

    `sok`: words of the name or digits of the number; `vis=oppfolging`: only what needs somebody; `antall`: how many
    are shown. For htmx the list alone.
    """
    if request.user.is_superuser:
        return redirect("admin:index")
    hers = Membership.objects.filter(user=request.user)  # type: ignore[misc]  # LoginRequiredMiddleware
    hers = hers.select_related("client", "role").prefetch_related("role__grants")
    memberships = sorted(hers, key=lambda one: (_alphabetical(one.client.name), one.client.organisation_number))
    if len(memberships) == 1:
        return redirect("dashboard", memberships[0].client.organisation_number)
    words, wanted = request.GET.get("sok", "").strip(), request.GET.get("vis", "")
    found = _companies([one for one in memberships if _answers(one.client, words)])
    pressing = [one for one in found if one.notices]
    shown = pressing if wanted == FOLLOW_UP else pressing + [one for one in found if not one.notices]
    count = _count(request.GET.get("antall", ""))
    first, more = shown[:count], shown[count : count + PAGE]
    fragment = request.headers.get("HX-Request") == "true"
    context = {
        "clients": len(memberships),
        "words": words,
        "only_pressing": wanted == FOLLOW_UP,
        "found": found,
        "pressing": [one for one in first if one.notices],
        "pressing_count": len(pressing),
        "others": [one for one in first if not one.notices],
        "all_url": _url(sok=words),
        "pressing_url": _url(sok=words, vis=FOLLOW_UP),
        "more": len(more),
        "more_url": _url(sok=words, vis=wanted, antall=str(count + PAGE)) + _anchor(more),
        "is_fragment": fragment,
    }
    return TemplateResponse(request, "chooser/_companies.html" if fragment else "chooser/home.html", context)


def _companies(memberships: Sequence[Membership]) -> list[Company]:
    """In the order given, each with what her rights there let her know."""
    if not memberships:
        return []
    rights = [Rights(one) for one in memberships]
    now = timezone.now()
    with client_scope(*(one.client for one in memberships), read_only=True):
        notices = notices_for(rights, today=timezone.localdate(now), now=now)
    return [Company(one.client, one.role.name, notices.get(one.client_id, [])) for one in memberships]


def _alphabetical(name: str) -> str:
    # Æ, Ø and Å end the alphabet, whatever the database was made to think.
    return name.casefold().translate(_LAST_LETTERS)


def _answers(client: Client, words: str) -> bool:
    """Whether the company is what somebody looks for: every word in its name, or its number as one writes it, with spaces."""
    number = "".join(words.split())
    if number.isdigit() and number in client.organisation_number:
        return True
    name = f"{client.name} {client.organisation_number}".casefold()
    return all(word in name for word in words.casefold().split())


def _count(text: str) -> int:
    # isdecimal alone also takes other scripts' digits, which int reads as well; a long one is nobody's wish.
    return max(int(text), PAGE) if text.isdecimal() and len(text) <= 6 else PAGE


def _anchor(companies: list[Company]) -> str:
    # Whoever asks for more goes on reading at the first of them.
    return f"#foretak-{companies[0].client.organisation_number}" if companies else ""


def _url(**given: Any) -> str:
    query = urlencode({name: value for name, value in given.items() if value})
    return reverse("home") + (f"?{query}" if query else "")
