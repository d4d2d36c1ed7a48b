"""«Åpne poster kunder»: everything open as of a date, debits and credits, customer by customer."""

from typing import ClassVar

from access.models import Client
from accounting.reports.item_report import ItemReport
from accounting.reports.items import OPEN_ITEMS, Listing
from accounting.reports.options import Options


class OpenItems(ItemReport):
    """By customer number, due date (items without one last) and voucher number."""

    listing: ClassVar[Listing] = OPEN_ITEMS


def open_items(client: Client, options: Options) -> OpenItems:
    """Every item open as of `options.as_of` (inclusive), in one query inside the client's scope."""
    return OpenItems.of(client, options)
