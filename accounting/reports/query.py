"""What was open as of a date: the one piece of SQL that every report stands on, and what narrows it."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from access.models import Client
from accounting.reports.filters import STATUS_SQL, conditions
from accounting.reports.options import NO_DUE_DATE, AgeBy, Credits, Currency, Options

ZERO = Decimal("0.00")

_OPEN_TODAY = """SELECT * FROM accounting_ledgerentry
     WHERE client_id = %(client)s AND entry_date <= %(as_of)s AND closed_on IS NULL"""
_CLOSED_LATER = """SELECT * FROM accounting_ledgerentry
     WHERE client_id = %(client)s AND entry_date <= %(as_of)s AND closed_on > %(as_of)s"""
# Open as of D is what is open today and was there on D, and what was closed after D. What was open of it: all of it where
# it was first matched after D, what is open today where it was last matched by D, and for the few between, the amount
# less the matches up to D. The dates are kept by a trigger; a match is never dated before either of its entries.
_ITEM = """
WITH candidate AS (
    {candidates}
), item AS (
    SELECT e.*,
           e.amount < 0 AS is_credit,
           {currency} AS report_currency,
           {amount} AS report_amount,
           {was_open} AS was_open,
           CASE WHEN e.amount >= 0 AND e.kind <> 'opening_balance'
                THEN %(as_of)s - COALESCE(e.due_date, e.entry_date) END AS days_overdue,
           CASE WHEN %(separate)s AND e.amount < 0 THEN %(unallocated)s
                WHEN e.kind = 'opening_balance' THEN %(no_due_date)s
                ELSE width_bucket(%(as_of)s - CASE WHEN %(by_entry_date)s THEN e.entry_date
                                                   WHEN e.amount < 0 AND e.kind <> 'credit_note' THEN e.entry_date
                                                   ELSE COALESCE(e.due_date, e.entry_date) END,
                                  %(thresholds)s) END AS column_no
      FROM candidate e
)
"""
_CHOSEN = """, chosen AS (SELECT i.* FROM item i {customer} WHERE {conditions})
"""
CUSTOMER = "JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = i.customer_id"
_OWED_TO = """(i.report_currency, i.customer_id) IN
    (SELECT report_currency, customer_id FROM item GROUP BY report_currency, customer_id HAVING sum(was_open) < 0)"""


_WAS_OPEN = """CASE WHEN {entry}.last_matched_on IS NULL OR {entry}.last_matched_on <= %(as_of)s
                     THEN {entry}.open_{amount}
                WHEN {entry}.first_matched_on > %(as_of)s THEN {entry}.{amount}
                WHEN {entry}.amount > 0 THEN {entry}.{amount} -
                     (SELECT COALESCE(sum(m.{debit}), 0) FROM accounting_match m
                       WHERE m.client_id = {client} AND m.debit_id = {entry}.id AND m.matched_on <= %(as_of)s)
                ELSE {entry}.{amount} +
                     (SELECT COALESCE(sum(m.{credit}), 0) FROM accounting_match m
                       WHERE m.client_id = {client} AND m.credit_id = {entry}.id AND m.matched_on <= %(as_of)s) END"""
_PLANNER = {"enable_nestloop": "off", "max_parallel_workers_per_gather": "0", "jit": "off", "work_mem": "'32MB'"}
# Its end of an index; EXISTS could read the table through.
_LAST_MATCH = "SELECT matched_on FROM accounting_match WHERE client_id = %(client)s ORDER BY matched_on DESC LIMIT 1"
_IN_BASE = {"amount": "amount", "debit": "amount", "credit": "amount"}
_IN_CURRENCY = {"amount": "currency_amount", "debit": "debit_currency_amount", "credit": "credit_currency_amount"}


def was_open(entry: str, *, in_currency: bool, client: str = "%(client)s") -> str:
    """SQL for what was open of an entry as of the date, in its own currency or in the client's, whose key is `client`."""
    return _WAS_OPEN.format(entry=entry, client=client, **(_IN_CURRENCY if in_currency else _IN_BASE))


def chosen_items(
    client: Client, options: Options, *, also: str = "", settled: bool = False
) -> tuple[str, dict[str, Any]]:
    """`WITH … chosen AS (…)`: the open items that the options ask for, whatever their status, and its parameters.

    `also` is a further condition on an item `i`. `settled`: nothing was matched after the date, as `reading_much` found.
    What follows reads `chosen`; `status_condition` narrows by status.
    """
    original = options.currency == Currency.ORIGINAL
    found, values = conditions(options.only)
    with_customer = CUSTOMER if any("c." in one for one in found) else ""
    if options.only.credit_balance:
        found.append(_OWED_TO)
    if original:  # in the client's currency something is always open of them
        found.append("i.was_open <> 0")
    if also:
        found.append(also)
    open_today = "e.open_currency_amount" if original else "e.open_amount"
    query = _ITEM.format(
        candidates=_OPEN_TODAY if settled else f"({_OPEN_TODAY} ORDER BY customer_id) UNION ALL {_CLOSED_LATER}",
        currency="e.currency" if original else "%(base)s",
        amount="e.currency_amount" if original else "e.amount",
        was_open=open_today if settled else was_open("e", in_currency=original),
    ) + _CHOSEN.format(customer=with_customer, conditions=" AND ".join(found) or "TRUE")
    return query, values | _parameters(client, options)


@contextmanager
def reading_much(client: Client, options: Options) -> Iterator[tuple[CursorWrapper, bool]]:
    """A cursor for a query that groups all open items of a company, and whether nothing was matched after the date.

    What is planned with it is planned for thousands of rows, whatever is estimated: PostgreSQL takes the groups of a
    union for 200 and would look up each customer by itself; it takes the matches to be read for every item, and would
    compile, or start other processes, for that.
    """
    with connection.cursor() as cursor:
        settings = "; ".join(f"SET LOCAL {name} = {value}" for name, value in _PLANNER.items())
        cursor.execute(f"{settings}; {_LAST_MATCH}", {"client": client.pk})
        last = cursor.fetchone()
        yield cursor, last is None or last[0] <= options.as_of
        cursor.execute("; ".join(f"SET LOCAL {name} = DEFAULT" for name in _PLANNER))


def status_condition(options: Options) -> str:
    """The chosen status as SQL on an item `i`; what is always true where none is chosen."""
    return STATUS_SQL[options.only.status] if options.only.status else "TRUE"


def _parameters(client: Client, options: Options) -> dict[str, Any]:
    columns, column = options.columns, options.only.column
    return {
        "client": client.pk,
        "as_of": options.as_of,
        "base": client.base_currency,
        "separate": options.credits == Credits.SEPARATE,
        "by_entry_date": options.age_by == AgeBy.ENTRY_DATE,
        "unallocated": len(columns) - 1,
        "no_due_date": columns.index(NO_DUE_DATE),
        "thresholds": list(options.thresholds),
        "columns": list(columns),
        "only_column_no": columns.index(column) if column else None,
    }
