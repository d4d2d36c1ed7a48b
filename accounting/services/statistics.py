"""Tells PostgreSQL what an import has filled, before it checks the keys of the rows and plans the next report.

Until autovacuum comes, minutes later, it plans as for the tables that were: a commit of 200,000 entries then takes minutes
instead of seconds. Only a table's owner may take statistics, so functions of the owner do (migration 0006).
"""

from django.db import connection

FEW = 1000  # rows that no plan is too dear for
MUCH = 0.1  # of what a table held: less leaves its statistics true enough


# While an import runs, autovacuum may note the tables as empty (its rows are not yet committed, or an earlier import was
# interrupted). A nested loop that then takes them for a row or two would be quadratic.
_FOR_MANY_ROWS = "SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off"


def plan_for_many_rows(count: int = FEW) -> None:
    """Let what is left of this transaction be planned for many rows, where `count` of them come in."""
    if count >= FEW:
        with connection.cursor() as cursor:
            cursor.execute(_FOR_MANY_ROWS)


def analyse_customers(created: int) -> None:
    """Once customers are stored, before entries refer to them; in the import's transaction."""
    _analyse("accounting_analyse_customers", "accounting_customer", created)


def analyse_ledger(created: int) -> None:
    """Once all entries and matches are stored, as the last thing before the commit."""
    _analyse("accounting_analyse_ledger", "accounting_ledgerentry", created)


def _analyse(function: str, table: str, created: int) -> None:
    if created < FEW:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        (counted,) = cursor.fetchone()
        if created > max(counted, 0) * MUCH:
            cursor.execute(f"SELECT {function}()")
