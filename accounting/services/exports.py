"""Reports that are too large to wait for: asked for, made by a worker, fetched by who asked, removed after seven days."""

import hashlib
import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.http import QueryDict
from django.utils import translation

from access.alone import alone
from access.models import Client, User
from access.privileges import INVOICES, REPORTS
from access.services import write_audit
from access.tenancy import client_scope
from access.wake import wake
from accounting.exports.files import MOST, File, report_file
from accounting.models import ExportJob, ExportState, ReportName
from accounting.reports.options import Options
from accounting.reports.words import PAGE, as_parameters, parse

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
MOST_ATTEMPTS = 3
# Of one person in one company: nobody reads more at a time, and each is work.
MOST_WAITING = 5
MAKING = "accounting.tasks.make_export"
PRIVILEGE = {
    ReportName.OPEN_ITEMS: REPORTS,
    ReportName.AGED_RECEIVABLES: REPORTS,
    ReportName.UNPAID_INVOICES: INVOICES,
}


class TooManyExports(Exception):
    """The person has as many under way as she may."""


class ReportTooLarge(Exception):
    """More rows than are ever written in this format. `most` is how many are."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} rows")
        self.most = most


@transaction.atomic
def ask_export(
    *, client: Client, person: User, report: str, options: Options, wanted: str, rows: int, now: datetime
) -> ExportJob:
    """Put the report in line to be made as `wanted` («xlsx», «pdf»), in the language of now. Inside the client's scope.

    Raises TooManyExports, ReportTooLarge. What is asked for twice while the first is under way is made once.
    """
    if rows > MOST[wanted]:
        raise ReportTooLarge(MOST[wanted])
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    mine = ExportJob.objects.for_client(client).filter(person=person, state__in=UNDER_WAY)
    query = _written(options)
    same = mine.filter(report=report, format=wanted, query=query).defer("content").first()
    if same:
        return same
    if mine.count() >= MOST_WAITING:
        raise TooManyExports
    job = ExportJob.objects.for_client(client).create(
        person=person,
        report=report,
        query=query,
        format=wanted,
        language=translation.get_language() or "nb",
        rows=rows,
        asked_at=now,
    )
    details = {"report": report, "format": wanted, "query": query, "rows": rows}
    write_audit(action="export.asked", client=client, actor=person, about=job, details=details)
    transaction.on_commit(lambda: wake(MAKING, client.pk, str(job.key)))
    return job


UNDER_WAY = (ExportState.WAITING, ExportState.RUNNING)


def make_export(*, client: Client, key: UUID, now: datetime) -> bool:
    """Make one export; whether it was made. Outside any transaction; the report is read in a scope that may only SELECT.

    Whoever makes it holds a lock that ends with her: a job that says it is being made while nobody holds the lock was left
    by a dead worker and is made anew, three times at most.
    """
    with alone(f"export {key}") as free:
        job = _begin(client, key) if free else None
        if job is None:
            return False
        try:
            file = _make(client, job, now)
        except Exception:
            log.exception("an export could not be made")
            _give_back(client, job)
            return False
        return _keep(client, job, file, now)


def sweep_exports(*, now: datetime) -> int:
    """Wake a worker for what waits or was left by a dead one, remove what is past its time, company by company.

    How many a worker was woken for. One that is being made is woken for in vain: its lock is taken.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clients_with_exports(%s)", [now])
        clients = [row[0] for row in cursor.fetchall()]
    return sum(_sweep(client, now) for client in clients)


def _sweep(client: int, now: datetime) -> int:
    with client_scope(client):
        ExportJob.objects.for_client(client).filter(expires_at__lte=now).delete()
        due = ExportJob.objects.for_client(client).filter(state__in=UNDER_WAY).order_by("asked_at")
        keys = list(due.values_list("key", flat=True))
    for key in keys:
        wake(MAKING, client, str(key))
    return len(keys)


def _begin(client: Client, key: UUID) -> ExportJob | None:
    with client_scope(client):
        jobs = ExportJob.objects.for_client(client).select_for_update().defer("content")
        job = jobs.filter(key=key, state__in=UNDER_WAY).first()
        if job is None:
            return None
        if job.attempts >= MOST_ATTEMPTS:
            _fail(job)
            return None
        job.state, job.attempts = ExportState.RUNNING, job.attempts + 1
        job.save(update_fields=["state", "attempts"])
        return job


def _make(client: Client, job: ExportJob, now: datetime) -> File:
    options = options_of(job)
    with translation.override(job.language), client_scope(client, read_only=True):
        return report_file(client, job.report, options, job.format, made_by=str(job.person), made_at=now)


def _keep(client: Client, job: ExportJob, file: File, now: datetime) -> bool:
    with client_scope(client):
        return bool(
            ExportJob.objects.for_client(client)
            .filter(pk=job.pk, state=ExportState.RUNNING)
            .update(
                state=ExportState.DONE,
                file_name=file.name,
                size=len(file.content),
                sha256=hashlib.sha256(file.content).hexdigest(),
                content=file.content,
                made_at=now,
                expires_at=now + KEPT,
            )
        )


def _give_back(client: Client, job: ExportJob) -> None:
    with client_scope(client):
        if job.attempts >= MOST_ATTEMPTS:
            _fail(job)
        else:
            ExportJob.objects.for_client(client).filter(pk=job.pk).update(state=ExportState.WAITING)


def _fail(job: ExportJob) -> None:
    job.state, job.expires_at = ExportState.FAILED, job.asked_at + KEPT
    job.save(update_fields=["state", "expires_at"])


def options_of(job: ExportJob) -> Options:
    """What the job asks for."""
    return parse(QueryDict(job.query), PAGE)


def _written(options: Options) -> str:
    found = QueryDict(mutable=True)
    found.update(as_parameters(options))
    return found.urlencode()
