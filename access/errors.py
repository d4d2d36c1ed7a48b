"""The pages for what cannot be answered: what happened in plain words, and what to do next."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from access.models import Client, User


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 where more was sent than we take. Without the request: its host may be what is wrong."""
    too_large = isinstance(exception, RequestDataTooBig)
    return HttpResponse(render_to_string("400.html", {"too_large": too_large}), status=413 if too_large else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403. A member of the company is told what is missing and who can give it; outside of a company nothing is told."""
    client = getattr(request, "client", None)
    context = {
        "administrators": _administrators(client) if client else [],
        "refused": getattr(request, "refused", None),
    }
    return render(request, "403.html", context, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, by nothing that may be what failed: no request, no database. The time leads from a complaint to the log."""
    context = {"support_url": settings.SUPPORT_URL, "now": timezone.localtime()}
    return HttpResponse(render_to_string("500.html", context), status=500)


def _administrators(client: Client) -> list[User]:
    hers = User.objects.filter(memberships__client=client, memberships__role__is_administrator=True, is_active=True)
    return list(hers.filter(is_superuser=False).order_by("name", "pk"))
