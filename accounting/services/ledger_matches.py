"""Stores the matches of a ledger file: every row judged, those held left alone, the rest made with their currency amounts."""

# ruff: noqa: S608  (SQL is put together of what stands in the code; values are parameters)

from pathlib import Path
from typing import Any

from django.db import connection

from access.models import Client
from accounting.imports.ledger_csv import MATCHES, FileRefused, LedgerCsv
from accounting.services.ledger_shares import pro_rata, share_out
from accounting.services.ledger_staging import AMOUNT, Rule, is_no_date, line_of, refuse_first, row, stage
from accounting.services.locking import DAY, locked_through, told_locked

_AMOUNT_TOLD = "write it as 1234.50, positive, at most two decimals and sixteen digits before the point"


def _is_no_amount(column: str) -> str:
    return f"(left({column}, 1) = '-' OR {column} !~ '{AMOUNT}')"


_RULES = [
    Rule("debit_entry_id = ''", "debit_entry_id is empty: give the entry_id of the debit"),
    Rule("credit_entry_id = ''", "credit_entry_id is empty: give the entry_id of the credit"),
    Rule(f"{_is_no_amount('amount')} OR amount ~ '^[0.]+$'", "amount {amount!r} is no amount: " + _AMOUNT_TOLD),
    Rule(
        f"matched_on <> '' AND {is_no_date('matched_on')}",
        "matched_on {matched_on!r} is no date: write it as 2026-01-31, or leave it empty",
    ),
    *(
        Rule(f"{name} <> '' AND {_is_no_amount(name)}", f"{name} {{{name}!r}} is no amount: " + _AMOUNT_TOLD)
        for name in MATCHES.optional
    ),
]

# A currency amount that is what pro rata gives is as good as none.
_JOIN = f"""
CREATE TEMP TABLE ledger_match ON COMMIT DROP AS
SELECT j.n, j.debit_id, j.credit_id, j.amount, j.matched_on, j.dated, j.earliest, j.debit_open, j.credit_open,
       NULLIF(j.given_debit, j.debit_pro_rata) AS given_debit, NULLIF(j.given_credit, j.credit_pro_rata) AS given_credit,
       j.debit_pro_rata AS debit_share, j.credit_pro_rata AS credit_share, false AS held,
       CASE WHEN j.debit_id IS NULL THEN 0 WHEN j.credit_id IS NULL THEN 1
            WHEN j.debit_amount <= 0 THEN 2 WHEN j.credit_amount >= 0 THEN 3
            WHEN j.debit_customer <> j.credit_customer THEN 4 WHEN j.matched_on < j.earliest THEN 5
            WHEN j.debit_currency = %(base)s AND j.given_debit <> j.amount THEN 6
            WHEN j.credit_currency = %(base)s AND j.given_credit <> j.amount THEN 7 END AS fault
  FROM (SELECT r.n, d.id AS debit_id, c.id AS credit_id, r.amount, d.amount AS debit_amount, c.amount AS credit_amount,
               d.customer_id AS debit_customer, c.customer_id AS credit_customer,
               d.currency AS debit_currency, c.currency AS credit_currency,
               d.open_amount AS debit_open, -c.open_amount AS credit_open,
               GREATEST(d.entry_date, c.entry_date) AS earliest,
               COALESCE(r.matched_on, GREATEST(d.entry_date, c.entry_date, %(first_open)s)) AS matched_on,
               r.matched_on IS NOT NULL AS dated,
               r.given_debit, r.given_credit,
               {pro_rata("d", "r.amount")} AS debit_pro_rata, {pro_rata("c", "r.amount")} AS credit_pro_rata
          FROM (SELECT n, debit_entry_id, credit_entry_id, amount::numeric(18,2) AS amount,
                       NULLIF(matched_on, '')::date AS matched_on,
                       NULLIF(debit_currency_amount, '')::numeric(18,2) AS given_debit,
                       NULLIF(credit_currency_amount, '')::numeric(18,2) AS given_credit FROM ledger_match_row) r
          LEFT JOIN accounting_ledgerentry d ON d.client_id = %(client)s AND d.entry_id = r.debit_entry_id
          LEFT JOIN accounting_ledgerentry c ON c.client_id = %(client)s AND c.entry_id = r.credit_entry_id) j
"""
_FAULTS = (
    "the debit {debit_entry_id} is not known: import its entry first",
    "the credit {credit_entry_id} is not known: import its entry first",
    "{debit_entry_id} is no debit, its amount is not positive: name the credit as credit_entry_id",
    "{credit_entry_id} is no credit, its amount is not negative: name the debit as debit_entry_id",
    "{debit_entry_id} and {credit_entry_id} are entries of two customers: match within one",
    "matched_on {matched_on} lies before the later of the two entry dates, {earliest}: give that day or a later one,"
    " or leave it empty",
    "debit_currency_amount {debit_currency_amount} is not the amount {amount}, though {debit_entry_id} is in the"
    " company's currency: leave it empty",
    "credit_currency_amount {credit_currency_amount} is not the amount {amount}, though {credit_entry_id} is in the"
    " company's currency: leave it empty",
)

# The same match again is one that is held already, and two alike in one file are two: as many rows as are held of their
# like are left alone. First those that give currency amounts of their own, which must be held with them.
_SAME = "h.debit_id = m.debit_id AND h.credit_id = m.credit_id AND h.amount = m.amount AND h.matched_on = m.matched_on"
# Without a date it was given the first open day of its time, which need not be that of today.
_DATED_AS_HELD = """
UPDATE ledger_match SET matched_on = h.matched_on
  FROM (SELECT m.n, min(h.matched_on) AS matched_on
          FROM ledger_match m
          JOIN accounting_match h ON h.client_id = %(client)s AND h.debit_id = m.debit_id AND h.credit_id = m.credit_id
               AND h.amount = m.amount
               AND (h.matched_on = m.earliest
                    OR h.matched_on > m.earliest
                       AND EXISTS (SELECT FROM accounting_ledgerlock l WHERE l.client_id = %(client)s
                                    AND l.locked_through = h.matched_on - 1))
         WHERE NOT m.dated GROUP BY m.n) h
 WHERE ledger_match.n = h.n
"""
_HELD_AS_GIVEN = f"""
UPDATE ledger_match SET held = true
  FROM (SELECT m.n, m.turn, count(h.id) AS held
          FROM (SELECT *, row_number() OVER (PARTITION BY debit_id, credit_id, amount, matched_on, given_debit, given_credit
                                             ORDER BY n) AS turn
                  FROM ledger_match WHERE given_debit IS NOT NULL OR given_credit IS NOT NULL) m
          JOIN accounting_match h ON h.client_id = %(client)s AND {_SAME}
               AND h.debit_currency_amount = COALESCE(m.given_debit, h.debit_currency_amount)
               AND h.credit_currency_amount = COALESCE(m.given_credit, h.credit_currency_amount)
         GROUP BY m.n, m.turn) m
 WHERE ledger_match.n = m.n AND m.turn <= m.held
"""
_HELD = f"""
UPDATE ledger_match SET held = true
  FROM (SELECT m.n, h.held,
               row_number() OVER (PARTITION BY m.debit_id, m.credit_id, m.amount, m.matched_on
                                  ORDER BY m.held DESC, m.given_debit IS NULL AND m.given_credit IS NULL DESC, m.n) AS turn
          FROM ledger_match m
          JOIN (SELECT debit_id, credit_id, amount, matched_on, count(*) AS held
                  FROM accounting_match WHERE client_id = %(client)s GROUP BY 1, 2, 3, 4) h ON {_SAME}
       ) m
 WHERE ledger_match.n = m.n AND NOT ledger_match.held AND m.turn <= m.held
   AND ledger_match.given_debit IS NULL AND ledger_match.given_credit IS NULL
"""

_BEYOND = """
SELECT n, side, entry, amount, open - (taken - amount)
  FROM (SELECT n, 'debit_entry_id' AS side, amount, debit_open AS open, debit_id AS entry,
               sum(amount) OVER (PARTITION BY debit_id ORDER BY n) AS taken FROM ledger_match WHERE NOT held
        UNION ALL
        SELECT n, 'credit_entry_id', amount, credit_open, credit_id,
               sum(amount) OVER (PARTITION BY credit_id ORDER BY n) FROM ledger_match WHERE NOT held) side
 WHERE taken > open ORDER BY n LIMIT 1
"""

_INSERT = """
INSERT INTO accounting_match (client_id, debit_id, credit_id, amount, debit_currency_amount, credit_currency_amount,
                              matched_on, assumed, registered_at)
SELECT %(client)s, debit_id, credit_id, amount, debit_share, credit_share, matched_on, false, now()
  FROM ledger_match WHERE NOT held ORDER BY n
"""


def store_matches(client: Client, path: Path) -> int:
    """Read the file and make what is new of it; how many that is. Inside the client's scope, after the entries.

    Nothing is taken beyond what is open of either side. Raises FileRefused.
    """
    with LedgerCsv(path, MATCHES) as file:
        stage(file, "ledger_match_row")
    refuse_first(path, "ledger_match_row", _RULES)
    through = locked_through(client)
    given: dict[str, Any] = {
        "client": client.pk, "base": client.base_currency, "first_open": through + DAY if through else None,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.ledger_match")
        cursor.execute(_JOIN, given)
        cursor.execute("ANALYZE ledger_match")
        cursor.execute("SELECT n, fault, earliest FROM ledger_match WHERE fault IS NOT NULL ORDER BY n LIMIT 1")
        if found := cursor.fetchone():
            number, fault, earliest = found
            values = row("ledger_match_row", number) | {"earliest": earliest}
            raise FileRefused(path, _FAULTS[fault].format_map(values), line_of("ledger_match_row", number))
        cursor.execute("SELECT EXISTS (SELECT FROM accounting_match WHERE client_id = %(client)s)", given)
        if cursor.fetchone()[0]:
            cursor.execute("SELECT EXISTS (SELECT FROM accounting_ledgerlock WHERE client_id = %(client)s)", given)
            if cursor.fetchone()[0]:
                cursor.execute(_DATED_AS_HELD, given)
            cursor.execute(_HELD_AS_GIVEN, given)
            cursor.execute(_HELD, given)
        if through:
            cursor.execute(
                "SELECT n, matched_on FROM ledger_match WHERE NOT held AND matched_on <= %s ORDER BY n LIMIT 1",
                [through],
            )
            if found := cursor.fetchone():
                number, day = found
                told = f"{told_locked('the match', day, through)}, or leave the date empty"
                raise FileRefused(path, told, line_of("ledger_match_row", number))
        cursor.execute(_BEYOND)
        if found := cursor.fetchone():
            number, side, _, amount, left = found
            told = f"the match takes {amount} of {row('ledger_match_row', number)[side]}, of which {left} is open: match that"
            raise FileRefused(path, told, line_of("ledger_match_row", number))
        share_out(client, path)
        cursor.execute(_INSERT, given)
        return int(cursor.rowcount)
