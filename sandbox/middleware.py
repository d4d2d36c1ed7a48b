"""Headers of every answer of the bank, and a log line without secrets for what went wrong."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

log = logging.getLogger(__name__)

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "


class BankHeaders:
    """A Content-Security-Policy without inline anything.

    A view whose form ends at the accounting system names that origin in `response.form_origin`: browsers hold
    form-action against the redirects of a form too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        origin = getattr(response, "form_origin", "")
        response.headers["Content-Security-Policy"] = f"{POLICY}'self' {origin}".rstrip()
        response.headers["X-Content-Type-Options"] = "nosniff"
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """The route, never the address: the address of a link is its secret."""
        route = request.resolver_match.route if request.resolver_match else "?"
        log.error("%s %s failed", request.method, route, exc_info=error)
