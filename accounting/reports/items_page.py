"""Open items and unpaid invoices as their pages show them: one page of lines or customers, and the sums of everything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.utils.translation import gettext_lazy as _

from access.models import Client, User
from accounting.notes import note_counts
from accounting.reports.customer_summary import CustomerLine, page_of_customers
from accounting.reports.filters import EVERYTHING, Status
from accounting.reports.item_line import Group, Line, line_of
from accounting.reports.item_sums import ItemSums, Totals, customer_sums, item_sums
from accounting.reports.items import OPEN_ITEMS, Item, Listing, page_of_items
from accounting.reports.options import Currency, Options
from accounting.reports.pages import STATUS_LABELS, Around, Link, Text, address, around, columns_of, narrowed_by
from accounting.reports.paid_after import PaidAfter, paid_after
from accounting.reports.position import Position

VIEW, SUMMARY = "visning", "sammendrag"  # a query parameter, and its value where customers stand for their items


@dataclass(frozen=True)
class Chip:
    """A status to choose: how many items have it, and their sum where there is one currency."""

    label: Text
    count: int
    amount: Decimal | None
    url: str
    current: bool


@dataclass(frozen=True)
class ItemsPart:
    """One currency: `items` and `groups`, or in summary `customers`, are the page's; all sums and counts of everything."""

    code: str
    items: tuple[Line, ...]
    groups: tuple[Group, ...]
    customers: tuple[tuple[CustomerLine, Decimal | None], ...]
    total: Decimal
    amount_total: Decimal
    overdue_total: Decimal
    credits_total: Decimal
    item_count: int
    customer_count: int
    paid_after: Decimal | None

    @property
    def has_rows(self) -> bool:
        """Whether something of it stands on this page."""
        return bool(self.items or self.customers)


@dataclass(frozen=True)
class ItemsPage:
    """What the pages of open items and of unpaid invoices show."""

    as_of: date
    currency_mode: str
    summary: bool
    currencies: tuple[ItemsPart, ...]
    customer_count: int
    item_count: int
    paid_after: bool
    chips: tuple[Chip, ...]
    filtered_by: tuple[Link, ...]
    unfiltered_url: str
    first_url: str
    views: tuple[Link, ...]
    around: Around

    @property
    def is_past_the_end(self) -> bool:
        """Whether there is something, but not here: an address that was kept until its rows were gone."""
        return bool(self.item_count) and not any(part.has_rows for part in self.currencies)


def items_page(
    name: str,
    listing: Listing,
    statuses: tuple[Status, ...],
    client: Client,
    options: Options,
    position: Position | None,
    *,
    summary: bool,
    reader: User | None = None,
) -> ItemsPage:
    """One page of the report whose page has this URL name. Inside the client's scope, in at most five queries.

    With a `reader` each line says how many notes she may see of it.
    """
    number, more = client.organisation_number, {VIEW: SUMMARY} if summary else {}
    sums = item_sums(client, options, listing)
    paid = paid_after(client, options) if options.paid_after else None
    items: list[Item] = []
    customers: list[CustomerLine] = []
    if summary:
        customers, previous, following = page_of_customers(client, options, listing, position)
    else:
        items, previous, following = page_of_items(client, options, listing, position)
    notes = note_counts(client, reader, [item.pk for item in items]) if reader and items else {}
    grouping = _grouping(client, options, listing, items) if listing is OPEN_ITEMS and not summary else None
    options = replace(options, paid_after=False)  # the date alone tells it in an address
    parts = tuple(
        _part(code, totals, options, items, grouping, customers, paid, notes)
        for code, totals in sums.currencies.items()
    )
    first = (items or customers or [None])[0]
    all_of_it = replace(options, only=replace(options.only, status=None))
    return ItemsPage(
        as_of=options.as_of,
        currency_mode=options.currency.value,
        summary=summary,
        currencies=parts,
        customer_count=sums.customers,
        item_count=sums.items,
        paid_after=paid is not None,
        chips=tuple(_chips(name, number, statuses, all_of_it, options.only.status, sums, more)),
        filtered_by=tuple(narrowed_by(name, number, options, first.customer_name if first else "", **more)),
        unfiltered_url=address(name, number, replace(options, only=EVERYTHING), **more),
        first_url=address(name, number, options, **more),
        views=(
            Link(_("Details"), address(name, number, options), not summary),
            Link(_("Summary"), address(name, number, options, **{VIEW: SUMMARY}), summary),
        ),
        around=around(name, number, options, previous, following, **more),
    )


def _part(
    code: str,
    totals: Totals,
    options: Options,
    items: list[Item],
    grouping: Callable[[str, tuple[tuple[Item, Line], ...]], tuple[Group, ...]] | None,
    customers: list[CustomerLine],
    paid: PaidAfter | None,
    notes: dict[int, int],
) -> ItemsPart:
    columns = {column.key: column for column in columns_of(options)}
    pairs = tuple(
        (item, line_of(item, columns[item.column], options.as_of, notes.get(item.pk, 0)))
        for item in items
        if item.currency == code
    )
    return ItemsPart(
        code=code,
        items=tuple(line for _item, line in pairs),
        groups=grouping(code, pairs) if grouping else (),
        customers=tuple(
            (one, paid.of(code, one.customer_id) if paid else None) for one in customers if one.currency == code
        ),
        total=totals.open_amount,
        amount_total=totals.amount,
        overdue_total=totals.overdue,
        credits_total=totals.credits,
        item_count=totals.items,
        customer_count=totals.customers,
        paid_after=paid.total(code) if paid else None,
    )


def _grouping(
    client: Client, options: Options, listing: Listing, items: list[Item]
) -> Callable[[str, tuple[tuple[Item, Line], ...]], tuple[Group, ...]]:
    sums = customer_sums(client, options, listing, sorted({item.customer_number for item in items}))

    def grouped(code: str, pairs: tuple[tuple[Item, Line], ...]) -> tuple[Group, ...]:
        groups = []
        for number, found in groupby(pairs, key=lambda pair: pair[0].customer_number):
            mine = tuple(found)
            first, whole = mine[0][0], sums[code, number]
            lines = tuple(line for _item, line in mine)
            groups.append(
                Group(
                    number,
                    first.customer_name,
                    first.organisation_number,
                    first.private_person,
                    first.country,
                    lines,
                    whole.items,
                    whole.open_amount,
                )
            )
        return tuple(groups)

    return grouped


def _chips(
    name: str,
    number: str,
    statuses: tuple[Status, ...],
    options: Options,
    chosen: Status | None,
    sums: ItemSums,
    more: dict[str, str],
) -> Iterator[Chip]:
    """All, and each status that something has or that is chosen."""
    one = next(iter(sums.currencies.values())) if options.currency == Currency.BASE else None

    def chip(status: Status | None, label: Text, count: int, amount: Decimal | None) -> Chip:
        wanted = replace(options, only=replace(options.only, status=status))
        return Chip(label, count, amount, address(name, number, wanted, **more), status == chosen)

    yield chip(None, _("All"), sums.all_items, one.whatever_status.open_amount if one else None)
    for status in statuses:
        if sums.by_status[status] or status == chosen:
            amount = one.by_status[status].open_amount if one else None
            yield chip(status, STATUS_LABELS[status], sums.by_status[status], amount)
