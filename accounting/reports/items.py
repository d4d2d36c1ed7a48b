"""One open item as of a date, and how the reports of items read and order them."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from access.models import Client
from accounting.reports.options import Currency, Options
from accounting.reports.paid_after import PAID_AFTER, SETTLED_AFTER, matched_amount
from accounting.reports.position import Position, cut, paged
from accounting.reports.query import CUSTOMER, chosen_items, status_condition, was_open

# First narrowed to the page, then with what costs something for each row.
_ITEMS = """
SELECT {fields}
  FROM (SELECT i.*, {keys} FROM chosen i {customer} WHERE {status} AND {position} {ending}) i
  {customer}
 ORDER BY {order}
"""
_FIELDS = """i.id, i.entry_id, c.number, c.name, c.organisation_number, c.private_person, c.country, i.kind, i.kind_inferred,
       i.voucher_number, i.invoice_number, i.kid, i.entry_date, i.due_date, i.due_date_assumed, i.days_overdue,
       (%(columns)s)[i.column_no + 1] AS column_name,
       i.report_currency, i.report_amount, i.was_open, i.currency, i.currency_amount, {was_open_in_currency},
       i.disputed, i.in_collection, i.reminder_stage, i.agreed_date, {paid_after}, {settled_after}, {assumed},
       i.department, i.project"""
# Whether a match of the row was only assumed; asked of a page's rows, and not of a whole report's.
_ASSUMED = """i.first_matched_on IS NOT NULL AND EXISTS (SELECT FROM accounting_match m WHERE m.client_id = %(client)s
       AND (m.debit_id = i.id OR m.credit_id = i.id) AND m.assumed)"""
# Keys of an order are texts that compare as bytes: an address can carry them (accounting/reports/position.py).
_CUSTOMER_KEY = 'c.number_key COLLATE "C"'
_CURRENCY_KEY = 'i.report_currency COLLATE "C"'
_VOUCHER_KEY = """(CASE WHEN i.voucher_number ~ '^[0-9]{1,20}$' THEN lpad(i.voucher_number, 20, '0')
                        ELSE '~' || i.voucher_number END) COLLATE "C\""""
_ENTRY_KEY = 'i.entry_id COLLATE "C"'
# A date written out sorts as it does itself; without one it comes last.
BY_CUSTOMER = (
    _CURRENCY_KEY,
    _CUSTOMER_KEY,
    """COALESCE(i.due_date::text, '~') COLLATE "C\"""",
    _VOUCHER_KEY,
    _ENTRY_KEY,
)
BY_DUE_DATE = (
    _CURRENCY_KEY, """COALESCE(i.due_date, i.entry_date)::text COLLATE "C\"""", _CUSTOMER_KEY, _VOUCHER_KEY, _ENTRY_KEY,
)  # fmt: skip


class Listing(NamedTuple):
    """What a report of items lists, and in which order: SQL on an item `i` and its customer `c`."""

    name: str
    condition: str
    keys: tuple[str, ...]


OPEN_ITEMS = Listing("open-items", "", BY_CUSTOMER)
UNPAID_INVOICES = Listing("unpaid-invoices", "i.kind = 'invoice' AND NOT i.is_credit", BY_DUE_DATE)


class Item(NamedTuple):
    """One entry with something open as of the report's date; a named tuple, since a report may hold 100,000 of them.

    `amount` and `open_amount` are in `currency`, that of the report: the client's own or, with Currency.ORIGINAL, the
    entry's, which `original_currency` and its amounts always hold. Debits are positive. `days_overdue` is negative
    before the due date and None for credits and opening balances; `column` is the one it stands in when aged.
    `paid_after` is what payments after the date took off it, `settled_after` what all else did (credit notes,
    write-offs); both None unless Options.paid_after. `assumed`: a match of it was only assumed; False unless a page asked.
    """

    pk: int
    entry_id: str
    customer_number: str
    customer_name: str
    organisation_number: str
    private_person: bool
    country: str
    kind: str
    kind_inferred: bool
    voucher_number: str
    invoice_number: str
    kid: str
    entry_date: date
    due_date: date | None
    due_date_assumed: bool
    days_overdue: int | None
    column: str
    currency: str
    amount: Decimal
    open_amount: Decimal
    original_currency: str
    original_amount: Decimal
    original_open_amount: Decimal
    disputed: bool
    in_collection: bool
    reminder_stage: int
    agreed_date: date | None
    paid_after: Decimal | None
    settled_after: Decimal | None
    assumed: bool
    department: str
    project: str

    def as_json(self) -> dict[str, Any]:
        """The item as INTERFACES names it: amounts as strings, what is absent as null."""
        found = {
            "entry_id": self.entry_id,
            "customer_number": self.customer_number,
            "customer_name": self.customer_name,
            "kind": self.kind,
            "voucher_number": self.voucher_number or None,
            "invoice_number": self.invoice_number or None,
            "kid": self.kid or None,
            "entry_date": self.entry_date.isoformat(),
            "due_date": self.due_date.isoformat() if self.due_date else None,
            "due_date_assumed": self.due_date_assumed,
            "days_overdue": self.days_overdue,
            "currency": self.currency,
            "amount": str(self.amount),
            "open_amount": str(self.open_amount),
        }
        if self.paid_after is not None:
            found |= {"paid_after": str(self.paid_after), "settled_after": str(self.settled_after)}
        return found


ITEM_FIELDS = (
    "entry_id", "customer_number", "customer_name", "kind", "voucher_number", "invoice_number", "kid", "entry_date",
    "due_date", "due_date_assumed", "days_overdue", "currency", "amount", "open_amount",
)  # fmt: skip


def all_items(client: Client, options: Options, listing: Listing) -> list[Item]:
    """Every item in the report's order, in one query inside the client's scope."""
    return _read(client, options, listing, "TRUE", f"ORDER BY {', '.join(listing.keys)}", {}, "FALSE")[0]


def page_of_items(
    client: Client, options: Options, listing: Listing, position: Position | None
) -> tuple[list[Item], Position | None, Position | None]:
    """The items of one page in the report's order, and where the pages before and after it stand; in one query."""
    condition, ending, values = paged(position, listing.keys)
    items, keys = _read(client, options, listing, condition, ending, values, _ASSUMED)
    pairs, previous, following = cut(list(zip(items, keys, strict=True)), position, lambda pair: pair[1])
    return [item for item, _keys in pairs], previous, following


def _read(
    client: Client,
    options: Options,
    listing: Listing,
    condition: str,
    ending: str,
    more: dict[str, Any],
    assumed: str,
) -> tuple[list[Item], list[tuple[str, ...]]]:
    query, values = chosen_items(client, options, also=listing.condition)
    names = [f"key_no_{no}" for no in range(len(listing.keys))]
    original = options.currency == Currency.ORIGINAL
    after = {"amount": matched_amount(options)}
    fields = _FIELDS.format(
        was_open_in_currency="i.was_open" if original else was_open("i", in_currency=True),
        paid_after=PAID_AFTER.format(**after) if options.paid_after else "NULL",
        settled_after=SETTLED_AFTER.format(**after) if options.paid_after else "NULL",
        assumed=assumed,
    )
    backwards = " DESC" if " DESC" in ending else ""
    query += _ITEMS.format(
        fields=", ".join([fields, *(f"i.{name}" for name in names)]),
        keys=", ".join(f"{key} AS {name}" for key, name in zip(listing.keys, names, strict=True)),
        customer=CUSTOMER,
        status=status_condition(options),
        position=condition,
        ending=ending,
        order=", ".join(f"i.{name}{backwards}" for name in names),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, values | more)
        rows = cursor.fetchall()
    count = len(names)
    return [Item._make(row[:-count]) for row in rows], [row[-count:] for row in rows]
