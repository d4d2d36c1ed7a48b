"""A report that lists items whole, as the command and the files give it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any, ClassVar, Self

from access.models import Client
from accounting.reports.items import ITEM_FIELDS, Item, Listing, all_items
from accounting.reports.options import Currency, Options
from accounting.reports.query import ZERO


@dataclass(frozen=True)
class ItemsOfCurrency:
    """The items of one currency in the report's order, and the sum of what is open of them."""

    items: tuple[Item, ...]
    total: Decimal


@dataclass(frozen=True)
class ItemReport:
    """A report that lists items. `currencies` holds the client's own, or each that something is open in."""

    listing: ClassVar[Listing]
    client: str
    options: Options
    currencies: dict[str, ItemsOfCurrency]

    def as_json(self) -> dict[str, Any]:
        """The report as INTERFACES writes it («JSON of `open-items` and `unpaid-invoices`»)."""
        return {
            "report": self.listing.name,
            "client": self.client,
            "as_of": self.options.as_of.isoformat(),
            "currencies": {
                code: {"items": [item.as_json() for item in part.items], "total": str(part.total)}
                for code, part in self.currencies.items()
            },
        }

    def table(self) -> tuple[tuple[str, ...], Iterator[Iterable[Any]]]:
        """Header and rows, one per item, without a total."""
        header = (*ITEM_FIELDS, "paid_after", "settled_after") if self.options.paid_after else ITEM_FIELDS
        return header, (item.as_json().values() for part in self.currencies.values() for item in part.items)

    @classmethod
    def of(cls, client: Client, options: Options) -> Self:
        """Reads the items in one query inside the client's scope."""
        items = all_items(client, options, cls.listing)
        parts = {code: tuple(part) for code, part in groupby(items, key=lambda item: item.currency)}
        if options.currency == Currency.BASE:
            parts.setdefault(client.base_currency, ())
        sums = {
            code: ItemsOfCurrency(part, sum((one.open_amount for one in part), ZERO)) for code, part in parts.items()
        }
        return cls(client=client.organisation_number, options=options, currencies=sums)
