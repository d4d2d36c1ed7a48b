"""Webhooks on their way out: signed as Standard Webhooks says, tried again with back-off until a 2xx answer."""

import base64
import hashlib
import hmac
import logging
from datetime import timedelta

import requests
from django.conf import settings
from django.db import transaction
from django.db.models import F

from sandbox import bankday, faults
from sandbox.models import Event

log = logging.getLogger(__name__)

TIMEOUT = (2, 5)
WAITS = (5, 30, 120, 600, 1800, 3600)  # seconds; the last one from then on
KEPT = timedelta(days=3)
PREFIX = "whsec_"


def key(secret: str) -> bytes:
    """The signing key: what follows `whsec_`, base64 (Standard Webhooks); any other text counts as it stands."""
    return base64.b64decode(secret.removeprefix(PREFIX)) if secret.startswith(PREFIX) else secret.encode()


def signature(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """v1,<base64 HMAC-SHA256 of id.timestamp.body>"""
    signed = hmac.new(key(secret), f"{message_id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


def deliver() -> None:
    """One round over what is to be sent now, oldest first; a receiver that does not answer is left for later."""
    now = bankday.now()
    Event.objects.filter(created_at__lt=now - KEPT).delete()
    if Event.objects.filter(held=True).exists():
        with transaction.atomic():
            faults.release_held(now)
    silent: set[str] = set()
    for event in Event.objects.filter(delivered_at=None, held=False, next_at__lte=now).order_by("serial")[:200]:
        if event.url in silent:
            continue
        for _ in range(event.copies):  # more than one only where the console ordered it
            status = _send(event)
            if not 200 <= status < 300:
                break
        if not status:
            silent.add(event.url)


def _send(event: Event) -> int:
    """The status of the answer, 0 where there was none; only a 2xx is a delivery."""
    timestamp = int(bankday.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            signature(secret, event.id, timestamp, event.body) for secret in settings.WEBHOOK_SECRETS
        ),
    }
    status = 0
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.post(
                event.url,
                data=event.body.encode(),
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
    except requests.RequestException as error:
        log.info("webhook %s: %s", event.id, type(error).__name__)
    now = bankday.now()
    if 200 <= status < 300:
        event.copies -= 1
        Event.objects.filter(pk=event.pk).update(
            copies=max(event.copies, 1), attempts=F("attempts") + 1, delivered_at=None if event.copies > 0 else now
        )
    else:
        wait = WAITS[min(event.attempts, len(WAITS) - 1)]
        Event.objects.filter(pk=event.pk).update(attempts=F("attempts") + 1, next_at=now + timedelta(seconds=wait))
    return status
