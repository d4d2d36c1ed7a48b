"""The token endpoint: codes and tokens bound to one consent, dead the moment it ends.

The code carries the consent's id in Grant.nonce, and every token of it in RefreshToken.token_family (a UUID that rotation
inherits), so that no model of django-oauth-toolkit is replaced. docs/decisions/0011-tokens-bound-to-consent.md.
"""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.models import get_grant_model, get_refresh_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.views import TokenView

from access.tenancy import client_scope
from financing.models import Consent
from financing.services.consent import activate_consent, consent_behind, consent_in_force, revoke_tokens

LOST_ANSWER = timedelta(seconds=60)  # so long the former refresh token is taken again (INTERFACES)
GRANTS = ("authorization_code", "refresh_token")


def digest(code: str) -> str:
    """What is stored of a code."""
    return hashlib.sha256(code.encode()).hexdigest()


@method_decorator([csrf_exempt, login_not_required], name="dispatch")
class Token(TokenView):
    """POST /oauth/token. One transaction, so that the consent's lock holds until the answer is made."""

    http_method_names = ["post"]

    @transaction.atomic
    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        response = super().dispatch(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # The toolkit would answer for a grant of devices by itself, and not as RFC 6749 says.
        if request.POST.get("grant_type") not in GRANTS:
            return JsonResponse({"error": "unsupported_grant_type"}, status=400)
        return self.authorization_flow_token_response(request)


class ConsentValidator(OAuth2Validator):
    """django-oauth-toolkit's validator, which asks the consent first, under its lock."""

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        # Only the code's digest is stored: replace it before anybody looks it up.
        if getattr(request, "code", None) and not getattr(request, "code_is_digest", False):
            request.code = digest(request.code)
            request.code_is_digest = True
        if not super().authenticate_client(request, *args, **kwargs):
            return False
        # Whom the form names beside must be the same; oauthlib would call that a fault of ours.
        return request.client_id in (None, request.client.client_id)

    def _authenticate_basic_auth(self, request: Any) -> bool:
        try:
            return super()._authenticate_basic_auth(request)
        except ValueError:  # a header that is no base64 at all, or a NUL that the database cannot look for
            return False

    def _authenticate_request_body(self, request: Any) -> bool:
        return False  # HTTP Basic only

    def validate_user(self, *args: Any, **kwargs: Any) -> bool:
        return False  # else grant_type=password would try passwords

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *a: Any, **k: Any
    ) -> bool:
        return grant_type in GRANTS and super().validate_grant_type(client_id, grant_type, client, request, *a, **k)

    def _check_and_set_request_resource(self, request: Any) -> None:
        request.resource = []  # RFC 8707 names one of several resource servers; there is one here

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        grant = get_grant_model().objects.filter(code=code, application=client).first()
        if not grant or not _consent_of(client, grant, field="nonce"):
            return False
        # Again, now under the lock: of two redemptions at once the second finds the code used.
        grant = get_grant_model().objects.filter(pk=grant.pk).first()
        if grant and grant.claims:
            if timezone.now() - grant.updated > LOST_ANSWER:  # before that it is more likely sent twice than stolen
                revoke_tokens(grant.nonce)  # RFC 6749, 4.1.2
            return False
        return super().validate_code(client_id, code, client, request, *args, **kwargs)

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        # Kept, so that a later use of it is known for what it is.
        used = get_grant_model().objects.filter(code=code, application=request.client)
        used.update(claims=json.dumps({"used": True}), updated=timezone.now())

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
        if not old or not _consent_of(client, old):
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


def _consent_of(application: Any, token: Any, field: str = "token_family") -> Consent | None:
    """The consent behind it, locked, where it is in force now and given to the provider that this application belongs to."""
    consent = consent_behind(token, field=field, now=timezone.now(), lock=True)
    return consent if consent and consent.provider == application.name else None
