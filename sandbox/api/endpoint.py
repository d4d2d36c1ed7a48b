"""What every endpoint under /v1 shares: the bearer token, methods, Idempotency-Key, problem details."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from sandbox import bankday, faults, vault
from sandbox.api.problems import Problem
from sandbox.models import Answer, Token

KEPT = timedelta(hours=24)
Reader = Callable[..., dict[str, Any]]
Writer = Callable[..., tuple[int, dict[str, Any] | None]]


def endpoint(*, get: Reader | None = None, post: Writer | None = None, put: Writer | None = None) -> Callable[..., Any]:
    """A view of functions: `get(request, …)` → body; `post` and `put(body, …)` → (status, body or None)."""

    @csrf_exempt
    def view(request: HttpRequest, **arguments: str) -> HttpResponse:
        try:
            _partner(request)
            instead = faults.before(request)
            if instead is not None:
                return instead
            if request.method == "GET" and get:
                return faults.after(request, JsonResponse(get(request, **arguments)))
            writer = {"POST": post, "PUT": put}.get(request.method or "")
            if writer is None:
                raise Problem(405, f"{request.method} is not offered here")
            return faults.after(request, _once(request, writer, arguments))
        except Problem as problem:
            return problem.response()

    return view


def _partner(request: HttpRequest) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known = Token.objects.filter(digest=vault.digest(token.strip()), kind="partner", expires_at__gt=bankday.now())
    if scheme.lower() != "bearer" or not known.exists():
        raise Problem(401, "The access token is missing, unknown or expired.")


def _once(request: HttpRequest, writer: Writer, arguments: dict[str, str]) -> HttpResponse:
    """The first answer again, where the key is known and the request the same (contract: Idempotency-Key)."""
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key) > 64:
        raise Problem(400, "Idempotency-Key is missing or longer than 64 characters.")
    body = _body(request)
    told = json.dumps([request.method, request.path, body], sort_keys=True)
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    with transaction.atomic():  # IMMEDIATE: of two at once the second waits here and finds the first one's answer
        first = Answer.objects.filter(key=key, created_at__gt=bankday.now() - KEPT).first()
        if first is None:
            status, given = writer(body, **arguments)
            content = "" if given is None else json.dumps(given, ensure_ascii=False)
            Answer.objects.update_or_create(
                key=key,
                defaults={"fingerprint": fingerprint, "status": status, "body": vault.seal(content),
                          "created_at": bankday.now()},
            )  # fmt: skip
        elif first.fingerprint != fingerprint:
            raise Problem(409, "This Idempotency-Key was used for another request.")
        else:
            status, content = first.status, vault.unseal(first.body)
    if not content:
        return HttpResponse(status=status)
    return HttpResponse(content, status=status, content_type="application/json")


def _body(request: HttpRequest) -> dict[str, Any]:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Problem(400, "The body is not a JSON object.")
    return body


def page_size(request: HttpRequest, default: int, most: int) -> int:
    """The query's page_size; 400 outside 1…most."""
    given = request.GET.get("page_size", str(default))
    if not (given.isascii() and given.isdigit() and len(given) < 6 and 1 <= int(given) <= most):
        raise Problem(400, f"page_size: a whole number from 1 to {most}")
    return int(given)
