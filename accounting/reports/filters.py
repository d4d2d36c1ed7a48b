"""What narrows a report to some of its items: the choices, and each as a condition in SQL."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How an open item stands. One item may have several: overdue and partly paid."""

    NOT_DUE = "not_due"
    OVERDUE = "overdue"
    PARTLY_PAID = "partly_paid"
    DISPUTED = "disputed"
    IN_COLLECTION = "in_collection"
    REMINDED = "reminded"
    POSTPONED = "postponed"
    CREDIT = "credit"


# Of the columns that accounting/reports/query.py gives every item. Days overdue are null for credits.
STATUS_SQL: Mapping[Status, str] = {
    Status.NOT_DUE: "i.days_overdue <= 0",
    Status.OVERDUE: "i.days_overdue > 0",
    Status.PARTLY_PAID: "NOT i.is_credit AND i.was_open <> i.report_amount",
    Status.DISPUTED: "i.disputed",
    Status.IN_COLLECTION: "i.in_collection",
    Status.REMINDED: "i.reminder_stage > 0",
    # As with a due date, the agreed day itself is still in time.
    Status.POSTPONED: "i.agreed_date >= %(as_of)s",
    Status.CREDIT: "i.is_credit",
}

_RANGE = re.compile(r"([0-9]{1,20})?-([0-9]{1,20})?")
_AMOUNT = re.compile(r"[-−]?[0-9]{1,15}([.,][0-9]{1,2})?")
# What separates thousands on our pages and on others'.
_SPACES = str.maketrans("", "", "\u2009\u202f\u00a0 ")


@dataclass(frozen=True)
class Filter:
    """Which items are wanted; empty wants all.

    `customers` as written: numbers and ranges of numbers, ends included («10000-15999, 12500, 13000-»). `kind`,
    `entry_currency`, `department` and `project` are an item's own. `column` is one of the aged report's columns.
    `credit_balance`: only customers whom the company owes, over all that is open of them. `search` is free text.
    `customer_id` is one customer by her key, for pages that are about her; no address says it.
    """

    customers: str = ""
    kind: str = ""
    entry_currency: str = ""
    department: str = ""
    project: str = ""
    column: str = ""
    status: Status | None = None
    credit_balance: bool = False
    search: str = ""
    customer_id: int | None = None

    def __bool__(self) -> bool:
        return self != EVERYTHING

    @property
    def one_customer(self) -> str:
        """The customer's number where exactly one is asked for, else empty."""
        parts = _parts(self.customers)
        return parts[0] if len(parts) == 1 and not _is_range(parts[0]) else ""


EVERYTHING = Filter()


def conditions(only: Filter) -> tuple[list[str], dict[str, Any]]:
    """SQL over an item `i` and its customer `c`, to be joined by AND, with what it is bound to. Without the status.

    The column's number is bound where the columns are known (accounting/reports/query.py).
    """
    found: list[str] = []
    values: dict[str, Any] = {}
    for name in ("kind", "department", "project"):
        if wanted := getattr(only, name):
            found.append(f"i.{name} = %(only_{name})s")
            values[f"only_{name}"] = wanted
    if only.entry_currency:
        found.append("i.currency = %(only_currency)s")
        values["only_currency"] = only.entry_currency
    if only.column:
        found.append("i.column_no = %(only_column_no)s")
    if only.customer_id is not None:
        found.append("i.customer_id = %(only_customer_id)s")
        values["only_customer_id"] = only.customer_id
    if only.customers:
        found.append(_customers(only.customers, values))
    if only.search:
        found.append(_search(only.search, values))
    return found, values


def _parts(customers: str) -> list[str]:
    return [part for part in (one.strip() for one in customers.split(",")) if part]


def _is_range(part: str) -> bool:
    return part != "-" and _RANGE.fullmatch(part) is not None


def _customers(text: str, values: dict[str, Any]) -> str:
    any_of = []
    for no, part in enumerate(_parts(text)):
        name = f"only_customer_{no}"
        if not _is_range(part):
            any_of.append(f"c.number = %({name})s")
            values[name] = part
            continue
        # As in the customer's number_key: numbers are padded, all else sorts after them.
        low, high = part.split("-")
        values[f"{name}_low"], values[f"{name}_high"] = low.zfill(20), high.zfill(20) if high else "~"
        any_of.append(f"(c.number_key >= %({name}_low)s AND c.number_key <= %({name}_high)s)")
    return f"({' OR '.join(any_of) or 'TRUE'})"


def _search(text: str, values: dict[str, Any]) -> str:
    """In names and numbers; what looks like an amount also in amounts."""
    values["only_search"] = "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"
    columns = ("c.name", "c.number", "c.organisation_number", "i.invoice_number", "i.voucher_number", "i.kid")
    any_of = [f"{column} ILIKE %(only_search)s" for column in columns]
    bare = text.translate(_SPACES)
    if _AMOUNT.fullmatch(bare):
        values["only_amount"] = abs(Decimal(bare.replace(",", ".").replace("−", "-")))
        any_of += ["abs(i.report_amount) = %(only_amount)s", "abs(i.was_open) = %(only_amount)s"]
    return f"({' OR '.join(any_of)})"
