"""Stores the entries of a ledger file: every row judged, the known ones compared, the new ones put into the ledger."""

# ruff: noqa: S608  (SQL is put together of what stands in the code; values are parameters)

from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from access.models import Client
from access.redaction import IDENTITY_NUMBER, holds_identity_number
from accounting.imports.counted import Told, untold
from accounting.imports.ledger_csv import ENTRIES, FileRefused, LedgerCsv
from accounting.models import Kind
from accounting.services.ledger_customers import FALSE, TRUE, store_customers
from accounting.services.ledger_staging import AMOUNT, Rule, is_no_date, line_of, refuse_first, row, stage
from accounting.services.locking import locked_through, told_locked
from accounting.services.saft_checks import IDENTITY_NUMBER_TOLD, Warnings

_AMOUNT_TOLD = "write it as 1234.50, at most two decimals and sixteen digits before the point"
_DATE_TOLD = "write it as 2026-01-31"

# The entry as it is stored: of the staged row r, with %(base)s the client's currency. An opening balance's age is unknown.
_DUE = "CASE WHEN r.kind <> 'opening_balance' AND r.due_date <> '' THEN r.due_date::date END"
_CURRENCY = "COALESCE(NULLIF(r.currency, ''), %(base)s)"
_CURRENCY_AMOUNT = "COALESCE(NULLIF(r.currency_amount, ''), r.amount)::numeric(18,2)"

_INSERT = f"""
INSERT INTO accounting_ledgerentry
       (client_id, customer_id, entry_id, source, kind, kind_inferred, account, voucher_number, invoice_number, kid,
        cross_reference, source_document_id, description, entry_date, due_date, due_date_assumed, amount, open_amount,
        currency, currency_amount, open_currency_amount, closed_on, department, project, disputed, in_collection,
        assigned, registered_at, changed_at)
SELECT %(client)s, c.id, r.entry_id, 'ledger', r.kind, false, '', r.voucher_number, r.invoice_number, r.kid,
       '', '', '', r.entry_date::date, {_DUE}, false, r.amount::numeric(18,2), r.amount::numeric(18,2),
       {_CURRENCY}, {_CURRENCY_AMOUNT}, {_CURRENCY_AMOUNT},
       CASE WHEN r.amount::numeric = 0 THEN r.entry_date::date END, r.department, r.project,
       lower(r.disputed) = ANY (%(true)s), lower(r.in_collection) = ANY (%(true)s), false, now(), now()
  FROM ledger_row r JOIN accounting_customer c ON c.client_id = %(client)s AND c.number = r.customer_number
"""
_NOT_HELD = " WHERE NOT EXISTS (SELECT FROM ledger_held h WHERE h.n = r.n)"

# Known entries with what differs: first what posted books do not change, then what is kept as it is and said.
_FIXED = {
    "amount": "e.amount <> r.amount::numeric",
    "currency": f"e.currency <> {_CURRENCY}",
    "currency amount": f"e.currency_amount <> {_CURRENCY_AMOUNT}",
    "customer": "e.number <> r.customer_number",
    "entry date": "e.entry_date <> r.entry_date::date",
    "due date": f"e.due_date IS DISTINCT FROM {_DUE} AND NOT e.due_date_assumed",
}
_KEPT = {
    "kind": "e.kind <> r.kind",
    "voucher number": "e.voucher_number <> r.voucher_number",
    "invoice number": "e.invoice_number <> r.invoice_number",
    "kid": "e.kid <> r.kid",
}
# What the file says of a known entry's status is taken over: it is no booking. An empty cell says nothing.
_STATUS = ("disputed", "in_collection")
_OPTIONAL_KEPT = {
    "department": "e.department <> r.department",
    "project": "e.project <> r.project",
}


class Stored(NamedTuple):
    """What became of a file of entries; `totals` of all its rows, as strings. `restated` of the unchanged ones are
    disputed or in collection otherwise than before."""

    customers: dict[str, int]
    created: int
    unchanged: int
    restated: int
    totals: dict[str, str]


def store_entries(client: Client, path: Path, warnings: Warnings, progress: Told = untold) -> Stored:
    """Read the file and store what is new of it. Inside the client's scope; raises FileRefused."""
    with LedgerCsv(path, ENTRIES, progress) as file:
        stage(file, "ledger_row")
        refuse_first(path, "ledger_row", _rules(client.base_currency, file.columns))
    given: dict[str, Any] = {"client": client.pk, "base": client.base_currency, "true": list(TRUE)}
    _refuse_repeated(path)
    _refuse_identity_numbers(path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM accounting_ledgerentry WHERE client_id = %s)", [client.pk])
        (has_books,) = cursor.fetchone()
    unchanged = _compare(path, given, file.columns, warnings) if has_books else 0
    restated = _restate(given, warnings) if unchanged else 0
    _refuse_locked(path, client, _NOT_HELD if unchanged else "")
    _warn(warnings)
    customers = store_customers(client, warnings)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT + (_NOT_HELD if unchanged else ""), given)
        created = cursor.rowcount
    return Stored(customers, created, unchanged, restated, _totals())


def _refuse_locked(path: Path, client: Client, new: str) -> None:
    """Raise FileRefused at the first new row that is dated in the closed period; what is held may be."""
    through = locked_through(client)
    if through is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.n, r.entry_id, r.entry_date::date FROM ledger_row r {new or ' WHERE TRUE'}"
            " AND r.entry_date::date <= %s ORDER BY r.n LIMIT 1",
            [through],
        )
        found = cursor.fetchone()
    if found:
        number, entry_id, day = found
        raise FileRefused(path, told_locked(entry_id[:60], day, through), line_of("ledger_row", number))


def _rules(base: str, columns: list[str]) -> list[Rule]:
    """What no row may be, in the order in which it is said. A column that the file has not is not looked at."""
    kinds = ", ".join(f"'{kind}'" for kind in Kind.values)
    own = f"currency IN ('', '{base}')"
    rules = [
        Rule("entry_id = ''", "entry_id is empty: give every entry an id of its own"),
        Rule("customer_number = ''", "customer_number is empty: give the customer's number"),
        Rule("customer_name = ''", "customer_name is empty: give the customer's name"),
        Rule(f"kind NOT IN ({kinds})", "kind {kind!r} is not known: choose one of " + ", ".join(Kind.values)),
        Rule("voucher_number = ''", "voucher_number is empty: give the voucher's number"),
        Rule(is_no_date("entry_date"), "entry_date {entry_date!r} is no date: " + _DATE_TOLD),
        Rule(f"due_date <> '' AND {is_no_date('due_date')}", "due_date {due_date!r} is no date: " + _DATE_TOLD),
        Rule(f"amount !~ '{AMOUNT}'", "amount {amount!r} is no amount: " + _AMOUNT_TOLD),
        Rule(
            "currency <> '' AND currency !~ '^[A-Z]{3}$'", "currency {currency!r} is no code of three capital letters"
        ),
        Rule(
            f"currency_amount <> '' AND currency_amount !~ '{AMOUNT}'",
            "currency_amount {currency_amount!r} is no amount: " + _AMOUNT_TOLD,
        ),
        Rule(
            f"currency_amount = '' AND NOT {own}",
            "currency_amount is empty: give the amount in {currency}, the entry's currency",
        ),
        Rule(
            f"currency_amount NOT IN ('', amount) AND {own}"
            " AND NULLIF(currency_amount, '')::numeric <> amount::numeric",
            f"currency_amount {{currency_amount}} is not the amount {{amount}}, though both are in {base}: correct one,"
            " or give the currency",
        ),
        Rule(
            f"NOT {own} AND sign(NULLIF(currency_amount, '')::numeric) NOT IN (0, sign(amount::numeric))",
            "currency_amount {currency_amount} has another sign than amount {amount}: give both the same",
        ),
    ]
    if "country" in columns:
        rules.append(
            Rule("country <> '' AND country !~ '^[A-Z]{2}$'", "country {country!r} is no code of two capital letters")
        )
    words = ", ".join(f"'{word}'" for word in (*TRUE, *FALSE))
    for name in ("private_person", "disputed", "in_collection"):
        if name in columns:
            rules.append(
                Rule(
                    f"{name} <> '' AND lower({name}) NOT IN ({words})",
                    f"{name} {{{name}!r}} is neither true nor false: write true or false",
                )
            )
    return rules


def _refuse_repeated(path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry_id, min(n), (array_agg(n ORDER BY n))[2] FROM ledger_row WHERE entry_id IN"
            " (SELECT entry_id FROM ledger_row GROUP BY entry_id HAVING count(*) > 1) GROUP BY entry_id ORDER BY 3 LIMIT 1"
        )
        found = cursor.fetchone()
    if found:
        entry_id, first, second = found
        told = (
            f"entry_id {entry_id[:60]} stands on line {line_of('ledger_row', first)} already: leave one of the two out"
        )
        raise FileRefused(path, told, line_of("ledger_row", second))


def _refuse_identity_numbers(path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_number, min(n) FROM ledger_row WHERE customer_number ~ %s GROUP BY 1 ORDER BY 2",
            [IDENTITY_NUMBER],
        )
        for customer_number, n in cursor.fetchall():
            if holds_identity_number(customer_number):
                raise FileRefused(path, f"customer_number is {IDENTITY_NUMBER_TOLD}", line_of("ledger_row", n))


def _compare(path: Path, given: dict[str, Any], columns: list[str], warnings: Warnings) -> int:
    """How many rows are held already; leaves their places in `ledger_held`. Raises FileRefused at the first changed one."""
    fixed = " ".join(f"WHEN {differs} THEN '{name}'" for name, differs in _FIXED.items())
    optional = {name: differs for name, differs in _OPTIONAL_KEPT.items() if name in columns}
    kept = ", ".join(f"CASE WHEN {differs} THEN '{name}' END" for name, differs in (_KEPT | optional).items())
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.ledger_held")
        cursor.execute(
            f"""
            CREATE TEMP TABLE ledger_held ON COMMIT DROP AS
            SELECT r.n, e.id, CASE {fixed} END AS changed, NULLIF(concat_ws(', ', {kept}), '') AS differs
              FROM ledger_row r
              JOIN (SELECT o.*, c.number FROM accounting_ledgerentry o
                      JOIN accounting_customer c ON c.client_id = %(client)s AND c.id = o.customer_id
                     WHERE o.client_id = %(client)s) e ON e.entry_id = r.entry_id
            """,
            given,
        )
        unchanged = cursor.rowcount
        cursor.execute("ANALYZE ledger_held")
        cursor.execute("SELECT n, changed FROM ledger_held WHERE changed IS NOT NULL ORDER BY n LIMIT 1")
        if found := cursor.fetchone():
            number, changed = found
            told = (
                f"{row('ledger_row', number)['entry_id']} is held with another {changed}: posted books do not change, so "
                "correct it by a new entry and export anew"
            )
            raise FileRefused(path, told, line_of("ledger_row", number))
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT r.entry_id, h.differs FROM ledger_held h JOIN ledger_row r ON r.n = h.n"
            " WHERE h.differs IS NOT NULL ORDER BY h.n"
        )
        for entry_id, differs in cursor:
            warnings.add("entry_differs", f"{entry_id} is held with another {differs}: what is held stays", entry_id)
    return unchanged


def _restate(given: dict[str, Any], warnings: Warnings) -> int:
    """Take over what the file says of known entries' status; how many that changed."""
    said = {
        name: f"CASE WHEN r.{name} = '' THEN e.{name} ELSE lower(r.{name}) = ANY (%(true)s) END" for name in _STATUS
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE accounting_ledgerentry e
               SET {", ".join(f"{name} = {value}" for name, value in said.items())}, changed_at = now()
              FROM ledger_held h JOIN ledger_row r ON r.n = h.n
             WHERE e.client_id = %(client)s AND e.id = h.id
               AND ({" OR ".join(f"e.{name} <> {value}" for name, value in said.items())})
            """,
            given,
        )
        count = int(cursor.rowcount)
    if count:
        told = f"{count} known entries are disputed or in collection otherwise than before: taken over"
        warnings.add("status_changed", told, "")
    return count


def _warn(warnings: Warnings) -> None:
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT entry_id FROM ledger_row WHERE kind = 'opening_balance' AND due_date <> '' ORDER BY n")
        for (entry_id,) in cursor:
            told = (
                f"{entry_id} is an opening balance, whose age is not known: its due date is left out; give an open item"
                " the kind it had"
            )
            warnings.add("opening_due_date", told, entry_id)


def _totals() -> dict[str, str]:
    """Of the file's rows, new or not: what it opens with, debits and credits after that, and where it ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o, d, c, o + d - c
              FROM (SELECT COALESCE(sum(a) FILTER (WHERE opening), 0.00) AS o,
                           COALESCE(sum(a) FILTER (WHERE NOT opening AND a > 0), 0.00) AS d,
                           COALESCE(-sum(a) FILTER (WHERE NOT opening AND a < 0), 0.00) AS c
                      FROM (SELECT amount::numeric(18,2) AS a, kind = 'opening_balance' AS opening FROM ledger_row) r) s
            """
        )
        return dict(zip(("opening", "debit", "credit", "closing"), map(str, cursor.fetchone()), strict=True))
