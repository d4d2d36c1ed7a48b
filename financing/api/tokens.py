"""The token endpoint: codes and tokens bound to one consent, dead the moment it ends.

The code carries the consent's id in Grant.nonce, and every token of it in RefreshToken.token_family (a UUID that rotation
inherits), so that no model of django-oauth-toolkit is replaced. docs/decisions/0011-tokens-bound-to-consent.md.
"""

import hashlib
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.models import get_grant_model, get_refresh_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.views import TokenView

from access.tenancy import client_scope
from financing.services.consent import activate_consent, consent_behind, consent_in_force

LOST_ANSWER = timedelta(seconds=60)  # so long the former refresh token is taken again (INTERFACES)


def digest(code: str) -> str:
    """What is stored of a code."""
    return hashlib.sha256(code.encode()).hexdigest()


@method_decorator([csrf_exempt, login_not_required], name="dispatch")
class Token(TokenView):
    """POST /oauth/token. One transaction, so that the consent's lock holds until the answer is made."""

    @transaction.atomic
    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        response = super().dispatch(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class ConsentValidator(OAuth2Validator):
    """django-oauth-toolkit's validator, which asks the consent first, under its lock."""

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        # Only the code's digest is stored: replace it before anybody looks it up.
        if getattr(request, "code", None) and not getattr(request, "code_is_digest", False):
            request.code = digest(request.code)
            request.code_is_digest = True
        return super().authenticate_client(request, *args, **kwargs)

    def _authenticate_request_body(self, request: Any) -> bool:
        return False  # HTTP Basic only

    def validate_user(self, *args: Any, **kwargs: Any) -> bool:
        return False  # else grant_type=password would try passwords

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *a: Any, **k: Any
    ) -> bool:
        allowed = ("authorization_code", "refresh_token")
        return grant_type in allowed and super().validate_grant_type(client_id, grant_type, client, request, *a, **k)

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        grant = get_grant_model().objects.filter(code=code, application=client).first()
        if not grant or not consent_behind(grant, field="nonce", now=timezone.now(), lock=True):
            return False
        # Again, now under the lock: of two redemptions at once the second finds the code used.
        return super().validate_code(client_id, code, client, request, *args, **kwargs)

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        super().save_bearer_token(token, request, *args, **kwargs)
        if request.grant_type == "authorization_code":
            consent = consent_in_force(request.nonce, now=timezone.now(), lock=True)
            if consent:
                with client_scope(consent.client_id):
                    activate_consent(consent=consent, now=timezone.now())

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        tokens = get_refresh_token_model().objects
        checksum = hashlib.sha256(refresh_token.encode()).hexdigest()
        old = tokens.filter(application=client, token_checksum=checksum).first()
        if not old or not consent_behind(old, now=timezone.now(), lock=True):
            return False
        old.refresh_from_db()
        if old.revoked and old.revoked > timezone.now() - LOST_ANSWER:  # the answer got lost: go on from the head
            head = (
                tokens.filter(token_family=old.token_family, revoked__isnull=True)
                .select_related("access_token")
                .first()
            )
            if head and head.access_token:
                request.user, request.refresh_token, request.refresh_token_instance = head.user, refresh_token, head
                return True
        return super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)

    def _create_refresh_token(self, request: Any, refresh_token_code: str, access_token: Any, previous: Any) -> Any:
        token = get_refresh_token_model()(
            user=request.user,
            application=request.client,
            access_token=access_token,
            token_family=previous.token_family if previous else request.nonce,
        )
        self._set_token_value(token, refresh_token_code)
        token.save()
        return token
