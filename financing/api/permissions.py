"""Who may read: deny everybody, but for the bearer of a token whose consent is in force at this moment."""

from typing import Any

from django.utils import timezone
from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from financing.consent_text import SCOPE
from financing.services.consent import consent_behind


class InvalidToken(AuthenticationFailed):
    """401 with error="invalid_token" (RFC 6750); the same answer for an unknown, an expired and a withdrawn one."""

    default_code = "invalid_token"


class Denied(BasePermission):
    """The default: nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class ConsentAuthentication(OAuth2Authentication):
    """A bearer token, and behind it a consent in force. `request.auth` is the consent."""

    www_authenticate_realm = "api"

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        found = super().authenticate(request)
        token = found[1] if found else None
        refresh = getattr(token, "refresh_token", None) if token else None
        if token is None or refresh is None or not token.allow_scopes([SCOPE]):
            raise InvalidToken("The access token is missing, expired or revoked.")
        consent = consent_behind(refresh, now=timezone.now())
        if consent is None or consent.provider != token.application.name:
            raise InvalidToken("The access token is missing, expired or revoked.")
        return found[0], consent

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api", error="invalid_token"'


class ReadsReceivables(BasePermission):
    """The request came through ConsentAuthentication; reading is all there is."""

    def has_permission(self, request: Request, view: Any) -> bool:
        from financing.models import Consent

        return isinstance(request.auth, Consent) and request.method in ("GET", "HEAD", "OPTIONS")
