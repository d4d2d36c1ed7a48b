"""The authorization endpoint: checks the request, shows «BankID test», sends the browser back with a code."""

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from sandbox import bankday, links, vault
from sandbox.models import SignInCode
from sandbox.pages.bankid import sign_in_page
from sandbox.pages.errors import problem_page
from sandbox.people import PEOPLE

SALT = "oidc request"
PAGE_LIFE, CODE_LIFE = 600, 60  # seconds
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_KEPT = ("redirect_uri", "scope", "state", "nonce", "code_challenge")


@require_GET
def authorize(request: HttpRequest) -> HttpResponse:
    """The page with one button per person: always shown, so that another person can be chosen.

    An unknown relying party or redirect address ends here, on a page; any other fault goes back to it as `error`.
    """
    asked = request.GET
    redirect_uri = asked.get("redirect_uri", "")
    if not vault.same(asked.get("client_id", ""), settings.RELYING_PARTY[0]):
        return problem_page(
            request, "Ukjent tjeneste", "Tjenesten som ba om innlogging, er ikke kjent hos BankID test."
        )
    if redirect_uri not in settings.REDIRECT_URIS:
        return problem_page(request, "Ukjent returadresse", "Returadressen er ikke avtalt med BankID test.")
    fault = _fault(asked)
    if fault:
        return _back({"redirect_uri": redirect_uri, "state": asked.get("state", "")}, error=fault)
    kept = {name: asked.get(name, "") for name in _KEPT}
    return sign_in_page(
        request, purpose="logge inn i regnskapssystemet", action=reverse("oidc_sign_in"), way_back=redirect_uri,
        sealed=signing.dumps(kept, salt=SALT),
    )  # fmt: skip


def _fault(asked: Any) -> str:
    """The OAuth error code of what is wrong with the request, or nothing (RFC 6749 4.1.2.1, OIDC Core 3.1.2.6)."""
    if asked.get("request") or asked.get("request_uri"):
        return "request_not_supported"
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in asked.get("scope", "").split():
        return "invalid_scope"
    if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(asked.get("code_challenge", "")):
        return "invalid_request"
    if not asked.get("state") or max(len(asked.get("state", "")), len(asked.get("nonce", ""))) > 500:
        return "invalid_request"
    if "none" in asked.get("prompt", "").split():
        return "login_required"  # nobody is ever signed in here beforehand
    return ""


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """The answer of the page: 303 to the relying party with a code, or with access_denied."""
    try:
        asked = signing.loads(request.POST.get("request", ""), salt=SALT, max_age=PAGE_LIFE)
    except signing.BadSignature:
        return problem_page(request, "Siden er utløpt", "Gå tilbake til regnskapssystemet og logg inn på nytt.", 410)
    person = PEOPLE.get(request.POST.get("person", ""))
    if person is None:
        return _back(asked, error="access_denied")
    code, now = vault.new_token(), bankday.now()
    SignInCode.objects.create(
        digest=vault.digest(code), request=asked, subject=person.sub, auth_time=int(now.timestamp()),
        expires_at=now + timedelta(seconds=CODE_LIFE),
    )  # fmt: skip
    return _back(asked, code=code)


def _back(asked: dict[str, str], **values: str) -> HttpResponse:
    """303: the form's POST must not be sent on. `iss` as RFC 9207 says."""
    if asked.get("state"):
        values["state"] = asked["state"]
    address = links.with_query(asked["redirect_uri"], **values, iss=settings.BASE_URL)
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response
