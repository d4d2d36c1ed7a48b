"""Ends a worker that hears nothing any more: alive, connected as it thinks, and deaf (TRUST S8).

Beat sends something at least each minute, so a worker that received nothing for five minutes is of no use: it ends with
the code DEAF, and whoever supervises it starts it anew. Where the broker or beat is down that does no harm.
"""

import logging
import os
import threading
import time
from typing import Any

from celery.signals import task_received, worker_ready
from django.conf import settings

log = logging.getLogger(__name__)

PATIENCE = 20  # seconds for the tasks under way
DEAF = 75  # EX_TEMPFAIL; config/keep.py knows it

_heard = time.monotonic()


@task_received.connect
def _hear(**_signal: Any) -> None:
    global _heard
    _heard = time.monotonic()


@worker_ready.connect
def _listen(**_signal: Any) -> None:
    _hear()
    threading.Thread(target=_watch, name="hearing", daemon=True).start()


def _watch() -> None:
    from celery.worker import state

    patience = settings.WORKER_DEAF_AFTER
    while time.monotonic() - _heard < patience:
        time.sleep(min(5, patience / 4))
    log.error("no task was heard for %s seconds: this worker ends, to be started anew", patience)
    state.should_stop = DEAF
    time.sleep(PATIENCE)
    os._exit(DEAF)  # its loop hangs, which is what being deaf may mean; config/keep.py ends the children
