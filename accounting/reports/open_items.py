"""«Åpne poster kunder»: everything open as of a date, debits and credits, customer by customer."""

from typing import ClassVar

from access.models import Client
from accounting.reports.items import BY_CUSTOMER, ItemReport
from accounting.reports.options import Options


class OpenItems(ItemReport):
    """By customer number, due date (items without one last) and voucher number."""

    name: ClassVar[str] = "open-items"


def open_items(client: Client, options: Options) -> OpenItems:
    """Every item open as of `options.as_of` (inclusive), in one query inside the client's scope.

    With `options.customer` or `options.column` only the items behind that figure of the aged report.
    """
    return OpenItems.of(client, options, BY_CUSTOMER)
