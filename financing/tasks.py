"""Celery's part: a tick that wakes; what is due is decided by the database."""

from celery import shared_task
from django.utils import timezone

from financing.providers.registry import DEFAULT
from financing.services.credit import follow_onboardings, sync_credit


@shared_task(name="financing.tasks.tick")
def tick() -> None:
    """Read the onboardings that live and the agreements that changed. Lost, doubled or late ticks do no harm."""
    sync_credit(provider_name=DEFAULT, now=timezone.now())
    follow_onboardings(provider_name=DEFAULT)
