"""How a commit checks foreign keys, and how much it reads for that."""

from django.db import connection


def check_keys():
    """What a commit does with deferred constraints."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def rows_read():
    """How many rows of the ledger PostgreSQL has looked at in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(seq_tup_read + COALESCE(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
            " WHERE relname IN ('accounting_ledgerentry', 'accounting_match')"
        )
        return cursor.fetchone()[0]
