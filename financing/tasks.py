"""Celery's part: a tick that wakes; what is due is decided by the database."""

from contextlib import suppress
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from access.models import Client
from financing.providers.base import ProviderRejected, ProviderUnavailable
from financing.providers.registry import DEFAULT
from financing.services.analysis_lines import read_analysis_lines
from financing.services.credit import follow_onboardings, sync_credit
from financing.services.outbox import send_due


@shared_task(name="financing.tasks.tick")
def tick() -> None:
    """Tell what is to be told, read the onboardings that live and the agreements that changed. A lost one does no harm."""
    send_due(provider_name=DEFAULT, now=timezone.now())
    sync_credit(provider_name=DEFAULT, now=timezone.now())
    follow_onboardings(provider_name=DEFAULT)


@shared_task(name="financing.tasks.send_messages")
def send_messages() -> None:
    """What was just written down goes out without waiting for the tick."""
    send_due(provider_name=DEFAULT, now=timezone.now())


@shared_task(name="financing.tasks.read_lines")
def read_lines(client_id: int, agreement_id: str) -> None:
    """The lines of an agreement's analysis, so that a changed limit can be explained. Lost, they are read when asked for."""
    with suppress(ProviderUnavailable, ProviderRejected):
        read_analysis_lines(
            client=Client.objects.get(pk=client_id), agreement_id=UUID(agreement_id), now=timezone.now()
        )
