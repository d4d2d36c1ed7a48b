"""Errors of the API as RFC 9457 problem details, and that machines are never answered with a page."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

PROBLEM = "application/problem+json"
MACHINES = ("/api/", "/oauth/", "/webhooks/")  # what stands below is called by programs only
OAUTH = "/oauth/"


def problem(status: int, *, code: str = "", detail: str = "", **members: Any) -> dict[str, Any]:
    """The members of a problem; `code` is for programs and follows from the status where none is given."""
    title = HTTPStatus(status).phrase
    code = code or title.lower().replace(" ", "_")
    body = {"type": "about:blank", "title": title, "status": status, "code": code, **members}
    return body | ({"detail": detail} if detail else {})


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an error that DRF knows; None for any other, which is a 500."""
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    detail, code = getattr(error, "detail", ""), getattr(error, "default_code", "")
    if isinstance(detail, dict):
        body = problem(response.status_code, code=code, errors=detail)
    else:
        body = problem(response.status_code, code=code, detail=str(detail))
    headers = {name: response[name] for name in ("WWW-Authenticate", "Retry-After") if name in response}
    return Response(body, status=response.status_code, headers=headers, content_type=PROBLEM)


class NoPagesForMachines:
    """Whoever refuses a program, Django itself included, it is answered in JSON: a problem, or RFC 6749's error.

    Outermost, so that also what other middleware refuses comes by here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(MACHINES):
            return self.get_response(request)
        response = self.get_response(request)
        if response.status_code >= 400 and not response.get("Content-Type", "").startswith("application/"):
            body, kind = self._refusal(request, response.status_code)
            response.content = json.dumps(body).encode()
            response["Content-Type"] = kind
            response["Content-Length"] = str(len(response.content))
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _refusal(self, request: HttpRequest, status: int) -> tuple[dict[str, Any], str]:
        if not request.path_info.startswith(OAUTH):
            return problem(status), PROBLEM
        error = "server_error" if status >= 500 else "invalid_request"
        return {"error": error, "error_description": HTTPStatus(status).phrase}, "application/json"
