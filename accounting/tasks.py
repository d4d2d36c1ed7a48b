"""Celery's part: each task wakes one kind of work. The database decides what is due; lost or doubled it does no harm."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from access.models import Client
from accounting.services import exports


# A large PDF on a busy machine takes minutes. Started once more meanwhile it would find the lock taken and do nothing.
@shared_task(name=exports.MAKING, soft_time_limit=240, time_limit=270)
def make_export(client_id: int, key: str) -> None:
    """Make the file that somebody asked for."""
    exports.make_export(client=Client.objects.get(pk=client_id), key=UUID(key), now=timezone.now())


@shared_task(name="accounting.tasks.sweep_exports")
def sweep_exports() -> None:
    """Make what was left behind, and remove what is past its time."""
    exports.sweep_exports(now=timezone.now())
