"""What would come of matching the rows that a person has chosen: sums, what is left over, and what that may be called."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from access.models import Client
from accounting.matching import ZERO
from accounting.models import Kind, LedgerEntry, Match
from accounting.services.locking import first_open_day
from accounting.services.settle import most_difference, settings_of, side_of, two_sides
from accounting.services.undo import SMALL_DIFFERENCES, touching
from accounting.settling import NotMatchable, Side, settle_chosen

MOST_ROWS = 400  # as many as a form may send (settings), with room for its other fields


class Row(NamedTuple):
    """A chosen entry; amounts in the client's currency and with their sign, `open_in_currency` in the entry's own."""

    entry: LedgerEntry
    open_amount: Decimal
    open_in_currency: Decimal
    left: Decimal
    left_in_currency: Decimal


@dataclass(frozen=True)
class Choice:
    """What would be matched. `fault` is why nothing can be; sums are positive, of what is open before.

    `offered`: what the left-over may be entered as, with the most that it may be. `has_assumed`: some of their matches are
    only assumed; `has_matches`: there is something to undo. `counts_from`: the first open day, where that is later than
    every entry. `part_currency`: what a part is given in, empty where no part can be.
    """

    rows: tuple[Row, ...]
    debits: Decimal
    credits: Decimal
    left: tuple[Row, ...]
    offered: tuple[tuple[Kind, Decimal], ...]
    has_assumed: bool
    has_matches: bool
    counts_from: date | None
    part_currency: str
    fault: NotMatchable | None


def match_choice(client: Client, entry_ids: Collection[int], *, replace_assumed: bool = False) -> Choice:
    """Reckon it as match_entries would, and write nothing. Inside the client's scope, in at most four queries."""
    entries = LedgerEntry.objects.for_client(client).filter(pk__in=list(entry_ids)).select_related("customer")
    found = {one.pk: one for one in entries.order_by("customer__number_key", "entry_date", "pk")}
    sides = {pk: side_of(one) for pk, one in found.items()}
    assumed = list(Match.objects.for_client(client).filter(touching(sides), assumed=True))
    if replace_assumed:
        _give_back(sides, assumed)
    before = {pk: (one.open_amount, one.open_currency_amount) for pk, one in sides.items()}
    fault = None
    if len(found) < len(set(entry_ids)):
        fault = NotMatchable("unknown", "an entry is not in these books")
    else:
        try:
            debits, credits = two_sides(sides.values())
            if not settle_chosen(debits, credits, base_currency=client.base_currency):
                fault = NotMatchable("closed", "nothing is open of one of the two")
        except NotMatchable as one:
            fault = one
    rows = tuple(_row(one, sides[pk], before[pk]) for pk, one in found.items())
    left = [one for one in sides.values() if one.open_amount]
    offered: tuple[tuple[Kind, Decimal], ...] = ()
    if fault is None and len(left) == 1:
        chosen = settings_of(client)
        most = ((kind, most_difference(chosen, kind, left[0])) for kind in SMALL_DIFFERENCES)
        offered = tuple((kind, at_most) for kind, at_most in most if left[0].open_amount <= at_most)
    first_open = first_open_day(client) if found else date.min
    return Choice(
        rows=rows,
        debits=sum((one.open_amount for one in rows if one.open_amount > 0), ZERO),
        credits=-sum((one.open_amount for one in rows if one.open_amount < 0), ZERO),
        left=tuple(one for one in rows if one.left) if fault is None else (),
        offered=offered,
        has_assumed=bool(assumed),
        has_matches=any(one.first_matched_on for one in found.values()),
        counts_from=first_open if found and first_open > max(one.entry_date for one in found.values()) else None,
        part_currency=_part_currency(client, list(sides.values())) if fault is None else "",
        fault=fault,
    )


def _give_back(sides: dict[int, Side], assumed: list[Match]) -> None:
    for one in assumed:
        for pk, share in ((one.debit_id, one.debit_currency_amount), (one.credit_id, one.credit_currency_amount)):
            if pk in sides:
                sides[pk].take(-one.amount, -share)


def _row(entry: LedgerEntry, side: Side, before: tuple[Decimal, Decimal]) -> Row:
    sign = 1 if side.is_debit else -1
    return Row(entry, sign * before[0], sign * before[1], sign * side.open_amount, sign * side.open_currency_amount)


def _part_currency(client: Client, sides: list[Side]) -> str:
    if len(sides) != 2:
        return ""
    one, other = sides
    return one.currency if one.currency == other.currency else client.base_currency
