"""What the general ledger's control accounts say of the same date, to set beside the sub-ledger."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from access.models import Client
from accounting.reports.options import Currency, Options
from accounting.reports.query import ZERO

# Known from the day before the first held period, where its opening balance stands, to the last day of the last.
_BALANCES = """
SELECT m.account, COALESCE(sum(m.amount) FILTER (WHERE m.day <= %(as_of)s), 0.00)
  FROM accounting_controlaccountmovement m
 WHERE m.client_id = %(client)s
   AND (SELECT %(as_of)s BETWEEN min(p.start) - 1 AND max(p.end)
          FROM accounting_heldperiod p WHERE p.client_id = %(client)s)
 GROUP BY m.account
 ORDER BY length(m.account), m.account
"""


# What moved on a day by the one and by the other, where that is not the same.
_DAYS = """
SELECT day, COALESCE(s.amount, 0.00), COALESCE(l.amount, 0.00),
       sum(COALESCE(s.amount, 0.00) - COALESCE(l.amount, 0.00)) OVER (ORDER BY day)
  FROM (SELECT entry_date AS day, sum(amount) AS amount FROM accounting_ledgerentry
         WHERE client_id = %(client)s AND entry_date <= %(as_of)s GROUP BY entry_date) s
  FULL JOIN (SELECT day, sum(amount) AS amount FROM accounting_controlaccountmovement
              WHERE client_id = %(client)s AND day <= %(as_of)s GROUP BY day) l USING (day)
 WHERE COALESCE(s.amount, 0) <> COALESCE(l.amount, 0)
 ORDER BY day DESC
"""


class AccountBalance(NamedTuple):
    """A control account and its balance at the end of the day, debits less credits, in the client's currency."""

    account: str
    balance: Decimal


@dataclass(frozen=True)
class Reconciliation:
    """Control accounts beside the sub-ledger. `difference` is sub-ledger less control accounts."""

    accounts: tuple[AccountBalance, ...]
    balance: Decimal
    difference: Decimal

    def as_json(self) -> dict[str, Any]:
        """As INTERFACES writes it, amounts as strings."""
        return {
            "accounts": [{"account": one.account, "balance": str(one.balance)} for one in self.accounts],
            "balance": str(self.balance),
            "difference": str(self.difference),
        }


def reconciliation(client: Client, options: Options, sub_ledger: Decimal) -> Reconciliation | None:
    """The control accounts as of the date, in one query; None where the general ledger does not cover it.

    None without a query for original currency, since accounts are kept in the client's own, and for some of the items.
    """
    if options.currency != Currency.BASE or options.only:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES, {"client": client.pk, "as_of": options.as_of})
        accounts = tuple(AccountBalance._make(row) for row in cursor.fetchall())
    if not accounts:
        return None
    balance = sum((one.balance for one in accounts), ZERO)
    return Reconciliation(accounts=accounts, balance=balance, difference=sub_ledger - balance)


class DifferingDay(NamedTuple):
    """A day on which sub-ledger and control accounts moved differently, debits less credits, and how far apart they are
    at its end."""

    day: date
    sub_ledger: Decimal
    control_accounts: Decimal
    so_far: Decimal

    @property
    def difference(self) -> Decimal:
        """Sub-ledger less control accounts, of this day alone."""
        return self.sub_ledger - self.control_accounts


def differing_days(client: Client, as_of: date) -> list[DifferingDay]:
    """The days up to the date (inclusive) that make up the difference, the newest first; in one query.

    Their differences add up to that of `reconciliation`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"client": client.pk, "as_of": as_of})
        return [DifferingDay._make(row) for row in cursor.fetchall()]
