"""What the bank does by itself: a thread that reads and reckons anew every minute, and lets things expire."""

import logging
import threading
import time

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from sandbox import bank
from sandbox.models import FINAL, Agreement, Onboarding

log = logging.getLogger(__name__)

wake = threading.Event()
_started = threading.Lock()


def start() -> None:
    """Start the thread, once per process."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_run, name="bank-clock", daemon=True).start()


def _run() -> None:
    last = time.monotonic()
    while True:
        woken = wake.wait(timeout=2)
        wake.clear()
        whole = time.monotonic() - last >= settings.REANALYSE_SECONDS
        if whole:
            last = time.monotonic()
        try:
            close_old_connections()
            tick(everything=whole, nudged=woken)
        except Exception:  # the clock must go on, whatever one company's books did to it
            log.exception("the bank's clock stumbled")


def tick(*, everything: bool, nudged: bool = False) -> None:
    """One round: onboardings that wait for access, and, once a minute, all agreements."""
    now = timezone.now()
    for onboarding in Onboarding.objects.exclude(status__in=FINAL).select_related("access"):
        if onboarding.expires_at < now:
            bank.end(onboarding.pk, "expired")
        elif onboarding.status == "analysing" and (onboarding.access.works or onboarding.access.can_redeem):
            bank.go_on(onboarding.pk)
    if everything or nudged:
        for agreement in Agreement.objects.exclude(status="terminated"):
            bank.reanalyse(agreement.pk)
            bank.book_interest(agreement.pk)
