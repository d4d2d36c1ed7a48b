"""The customers of a company as a list to look somebody up in, and how long one takes to pay."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.db import connection

from access.models import Client
from accounting.models import Customer
from accounting.reports.options import Options
from accounting.reports.position import Position, cut, paged
from accounting.reports.query import ZERO, chosen_items

_CUSTOMERS = """
SELECT c.id, c.number, c.name, c.organisation_number, c.private_person, c.country, c.number_key
  FROM accounting_customer c
 WHERE c.client_id = %(client)s AND {search} AND {position} {ending}
"""
_COUNT = "SELECT count(*) FROM accounting_customer c WHERE c.client_id = %(client)s AND {search}"
_SEARCH = """(c.name ILIKE %(search)s OR c.number ILIKE %(search)s OR c.organisation_number ILIKE %(search)s
              OR (%(digits)s <> '' AND replace(c.organisation_number, ' ', '') = %(digits)s))"""
_BALANCES = """
SELECT i.customer_id, count(*), sum(i.was_open), COALESCE(sum(i.was_open) FILTER (WHERE i.days_overdue > 0), 0.00)
  FROM chosen i GROUP BY i.customer_id
"""
_KEYS = ('c.number_key COLLATE "C"',)
KEYS = len(_KEYS)


class CustomerRow(NamedTuple):
    """One customer, and what is open of her in the client's currency: how many items, their sum, what is overdue."""

    pk: int
    customer_number: str
    customer_name: str
    organisation_number: str
    private_person: bool
    country: str
    items: int
    total: Decimal
    overdue: Decimal


@dataclass(frozen=True)
class CustomersPage:
    """A page of customers by number; `count` is of all that are looked for."""

    rows: tuple[CustomerRow, ...]
    count: int
    previous: Position | None
    following: Position | None


def customers_page(client: Client, *, search: str, today: date, position: Position | None) -> CustomersPage:
    """Those whose name, number or organisation number holds the text. Three queries inside the client's scope."""
    condition, ending, values = paged(position, _KEYS)
    values |= {
        "client": client.pk,
        "search": "%" + re.sub(r"([\\%_])", r"\\\1", search) + "%",
        "digits": digits if (digits := re.sub(r"\s", "", search)).isdigit() else "",
    }
    wanted = _SEARCH if search else "TRUE"
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMERS.format(search=wanted, position=condition, ending=ending), values)
        found, previous, following = cut(cursor.fetchall(), position, lambda row: (row[-1],))
        cursor.execute(_COUNT.format(search=wanted), values)
        (count,) = cursor.fetchone()
        query, more = chosen_items(client, Options(as_of=today), also="i.customer_id = ANY (%(customers)s)")
        cursor.execute(query + _BALANCES, more | {"customers": [row[0] for row in found]})
        sums = {row[0]: row[1:] for row in cursor.fetchall()}
    rows = tuple(CustomerRow(*row[:-1], *sums.get(row[0], (0, ZERO, ZERO))) for row in found)
    return CustomersPage(rows, count, previous, following)


# An invoice counts as paid where a payment was among what closed it: one that was credited tells nothing of paying.
_DAYS = """
SELECT count(*), avg(closed_on - entry_date), avg(COALESCE(due_date, entry_date) - entry_date)
  FROM accounting_ledgerentry e
 WHERE client_id = %(client)s AND customer_id = %(customer)s AND kind = 'invoice' AND amount > 0
   AND closed_on > %(after)s AND closed_on <= %(as_of)s
   AND EXISTS (SELECT FROM accounting_match m JOIN accounting_ledgerentry p
                   ON p.client_id = %(client)s AND p.id = m.credit_id AND p.kind = 'payment'
                WHERE m.client_id = %(client)s AND m.debit_id = e.id)
"""


@dataclass(frozen=True)
class DaysToPay:
    """Averages in days with one decimal over `invoices`, each counting alike."""

    invoices: int
    actual: Decimal
    agreed: Decimal

    @property
    def late(self) -> Decimal:
        """Actual less agreed; negative for who pays early."""
        return self.actual - self.agreed

    @property
    def early(self) -> Decimal:
        """The same the other way round."""
        return -self.late


def days_to_pay(client: Client, customer: Customer, as_of: date) -> DaysToPay | None:
    """Of the customer's invoices that were closed by payment in the twelve months up to the date; None without any.

    Actual: from the entry date to the day it was closed. Agreed: from the entry date to the due date, the one on the
    invoice whatever was agreed later; one without a due date was due at once. One query inside the client's scope.
    """
    try:
        after = as_of.replace(year=as_of.year - 1)
    except ValueError:  # the 29th of February, or the first year there is
        after = as_of.replace(year=as_of.year - 1, day=28) if as_of.year > 1 else date.min
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"client": client.pk, "customer": customer.pk, "after": after, "as_of": as_of})
        count, actual, agreed = cursor.fetchone()
    return DaysToPay(count, _days(actual), _days(agreed)) if count else None


def _days(value: Any) -> Decimal:
    return Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP)
