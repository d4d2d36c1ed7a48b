"""Celery's part: every night each log is verified, and its end is written down outside the database."""

from celery import shared_task
from django.utils import timezone

from access.audit_chain import verify_nightly
from access.models import Client


@shared_task(name="access.tasks.verify_logs")
def verify_logs() -> None:
    """Wake one task for each company, so that none of them runs for long, and one for the lines of no company."""
    for client_id in [None, *Client.objects.order_by("pk").values_list("pk", flat=True)]:
        verify_log.delay(client_id)


@shared_task(name="access.tasks.verify_log")
def verify_log(client_id: int | None) -> None:
    """One chain. A lost task is made good for the night after."""
    verify_nightly(Client.objects.get(pk=client_id) if client_id else None, timezone.now())
