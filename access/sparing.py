"""A limit on what strangers can make us write down: so much a minute, and then how much was left out."""

import threading


class Sparing:
    """At most `most` in `seconds`, per process; a flood of requests must not become a flood of rows that nobody may delete."""

    def __init__(self, *, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._lock = threading.Lock()
        self._began, self._taken, self._left_out = float("-inf"), 0, 0

    def take(self, now: float) -> int | None:
        """None for one too many; else how many were left out since the last that was taken. `now` in seconds."""
        with self._lock:
            if now - self._began >= self.seconds:
                self._began, self._taken = now, 0
            if self._taken >= self.most:
                self._left_out += 1
                return None
            self._taken += 1
            left_out, self._left_out = self._left_out, 0
            return left_out
