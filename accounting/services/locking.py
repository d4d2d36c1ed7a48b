"""«Regnskap låst til og med»: up to which day a company's ledger is closed, and how that is changed."""

from datetime import date, timedelta

from django.db import IntegrityError, transaction

from access.models import Client, User
from access.services import write_audit
from accounting.models import LedgerLock

DAY = timedelta(days=1)


class PeriodLocked(Exception):
    """Something is dated on or before the day through which the books are locked. `locked_through` is that day."""

    def __init__(self, locked_through: date | None) -> None:
        super().__init__(f"the books are locked through {locked_through}")
        self.locked_through = locked_through


class ReasonMissing(Exception):
    """What was locked is opened again, and nobody said why."""


def locked_through(client: Client) -> date | None:
    """The last day of the closed period, inclusive; None where nothing is locked. Inside the client's scope."""
    rows = LedgerLock.objects.for_client(client).order_by("-id")
    return rows.values_list("locked_through", flat=True).first()


def first_open_day(client: Client) -> date:
    """The earliest day that an entry or a match may bear; the calendar's first where nothing is locked."""
    day = locked_through(client)
    return day + DAY if day else date.min


def told_locked(what: str, day: date, through: date) -> str:
    """What an import says of something that is dated in the closed period, and what to do."""
    remedy = f"date it {through + DAY} or later, or open the period again"
    return f"{what} is dated {day}, but the books are locked through {through}: {remedy}"


@transaction.atomic
def lock_ledger(*, client: Client, through: date | None, reason: str = "", actor: User) -> LedgerLock | None:
    """Lock through this day, or open again from the day after it; None where that is how it is. Inside the scope.

    Raises ReasonMissing where days are opened that were closed. One audit line with before and after.
    """
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)  # waits for imports and matches under way
    before = locked_through(client)
    if through == before:
        return None
    if before and (through is None or through < before) and not reason.strip():
        raise ReasonMissing
    lock = LedgerLock.objects.for_client(client).create(locked_through=through, reason=reason.strip()[:300], by=actor)
    details = {"before": str(before or ""), "after": str(through or ""), "reason": lock.reason}
    write_audit(action="ledger.locked", client=client, actor=actor, about=lock, details=details)
    return lock


def is_locked(fault: IntegrityError) -> bool:
    """Whether the database refused this because of the lock (accounting/migrations/0008)."""
    diagnosis = getattr(fault.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == "ledger_locked"
