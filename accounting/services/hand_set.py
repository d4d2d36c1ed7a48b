"""That an import leaves alone what a person has set on a customer, and says where the file says otherwise."""

from django.db import connection

from access.models import Client
from accounting.services.saft_checks import Warnings

# Of a table with the file's customers; what is empty or null there says nothing.
_KEPT = """
SELECT c.number, c.name, array_remove(ARRAY[
           CASE WHEN 'organisation_number' = ANY (hand.set) AND f.organisation_number <> ''
                 AND f.organisation_number <> c.organisation_number THEN 'organisation number' END,
           CASE WHEN 'country' = ANY (hand.set) AND f.country <> '' AND f.country <> c.country THEN 'country' END,
           CASE WHEN 'private_person' = ANY (hand.set) AND {private} <> c.private_person
                THEN 'private person' END], NULL) AS kept
  FROM {table} f JOIN accounting_customer c ON c.client_id = %(client)s AND c.number = f.number
 CROSS JOIN LATERAL (SELECT string_to_array(c.set_by_hand, ' ') AS set) hand
 WHERE c.set_by_hand <> ''
 ORDER BY c.number_key
"""


def warn_of_what_is_kept(client: Client, table: str, warnings: Warnings, *, false_says_nothing: bool = False) -> None:
    """One warning for each customer of whom the file says something else than what was set by hand."""
    private = "NULLIF(f.private_person, false)" if false_says_nothing else "f.private_person"
    with connection.cursor() as cursor:
        cursor.execute(_KEPT.format(table=table, private=private), {"client": client.pk})
        for number, name, kept in cursor.fetchall():
            if kept:
                told = f"customer {number} {name}: the file has another {', '.join(kept)} than was set here by hand"
                warnings.add("customer_set_by_hand", f"{told}; what was set here stays", number)
