"""Errors of the API as RFC 9457 problem details."""

from typing import Any

from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an error that DRF knows; None for any other, which is a 500."""
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    detail = getattr(error, "detail", "")
    kind = getattr(error, "default_code", "error")
    body = {
        "type": "about:blank",
        "title": str(getattr(error, "default_detail", "Error")),
        "status": response.status_code,
        "code": kind,
    }
    if isinstance(detail, dict):
        body["errors"] = detail
    elif detail:
        body["detail"] = str(detail)
    headers = {name: response[name] for name in ("WWW-Authenticate", "Retry-After") if name in response}
    return Response(body, status=response.status_code, headers=headers, content_type="application/problem+json")
