"""The one way from the services to a provider, and whether it is gone: the breaker that every process shares."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import current_task
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from financing.models import ProviderBreaker
from financing.providers.base import LeftAlone, Provider, ProviderRejected, ProviderUnavailable
from financing.providers.registry import provider

log = logging.getLogger(__name__)

OPENS_AFTER = 5  # failures in a row, whoever had them
PROBE_EVERY = timedelta(minutes=1)


def wait_after(error: Exception, wait: timedelta) -> timedelta:
    """How long until the next try, where the caller's own back-off would be `wait`.

    No less than the provider asked for; and while it does not answer at all no longer than the breaker's pace, which spares it
    already: what waits is done soon after it is back.
    """
    if getattr(error, "down", False):
        wait = min(wait, PROBE_EVERY)
    return max(wait, timedelta(seconds=getattr(error, "retry_after", None) or 0))


def bank(name: str) -> Provider:
    """The provider of that name, behind its breaker. To be called outside any transaction.

    Raises KeyError for one that is not there. While the provider does not answer, its methods raise LeftAlone at once, with
    the seconds until somebody tries again.
    """
    return provider(name, _Breaker(name))


@dataclass(frozen=True)
class _Breaker:
    """The gate of a provider: entered around every try. docs/decisions/0016-the-door-to-the-provider.md"""

    provider: str

    @contextmanager
    def __call__(self, origin: str) -> Iterator[None]:
        rows = ProviderBreaker.objects.filter(provider=self.provider, origin=origin)
        known = rows.first()
        if known is not None:
            _let_pass(known, rows, timezone.now())
        try:
            yield
        except ProviderUnavailable as error:
            if error.down:
                self._failed(origin, rows, timezone.now())
            if error.retry_after:
                self._held(origin, rows, timezone.now() + timedelta(seconds=error.retry_after))
            if not error.down:
                self._answered(known, rows)
            raise
        except ProviderRejected:
            self._answered(known, rows)
            raise
        self._answered(known, rows)

    def _failed(self, origin: str, rows: QuerySet[ProviderBreaker], now: datetime) -> None:
        ProviderBreaker.objects.get_or_create(provider=self.provider, origin=origin)
        rows.update(failures=F("failures") + 1)
        opening = rows.filter(failures__gte=OPENS_AFTER, opened_at=None)
        if opening.update(opened_at=now, probe_at=now + PROBE_EVERY):
            log.error("%s does not answer: it is left alone, but for one try a minute", self.provider)

    def _held(self, origin: str, rows: QuerySet[ProviderBreaker], until: datetime) -> None:
        ProviderBreaker.objects.get_or_create(provider=self.provider, origin=origin)
        rows.update(held_until=until)

    def _answered(self, known: ProviderBreaker | None, rows: QuerySet[ProviderBreaker]) -> None:
        if known is None or not (known.failures or known.opened_at):
            return  # nothing to take back, and nothing to write
        if rows.filter(~Q(opened_at=None)).update(failures=0, opened_at=None, probe_at=None):
            log.warning("%s answers again", self.provider)
        else:
            rows.update(failures=0)


def _let_pass(known: ProviderBreaker, rows: QuerySet[ProviderBreaker], now: datetime) -> None:
    """Raise LeftAlone, unless this caller may go.

    A job waits as long as the bank asked for (429, 503 with Retry-After), so that people go first. While the breaker is open
    one try a minute goes, and it is a job's: nobody sits before it. Only where no job has tried for another minute (the worker
    is down too) does a person's.
    """
    job = bool(current_task)
    if job and known.held_until and known.held_until > now:
        raise LeftAlone("the bank asked for a pause", _seconds(known.held_until - now), down=False)
    if known.opened_at is None:
        return
    due = now if job else now - PROBE_EVERY
    # Whoever moves the time has the try; the row decides between two at once.
    if not rows.filter(opened_at__isnull=False, probe_at__lte=due).update(probe_at=now + PROBE_EVERY):
        until = max(known.probe_at or now, known.held_until or now)
        raise LeftAlone("the bank does not answer, and is left alone for a while", _seconds(until - now))


def _seconds(left: timedelta) -> int:
    return max(1, math.ceil(left.total_seconds()))
