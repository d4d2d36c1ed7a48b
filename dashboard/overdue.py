"""What is overdue in each of several companies, by the rules of «Ubetalte fakturaer», in one query."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

# As accounting/reports/query.py has it for one company: open today is what is open, and what was matched after today.
# A test holds the two against each other to the øre.
_OVERDUE = """
WITH invoice AS (
    SELECT client_id, id, open_amount FROM accounting_ledgerentry
     WHERE client_id = ANY (%(clients)s) AND kind = 'invoice' AND amount > 0
       AND entry_date <= %(today)s AND COALESCE(due_date, entry_date) < %(today)s AND closed_on IS NULL
    UNION ALL
    SELECT client_id, id, open_amount FROM accounting_ledgerentry
     WHERE client_id = ANY (%(clients)s) AND kind = 'invoice' AND amount > 0
       AND entry_date <= %(today)s AND COALESCE(due_date, entry_date) < %(today)s AND closed_on > %(today)s
), matched_later AS (
    SELECT client_id, debit_id, sum(amount) AS amount FROM accounting_match
     WHERE client_id = ANY (%(clients)s) AND matched_on > %(today)s GROUP BY client_id, debit_id
)
SELECT i.client_id, count(*), sum(i.open_amount + COALESCE(m.amount, 0))
  FROM invoice i LEFT JOIN matched_later m ON m.client_id = i.client_id AND m.debit_id = i.id
 GROUP BY i.client_id
"""


@dataclass(frozen=True)
class Overdue:
    """How many invoices are overdue, and what is left to pay of them in the company's own currency."""

    count: int
    amount: Decimal


def overdue_invoices(clients: Collection[int], *, today: date) -> dict[int, Overdue]:
    """By primary key of the client; companies without an overdue invoice are left out. Inside the scope of all of them."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERDUE, {"clients": list(clients), "today": today})
        return {client: Overdue(count, amount) for client, count, amount in cursor.fetchall()}
