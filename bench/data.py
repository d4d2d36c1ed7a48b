"""Fills a database: one company with SIZE ledger entries among 2,000 small ones, and proves what the entries keep."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bench.server import Server

CASES_PER_100 = 46  # of sql/generate.sql
TODAY = date(2026, 6, 30)
YEAR_AGO, TWO_YEARS_AGO = date(2025, 6, 30), date(2024, 6, 30)
DAYS = 3 * 365
COMPANY = "999999999"
FIRST_NUMBER = 10_000  # of a customer


@dataclass(frozen=True)
class Crowd:
    """The other companies: how many, and the entries of each (about)."""

    companies: int = 2000
    entries: int = 50

    def nine_more(self) -> "Crowd":
        """What makes it ten times as many."""
        return Crowd(self.companies * 9, self.entries)


class KeptWrong(Exception):
    """What entries keep of their matches is not what the matches say; the message counts them."""


def sql(file: str) -> str:
    """The text of a file in bench/sql."""
    return (Path(__file__).parent / "sql" / file).read_text(encoding="utf-8")


def customers(entries: int) -> int:
    """How many customers a company with so many entries has."""
    return min(20_000, entries // 5)


def add_company(server: Server, database: str, entries: int) -> None:
    """Add the company that is measured, with `entries` entries (a multiple of 100)."""
    _add(server, database, [COMPANY], entries, customers(entries))


def add_crowd(server: Server, database: str, crowd: Crowd, prefix: str = "8") -> None:
    """Add that many small companies, each with 20 customers."""
    numbers = [f"{prefix}{no:08d}" for no in range(crowd.companies)]
    _add(server, database, numbers, crowd.entries, 20)


def _add(server: Server, database: str, numbers: list[str], entries: int, customers: int) -> None:
    opened = server.connect(database)
    with opened.cursor() as cursor:
        # Triggers and foreign keys are off: `check` and the keys of the ids vouch for what they would have kept.
        cursor.execute("SET session_replication_role = replica; SET work_mem = '256MB'")
        cursor.execute(
            "INSERT INTO access_client (organisation_number, name, country, base_currency, bank_account, created_at)"
            " SELECT no, 'Selskap ' || no, 'NO', 'NOK', '', now() FROM unnest(%s) AS no RETURNING id",
            [numbers],
        )
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "CREATE TEMP TABLE ledger AS"
            " SELECT id AS client_id, %(cases)s::bigint AS cases, %(customers)s::int AS customers,"
            "        (SELECT COALESCE(max(id) / 4, 0) + 1 FROM accounting_ledgerentry) + (place - 1) * %(cases)s AS first_case,"
            "        (SELECT COALESCE(max(id), 0) + 1 FROM accounting_customer) + (place - 1) * %(customers)s AS first_customer"
            "   FROM unnest(%(ids)s) WITH ORDINALITY AS one (id, place)",
            {"ids": ids, "cases": entries * CASES_PER_100 // 100, "customers": customers},
        )
        cursor.execute(sql("generate.sql"), {"today": TODAY, "days": DAYS})
    opened.close()


def settle(server: Server, database: str) -> None:
    """Prove what the entries keep, and leave the tables as a night's autovacuum does: vacuumed, with statistics.

    Raises KeptWrong.
    """
    opened = server.connect(database)
    with opened.cursor() as cursor:
        cursor.execute(sql("kept.sql"))
        wrong = cursor.fetchone()[0]
        if wrong:
            raise KeptWrong(f"{wrong} entries keep something else than their matches say")
        cursor.execute("VACUUM ANALYZE")
    opened.close()
