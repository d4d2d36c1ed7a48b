"""The bank's token endpoint (contract: issueToken)."""

import base64
import binascii
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from sandbox import bankday, vault
from sandbox.api.problems import Problem
from sandbox.models import Token

LIFE = 1200  # seconds


def basic(request: HttpRequest) -> tuple[str, str]:
    """(user, password) of HTTP Basic; empty texts where there is none that can be read."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def is_client(request: HttpRequest, client: tuple[str, str]) -> bool:
    """Whether HTTP Basic carries this client's id and secret; both are compared in constant time."""
    user, password = basic(request)
    return vault.same(user, client[0]) & vault.same(password, client[1])


@csrf_exempt
def token(request: HttpRequest) -> HttpResponse:
    """{access_token, token_type, expires_in}; 401 for a wrong secret, 400 for another grant."""
    try:
        if request.method != "POST":
            raise Problem(405, "POST only")
        if not is_client(request, settings.PARTNER):
            raise Problem(401, "The client is unknown or its secret is wrong.", error="invalid_client")
        if request.POST.get("grant_type") != "client_credentials":
            raise Problem(400, "grant_type must be client_credentials.", error="unsupported_grant_type")
        if request.POST.get("scope", "partner") != "partner":
            raise Problem(400, "scope must be partner.", error="invalid_scope")
    except Problem as problem:
        response = problem.response()
        if problem.status == 401:
            response["WWW-Authenticate"] = 'Basic realm="buffer"'
        return response
    secret = vault.new_token()
    Token.objects.create(
        digest=vault.digest(secret),
        kind="partner",
        subject=settings.PARTNER[0],
        scope="partner",
        expires_at=bankday.now() + timedelta(seconds=LIFE),
    )
    return JsonResponse({"access_token": secret, "token_type": "Bearer", "expires_in": LIFE})
