"""Kontoutskrift: every entry of one customer over a period in the order of dates, with the balance after each."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from access.models import Client
from accounting.models import Customer, Kind
from accounting.reports.options import Currency
from accounting.reports.position import Position, cut, paged
from accounting.reports.query import ZERO, was_open

# The balance is reckoned from the customer's first entry on, whichever page is read: 10,000 entries are one index scan.
_RUNNING = """
WITH running AS (
    SELECT e.*, {currency} AS report_currency, {amount} AS report_amount,
           sum({amount}) OVER (PARTITION BY {currency} ORDER BY e.entry_date, e.id) AS balance
      FROM accounting_ledgerentry e
     WHERE e.client_id = %(client)s AND e.customer_id = %(customer)s AND e.entry_date <= %(as_of)s
)
"""
_LINES = """
SELECT p.id, p.entry_id, p.entry_date, p.kind, p.kind_inferred, p.voucher_number, p.invoice_number, p.kid, p.due_date,
       p.due_date_assumed, p.description, p.report_currency, p.report_amount, p.currency, p.currency_amount, {was_open},
       p.balance, p.key_no_0, p.key_no_1, p.key_no_2
  FROM (SELECT r.*, {keys} FROM running r
         WHERE r.entry_date >= %(from)s AND {shown} AND {position} {ending}) p
 ORDER BY {order}
"""
_SUMS = """
SELECT report_currency, COALESCE(sum(report_amount) FILTER (WHERE entry_date < %(from)s), 0.00),
       COALESCE(sum(report_amount) FILTER (WHERE entry_date >= %(from)s AND report_amount > 0), 0.00),
       COALESCE(sum(report_amount) FILTER (WHERE entry_date >= %(from)s AND report_amount < 0), 0.00),
       sum(report_amount), count(*) FILTER (WHERE entry_date >= %(from)s AND {shown})
  FROM running r GROUP BY report_currency ORDER BY report_currency COLLATE "C"
"""
_KEYS = (
    'r.report_currency COLLATE "C"', 'r.entry_date::text COLLATE "C"', """lpad(r.id::text, 19, '0') COLLATE "C\"""",
)  # fmt: skip
KEYS = len(_KEYS)
# An exchange difference moves nothing in its own currency.
_SHOWN = {Currency.BASE: "TRUE", Currency.ORIGINAL: "r.report_amount <> 0"}


class StatementLine(NamedTuple):
    """One entry. `amount`, `open_amount` and `balance` are in `currency`, that of the statement; debits are positive.

    `balance` is the customer's after this entry; `open_amount` what was open of it on the statement's last day.
    """

    pk: int
    entry_id: str
    entry_date: date
    kind: str
    kind_inferred: bool
    voucher_number: str
    invoice_number: str
    kid: str
    due_date: date | None
    due_date_assumed: bool
    description: str
    currency: str
    amount: Decimal
    original_currency: str
    original_amount: Decimal
    open_amount: Decimal
    balance: Decimal

    @property
    def kind_label(self) -> Any:
        """In words."""
        return Kind(self.kind).label


class StatementSums(NamedTuple):
    """What stood before the first day, debits and credits in the period, and what stands at the end of the last day."""

    currency: str
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal
    entries: int


@dataclass(frozen=True)
class StatementPart:
    """One currency: the lines of this page, or all of them, and the sums of everything."""

    sums: StatementSums
    lines: tuple[StatementLine, ...]

    @property
    def code(self) -> str:
        """The currency."""
        return self.sums.currency

    @property
    def brought(self) -> Decimal:
        """The balance before the first of these lines; the opening where there is none."""
        return self.lines[0].balance - self.lines[0].amount if self.lines else self.sums.opening


@dataclass(frozen=True)
class Statement:
    """A customer's statement over a period, both days included. In the client's currency the closing balance is what the
    reports say is open of her on the last day."""

    customer: Customer
    first: date
    last: date
    currency: Currency
    parts: tuple[StatementPart, ...]
    previous: Position | None = None
    following: Position | None = None


def statement(
    client: Client, customer: Customer, *, first: date, last: date, currency: Currency = Currency.BASE
) -> Statement:
    """The whole statement, in two queries inside the client's scope."""
    order = ", ".join(_KEYS)
    lines = [row for row, _keys in _lines(client, customer, first, last, currency, "TRUE", f"ORDER BY {order}", {})]
    return Statement(customer, first, last, currency, _parts(client, customer, first, last, currency, lines))


def page_of_statement(
    client: Client, customer: Customer, *, first: date, last: date, currency: Currency, position: Position | None
) -> Statement:
    """As `statement`, but only the lines of one page; balances and sums are of everything."""
    condition, ending, values = paged(position, _KEYS)
    found = _lines(client, customer, first, last, currency, condition, ending, values)
    pairs, previous, following = cut(found, position, lambda pair: pair[1])
    parts = _parts(client, customer, first, last, currency, [line for line, _keys in pairs])
    return Statement(customer, first, last, currency, parts, previous, following)


def _lines(
    client: Client, customer: Customer, first: date, last: date, currency: Currency, condition: str, ending: str,
    more: dict[str, Any],
) -> list[tuple[StatementLine, tuple[str, ...]]]:  # fmt: skip
    names = [f"key_no_{no}" for no in range(KEYS)]
    backwards = " DESC" if " DESC" in ending else ""
    query = _running(currency) + _LINES.format(
        was_open=was_open("p", in_currency=currency == Currency.ORIGINAL),
        keys=", ".join(f"{key} AS {name}" for key, name in zip(_KEYS, names, strict=True)),
        shown=_SHOWN[currency],
        position=condition,
        ending=ending,
        order=", ".join(f"p.{name}{backwards}" for name in names),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, _values(client, customer, first, last) | more)
        rows = cursor.fetchall()
    return [(StatementLine._make(row[:-KEYS]), row[-KEYS:]) for row in rows]


def _parts(
    client: Client, customer: Customer, first: date, last: date, currency: Currency, lines: list[StatementLine]
) -> tuple[StatementPart, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            _running(currency) + _SUMS.format(shown=_SHOWN[currency]), _values(client, customer, first, last)
        )
        found = [StatementSums._make(row) for row in cursor.fetchall()]
    if currency == Currency.BASE and not found:
        found = [StatementSums(client.base_currency, ZERO, ZERO, ZERO, ZERO, 0)]
    return tuple(StatementPart(one, tuple(line for line in lines if line.currency == one.currency)) for one in found)


def _running(currency: Currency) -> str:
    original = currency == Currency.ORIGINAL
    return _RUNNING.format(
        currency="e.currency" if original else "%(base)s", amount="e.currency_amount" if original else "e.amount"
    )


def _values(client: Client, customer: Customer, first: date, last: date) -> dict[str, Any]:
    return {"client": client.pk, "base": client.base_currency, "customer": customer.pk, "from": first, "as_of": last}
