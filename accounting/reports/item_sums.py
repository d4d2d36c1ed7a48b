"""Sums over everything that a report of items lists, whatever page of it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from access.models import Client
from accounting.reports.filters import STATUS_SQL, Status
from accounting.reports.items import Listing
from accounting.reports.options import Currency, Options
from accounting.reports.query import ZERO, chosen_items, status_condition

_TOTALS = """
SELECT i.report_currency,
       count(*) FILTER (WHERE {status}),
       count(DISTINCT i.customer_id) FILTER (WHERE {status}),
       COALESCE(sum(i.report_amount) FILTER (WHERE {status}), 0.00),
       COALESCE(sum(i.was_open) FILTER (WHERE {status}), 0.00),
       COALESCE(sum(i.was_open) FILTER (WHERE i.days_overdue > 0 AND {status}), 0.00),
       COALESCE(sum(i.was_open) FILTER (WHERE i.is_credit AND {status}), 0.00),
       count(*), COALESCE(sum(i.was_open), 0.00), {by_status}
  FROM chosen i
 GROUP BY GROUPING SETS ((i.report_currency), ())
 ORDER BY i.report_currency COLLATE "C"
"""
_OF_CUSTOMERS = """
SELECT i.report_currency, c.number, count(*), sum(i.was_open)
  FROM chosen i JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = i.customer_id
 WHERE {status} AND c.number = ANY (%(numbers)s)
 GROUP BY i.report_currency, c.number
"""


class Sum(NamedTuple):
    """How many items, and what is open of them."""

    items: int
    open_amount: Decimal


@dataclass(frozen=True)
class Totals:
    """The sums of one currency over all that is chosen; `by_status` and `whatever_status` regardless of the status."""

    items: int
    customers: int
    amount: Decimal
    open_amount: Decimal
    overdue: Decimal
    credits: Decimal
    whatever_status: Sum
    by_status: Mapping[Status, Sum]


NOTHING = Totals(0, 0, ZERO, ZERO, ZERO, ZERO, Sum(0, ZERO), dict.fromkeys(Status, Sum(0, ZERO)))


@dataclass(frozen=True)
class ItemSums:
    """The sums by currency, and how many items and customers there are over all currencies.

    `all_items` and `by_status` count regardless of the status that is chosen.
    """

    currencies: dict[str, Totals]
    items: int
    customers: int
    all_items: int
    by_status: dict[Status, int]


def item_sums(client: Client, options: Options, listing: Listing) -> ItemSums:
    """In one query inside the client's scope. The client's own currency is there even with nothing open."""
    query, values = chosen_items(client, options, also=listing.condition)
    by_status = ", ".join(
        f"count(*) FILTER (WHERE {one}), COALESCE(sum(i.was_open) FILTER (WHERE {one}), 0.00)"
        for one in STATUS_SQL.values()
    )
    with connection.cursor() as cursor:
        cursor.execute(query + _TOTALS.format(status=status_condition(options), by_status=by_status), values)
        found = {row[0]: _totals(row[1:]) for row in cursor.fetchall()}
    everything = found.pop(None)  # its amounts are a sum over currencies, and mean nothing
    if options.currency == Currency.BASE:
        found.setdefault(client.base_currency, NOTHING)
    else:  # only those that have something of the chosen status, as in the report itself
        found = {code: one for code, one in found.items() if one.items}
    counts = {status: one.items for status, one in everything.by_status.items()}
    return ItemSums(found, everything.items, everything.customers, everything.whatever_status.items, counts)


def _totals(row: tuple[Any, ...]) -> Totals:
    sums = [Sum(*row[at : at + 2]) for at in range(6, len(row), 2)]
    items, customers, amount, open_amount, overdue, credits = row[:6]
    by_status = dict(zip(STATUS_SQL, sums[1:], strict=True))
    return Totals(items, customers, amount, open_amount, overdue, credits, sums[0], by_status)


def customer_sums(client: Client, options: Options, listing: Listing, numbers: list[str]) -> dict[tuple[str, str], Sum]:
    """By currency and customer number, of these customers; over all their items, whatever page they stand on."""
    query, values = chosen_items(client, options, also=listing.condition)
    with connection.cursor() as cursor:
        cursor.execute(query + _OF_CUSTOMERS.format(status=status_condition(options)), {**values, "numbers": numbers})
        return {(code, number): Sum(items, amount) for code, number, items, amount in cursor.fetchall()}
