"""What was entered into a period after it had been closed."""

from datetime import date, datetime
from typing import NamedTuple

from django.db import connection

from access.models import Client

# The period's first closing counts: what came later came while it was open again.
_AFTER = """
SELECT l.now_through, l.first_at,
       (SELECT count(*) FROM accounting_ledgerentry e
         WHERE e.client_id = %(client)s AND e.entry_date <= %(as_of)s AND e.registered_at > l.first_at)
  FROM (SELECT min(at) FILTER (WHERE locked_through >= %(as_of)s) AS first_at,
               (array_agg(locked_through ORDER BY id DESC))[1] AS now_through
          FROM accounting_ledgerlock WHERE client_id = %(client)s) l
 WHERE l.now_through >= %(as_of)s
"""


class AfterClosing(NamedTuple):
    """A report's date lies in a closed period: through which day it is closed, when it first was, and how many entries
    dated up to the report's date were registered after that."""

    locked_through: date
    closed_at: datetime
    entries: int


def registered_after_closing(client: Client, as_of: date) -> AfterClosing | None:
    """In one query inside the client's scope; None where the date is open."""
    with connection.cursor() as cursor:
        cursor.execute(_AFTER, {"client": client.pk, "as_of": as_of})
        row = cursor.fetchone()
    return AfterClosing._make(row) if row else None
