"""The lines of a SAF-T file on their way into the ledger: staged, told apart, compared with what is held, stored."""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from access.models import Client
from accounting.imports.refusal import ImportRefused
from accounting.models import Kind
from accounting.services.locking import locked_through, told_locked
from accounting.services.saft_checks import MOST_WARNINGS, Warnings
from accounting.services.saft_store import Coverage, Movements
from accounting.services.staging import analyse, copy_rows, make_table

# `n` is the place in the file's order, `line` that in the file. Voucher and record together are the line's identity.
COLUMNS = {
    "n": "int", "line": "int", "voucher": "text", "record": "text", "customer": "text", "kind": "text",
    "kind_inferred": "boolean", "account": "text", "voucher_number": "text", "invoice_number": "text", "kid": "text",
    "cross_reference": "text", "source_document_id": "text", "description": "text", "entry_date": "date",
    "posting_date": "date", "due_date": "date", "due_date_assumed": "boolean", "amount": "numeric(18,2)",
    "currency": "text", "currency_amount": "numeric(18,2)", "department": "text", "project": "text",
}  # fmt: skip

# A line that stands twice in the file is told apart by its turn; as a part of its own, for no id holds a bare colon.
_NAMED = """
CREATE TEMPORARY TABLE saft_named ON COMMIT DROP AS
SELECT s.n, s.voucher || CASE WHEN s.turn > 1 THEN ':~' || s.turn ELSE '' END
         || CASE WHEN s.record <> '' THEN ':' || s.record ELSE '' END AS entry_id, NULL::bigint AS held
  FROM (SELECT n, voucher, record, row_number() OVER (PARTITION BY voucher, record ORDER BY n) AS turn FROM saft_line) s
"""
_HELD = """
UPDATE saft_named i SET held = e.id
  FROM accounting_ledgerentry e
 WHERE e.client_id = %(client)s AND e.entry_id = i.entry_id
"""
# What posted books do not change, and what is kept as it is and said. Each with the words for what is held.
_COMPARED = """
  FROM saft_named i JOIN saft_line l ON l.n = i.n
  JOIN accounting_ledgerentry e ON e.client_id = %(client)s AND e.id = i.held
  JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = e.customer_id
"""
_CHANGED = f"""
SELECT i.entry_id, l.line,
       CASE WHEN e.amount <> l.amount THEN 'amount' WHEN e.account <> l.account THEN 'account'
            WHEN c.number <> l.customer THEN 'customer' ELSE 'date' END,
       CASE WHEN e.amount <> l.amount THEN e.amount::text WHEN e.account <> l.account THEN e.account
            WHEN c.number <> l.customer THEN c.number ELSE e.entry_date::text END
{_COMPARED}
 WHERE (e.amount, e.account, c.number, e.entry_date) <> (l.amount, l.account, l.customer, l.entry_date)
 ORDER BY l.n LIMIT 1
"""
_DIFFERENT = f"""
SELECT i.entry_id, l.line,
       concat_ws(', ',
           CASE WHEN (e.currency, e.currency_amount) <> (l.currency, l.currency_amount) THEN 'amount in currency' END,
           CASE WHEN l.due_date IS NOT NULL AND NOT l.due_date_assumed AND e.due_date IS DISTINCT FROM l.due_date
                THEN 'due date' END,
           CASE WHEN e.invoice_number <> l.invoice_number THEN 'reference' END,
           CASE WHEN e.kid <> l.kid THEN 'KID' END) AS differs,
       count(*) OVER ()
{_COMPARED}
 WHERE (e.currency, e.currency_amount, e.invoice_number, e.kid)
       <> (l.currency, l.currency_amount, l.invoice_number, l.kid)
    OR l.due_date IS NOT NULL AND NOT l.due_date_assumed AND e.due_date IS DISTINCT FROM l.due_date
 ORDER BY l.n LIMIT %(most)s
"""  # noqa: S608 - of our own words only
_STRANGERS = """
WITH stranger AS (
    SELECT l.customer AS number, min(l.n) AS n FROM saft_line l
     WHERE NOT EXISTS (SELECT FROM saft_customer f WHERE f.number = l.customer) GROUP BY l.customer
), created AS (
    INSERT INTO accounting_customer
           (client_id, number, name, organisation_number, country, private_person, related_party, changed_at)
    SELECT %(client)s, s.number, s.number, '', 'NO', false, false, now() FROM stranger s
     WHERE NOT EXISTS (SELECT FROM accounting_customer c WHERE c.client_id = %(client)s AND c.number = s.number)
     ORDER BY s.n
    RETURNING 1
)
SELECT (SELECT count(*) FROM created), (SELECT count(*) FROM stranger)
"""
_INSERT = """
INSERT INTO accounting_ledgerentry
       (client_id, customer_id, entry_id, source, kind, kind_inferred, account, voucher_number, invoice_number, kid,
        cross_reference, source_document_id, description, entry_date, posting_date, due_date, due_date_assumed, amount,
        open_amount, currency, currency_amount, open_currency_amount, closed_on, department, project, disputed,
        in_collection, assigned, registered_at, changed_at)
SELECT %(client)s, c.id, i.entry_id, 'saft', l.kind, l.kind_inferred, l.account, l.voucher_number, l.invoice_number,
       l.kid, l.cross_reference, l.source_document_id, l.description, l.entry_date, l.posting_date, l.due_date,
       l.due_date_assumed, l.amount, l.amount, l.currency, l.currency_amount, l.currency_amount,
       CASE WHEN l.amount = 0 THEN l.entry_date END, l.department, l.project, false, false, false, now(), now()
  FROM saft_line l JOIN saft_named i ON i.n = l.n
  JOIN accounting_customer c ON c.client_id = %(client)s AND c.number = l.customer
 WHERE i.held IS NULL
 ORDER BY l.n
"""
# Of lines held though the file's days are not: an earlier file had the line already, and its movement.
_MOVED = """
SELECT l.account, l.entry_date, sum(l.amount)
  FROM saft_line l JOIN saft_named i ON i.n = l.n
 WHERE l.kind <> 'opening_balance' AND l.account = ANY (%(accounts)s) AND (%(overlaps)s OR i.held IS NULL)
 GROUP BY l.account, l.entry_date
"""
_MISSING = """
SELECT e.entry_id, e.voucher_number, e.entry_date, e.amount, c.number, count(*) OVER ()
  FROM accounting_ledgerentry e
  JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = e.customer_id
 WHERE e.client_id = %(client)s AND e.source = 'saft' AND e.kind <> 'opening_balance'
   AND e.entry_date BETWEEN %(start)s AND %(end)s
   AND NOT EXISTS (SELECT FROM saft_named i WHERE i.entry_id = e.entry_id)
 ORDER BY e.entry_date, e.id LIMIT %(most)s
"""


class Staged:
    """The receivable lines of one file, and then what became of them. Inside the client's scope; memory does not grow."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.values: dict[str, Any] = {"client": client.pk, "most": MOST_WARNINGS}
        self.count = 0
        make_table("saft_line", COLUMNS)

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        """Append lines, in the order of COLUMNS but for `n`, which they get here."""
        copy_rows("saft_line", ((n, *row) for n, row in enumerate(rows, start=self.count)))
        self.count += len(rows)

    def compare(self, warnings: Warnings) -> int:
        """How many lines are held already. Raises ImportRefused where one was changed (INTERFACES: posted books)."""
        analyse("saft_line")
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.saft_named")
            cursor.execute(_NAMED)
            cursor.execute("ANALYZE saft_named")
            cursor.execute(
                "SELECT EXISTS (SELECT FROM accounting_ledgerentry WHERE client_id = %(client)s)", self.values
            )
            if not cursor.fetchone()[0]:
                return 0
            cursor.execute(_HELD, self.values)
            held = cursor.rowcount
            cursor.execute("ANALYZE saft_named")
            cursor.execute(_CHANGED, self.values)
            if found := cursor.fetchone():
                entry_id, line, word, was = found
                told = (
                    f"{entry_id} is held with another {word} ({was}): posted books do not change, "
                    "so correct it by a new voucher and export anew"
                )
                raise ImportRefused(told, line)
            cursor.execute(_DIFFERENT, self.values)
            rows = cursor.fetchall()
        for entry_id, line, differs, count in rows:
            warnings.add(
                "held_line_differs", f"{entry_id} is held with another {differs}: what is held stays", f"line {line}"
            )
            warnings.count("held_line_differs", count)
        return int(held)

    def add_strangers(self, counts: dict[str, int]) -> None:
        """Create the customers whom only lines name, under their number; counted among the others."""
        with connection.cursor() as cursor:
            cursor.execute(_STRANGERS, self.values)
            created, all_of_them = cursor.fetchone()
        counts["created"] += created
        counts["unchanged"] += all_of_them - created

    def refuse_locked(self) -> None:
        """Raise ImportRefused at the first line that is not held and is dated in the closed period."""
        through = locked_through(self.client)
        if through is None:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT l.line, l.voucher_number, l.entry_date FROM saft_line l JOIN saft_named i ON i.n = l.n"
                " WHERE i.held IS NULL AND l.entry_date <= %s ORDER BY l.n LIMIT 1",
                [through],
            )
            found = cursor.fetchone()
        if found:
            line, voucher, day = found
            what = f"a line of voucher {voucher[:40]}" if voucher else "an opening balance"
            raise ImportRefused(told_locked(what, day, through), line)

    def store(self) -> int:
        """Put what is not held into the ledger, in the file's order; how many."""
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, self.values)
            return int(cursor.rowcount)

    def movements(self, accounts: Iterable[str], *, overlaps: bool) -> Movements:
        """What the lines moved on these control accounts, by account and day."""
        with connection.cursor() as cursor:
            cursor.execute(_MOVED, {"accounts": list(accounts), "overlaps": overlaps})
            return {(account, day): amount for account, day, amount in cursor.fetchall()}

    def warn_of_missing(self, covered: Coverage, warnings: Warnings) -> None:
        """Lines that are held, of days that the file covers too, and that it does not have."""
        if not covered.overlaps:
            return
        values = self.values | {"start": covered.start, "end": covered.end}
        with connection.cursor() as cursor:
            cursor.execute(_MISSING, values)
            rows = cursor.fetchall()
        for entry_id, voucher, day, amount, customer, count in rows:
            told = f"voucher {voucher} of {day}, {amount} of customer {customer}, is held and not in the file: it stays"
            warnings.add("held_line_missing", told, entry_id)
            warnings.count("held_line_missing", count)


def held_openings(client: Client, entry_ids: list[str]) -> int:
    """How many of these opening balances are held as entries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM accounting_ledgerentry WHERE client_id = %s AND kind = %s AND entry_id = ANY (%s)",
            [client.pk, Kind.OPENING_BALANCE, entry_ids],
        )
        return int(cursor.fetchone()[0])
