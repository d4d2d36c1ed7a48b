"""POST /webhooks/buffer: the bank's events, believed by their signature, stored, and answered. Nothing else happens here."""

import logging
import threading
import time
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from financing.providers.buffer.webhook import Malformed, NotSigned, read_event, signer_keys, verify
from financing.services.inbox import store_event

log = logging.getLogger(__name__)

LARGEST = 64 * 1024  # bytes; the specification speaks of 20 kB


class Throttle:
    """At most so many a second, in this process, with a second's worth saved up. What is refused comes again."""

    def __init__(self) -> None:
        self.lock, self.left, self.at = threading.Lock(), 0.0, 0.0

    def admits(self, a_second: float) -> bool:
        with self.lock:
            now = time.monotonic()
            self.left = min(a_second, self.left + (now - self.at) * a_second)
            self.at = now
            if self.left < 1:
                return False
            self.left -= 1
            return True


_throttle = Throttle()


@csrf_exempt
@login_not_required
@require_POST
def buffer_webhook(request: HttpRequest) -> HttpResponse:
    """204 once the event is stored, also for one that came before; another status without a row.

    Public: the signature says who it is. No session, no cookie and no broker is needed.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if "HTTP_TRANSFER_ENCODING" in request.META or not length.isascii() or not length.isdigit():
        return HttpResponse(status=411)  # a body without a length has no end that we could know beforehand
    if len(length) > 9 or int(length) > LARGEST:
        return HttpResponse(status=413)
    if request.content_type != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        return HttpResponse(status=415)
    try:
        keys = signer_keys(webhook_secrets())
    except ValueError:
        log.error("BUFFER_WEBHOOK_SECRET cannot be read: after whsec_ stands base64")
        return HttpResponse(status=503)
    try:
        body = request.body
        event_id = verify(request.headers, body, keys, timezone.now())
        told = read_event(body)
    except (Malformed, UnreadablePostError) as error:
        log.warning("a webhook was refused: %s", error if isinstance(error, Malformed) else "it ended too early")
        return HttpResponse(status=400)
    except NotSigned as error:
        log.warning("a webhook was refused: %s", error)
        return HttpResponse(status=401)
    # After the signature: who forges them must not use up what the bank is given.
    if not _throttle.admits(settings.WEBHOOKS_A_SECOND):
        return HttpResponse(status=429, headers={"Retry-After": "1"})
    store_event(provider_name="buffer", event_id=event_id, body=body, told=told, now=timezone.now())
    return HttpResponse(status=204)


def webhook_secrets() -> str:
    """The secrets as they stand now: a file that BUFFER_WEBHOOK_SECRET_FILE names is read each time, so that a new secret
    is taken and an old one refused without a restart."""
    path = settings.BUFFER_WEBHOOK_SECRET_FILE
    if path:
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            log.error("BUFFER_WEBHOOK_SECRET_FILE cannot be read, the secrets from the start are used: %s", error)
    return settings.BUFFER_WEBHOOK_SECRET
