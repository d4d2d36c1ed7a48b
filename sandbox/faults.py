"""Faults on demand: the next calls of the partner API that go wrong, and how."""

import time

from django.db.models import F
from django.http import HttpRequest, HttpResponse

from sandbox.api.problems import Problem
from sandbox.models import Fault

RETRY_AFTER, SLOW = 2, 12  # seconds
KINDS = {
    "unavailable": "503 med Retry-After",
    "too_many": "429 med Retry-After",
    "refused": "401, som om tokenet var ugyldig",
    "slow": f"svar etter {SLOW} sekunder",
    "garbage": "en HTML-side med 200",
    "lost": "utført, men svaret er 500",
    "webhooks": "webhook som ikke sendes",
}


def order(kind: str, times: int) -> None:
    """Let this go wrong so many more times; 0 takes the order back."""
    Fault.objects.update_or_create(kind=kind, defaults={"left": times})


def happens(kind: str) -> bool:
    """Whether it is to go wrong now; counts down."""
    return Fault.objects.filter(kind=kind, left__gt=0).update(left=F("left") - 1) == 1


def before(request: HttpRequest) -> HttpResponse | None:
    """What happens instead of the call, if anything. Raises Problem."""
    if not Fault.objects.filter(left__gt=0).exists():
        return None
    if happens("unavailable"):
        raise Problem(503, "The bank rests (ordered at the console).", retry_after=RETRY_AFTER)
    if happens("too_many"):
        raise Problem(429, "Too many requests (ordered at the console).", retry_after=RETRY_AFTER)
    if happens("refused"):
        raise Problem(401, "The access token is not taken (ordered at the console).")
    if happens("garbage"):
        return HttpResponse("<!doctype html><title>Vedlikehold</title><p>Vi er straks tilbake.</p>")
    if happens("slow"):
        time.sleep(SLOW)
    return None


def after(response: HttpResponse) -> HttpResponse:
    """The answer, or the loss of it."""
    return Problem(500, "The answer was lost (ordered at the console).").response() if happens("lost") else response
