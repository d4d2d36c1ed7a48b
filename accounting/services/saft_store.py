"""Writes what a SAF-T file says of periods, customers and control accounts: set by set, and only what is new."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Max, Min, Sum

from access.models import Client
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_file import Header
from accounting.models import ControlAccountMovement, HeldPeriod, LedgerEntry
from accounting.services.staging import analyse, copy_rows, make_table
from accounting.services.statistics import analyse_customers

BATCH = 2000
ZERO = Decimal("0.00")
DAY = timedelta(days=1)

Movements = dict[tuple[str, date], Decimal]


@dataclass(frozen=True)
class Coverage:
    """What is held already, and how a file's period stands to it. Inclusive dates, as stored (moved)."""

    start: date
    end: date
    held_first: date | None
    held_last: date | None

    @property
    def is_first(self) -> bool:
        """The company's first file: the only one whose opening balances become entries."""
        return self.held_first is None

    @property
    def overlaps(self) -> bool:
        """Days of the file are held already."""
        return self.held_last is not None and self.start <= self.held_last

    @property
    def extends(self) -> bool:
        """The file brings days that are not held."""
        return self.held_last is None or self.end > self.held_last


def coverage(client: Client, header: Header, shift: timedelta) -> Coverage:
    """The file's period beside those held. Raises ImportRefused at a gap, and before the first period held."""
    start, end = header.start + shift, header.end + shift
    held = HeldPeriod.objects.for_client(client).aggregate(first=Min("start"), last=Max("end"))
    first, last = held["first"], held["last"]
    if first is not None and start < first:
        told = f"the file begins {start}, before the first period that is held ({first}): older periods cannot be added"
        raise ImportRefused(told, header.line)
    if last is not None and start > last + DAY:
        raise ImportRefused(f"the period {last + DAY} to {start - DAY} is missing: import it first", header.line)
    return Coverage(start, end, first, last)


def hold_period(client: Client, covered: Coverage, file_name: str) -> None:
    """Note that the period is held, where the file brings days that were not."""
    if covered.extends:
        HeldPeriod.objects.for_client(client).create(start=covered.start, end=covered.end, file_name=file_name[:300])


# Customers

CUSTOMER_COLUMNS = {
    "number": "text", "name": "text", "organisation_number": "text", "country": "text", "private_person": "boolean",
}  # fmt: skip

# That a file says nothing of it does not make a person a company: it is only ever set. What was set by hand stays.
_UPDATE = """
WITH said AS (
    SELECT c.id, f.name,
           CASE WHEN 'organisation_number' = ANY (string_to_array(c.set_by_hand, ' ')) THEN c.organisation_number
                ELSE f.organisation_number END AS organisation_number,
           CASE WHEN 'country' = ANY (string_to_array(c.set_by_hand, ' ')) THEN c.country
                ELSE f.country END AS country,
           CASE WHEN 'private_person' = ANY (string_to_array(c.set_by_hand, ' ')) THEN c.private_person
                ELSE c.private_person OR f.private_person END AS private_person
      FROM saft_customer f JOIN accounting_customer c ON c.client_id = %(client)s AND c.number = f.number
)
UPDATE accounting_customer c
   SET name = s.name, organisation_number = s.organisation_number, country = s.country,
       private_person = s.private_person, changed_at = now()
  FROM said s
 WHERE c.client_id = %(client)s AND c.id = s.id
   AND (c.name, c.organisation_number, c.country, c.private_person)
       <> (s.name, s.organisation_number, s.country, s.private_person)
"""
_CREATE = """
INSERT INTO accounting_customer
       (client_id, number, name, organisation_number, country, private_person, related_party, changed_at)
SELECT %(client)s, f.number, f.name, f.organisation_number, f.country, f.private_person, false, now()
  FROM saft_customer f
 WHERE NOT EXISTS (SELECT FROM accounting_customer c WHERE c.client_id = %(client)s AND c.number = f.number)
 ORDER BY f.n
"""


def store_customers(client: Client, given: Iterable[tuple[Any, ...]], *, update: bool) -> dict[str, int]:
    """Create those not held; with `update` the others take what the file says, without it they stay as they are.

    `given` in the order of CUSTOMER_COLUMNS, each number once. How many were created, updated and unchanged.
    """
    make_table("saft_customer", {"n": "int"} | CUSTOMER_COLUMNS)
    copy_rows("saft_customer", ((n, *values) for n, values in enumerate(given)))
    analyse("saft_customer")
    values = {"client": client.pk}
    with connection.cursor() as cursor:
        updated = 0
        if update:
            cursor.execute(_UPDATE, values)
            updated = cursor.rowcount
        cursor.execute(_CREATE, values)
        created = cursor.rowcount
        cursor.execute("SELECT count(*) FROM saft_customer")
        (count,) = cursor.fetchone()
    analyse_customers(created)
    return {"created": created, "updated": updated, "unchanged": count - created - updated}


def balances(client: Client, day: date) -> dict[str, Decimal]:
    """What each customer owes at the end of `day`, by number, in the client's currency."""
    found = LedgerEntry.objects.for_client(client).filter(entry_date__lte=day).values("customer__number")
    return {one["customer__number"]: one["total"] for one in found.annotate(total=Sum("amount")).order_by()}


# Control accounts


def followed_accounts(client: Client) -> frozenset[str]:
    """The control accounts whose movements are held."""
    rows = ControlAccountMovement.objects.for_client(client).values_list("account", flat=True)
    return frozenset(rows.order_by().distinct())


def store_movements(
    client: Client, covered: Coverage, movements: Movements, openings: dict[str, Decimal], followed: frozenset[str]
) -> None:
    """Store what the control accounts moved. `openings`: the file's opening balance of each account it can be known of.

    Of an account not yet followed the opening balance stands on the day before the file. Where days overlap, only those
    not yet held are taken, and they replace a stray line dated there; where the file joins on, its lines are all new and
    add to what is held.
    """
    if not covered.extends:
        return
    rows = ControlAccountMovement.objects.for_client(client)
    new: Movements = {}
    for account, amount in openings.items():
        if account not in followed:
            new[account, covered.start - DAY] = amount
    for (account, day), amount in movements.items():
        if account in followed and covered.overlaps and covered.held_last is not None and day <= covered.held_last:
            continue
        if account in followed or account in openings:
            new[account, day] = new.get((account, day), ZERO) + amount
    if covered.overlaps:
        rows.filter(account__in=followed, day__gt=covered.held_last).delete()
    else:
        days = {day for _, day in new}
        for one in rows.filter(account__in=followed, day__in=days):
            new[one.account, one.day] = new.get((one.account, one.day), ZERO) + one.amount
        rows.filter(account__in=followed, day__in=days).delete()
    rows.bulk_create(
        [ControlAccountMovement(account=account, day=day, amount=amount) for (account, day), amount in new.items()],
        batch_size=BATCH,
    )
