"""Celery's part: each task wakes one kind of work. The database decides what is due; lost or doubled it does no harm."""

from contextlib import suppress
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from access.models import Client
from accounting.imports.received import remove_abandoned
from accounting.services import exports, import_runs

SOFT_LIMIT = (
    1500  # seconds of an import; longer than the broker waits before it sends a task again, which finds it held
)


# A large PDF on a busy machine takes minutes. Started once more meanwhile it would find the lock taken and do nothing.
@shared_task(name=exports.MAKING, soft_time_limit=240, time_limit=270)
def make_export(client_id: int, key: str) -> None:
    """Make the file that somebody asked for."""
    exports.make_export(client=Client.objects.get(pk=client_id), key=UUID(key), now=timezone.now())


@shared_task(name="accounting.tasks.sweep_exports")
def sweep_exports() -> None:
    """Make what was left behind, and remove what is past its time."""
    exports.sweep_exports(now=timezone.now())


@shared_task(name="accounting.tasks.run_import", soft_time_limit=SOFT_LIMIT, time_limit=SOFT_LIMIT + 60)
def run_import(client_id: int, run_id: int) -> None:
    """One import by the page, then the company's next."""
    client = Client.objects.get(pk=client_id)
    if import_runs.run_import(client=client, run_id=run_id, clock=timezone.now):
        following = import_runs.next_run(client)
        if following:
            wake_import(client_id, following)


@shared_task(name="accounting.tasks.sweep_imports")
def sweep_imports() -> None:
    """Take up what a dead worker or a broker that was away left."""
    for client_id, run_id in import_runs.runs_due():
        wake_import(client_id, run_id)
    remove_abandoned()


def wake_import(client_id: int, run_id: int) -> None:
    """Tell a worker. Where the broker does not answer, the sweeper does it."""
    with suppress(OperationalError):
        run_import.delay(client_id, run_id)
