"""Celery's part: each task wakes one kind of work. The database decides what is due; lost or doubled it does no harm."""

from contextlib import suppress
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from access.alone import alone
from access.models import Client
from financing import hearing  # noqa: F401  listens in a worker
from financing.models import WorkerBeat
from financing.providers.base import ProviderRejected, ProviderUnavailable
from financing.providers.buffer.webhook import read_event
from financing.providers.registry import DEFAULT
from financing.services import credit, events
from financing.services.access import forget_origins
from financing.services.analysis_lines import READING, read_analysis_lines
from financing.services.outbox import send_due
from financing.services.sync import sync_credit


@shared_task(name="financing.tasks.sync")
def sync() -> None:
    """Read the agreements that changed, for all companies at once."""
    sync_credit(provider_name=DEFAULT, now=timezone.now())


@shared_task(name="financing.tasks.follow")
def follow() -> None:
    """Read the onboardings whose time has come."""
    with alone("financing.follow") as free:
        if free:
            credit.follow_onboardings(provider_name=DEFAULT)


@shared_task(name="financing.tasks.send_messages")
def send_messages() -> None:
    """Tell the provider what is due to be told."""
    with alone("financing.send") as free:
        if free:
            send_due(provider_name=DEFAULT, now=timezone.now())


@shared_task(name="financing.tasks.drain_events")
def drain_events() -> None:
    """Apply the events that wait."""
    with alone("financing.drain") as free:
        if free:
            events.drain_events(provider_name=DEFAULT, read_event=read_event)


@shared_task(name="financing.tasks.refresh_agreement")
def refresh_agreement(client_id: int, reference: str) -> None:
    """Read one agreement by itself, because somebody asked."""
    credit.refresh_agreement(client=Client.objects.get(pk=client_id), provider_name=DEFAULT, reference=reference)


@shared_task(name=READING)
def read_lines(client_id: int, agreement_id: str) -> None:
    """The lines of an agreement's analysis, so that a changed limit can be explained. Lost, they are read when asked for."""
    with suppress(ProviderUnavailable, ProviderRejected):
        read_analysis_lines(
            client=Client.objects.get(pk=client_id), agreement_id=UUID(agreement_id), now=timezone.now()
        )


@shared_task(name="financing.tasks.forget")
def forget() -> None:
    """Nightly: remove what is kept for a time only."""
    forget_origins(now=timezone.now())
    events.clear_inbox(now=timezone.now())


@shared_task(name="financing.tasks.beat")
def beat() -> None:
    """The way from beat through the queue to a worker is open."""
    WorkerBeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})
