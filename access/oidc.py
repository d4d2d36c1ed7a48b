"""Sign-in by OpenID Connect: mozilla-django-oidc, hardened where it believes too much.

docs/decisions/0010-sign-in.md lists what is overridden and why. Claims identify; Membership authorises.
"""

import logging
import threading
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.decorators import method_decorator
from django.utils.functional import lazy
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import import_from_settings
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from access.models import User
from access.services import write_audit

log = logging.getLogger(__name__)

KEPT = 600  # seconds that the provider's addresses and keys are kept
REFETCH = 10  # seconds between two looks for an unknown key
CLOCK_LEEWAY = 60  # seconds

_ENDPOINTS = {
    "OIDC_OP_AUTHORIZATION_ENDPOINT": "authorization_endpoint",
    "OIDC_OP_TOKEN_ENDPOINT": "token_endpoint",
    "OIDC_OP_USER_ENDPOINT": "userinfo_endpoint",
    "OIDC_OP_JWKS_ENDPOINT": "jwks_uri",
}

# What a hostile or broken provider can make the library raise; each means «sign-in failed», never a 500.
REFUSALS = (
    SuspiciousOperation, jwt.PyJWTError, requests.RequestException, ValueError, KeyError, TypeError, AttributeError,
)  # fmt: skip


class _Fetched:
    """A JSON document of the provider, kept for a while and shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def get(self, url: str, *, younger_than: float = KEPT) -> dict[str, Any]:
        with self._lock:
            at, value = self._kept.get(url, (float("-inf"), {}))
            if time.monotonic() - at < younger_than:
                return value
            response = requests.get(url, timeout=settings.OIDC_TIMEOUT, allow_redirects=False)
            response.raise_for_status()
            value = response.json()
            if response.status_code != 200 or not isinstance(value, dict):
                raise ValueError("the identity provider's answer is not a document")
            self._kept[url] = (time.monotonic(), value)
            return value

    def clear(self) -> None:
        self._kept.clear()


documents = _Fetched()


def discovered(name: str) -> str:
    """An address from the issuer's discovery document. Raises ValueError where the document is of another issuer."""
    document = documents.get(settings.OIDC_OP_ISSUER.rstrip("/") + "/.well-known/openid-configuration")
    if document.get("issuer") != settings.OIDC_OP_ISSUER:
        raise ValueError("the discovery document is of another issuer")
    found = document[name]
    if not isinstance(found, str) or urlsplit(found).scheme not in ("https", "http"):
        raise ValueError(f"{name} is not an address")
    return found


def setting(attr: str, *arguments: Any) -> Any:
    """The library's settings; the provider's addresses are looked up only when they are used.

    The library builds its backend on every request: fetched there, signed-in pages would fail with the provider.
    """
    if attr in _ENDPOINTS:
        return lazy(lambda: discovered(_ENDPOINTS[attr]), str)()
    return import_from_settings(attr, *arguments)


class Backend(OIDCAuthenticationBackend):
    """Who somebody is, by the provider's signed word about (issuer, sub), and nothing else."""

    get_settings = staticmethod(setting)

    def verify_token(self, token: Any, **kwargs: Any) -> dict[str, Any]:
        """The claims of an ID token that was checked in full (OpenID Connect Core 3.1.3.7). Raises on any fault."""
        nonce = kwargs.get("nonce")
        if not isinstance(token, str) or jwt.get_unverified_header(token).get("alg") != self.OIDC_RP_SIGN_ALGO:
            raise SuspiciousOperation("algorithm")
        claims = jwt.decode(
            token,
            self.retrieve_matching_jwk(token),
            algorithms=[self.OIDC_RP_SIGN_ALGO],
            audience=self.OIDC_RP_CLIENT_ID,
            issuer=settings.OIDC_OP_ISSUER,
            leeway=CLOCK_LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
        if not nonce or claims.get("nonce") != nonce:
            raise SuspiciousOperation("nonce")
        audience = claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.OIDC_RP_CLIENT_ID:
            raise SuspiciousOperation("azp")
        if not claims["sub"]:
            raise SuspiciousOperation("sub")
        return claims

    def retrieve_matching_jwk(self, token: str) -> Any:
        """The provider's key for this token, looked for once more where it is unknown (keys are rotated)."""
        kid = jwt.get_unverified_header(token).get("kid")
        for age in (KEPT, REFETCH):
            for key in documents.get(str(self.OIDC_OP_JWKS_ENDPOINT), younger_than=age).get("keys", []):
                if kid and key.get("kid") == kid:
                    return jwt.PyJWK(key, self.OIDC_RP_SIGN_ALGO)
        raise SuspiciousOperation("unknown key")

    def get_userinfo(self, access_token: str, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The provider's further claims about the same person; where both speak, the signed ones win."""
        info = super().get_userinfo(access_token, id_token, payload)
        if not isinstance(info, dict) or info.get("sub") != payload["sub"]:
            raise SuspiciousOperation("userinfo of somebody else")
        return {**info, **payload}

    def get_or_create_user(self, access_token: str, id_token: str, payload: dict[str, Any]) -> User | None:
        # The library turns a SuspiciousOperation in here into a bare None; the caller wants to know why.
        claims = self.get_userinfo(access_token, id_token, payload)
        user = self.filter_users_by_claims(claims).first()
        if user is None:
            raise SuspiciousOperation("not known here")
        return self.update_user(user, claims)

    def filter_users_by_claims(self, claims: dict[str, Any]) -> Any:
        return User.objects.with_identity(claims["iss"], claims["sub"]).filter(is_active=True)

    def update_user(self, user: User, claims: dict[str, Any]) -> User:
        """Keep name and e-mail as the provider says them. Neither decides anything."""
        name, email = str(claims.get("name") or user.name)[:200], str(claims.get("email") or "")[:254]
        if (user.name, user.email) != (name, email):
            user.name, user.email = name, email
            user.save(update_fields=["name", "email"])
        return user

    def raise_token_response_error(self, response: requests.Response) -> None:
        if response.status_code != 200:
            raise requests.HTTPError(f"token endpoint answered {response.status_code}")  # never the body

    def get_user(self, user_id: Any) -> User | None:
        """Asked at every request: a deactivated person is signed out by it."""
        return User.objects.filter(pk=user_id, is_active=True).first()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return user_obj.has_perm(perm, obj)


@method_decorator(login_not_required, name="dispatch")
class Callback(OIDCAuthenticationCallbackView):
    """Where the provider sends the browser back."""

    get_settings = staticmethod(setting)

    def get(self, request: HttpRequest) -> HttpResponse:
        state = request.session.get("oidc_states", {}).get(request.GET.get("state"))
        if not state:  # also for ?error=: nobody is signed out by a link
            return self.refused("state")
        self._next = state.get("next")
        if request.GET.get("error"):
            del request.session["oidc_states"][request.GET["state"]]
            request.session.modified = True
            return self.refused("provider_error")
        try:
            response = super().get(request)
        except REFUSALS as error:
            reason = str(error) if isinstance(error, SuspiciousOperation) else type(error).__name__
            return self.refused(reason)
        return response if getattr(self, "user", None) else self.refused("no user")

    def refused(self, reason: str) -> HttpResponse:
        """The failure page, with one line in the log and one in the audit log; never with what was sent."""
        log.warning("sign-in refused: %s", reason)
        write_audit(action="sign_in.refused", details={"why": reason[:100]})
        return super().login_failure()

    def login_success(self) -> HttpResponse:
        response = super().login_success()
        self.request.session["signed_in_at"] = int(time.time())
        write_audit(action="sign_in", actor=self.user)
        return response

    @property
    def success_url(self) -> str:
        return self._next or resolve_url(self.get_settings("LOGIN_REDIRECT_URL"))


@method_decorator(login_not_required, name="dispatch")
class Start(OIDCAuthenticationRequestView):
    """Sends the browser to the provider."""

    get_settings = staticmethod(setting)

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            response = super().get(request)
        except (requests.RequestException, ValueError, KeyError) as error:
            log.warning("the identity provider does not answer: %s", type(error).__name__)
            return HttpResponse(status=302, headers={"Location": settings.LOGIN_REDIRECT_URL_FAILURE})
        state = parse_qs(urlsplit(response.url).query)["state"][0]
        # `next` per state: two tabs keep their own.
        request.session["oidc_states"][state]["next"] = request.session.pop("oidc_login_next", None)
        request.session.modified = True
        return response
