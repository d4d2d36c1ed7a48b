"""«Innbetalt etter per-dato»: what was paid after a report's date of the items that were open on it."""

from decimal import Decimal

from django.db import connection

from access.models import Client
from accounting.reports.options import Currency, Options
from accounting.reports.query import ZERO, chosen_items, status_condition

# Of one item: matches after the date whose other side is a payment, and all other matches after it. Of credits nothing is
# paid. `{amount}` is the debit's share in the report's currency.
_TAKEN = """(SELECT COALESCE(sum(m.{amount}), 0.00)
          FROM accounting_match m JOIN accounting_ledgerentry p ON p.client_id = %(client)s AND p.id = m.credit_id
         WHERE m.client_id = %(client)s AND m.debit_id = i.id AND m.matched_on > %(as_of)s
           AND p.kind {which} 'payment')"""
# The dates of its matches tell of most items that there is nothing to look for.
PAID_AFTER = f"CASE WHEN i.last_matched_on > %(as_of)s THEN {_TAKEN.replace('{which}', '=')} ELSE 0.00 END"
SETTLED_AFTER = f"CASE WHEN i.last_matched_on > %(as_of)s THEN {_TAKEN.replace('{which}', '<>')} ELSE 0.00 END"

_BY_CUSTOMER = """
SELECT i.report_currency, i.customer_id, sum(m.{amount})
  FROM chosen i
  JOIN accounting_match m ON m.client_id = %(client)s AND m.debit_id = i.id AND m.matched_on > %(as_of)s
  JOIN accounting_ledgerentry p ON p.client_id = %(client)s AND p.id = m.credit_id AND p.kind = 'payment'
 WHERE i.last_matched_on > %(as_of)s AND {status}
 GROUP BY i.report_currency, i.customer_id
"""


class PaidAfter:
    """What was paid after the date, by currency and customer, of the items that a report shows."""

    def __init__(self, by_customer: dict[tuple[str, int], Decimal]) -> None:
        self._by_customer = by_customer

    def of(self, currency: str, customer_id: int) -> Decimal:
        """Of one customer's items."""
        return self._by_customer.get((currency, customer_id), ZERO)

    def total(self, currency: str) -> Decimal:
        """Of everything."""
        return sum((paid for (code, _customer), paid in self._by_customer.items() if code == currency), ZERO)


def matched_amount(options: Options) -> str:
    """The column of a match that holds the debit's share in the report's currency."""
    return "debit_currency_amount" if options.currency == Currency.ORIGINAL else "amount"


def paid_after(client: Client, options: Options) -> PaidAfter | None:
    """One query inside the client's scope; None without a query unless Options.paid_after."""
    if not options.paid_after:
        return None
    query, values = chosen_items(client, options)
    with connection.cursor() as cursor:
        cursor.execute(
            query + _BY_CUSTOMER.format(amount=matched_amount(options), status=status_condition(options)), values
        )
        return PaidAfter({(code, customer): paid for code, customer, paid in cursor.fetchall()})
