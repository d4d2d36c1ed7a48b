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
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import lazy
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import import_from_settings
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from access.models import User
from access.services import write_audit
from access.sparing import Sparing

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

UNKNOWN_PERSON = "unknown_person"
WITHOUT_ACCESS = "uten-tilgang"  # the failure page's query parameter that says so


class Refused(Exception):
    """A sign-in that is not believed; its text is a reason code, which is kept in the audit log.

    No SuspiciousOperation: of those the library makes a bare None, and the reason would be lost.
    """


# What a hostile or broken provider can make the library raise; each means «sign-in failed», never a 500.
REFUSALS = (
    Refused, SuspiciousOperation, jwt.PyJWTError, requests.RequestException,
    ValueError, KeyError, TypeError, AttributeError,
    RecursionError,  # JSON nested a thousand deep
)  # fmt: skip


class _Fetched:
    """A JSON document of the provider, kept for a while and shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def get(self, url: str, *, younger_than: float = KEPT) -> dict[str, Any]:
        """The document, fetched where what is kept is older. Raises RequestException, ValueError."""
        found = self._young(url, younger_than)
        if found is None:
            with self._lock:  # one thread asks, the others wait for its answer
                found = self._young(url, younger_than)
                if found is None:
                    found = self._fetch(url)
        return found

    def clear(self) -> None:
        self._kept.clear()

    def _young(self, url: str, younger_than: float) -> dict[str, Any] | None:
        at, value = self._kept.get(url, (float("-inf"), {}))
        return value if time.monotonic() - at < younger_than else None

    def _fetch(self, url: str) -> dict[str, Any]:
        response = requests.get(url, timeout=settings.OIDC_TIMEOUT, allow_redirects=False)
        response.raise_for_status()
        value = response.json()
        if response.status_code != 200 or not isinstance(value, dict):
            raise ValueError("the identity provider's answer is not a document")
        self._kept[url] = (time.monotonic(), value)
        return value


documents = _Fetched()


def discovered(name: str) -> str:
    """An address from the issuer's discovery document. Raises ValueError where the document is of another issuer."""
    document = documents.get(settings.OIDC_OP_ISSUER.rstrip("/") + "/.well-known/openid-configuration")
    if document.get("issuer") != settings.OIDC_OP_ISSUER:
        raise ValueError("the discovery document is of another issuer")
    found = document[name]
    # Plain http only where the issuer itself is (development): nobody may talk us down to it.
    if not isinstance(found, str) or urlsplit(found).scheme not in ("https", urlsplit(settings.OIDC_OP_ISSUER).scheme):
        raise ValueError(f"{name} is not an address")
    return found


def callback_address() -> str:
    """Where the provider sends the browser back; by PUBLIC_BASE_URL, because the library believes the Host header."""
    return settings.PUBLIC_BASE_URL + reverse("oidc_authentication_callback")


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
            raise Refused("algorithm")
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
            raise Refused("nonce")
        audience = claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.OIDC_RP_CLIENT_ID:
            raise Refused("azp")
        if not claims["sub"]:
            raise Refused("sub")
        return claims

    def retrieve_matching_jwk(self, token: str) -> Any:
        """The provider's key for this token, looked for once more where it is unknown (keys are rotated)."""
        kid = jwt.get_unverified_header(token).get("kid")
        for age in (KEPT, REFETCH):
            for key in documents.get(str(self.OIDC_OP_JWKS_ENDPOINT), younger_than=age).get("keys", []):
                if kid and key.get("kid") == kid and key.get("use", "sig") == "sig":
                    return jwt.PyJWK(key, self.OIDC_RP_SIGN_ALGO)
        raise Refused("unknown_key")

    def get_token(self, payload: dict[str, Any]) -> Any:
        """The token endpoint's answer; the redirect URI is the one that the browser was sent with."""
        return super().get_token({**payload, "redirect_uri": callback_address()})

    def get_userinfo(self, access_token: str, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The provider's further claims about the same person; where both speak, the signed ones win."""
        info = super().get_userinfo(access_token, id_token, payload)
        if not isinstance(info, dict) or info.get("sub") != payload["sub"]:
            raise Refused("userinfo_of_another")
        return {**info, **payload}

    def get_or_create_user(self, access_token: str, id_token: str, payload: dict[str, Any]) -> User | None:
        claims = self.get_userinfo(access_token, id_token, payload)
        user = self.filter_users_by_claims(claims).first()
        if user is None:
            raise Refused(UNKNOWN_PERSON)
        return self.update_user(user, claims)

    def filter_users_by_claims(self, claims: dict[str, Any]) -> Any:
        return User.objects.with_identity(claims["iss"], claims["sub"]).filter(is_active=True)

    def update_user(self, user: User, claims: dict[str, Any]) -> User:
        """Keep name and e-mail as the provider says them, if it does. Neither decides anything."""
        changed = []
        for field, longest in (("name", 200), ("email", 254)):
            said = claims.get(field)
            if isinstance(said, str) and said and said[:longest] != getattr(user, field):
                setattr(user, field, said[:longest])
                changed.append(field)
        if changed:
            user.save(update_fields=changed)
        return user

    def raise_token_response_error(self, response: requests.Response) -> None:
        if response.status_code != 200:
            raise requests.HTTPError(f"token endpoint answered {response.status_code}")  # never the body

    def get_user(self, user_id: Any) -> User | None:
        """Asked at every request: a deactivated person is signed out by it."""
        return User.objects.filter(pk=user_id, is_active=True).first()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return user_obj.has_perm(perm, obj)


refusals = Sparing(most=30, seconds=60)  # anybody may call the callback


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
            # The text of other errors may hold what was sent.
            return self.refused(str(error) if isinstance(error, Refused) else type(error).__name__)
        return response if getattr(self, "user", None) else self.refused("no_code")

    def refused(self, reason: str) -> HttpResponse:
        """The failure page, with one line in the log and, but for a flood, one in the audit log; never with what was sent."""
        log.warning("sign-in refused: %s", reason)
        left_out = refusals.take(time.monotonic())
        if left_out is not None:
            more = {"left_out_before": left_out} if left_out else {}
            write_audit(action="sign_in.refused", details={"why": reason, **more})
        # Only whom the provider has vouched for is told that it is the access that she lacks.
        return redirect(f"{self.failure_url}?{WITHOUT_ACCESS}" if reason == UNKNOWN_PERSON else self.failure_url)

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
        except REFUSALS as error:
            log.warning("the identity provider does not answer: %s", type(error).__name__)
            return redirect(settings.LOGIN_REDIRECT_URL_FAILURE)
        state = parse_qs(urlsplit(response.url).query)["state"][0]
        # `next` per state: two tabs keep their own.
        request.session["oidc_states"][state]["next"] = request.session.pop("oidc_login_next", None)
        request.session.modified = True
        return response

    def get_extra_params(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_extra_params(request), "redirect_uri": callback_address()}
