"""Who may call the partner API, how errors look, and Idempotency-Key."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from sandbox.models import Answer, Token

TOKEN_LIFE = 1200  # seconds


class Problem(Exception):
    """An error of the API (RFC 9457)."""

    def __init__(self, status: int, title: str, **more: str) -> None:
        super().__init__(title)
        self.status, self.title, self.more = status, title, more


def problem(error: Problem) -> HttpResponse:
    """Its answer."""
    body = {"type": "about:blank", "title": error.title, "status": error.status, **error.more}
    response = JsonResponse(body, status=error.status, content_type="application/problem+json")
    if error.status in (429, 503):
        response["Retry-After"] = "5"
    return response


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def basic_is(request: HttpRequest, expected: tuple[str, str]) -> bool:
    """Whether the request carries these credentials by HTTP Basic; compared in constant time."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return kind.lower() == "basic" and hmac.compare_digest(given, ":".join(expected).encode())


@csrf_exempt
def issue_token(request: HttpRequest) -> HttpResponse:
    """Client credentials by HTTP Basic (contract: issueToken)."""
    if request.method != "POST":
        return problem(Problem(405, "Method not allowed"))
    if not basic_is(request, settings.PARTNER):
        return problem(Problem(401, "invalid_client"))
    if request.POST.get("grant_type") != "client_credentials" or request.POST.get("scope", "partner") != "partner":
        return problem(Problem(400, "unsupported_grant_type"))
    token = secrets.token_urlsafe(32)
    Token.objects.filter(expires_at__lt=timezone.now()).delete()
    Token.objects.create(
        kind="partner", token_hash=digest(token), expires_at=timezone.now() + timedelta(seconds=TOKEN_LIFE)
    )
    return JsonResponse({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFE})


def endpoint(**methods: Callable[..., tuple[int, Any]]) -> Callable[..., HttpResponse]:
    """A view of the API: one function per method, which gives (status, body) or raises Problem.

    POST and PUT need an Idempotency-Key: the same key and body within 24 hours answers as the first did, another body 409.
    """

    @csrf_exempt
    @wraps(endpoint)
    def view(request: HttpRequest, **arguments: str) -> HttpResponse:
        try:
            _check_bearer(request)
            handler = methods.get(request.method or "")
            if handler is None:
                raise Problem(405, "Method not allowed")
            if request.method == "GET":
                status, body = handler(request, **arguments)
            else:
                status, body = _once(request, handler, arguments)
        except Problem as error:
            return problem(error)
        return HttpResponse(status=202) if status == 202 else JsonResponse(body, status=status)

    return view


def _check_bearer(request: HttpRequest) -> None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not Token.lives("partner", digest(token), timezone.now()):
        raise Problem(401, "invalid_token")


def _once(request: HttpRequest, handler: Callable[..., tuple[int, Any]], arguments: dict[str, str]) -> tuple[int, Any]:
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key) > 64:
        raise Problem(400, "Idempotency-Key is missing or too long")
    content = f"{request.method} {request.path}\n".encode() + request.body
    wanted = hashlib.sha256(content).hexdigest()
    Answer.objects.filter(at__lt=timezone.now() - Answer.KEPT).delete()
    before = Answer.objects.filter(key=key).first()
    if before:
        if before.request_hash != wanted:
            raise Problem(409, "This Idempotency-Key was used with another body")
        return before.status, before.body
    status, body = handler(request, **arguments)
    Answer.objects.create(key=key, request_hash=wanted, status=status, body=body)
    return status, body


def json_body(request: HttpRequest) -> dict[str, Any]:
    """The body as an object. Raises Problem 400."""
    try:
        found = json.loads(request.body or b"{}")
    except ValueError:
        raise Problem(400, "The body is not JSON") from None
    if not isinstance(found, dict):
        raise Problem(400, "The body is not an object")
    return found


def text(body: dict[str, Any], field: str, *, least: int = 1, most: int = 500) -> str:
    """A text of the body. Raises Problem 422."""
    found = body.get(field)
    if not isinstance(found, str) or not least <= len(found) <= most:
        raise Problem(422, f"{field} must be a text of {least} to {most} characters")
    return found
