"""Discovery, the public key, the token endpoint and userinfo of BankID test."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sandbox import bankday, vault
from sandbox.api.tokens import is_client
from sandbox.idp import keys
from sandbox.models import SignInCode, Token
from sandbox.people import PEOPLE

ID_TOKEN_LIFE, ACCESS_LIFE = 300, 300  # seconds
ACR = "urn:bankid:bid;LOA=4"


@require_GET
def discovery(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Discovery 1.0."""
    base = settings.BASE_URL
    return JsonResponse(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/oidc/authorize",
            "token_endpoint": f"{base}/oidc/token",
            "userinfo_endpoint": f"{base}/oidc/userinfo",
            "jwks_uri": f"{base}/oidc/jwks",
            "end_session_endpoint": f"{base}/oidc/end-session",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [keys.ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email"],
            "claims_supported": [
                "sub", "name", "given_name", "family_name", "email", "acr", "auth_time", "nonce", "iss", "aud", "iat", "exp",
            ],
            "acr_values_supported": [ACR],
            "ui_locales_supported": ["nb"],
            "authorization_response_iss_parameter_supported": True,
        }
    )  # fmt: skip


@require_GET
def jwks(request: HttpRequest) -> HttpResponse:
    """The public key."""
    return JsonResponse({"keys": [keys.public_jwk()]})


def _error(code: str, status: int = 400) -> HttpResponse:
    response = JsonResponse({"error": code}, status=status)
    if status == 401:
        response["WWW-Authenticate"] = 'Basic realm="bankid"'
    return response


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """A code for an ID token and an access token, once (RFC 6749 4.1.3, RFC 7636).

    A code that comes a second time ends the access token it had given.
    """
    if not is_client(request, settings.RELYING_PARTY):
        return _error("invalid_client", 401)
    if request.POST.get("grant_type") != "authorization_code":
        return _error("unsupported_grant_type")
    now = bankday.now()
    with transaction.atomic():  # IMMEDIATE: of two at once the second finds the code used
        code = SignInCode.objects.filter(digest=vault.digest(request.POST.get("code", ""))).first()
        if code is None:
            return _error("invalid_grant")
        if code.used_at is not None:
            Token.objects.filter(digest=code.token_digest).delete()
            return _error("invalid_grant")
        access = vault.new_token()
        code.used_at, code.token_digest = now, vault.digest(access)  # used by a wrong verifier, too
        code.save()
        if code.expires_at <= now or not _fits(code.request, request.POST):
            return _error("invalid_grant")
        Token.objects.create(
            digest=code.token_digest, kind="userinfo", subject=code.subject, scope=code.request["scope"],
            expires_at=now + timedelta(seconds=ACCESS_LIFE),
        )  # fmt: skip
    return JsonResponse(
        {
            "access_token": access, "token_type": "Bearer", "expires_in": ACCESS_LIFE,
            "scope": code.request["scope"], "id_token": keys.sign(_id_token(code, access)),
        }
    )  # fmt: skip


def _fits(asked: dict[str, str], sent: Any) -> bool:
    verifier = sent.get("code_verifier", "")
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return (
        43 <= len(verifier) <= 128
        and vault.same(challenge, asked["code_challenge"])
        and sent.get("redirect_uri") == asked["redirect_uri"]
    )


def _id_token(code: SignInCode, access: str) -> dict[str, Any]:
    now = int(bankday.now().timestamp())
    at_hash = urlsafe_b64encode(sha256(access.encode()).digest()[:16]).decode().rstrip("=")
    claims = _claims(code.subject, code.request["scope"]) | {
        "iss": settings.BASE_URL, "aud": settings.RELYING_PARTY[0], "iat": now, "exp": now + ID_TOKEN_LIFE,
        "auth_time": code.auth_time, "acr": ACR, "amr": ["BID"], "at_hash": at_hash,
    }  # fmt: skip
    return claims | ({"nonce": code.request["nonce"]} if code.request["nonce"] else {})


def _claims(subject: str, scope: str) -> dict[str, Any]:
    person, asked = PEOPLE[subject], scope.split()
    claims = {"sub": person.sub}
    if "profile" in asked:
        claims |= {"name": person.name, "given_name": person.given_name, "family_name": person.family_name}
    if "email" in asked:
        claims |= {"email": person.email}
    return claims


@csrf_exempt
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """The claims of the person whose access token it is."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    found = Token.objects.filter(
        digest=vault.digest(value.strip()), kind="userinfo", expires_at__gt=bankday.now()
    ).first()
    if scheme.lower() != "bearer" or found is None:
        response = JsonResponse({"error": "invalid_token"}, status=401)
        response["WWW-Authenticate"] = 'Bearer realm="bankid", error="invalid_token"'
        return response
    return JsonResponse(_claims(found.subject, found.scope))


@csrf_exempt
@require_http_methods(["GET", "POST"])
def end_session(request: HttpRequest) -> HttpResponse:
    """Nobody is kept signed in here, so that there is only this to say."""
    return render(request, "sandbox/message.html", {"title": "Du er logget ut", "text": "Du kan lukke vinduet."})
