"""What the matches of an entry in another currency take of it in that currency, whatever order they arrive in.

INTERFACES «Ledger CSV»: pro rata, half up, the last match takes the rest. The last is the last by date and ids, among
all matches of the entry, so that files in parts give what one file gives: a match that is held already is undone and
made again where a new one moves its share. The rest is taken when nothing of the entry is left open; until then no share
goes beyond what is left: one gives way by the few øre that others were rounded up. A currency amount that the file gives
stands, and where it leaves too little for the others' shares the file is refused. So does what a match has that is dated in
the closed period.
"""

# ruff: noqa: S608  (SQL is put together of what stands in the code; values are parameters)

from pathlib import Path
from typing import Any

from django.db import connection

from access.models import Client
from accounting.imports.ledger_csv import FileRefused
from accounting.services.ledger_staging import line_of
from accounting.services.locking import locked_through


def pro_rata(entry: str, amount: str) -> str:
    """SQL: the share of `amount` in the entry's currency amount, positive, half up. In whole øre: a quotient is rounded
    before it could be judged."""
    whole = f"abs({entry}.amount)"
    return (
        f"(div(200 * abs({entry}.currency_amount) * {amount} + {whole}, NULLIF(2 * {whole}, 0)) * 0.01)::numeric(18,2)"
    )


# All matches, held and new, of the entries in another currency that a new match touches. Of a held one it is not noted
# whether its currency amount was given: it was where it is not pro rata, but for the few øre that a share gives way by
# where the others rounded up have used the entry up.
_SIDES = """
CREATE TEMP TABLE ledger_share ON COMMIT DROP AS
WITH touched AS (
    SELECT e.id, e.entry_id, abs(e.amount) AS amount, abs(e.currency_amount) AS currency_amount,
           e.open_currency_amount = 0 AND e.currency_amount <> 0 AS used_up
      FROM accounting_ledgerentry e
     WHERE e.client_id = %(client)s AND e.currency <> %(base)s
       AND e.id IN (SELECT debit_id FROM ledger_match WHERE NOT held
                    UNION SELECT credit_id FROM ledger_match WHERE NOT held)
), matched AS (
    SELECT id AS match_id, NULL::bigint AS n, debit_id, credit_id, amount, matched_on,
           debit_currency_amount AS debit_was, credit_currency_amount AS credit_was
      FROM accounting_match
     WHERE client_id = %(client)s
       AND (debit_id IN (SELECT id FROM touched) OR credit_id IN (SELECT id FROM touched))
    UNION ALL
    SELECT NULL, n, debit_id, credit_id, amount, matched_on, given_debit, given_credit FROM ledger_match WHERE NOT held
), side AS (
    SELECT t.*, 'debit' AS side, m.match_id, m.n, m.amount AS matched, m.matched_on, m.debit_was AS was,
           m.credit_id AS other_id FROM touched t JOIN matched m ON m.debit_id = t.id
    UNION ALL
    SELECT t.*, 'credit', m.match_id, m.n, m.amount, m.matched_on, m.credit_was, m.debit_id
      FROM touched t JOIN matched m ON m.credit_id = t.id
), told AS (
    SELECT s.*, o.entry_id AS other_entry_id,
           CASE WHEN s.match_id IS NULL OR s.matched_on <= %(locked_through)s THEN s.was
                WHEN s.was = s.pro_rata THEN NULL
                WHEN s.used_up AND s.was < s.pro_rata
                     AND s.pro_rata - s.was <= 0.005 * count(*) OVER (PARTITION BY s.id) THEN NULL
                ELSE s.was END AS given
      FROM (SELECT side.*,
                   (div(200 * currency_amount * matched + amount, 2 * amount) * 0.01)::numeric(18,2) AS pro_rata
              FROM side) s
      JOIN accounting_ledgerentry o ON o.client_id = %(client)s AND o.id = s.other_id
), placed AS (
    SELECT id, entry_id, side, match_id, n, was, given, pro_rata,
           currency_amount - COALESCE(sum(given) OVER entry, 0) AS left_by_given,
           sum(matched) OVER entry = amount AS closes,
           count(*) FILTER (WHERE given IS NULL) OVER entry AS sharing,
           sum(pro_rata) FILTER (WHERE given IS NULL) OVER in_order AS upto,
           given IS NULL AND count(*) FILTER (WHERE given IS NULL) OVER in_order
                             = count(*) FILTER (WHERE given IS NULL) OVER entry AS is_last
      FROM told
    WINDOW entry AS (PARTITION BY id),
           in_order AS (PARTITION BY id ORDER BY matched_on, other_entry_id COLLATE "C", matched, match_id NULLS LAST, n
                        ROWS UNBOUNDED PRECEDING)
)
SELECT id, entry_id, side, match_id, n, was,
       CASE WHEN left_by_given < 0 THEN -left_by_given
            WHEN given IS NULL AND NOT (closes AND is_last) AND upto - left_by_given > 0.005 * sharing
            THEN upto - left_by_given END AS too_much,
       CASE WHEN closes AND sharing = 0 AND left_by_given > 0 THEN left_by_given END AS too_little,
       COALESCE(given, CASE WHEN closes AND is_last THEN left_by_given ELSE LEAST(upto, left_by_given) END
                       - LEAST(upto - pro_rata, left_by_given)) AS share
  FROM placed
"""

_REMADE = """
CREATE TEMP TABLE ledger_remade ON COMMIT DROP AS
SELECT m.id, m.debit_id, m.credit_id, m.amount, COALESCE(d.share, m.debit_currency_amount) AS debit_share,
       COALESCE(c.share, m.credit_currency_amount) AS credit_share, m.matched_on, m.assumed, m.how, m.act, m.pair,
       m.registered_at
  FROM accounting_match m
  LEFT JOIN ledger_share d ON d.match_id = m.id AND d.side = 'debit'
  LEFT JOIN ledger_share c ON c.match_id = m.id AND c.side = 'credit'
 WHERE m.client_id = %(client)s AND m.id IN (SELECT match_id FROM ledger_share WHERE share <> was)
"""


def share_out(client: Client, path: Path) -> None:
    """Write the shares of the new matches into `ledger_match`, and make those held anew whose shares they move.

    Raises FileRefused where the currency amounts that are given do not fit the entry.
    """
    given: dict[str, Any] = {
        "client": client.pk, "base": client.base_currency, "locked_through": locked_through(client),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.ledger_share, pg_temp.ledger_remade")
        cursor.execute(_SIDES, given)
        if not cursor.rowcount:
            return
        cursor.execute("ANALYZE ledger_share")
        _refuse_unfit(path)
        for side in ("debit", "credit"):
            cursor.execute(
                f"UPDATE ledger_match m SET {side}_share = s.share FROM ledger_share s"
                f" WHERE s.n = m.n AND s.side = '{side}'"
            )
        cursor.execute(_REMADE, given)
        if cursor.rowcount:
            cursor.execute("DELETE FROM accounting_match WHERE id IN (SELECT id FROM ledger_remade)")
            cursor.execute(
                "INSERT INTO accounting_match (client_id, debit_id, credit_id, amount, debit_currency_amount,"
                " credit_currency_amount, matched_on, assumed, how, act, pair, registered_at)"
                " SELECT %(client)s, debit_id, credit_id, amount, debit_share, credit_share, matched_on, assumed,"
                " how, act, pair, registered_at FROM ledger_remade ORDER BY id",
                given,
            )


def _refuse_unfit(path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(n), entry_id, max(too_much), max(too_little) FROM ledger_share GROUP BY id, entry_id"
            " HAVING max(too_much) > 0 OR max(too_little) > 0 ORDER BY 1 LIMIT 1"
        )
        found = cursor.fetchone()
    if found:
        number, entry_id, more, less = found
        told = (
            f"the matches take {more} more in its currency of {entry_id} than there is: correct the currency amounts"
            if more
            else f"the currency amounts leave {less} of {entry_id}, of which nothing else is left open: correct them, or"
            " leave the last empty"
        )
        raise FileRefused(path, told, line_of("ledger_match_row", number))
