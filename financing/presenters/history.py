"""The tab «Historikk»: every limit and balance as it was told, what each changed, and the checks of the past."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from financing.models import Agreement, CreditSnapshot, Onboarding
from financing.presenters.shapes import Row

STATUSES = {
    "offered": gettext_lazy("Offered"),
    "open": gettext_lazy("Active"),
    "paused": gettext_lazy("Paused"),
    "disconnected": gettext_lazy("Disconnected"),
    "terminating": gettext_lazy("Terminated"),
    "terminated": gettext_lazy("Ended"),
}
RESULTS = {
    "accepted": gettext_lazy("Accepted"),
    "declined": gettext_lazy("Offer declined"),
    "rejected": gettext_lazy("No offer"),
    "cancelled": gettext_lazy("Cancelled"),
    "expired": gettext_lazy("Expired"),
    "failed": gettext_lazy("Could not begin"),
}
COLUMNS = (
    "told_at", "as_of", "agreement", "status", "currency", "limit", "used", "available", "pending", "due_amount", "due_date",
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One line of the history, and what it changed from the line before."""

    row: CreditSnapshot
    status: str
    changes: tuple[Row, ...]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """A check and what came of it."""

    onboarding: Onboarding
    result: str
    agreement: Agreement | None


def told_lines(rows: list[CreditSnapshot], count: int) -> list[Told]:
    """The first `count` of `rows`, newest first; one more row is what the last of them is compared with."""
    return [_told(one, _before(rows, place)) for place, one in enumerate(rows[:count])]


def _before(rows: list[CreditSnapshot], place: int) -> CreditSnapshot | None:
    return next((one for one in rows[place + 1 :] if one.agreement_id == rows[place].agreement_id), None)


def _told(row: CreditSnapshot, before: CreditSnapshot | None) -> Told:
    status = str(STATUSES.get(row.status, row.status))
    if before is None:
        return Told(row, status, (), (_("First figures"),))
    changes = [
        Row(label, new - old, signed=True)
        for label, old, new in (
            (_("Credit limit"), before.limit, row.limit),
            (_("Used"), before.used, row.used),
            (_("Draw on its way"), before.pending, row.pending),
        )
        if new != old
    ]
    words = []
    if row.status != before.status:
        old_status = str(STATUSES.get(before.status, before.status))
        words.append(_("%(before)s → %(after)s") % {"before": old_status, "after": status})
    if (row.due_amount, row.due_date) != (before.due_amount, before.due_date):
        if row.due_amount is None or row.due_date is None:
            words.append(_("Nothing is due any more"))
        else:
            changes.append(Row(_("Due"), row.due_amount, row.due_date))
    if not changes and not words:
        changes.append(Row(_("Available"), row.available - before.available, signed=True))
    return Told(row, status, tuple(changes), tuple(words))


def checks_of(onboardings: Iterable[Onboarding], agreements: Iterable[Agreement]) -> list[Check]:
    """Each with the agreement that it led to, if any; newest first as given."""
    made = {one.onboarding_id: one for one in agreements}
    return [
        Check(one, str(RESULTS.get(one.status, _("Under way"))), made.get(one.pk) if one.status == "accepted" else None)
        for one in onboardings
    ]


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, value: str) -> str:
        return value


def csv_lines(rows: Iterable[CreditSnapshot]) -> Iterator[str]:
    """UTF-8, comma, decimal point, times in UTC; a header, and one line for each figure that was told, newest first."""
    writer: Any = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for one in rows:
        yield writer.writerow([
            one.recorded_at.isoformat(), one.as_of.isoformat(), one.agreement.provider_reference, one.status, one.currency,
            *(_plain(amount) for amount in (one.limit, one.used, one.available, one.pending, one.due_amount)),
            one.due_date.isoformat() if one.due_date else "",
        ])  # fmt: skip


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)
