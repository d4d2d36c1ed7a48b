"""Wakes the worker without keeping anybody waiting: what matters stands in the database, and the next tick finds it."""

import logging
import os
import threading
import time

from celery import current_app

log = logging.getLogger(__name__)

PAUSE = 0.2  # seconds; what was asked for meanwhile is sent once
WORTHLESS_AFTER = 30  # seconds: by then the tick has come


class _Waker:
    """A thread that publishes. A broker that is gone or mute holds up this thread and no request."""

    def __init__(self) -> None:
        self.wanted: set[tuple[str, tuple[object, ...]]] = set()
        self.asked = threading.Condition()
        self.thread: threading.Thread | None = None

    def wake(self, task: str, *arguments: object) -> None:
        with self.asked:
            self.wanted.add((task, arguments))
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self.run, name="waker", daemon=True)
                self.thread.start()
            self.asked.notify()

    def run(self) -> None:
        while True:
            with self.asked:
                while not self.wanted:
                    self.asked.wait()
                tasks, self.wanted = self.wanted, set()
            for task, arguments in tasks:
                try:
                    current_app.send_task(task, arguments, expires=WORTHLESS_AFTER, retry=False)
                except Exception as error:
                    log.info("the worker was not woken for %s: %s", task, type(error).__name__)
            time.sleep(PAUSE)


_waker = _Waker()


def wake(task: str, *arguments: object) -> None:
    """Ask a worker for the task of this name soon. Returns at once and never fails; call it after the commit."""
    _waker.wake(task, *arguments)


def _begin_anew() -> None:
    global _waker
    _waker = _Waker()  # a forked child has neither the thread nor a sound lock


os.register_at_fork(after_in_child=_begin_anew)
