"""What is overdue in each of several companies, by the rules of «Ubetalte fakturaer», in one query."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from accounting.reports.query import was_open

# A test holds it against «Ubetalte fakturaer» to the øre.
_OVERDUE = """
WITH invoice AS (
    SELECT * FROM accounting_ledgerentry
     WHERE client_id = ANY (%(clients)s) AND kind = 'invoice' AND amount > 0
       AND entry_date <= %(as_of)s AND COALESCE(due_date, entry_date) < %(as_of)s AND closed_on IS NULL
    UNION ALL
    SELECT * FROM accounting_ledgerentry
     WHERE client_id = ANY (%(clients)s) AND kind = 'invoice' AND amount > 0
       AND entry_date <= %(as_of)s AND COALESCE(due_date, entry_date) < %(as_of)s AND closed_on > %(as_of)s
)
SELECT i.client_id, count(*), sum({was_open}) FROM invoice i GROUP BY i.client_id
"""


@dataclass(frozen=True)
class Overdue:
    """How many invoices are overdue, and what is left to pay of them in the company's own currency."""

    count: int
    amount: Decimal


def overdue_invoices(clients: Collection[int], *, today: date) -> dict[int, Overdue]:
    """By primary key of the client; companies without an overdue invoice are left out. Inside the scope of all of them."""
    with connection.cursor() as cursor:
        query = _OVERDUE.format(was_open=was_open("i", in_currency=False, client="i.client_id"))
        cursor.execute(query, {"clients": list(clients), "as_of": today})
        return {client: Overdue(count, amount) for client, count, amount in cursor.fetchall()}
