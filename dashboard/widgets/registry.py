"""The widgets there are, in the order they come in; a new one is a file of its own and a line here."""

from access.models import Rights
from dashboard.widgets.base import Widget
from dashboard.widgets.financing import FINANCING_WIDGET
from dashboard.widgets.receivables import RECEIVABLES_WIDGET
from dashboard.widgets.unpaid_invoices import UNPAID_INVOICES_WIDGET

WIDGETS: tuple[Widget, ...] = (FINANCING_WIDGET, RECEIVABLES_WIDGET, UNPAID_INVOICES_WIDGET)


def widget_of(key: str) -> Widget | None:
    """The widget of this key, whoever asks."""
    return next((one for one in WIDGETS if one.key == key), None)


def all_keys() -> list[str]:
    """The keys in the order they come in."""
    return [one.key for one in WIDGETS]


def permitted(rights: Rights) -> list[Widget]:
    """Those that these rights let see, in the order they come in."""
    return [one for one in WIDGETS if one.privilege in rights]
