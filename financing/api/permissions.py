"""Who may read: deny everybody, but for the bearer of a token whose consent is in force at this moment."""

import hashlib
from typing import Any

from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from financing.consent_text import SCOPE
from financing.models import Consent
from financing.services.consent import consent_behind


class InvalidToken(AuthenticationFailed):
    """401 with error="invalid_token" (RFC 6750); the same answer for an unknown, an expired and a withdrawn one."""

    default_code = "invalid_token"

    def __init__(self) -> None:
        super().__init__("The access token is missing, expired or revoked.")


class Denied(BasePermission):
    """The default: nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class ConsentAuthentication(BaseAuthentication):
    """A bearer token, and behind it a consent in force. `request.auth` is the consent."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        now = timezone.now()
        token = self._token(sent) if scheme.lower() == "bearer" else None
        refresh = getattr(token, "refresh_token", None)
        if token is None or refresh is None or token.expires <= now or not token.allow_scopes([SCOPE]):
            raise InvalidToken
        consent = consent_behind(refresh, now=now)
        if consent is None or consent.provider != token.application.name:
            raise InvalidToken
        return token.user, consent

    def _token(self, sent: str) -> Any:
        # Only checksums are stored.
        checksum = hashlib.sha256(sent.encode()).hexdigest()
        tokens = get_access_token_model().objects.select_related("application", "refresh_token", "user")
        return tokens.filter(token_checksum=checksum).first()

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api", error="invalid_token"'


class ReadsReceivables(BasePermission):
    """The request came through ConsentAuthentication; the views know no method but reading."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, Consent)
