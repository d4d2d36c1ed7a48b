"""The life of an import by the page: registered when its files have come, taken up by a worker, ended once.

The row decides (docs/decisions/0024-imports-by-the-page.md). Who works on a run holds a lock on its connection to the
database, which a dead worker cannot keep; the books and the run's end are committed together.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction

from access.alone import alone
from access.models import Client, User
from access.privileges import IMPORT
from access.tenancy import client_scope
from accounting.imports.progress import Progress
from accounting.imports.received import MEGABYTE, Received, is_zip, remove, unpack
from accounting.imports.recognise import Content, recognise
from accounting.imports.refusal import ImportRefused
from accounting.models import UNDER_WAY, ImportKind, ImportRun, ImportStatus
from accounting.services.import_kinds import bring_in, groups_of
from accounting.services.locking import PeriodLocked, is_locked, locked_through

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]  # an import takes its time: when it ended is asked then
MOST_TRIES = 3
PLACES = 2  # imports at once over all companies: the worker has other things to do
LOCKED = "the file holds something dated in the closed period, through {day}: open the books, or correct the date"
NO_RIGHT = "whoever uploaded the file may not import here any more: ask somebody who may"


# Registered


def register_upload(
    *, client: Client, received: Iterable[Received], options: dict[str, Any], actor: User, now: datetime
) -> list[ImportRun]:
    """A run for each kind of what was received, waiting; and one, refused already, for what cannot be imported.

    Inside the client's scope. Zip archives are unpacked. In the order in which they will be imported.
    """
    found: list[tuple[Received, Content]] = []
    refused: list[tuple[Received, str, int]] = []
    for one in _unpacked(received, refused):
        try:
            found.append((one, _recognised(one)))
        except ImportRefused as refusal:
            refused.append((one, str(refusal), refusal.line))
    groups, left = groups_of(found)
    refused += [(one, told, 1) for one, told in left]
    upload, runs, rows = uuid4(), [], ImportRun.objects.for_client(client)
    if refused:
        for one, _, _ in refused:
            remove(one.stored)
        runs.append(
            rows.create(
                upload=upload, kind=ImportKind.UNKNOWN, status=ImportStatus.REFUSED, by=actor,
                created_at=now, finished_at=now, files=[_told(one, stored="") for one, _, _ in refused],
                refusals=[{"file": one.name, "line": line, "message": told} for one, told, line in refused],
            )
        )  # fmt: skip
    for group in groups:
        files = [_told(one, stored=one.stored) for one in group.files]
        runs.append(rows.create(upload=upload, kind=group.kind, files=files, options=options, by=actor, created_at=now))
    return runs


def _unpacked(received: Iterable[Received], refused: list[tuple[Received, str, int]]) -> Iterator[Received]:
    for one in received:
        if not is_zip(one):
            yield one
            continue
        try:
            yield from unpack(one)
            remove(one.stored)
        except ImportRefused as refusal:
            refused.append((one, str(refusal), refusal.line))


def _recognised(one: Received) -> Content:
    found, most = recognise(one.path), settings.UPLOAD_MOST_BYTES_EACH
    if found in (Content.INVOICE, Content.PAYMENTS) and one.size > most:
        raise ImportRefused(f"the file is larger than {most // MEGABYTE} MB, the limit of its kind: divide it")
    return found


def _told(one: Received, stored: str) -> dict[str, Any]:
    return {"name": one.name[-200:], "size": one.size, "sha256": one.sha256, "stored": stored}


# Taken up


def run_import(*, client: Client, run_id: int, clock: Clock) -> bool:
    """Import what the run holds, once; whether the company's next may be taken up. Outside any transaction and scope.

    Does nothing where somebody is at it, where an earlier run of the company has not ended, where as many imports run
    as may, or where it has ended. What goes wrong is written on the run; only a lost database is raised, after which
    the sweeper takes the run up again.
    """
    with _place() as free, alone(f"accounting.import:{run_id}") as mine:
        if not (free and mine):
            return False
        run = _claim(client, run_id, clock)
        if run is None:
            return False
        progress = Progress(run_id)
        progress.forget()
        if run.under_way:
            _work(run, client, progress, clock)
        _clear(client, run)
        progress.forget()
        return True


@contextmanager
def _place() -> Iterator[bool]:
    """One of the PLACES, for as long as the block runs."""
    with ExitStack() as held:
        yield any(held.enter_context(alone(f"accounting.import.place:{number}")) for number in range(PLACES))


def _claim(client: Client, run_id: int, clock: Clock) -> ImportRun | None:
    """The run, marked as running; marked as failed where it was tried often enough. None where it is not its turn."""
    with client_scope(client):
        rows = ImportRun.objects.for_client(client).select_related("by").select_for_update(of=("self",))
        run: ImportRun | None = rows.filter(pk=run_id).first()
        if run is None or not run.under_way:
            return None
        if ImportRun.objects.for_client(client).filter(pk__lt=run_id, status__in=UNDER_WAY).exists():
            return None
        if run.tries >= MOST_TRIES:
            return _end(run, ImportStatus.FAILED, clock())
        run.status, run.tries = ImportStatus.RUNNING, run.tries + 1
        run.started_at = run.started_at or clock()
        run.save(update_fields=["status", "tries", "started_at"])
        return run


def _work(run: ImportRun, client: Client, progress: Progress, clock: Clock) -> None:
    try:
        with transaction.atomic():
            actor: User | None = run.by
            if actor and not actor.has_perm(IMPORT, client):
                raise ImportRefused(NO_RIGHT)
            imported = bring_in(run, client, actor, progress)
            with client_scope(client):  # with the books, or not at all
                _end(run, ImportStatus.DONE, clock(), summary=imported.summary, founded=imported.founded)
    except ImportRefused as refusal:
        _refuse(run, client, refusal, clock)
    except PeriodLocked as fault:
        _refuse(run, client, ImportRefused(LOCKED.format(day=fault.locked_through)), clock)
    except IntegrityError as fault:
        if is_locked(fault):
            with client_scope(client):
                day = locked_through(client)
            _refuse(run, client, ImportRefused(LOCKED.format(day=day)), clock)
        else:
            _fail(run, client, clock)
    except OperationalError:
        raise
    except SoftTimeLimitExceeded:
        log.error("import %s took longer than it may", run.pk)
        _fail(run, client, clock)
    except Exception:
        log.exception("import %s failed", run.pk)
        _fail(run, client, clock)


def _refuse(run: ImportRun, client: Client, refusal: ImportRefused, clock: Clock) -> None:
    named = getattr(refusal, "path", None)
    names = {one["stored"]: one["name"] for one in run.files}
    known = names.get(named.parent.name, named.name) if named else run.files[0]["name"] if len(run.files) == 1 else ""
    with client_scope(client):
        refusals = [{"file": known, "line": refusal.line, "message": str(refusal)}]
        _end(run, ImportStatus.REFUSED, clock(), refusals=refusals)


def _fail(run: ImportRun, client: Client, clock: Clock) -> None:
    with client_scope(client):
        _end(run, ImportStatus.FAILED, clock())


def _end(run: ImportRun, status: ImportStatus, at: datetime, **values: Any) -> ImportRun:
    run.status, run.finished_at = status, at
    for name, value in values.items():
        setattr(run, name, value)
    run.save(update_fields=["status", "finished_at", *values])
    return run


def _clear(client: Client, run: ImportRun) -> None:
    """Remove the files of a run that has ended; their sums stay."""
    for one in run.files:
        remove(one["stored"])
    run.files = [one | {"stored": ""} for one in run.files]
    with client_scope(client):
        run.save(update_fields=["files"])


# Swept


def runs_due() -> list[tuple[int, int]]:
    """(company, run) of what a worker should be told of: each company's first that nobody is at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT client, run, running FROM imports_under_way()")
        found = cursor.fetchall()
    due = []
    for client, run, running in found:
        if running:
            with alone(f"accounting.import:{run}") as dead:
                if not dead:
                    continue
        due.append((client, run))
    return due


def next_run(client: Client) -> int | None:
    """The company's first run that has not ended."""
    with client_scope(client, read_only=True):
        rows = ImportRun.objects.for_client(client).filter(status__in=UNDER_WAY).order_by("pk")
        return rows.values_list("pk", flat=True).first()
