"""How far an import has come, told beside its transaction: in Valkey, for as long as somebody could be looking.

Nothing depends on it. The run's row says how it stands; this says how far, and is lost without harm.
"""

import json
import time
from typing import Any, NamedTuple

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

EVERY = 0.3  # seconds between two tellings
KEPT = 120  # seconds
_SILENT = 10.0  # seconds without trying after Valkey did not answer


class Reached(NamedTuple):
    """So many of so many, bytes or files. All of them read: what was read is being compared and stored."""

    done: int
    total: int


class Progress:
    """Call it with how much is done of how much."""

    def __init__(self, run: int) -> None:
        self.key = _key(run)
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Tell it, unless the last telling is very recent and there is more to come."""
        now = time.monotonic()
        if now < self._next and done < total:
            return
        self._next = now + EVERY
        try:
            _valkey().set(self.key, json.dumps([done, total]), ex=KEPT)
        except (redis.RedisError, OSError):
            self._next = now + _SILENT

    def forget(self) -> None:
        """The run has ended, or begins anew."""
        try:
            _valkey().delete(self.key)
        except (redis.RedisError, OSError):
            return


def reached(run: int) -> Reached | None:
    """How far the run has come; None where nothing is told of it."""
    try:
        told: Any = _valkey().get(_key(run))
        return Reached(*json.loads(told)) if told else None
    except (redis.RedisError, OSError, ValueError, TypeError):
        return None


def _key(run: int) -> str:
    return f"import:{run}"


_client: redis.Redis | None = None


def _valkey() -> redis.Redis:
    global _client
    if _client is None:
        _client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0)
        )
    return _client
