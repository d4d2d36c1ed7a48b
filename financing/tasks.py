"""Celery's part: a tick that wakes; what is due is decided by the database."""

from celery import shared_task
from django.utils import timezone

from financing.providers.registry import DEFAULT
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
