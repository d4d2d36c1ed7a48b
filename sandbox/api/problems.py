"""Errors of the partner API as RFC 9457 problem details."""

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse


class Problem(Exception):
    """Ends the request with problem details. `more` is added to the body, e.g. onboarding_id; `retry_after` in seconds."""

    def __init__(self, status: int, detail: str, *, retry_after: int | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_after, self.more = status, detail, retry_after, more

    def response(self) -> JsonResponse:
        """application/problem+json."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        response = JsonResponse(body | self.more, status=self.status, content_type="application/problem+json")
        if self.retry_after is not None:
            response["Retry-After"] = str(self.retry_after)
        if self.status == 401:
            response["WWW-Authenticate"] = 'Bearer realm="buffer", error="invalid_token"'
        return response
