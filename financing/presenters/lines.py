"""The analysis line by line: what the bank counted of each of our items, and why not of the rest."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.http import urlencode
from django.utils.translation import gettext as _

from access.models import Client
from accounting.models import Customer, LedgerEntry
from financing.models import AnalysisLines
from financing.presenters.analysis import reason_label
from financing.presenters.shapes import address

PAGE = 100
COUNTED = "teller"  # in an address: what counts in full


@dataclass(frozen=True)
class Line:
    """One line as the bank gave it, with what our books know of it; amounts in NOK. `whole`: a customer as a whole."""

    customer: str
    customer_number: str
    invoice_number: str
    due_date: date | None
    amount: Decimal
    counted: Decimal
    reason: str
    whole: bool
    known: bool


@dataclass(frozen=True)
class Choice:
    """What the lines can be narrowed to."""

    label: str
    count: int
    url: str
    current: bool


@dataclass(frozen=True)
class LinesView:
    """A page of lines; the sums are of everything that is chosen, not of the page."""

    lines: list[Line]
    count: int
    amount: Decimal
    counted: Decimal
    as_of: datetime
    read_at: datetime
    choices: list[Choice]
    previous_url: str | None
    next_url: str | None
    reason: str


def lines_view(client: Client, kept: AnalysisLines, *, reason: str, page: int) -> LinesView:
    """The lines with this reason, or all. Inside the client's scope; two queries whatever their number."""
    raw = [tuple(one) for one in kept.lines]
    by_reason: dict[str, int] = {}
    for one in raw:
        by_reason[one[4]] = by_reason.get(one[4], 0) + 1
    wanted = "" if reason == COUNTED else reason
    narrowed = reason == COUNTED or reason in by_reason
    chosen = [one for one in raw if one[4] == wanted] if narrowed and reason else raw
    here = address("financing_lines", client)
    start = max(page - 1, 0) * PAGE
    choices = [Choice(_("All"), len(raw), here, not (narrowed and reason))]
    if by_reason.get(""):
        choices.append(Choice(_("Counts in full"), by_reason[""], _url(here, COUNTED), reason == COUNTED))
    choices += [
        Choice(reason_label(one), count, _url(here, one), one == reason) for one, count in by_reason.items() if one
    ]
    kept_reason = reason if narrowed else ""
    return LinesView(
        _lines(client, chosen[start : start + PAGE]), len(chosen),
        sum((Decimal(one[2]) for one in chosen), Decimal(0)), sum((Decimal(one[3]) for one in chosen), Decimal(0)),
        kept.as_of, kept.read_at, choices,
        _url(here, kept_reason, page - 1) if page > 1 else None,
        _url(here, kept_reason, page + 1) if start + PAGE < len(chosen) else None, kept_reason,
    )  # fmt: skip


def _lines(client: Client, raw: list[Any]) -> list[Line]:
    entries = {
        one.pk: one
        for one in LedgerEntry.objects.for_client(client)
        .filter(pk__in=[int(one[0]) for one in raw if _is_key(one[0])])
        .select_related("customer")
    }
    keys = [int(one[1][1:]) for one in raw if not one[0] and one[1][:1] == "c" and _is_key(one[1][1:])]
    customers = Customer.objects.for_client(client).in_bulk(keys) if keys else {}
    found = []
    for receivable, debtor, amount, counted, reason in raw:
        entry = entries.get(int(receivable)) if _is_key(receivable) else None
        customer = entry.customer if entry else None
        if not receivable and debtor[:1] == "c" and _is_key(debtor[1:]):
            customer = customers.get(int(debtor[1:]))
        found.append(
            Line(
                customer.name if customer else _("Not in the books"),
                customer.number if customer else "",
                (entry.invoice_number or entry.voucher_number) if entry else "",
                entry.due_date if entry else None,
                Decimal(amount),
                Decimal(counted),
                reason_label(reason) if reason else "",
                not receivable,
                customer is not None,
            )
        )
    return found


def _is_key(text: str) -> bool:
    # What the bank sends back is an outsider's text: a number that fits our keys, or nothing of ours.
    return text.isascii() and text.isdecimal() and len(text) <= 18


def _url(here: str, reason: str, page: int = 1) -> str:
    query = urlencode({name: value for name, value in (("grunn", reason), ("side", page if page > 1 else "")) if value})
    return here + (f"?{query}" if query else "")
