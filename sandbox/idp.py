"""The identity provider of the test: OpenID Connect code flow with PKCE, ES256, one button per person."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sandbox.api.door import basic_is, digest
from sandbox.models import Token
from sandbox.people import PEOPLE

CODE_LIFE = timedelta(seconds=60)
USERINFO_LIFE = timedelta(minutes=5)
ID_TOKEN_LIFE = 300  # seconds
ACR = "urn:bankid:test:high"


def signing_key() -> ec.EllipticCurvePrivateKey:
    """The key of this bank, made once and kept in its folder (0600)."""
    path = settings.STATE / "id-key.pem"
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the bank's key is not an EC key")
    return key


def _public_jwk() -> dict[str, Any]:
    found = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signing_key().public_key()))
    thumbprint = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]
    return {**found, "kid": thumbprint, "alg": "ES256", "use": "sig"}


@require_GET
def discovery(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Discovery 1.0."""
    base = settings.BASE_URL
    return JsonResponse(
        {
            "issuer": base,
            "authorization_endpoint": base + "/oidc/authorize",
            "token_endpoint": base + "/oidc/token",
            "userinfo_endpoint": base + "/oidc/userinfo",
            "jwks_uri": base + "/oidc/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email"],
            "acr_values_supported": [ACR],
        }
    )


@require_GET
def jwks(request: HttpRequest) -> HttpResponse:
    """The public key."""
    return JsonResponse({"keys": [_public_jwk()]})


@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """The page «BankID test»; the button sends the browser back with a code. It always asks, so that one can change person."""
    asked = request.GET
    if asked.get("client_id") != settings.RELYING_PARTY[0] or asked.get("redirect_uri") not in settings.REDIRECT_URIS:
        return render(request, "sandbox/problem.html", {"text": "Ukjent tjeneste eller returadresse."}, status=400)
    fault = _fault(asked)
    if fault:
        return _back(asked, error=fault)
    if request.method == "GET":
        return render(request, "sandbox/bankid.html", {"people": PEOPLE.values(), "purpose": "Logg inn i Regnskap"})
    person = request.POST.get("person", "")
    if person not in PEOPLE:
        return _back(asked, error="access_denied")
    code = secrets.token_urlsafe(32)
    Token.objects.create(
        kind="code",
        token_hash=digest(code),
        expires_at=timezone.now() + CODE_LIFE,
        data={
            "sub": person, "nonce": asked.get("nonce"), "redirect_uri": asked["redirect_uri"],
            "challenge": asked["code_challenge"], "auth_time": int(time.time()),
        },
    )  # fmt: skip
    return _back(asked, code=code)


def _fault(asked: Any) -> str:
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in asked.get("scope", "").split():
        return "invalid_scope"
    if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
        return "invalid_request"
    return ""


def _back(asked: Any, **values: str) -> HttpResponse:
    query = {**values, "state": asked.get("state", ""), "iss": settings.BASE_URL}
    return HttpResponseRedirect(f"{asked['redirect_uri']}?{urlencode(query)}")


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """The code for an ID token, once, with its verifier (RFC 7636)."""
    if not basic_is(request, settings.RELYING_PARTY):
        return JsonResponse({"error": "invalid_client"}, status=401)
    code = Token.lives("code", digest(request.POST.get("code", "")), timezone.now())
    if code is None or request.POST.get("grant_type") != "authorization_code":
        return JsonResponse({"error": "invalid_grant"}, status=400)
    deleted, _ = Token.objects.filter(pk=code.pk).delete()  # of two at once one finds it gone
    verifier = hashlib.sha256(request.POST.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
    right = hmac.compare_digest(challenge, code.data["challenge"])
    if not deleted or not right or request.POST.get("redirect_uri") != code.data["redirect_uri"]:
        return JsonResponse({"error": "invalid_grant"}, status=400)
    now = int(time.time())
    claims = {
        **_claims(code.data["sub"]), "iss": settings.BASE_URL, "aud": settings.RELYING_PARTY[0], "iat": now,
        "exp": now + ID_TOKEN_LIFE, "nonce": code.data["nonce"], "auth_time": code.data["auth_time"], "acr": ACR,
    }  # fmt: skip
    access = secrets.token_urlsafe(32)
    Token.objects.create(
        kind="userinfo", token_hash=digest(access), data={"sub": code.data["sub"]},
        expires_at=timezone.now() + USERINFO_LIFE,
    )  # fmt: skip
    signed = jwt.encode(claims, signing_key(), algorithm="ES256", headers={"kid": _public_jwk()["kid"]})
    return JsonResponse({"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": signed})


@require_GET
def userinfo(request: HttpRequest) -> HttpResponse:
    """Who the bearer is."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    found = Token.lives("userinfo", digest(value), timezone.now()) if kind.lower() == "bearer" else None
    if found is None:
        return JsonResponse({"error": "invalid_token"}, status=401)
    return JsonResponse(_claims(found.data["sub"]))


def _claims(sub: str) -> dict[str, str]:
    person = PEOPLE[sub]
    return {
        "sub": sub,
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "email": f"{sub}@eksempel.invalid",
    }
