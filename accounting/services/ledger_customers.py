"""The customers that a staged ledger file names: created, or brought up to what their newest entry says of them."""

from typing import Any

from django.db import connection

from access.models import Client, is_organisation_number
from access.redaction import IDENTITY_NUMBER, holds_identity_number, without_identity_numbers
from accounting.services.hand_set import warn_of_what_is_kept
from accounting.services.saft_checks import Warnings, bare_number, warn_of_identity_number
from accounting.services.statistics import analyse_customers

TRUE = ("true", "yes", "ja", "1")
FALSE = ("false", "no", "nei", "0")

# The entry date before the id, as a text: what is newest does not depend on the order in which files arrive.
_SAID = """
CREATE TEMP TABLE ledger_customer ON COMMIT DROP AS
SELECT customer_number AS number, max(newest) AS newest,
       (array_agg(customer_name ORDER BY newest DESC))[1] AS name,
       COALESCE((array_agg(organisation_number ORDER BY newest DESC) FILTER (WHERE organisation_number <> ''))[1], '')
           AS organisation_number,
       COALESCE((array_agg(country ORDER BY newest DESC) FILTER (WHERE country <> ''))[1], '') AS country,
       (array_agg(lower(private_person) = ANY (%(true)s) ORDER BY newest DESC) FILTER (WHERE private_person <> ''))[1]
           AS private_person,
       count(DISTINCT customer_name) > 1
         OR count(DISTINCT organisation_number) FILTER (WHERE organisation_number <> '') > 1
         OR count(DISTINCT country) FILTER (WHERE country <> '') > 1
         OR count(DISTINCT lower(private_person) = ANY (%(true)s)) FILTER (WHERE private_person <> '') > 1 AS differs
  FROM (SELECT customer_number, customer_name, organisation_number, country, private_person,
               max((entry_date || entry_id) COLLATE "C") AS newest
          FROM ledger_row GROUP BY 1, 2, 3, 4, 5) said
 GROUP BY customer_number
"""

_CREATE = """
INSERT INTO accounting_customer
       (client_id, number, name, organisation_number, country, private_person, related_party, changed_at)
SELECT %(client)s, f.number, f.name, f.organisation_number, COALESCE(NULLIF(f.country, ''), 'NO'),
       COALESCE(f.private_person, false), false, now()
  FROM ledger_customer f
 WHERE NOT EXISTS (SELECT FROM accounting_customer c WHERE c.client_id = %(client)s AND c.number = f.number)
 ORDER BY f.newest
"""

# Who has a newer entry already keeps what that one said; an empty cell says nothing; what was set by hand stays.
_UPDATE = """
WITH other AS (
    SELECT c.id, f.* FROM ledger_customer f JOIN accounting_customer c ON c.client_id = %(client)s AND c.number = f.number
     WHERE (f.name, COALESCE(NULLIF(f.organisation_number, ''), c.organisation_number),
            COALESCE(NULLIF(f.country, ''), c.country), COALESCE(f.private_person, c.private_person))
           <> (c.name, c.organisation_number, c.country, c.private_person)
), held AS (
    SELECT customer_id, max((to_char(entry_date, 'YYYY-MM-DD') || entry_id) COLLATE "C") AS newest
      FROM accounting_ledgerentry WHERE client_id = %(client)s AND customer_id IN (SELECT id FROM other) GROUP BY 1
), differing AS (
    SELECT o.*, o.newest >= COALESCE(h.newest, '') AS wins FROM other o LEFT JOIN held h ON h.customer_id = o.id
), said AS (
    SELECT c.id, CASE WHEN d.wins THEN d.name ELSE c.name END AS name,
           CASE WHEN 'organisation_number' = ANY (string_to_array(c.set_by_hand, ' ')) THEN c.organisation_number
                WHEN d.organisation_number <> '' AND (d.wins OR c.organisation_number = '')
                THEN d.organisation_number ELSE c.organisation_number END AS organisation_number,
           CASE WHEN 'country' = ANY (string_to_array(c.set_by_hand, ' ')) THEN c.country
                WHEN d.country <> '' AND d.wins THEN d.country ELSE c.country END AS country,
           CASE WHEN 'private_person' = ANY (string_to_array(c.set_by_hand, ' ')) THEN c.private_person
                WHEN d.wins THEN COALESCE(d.private_person, c.private_person) ELSE c.private_person END AS private_person
      FROM differing d JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = d.id
)
UPDATE accounting_customer c
   SET name = s.name, organisation_number = s.organisation_number, country = s.country,
       private_person = s.private_person, changed_at = now()
  FROM said s
 WHERE c.client_id = %(client)s AND c.id = s.id
   AND (s.name, s.organisation_number, s.country, s.private_person)
       <> (c.name, c.organisation_number, c.country, c.private_person)
"""


def store_customers(client: Client, warnings: Warnings) -> dict[str, int]:
    """From the rows of `ledger_row`, before its entries are stored: how many customers were created, updated, unchanged.

    Leaves the temporary table `ledger_customer`, one row per customer of the file.
    """
    given: dict[str, Any] = {"client": client.pk, "true": list(TRUE)}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.ledger_customer")
        cursor.execute(_SAID, given)
        _hide_identity_numbers(warnings)
        cursor.execute("ANALYZE ledger_customer")
        cursor.execute(_UPDATE, given)
        updated = cursor.rowcount
        cursor.execute(_CREATE, given)
        created = cursor.rowcount
        cursor.execute("SELECT count(*) FROM ledger_customer")
        (count,) = cursor.fetchone()
    analyse_customers(created)
    warn_of_what_is_kept(client, "ledger_customer", warnings)
    _warn(warnings)
    return {"created": created, "updated": updated, "unchanged": count - created - updated}


def _hide_identity_numbers(warnings: Warnings) -> None:
    """Take them out of what the file says; whose number one stands for is a private person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, name, organisation_number FROM ledger_customer"
            " WHERE name ~ %(one)s OR organisation_number ~ %(one)s ORDER BY number",
            {"one": IDENTITY_NUMBER},
        )
        for number, name, written in cursor.fetchall():
            if holds_identity_number(name):
                warn_of_identity_number(number, "name", warnings)
                cursor.execute(
                    "UPDATE ledger_customer SET name = %s WHERE number = %s", [without_identity_numbers(name), number]
                )
            if holds_identity_number(written):
                warn_of_identity_number(number, "organisation number", warnings)
                cursor.execute(
                    "UPDATE ledger_customer SET organisation_number = '', private_person = true WHERE number = %s",
                    [number],
                )


def _warn(warnings: Warnings) -> None:
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT number, name, organisation_number, differs,"
            " COALESCE(private_person, false) OR country NOT IN ('', 'NO') FROM ledger_customer"
            " WHERE differs OR organisation_number <> '' ORDER BY number"
        )
        for number, name, written, differs, other in cursor:
            if differs:
                told = (
                    f"customer {number} is not described alike on all rows: the newest entry counts, which says {name}"
                )
                warnings.add("customer_differs", told, number)
            if not written or other:
                continue
            if not is_organisation_number(bare_number(written)):
                told = f"customer {number}: the organisation number {written} has a wrong check digit or length"
                warnings.add("customer_number_check_digit", told, number)
