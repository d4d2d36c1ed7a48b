"""«Åpne poster kunder» in summary: one line for each customer with something open, page by page."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from access.models import Client
from accounting.reports.items import Listing
from accounting.reports.options import Options
from accounting.reports.position import Position, cut, paged
from accounting.reports.query import chosen_items, reading_much, status_condition

_SUMS = """, customer_sum AS (
    SELECT i.report_currency, i.customer_id, count(*) AS items, sum(i.was_open) AS total,
           COALESCE(sum(i.was_open) FILTER (WHERE i.days_overdue > 0), 0.00) AS overdue,
           COALESCE(sum(i.was_open) FILTER (WHERE i.is_credit), 0.00) AS credits,
           max(i.days_overdue) FILTER (WHERE i.days_overdue > 0) AS oldest_days,
           min(i.due_date) FILTER (WHERE i.days_overdue > 0) AS oldest_due
      FROM chosen i WHERE {status} GROUP BY i.report_currency, i.customer_id
)
SELECT s.report_currency, c.number, c.name, c.organisation_number, c.private_person, c.country, s.customer_id, s.items,
       s.oldest_due, s.oldest_days, s.overdue, s.credits, s.total, c.number_key
  FROM customer_sum s JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = s.customer_id
 WHERE {position} {ending}
"""
_KEYS = ('s.report_currency COLLATE "C"', 'c.number_key COLLATE "C"')


class CustomerLine(NamedTuple):
    """What is open of one customer in one currency; `oldest_due` and `oldest_days` of what is overdue, else None."""

    currency: str
    customer_number: str
    customer_name: str
    organisation_number: str
    private_person: bool
    country: str
    customer_id: int
    items: int
    oldest_due: date | None
    oldest_days: int | None
    overdue: Decimal
    credits: Decimal
    total: Decimal
    number_key: str


def page_of_customers(
    client: Client, options: Options, listing: Listing, position: Position | None
) -> tuple[list[CustomerLine], Position | None, Position | None]:
    """The customers of one page by number, and where the pages before and after it stand; in one query."""
    condition, ending, more = paged(position, _KEYS)
    with reading_much(client, options) as (cursor, settled):
        query, values = chosen_items(client, options, also=listing.condition, settled=settled)
        query += _SUMS.format(status=status_condition(options), position=condition, ending=ending)
        cursor.execute(query, values | more)
        rows = [CustomerLine._make(row) for row in cursor.fetchall()]
    return cut(rows, position, lambda row: (row.currency, row.number_key))
