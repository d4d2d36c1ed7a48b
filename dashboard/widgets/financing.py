"""The widget «Fakturafinansiering»: appears by itself once the bank reads the company's receivables."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from access.privileges import FINANCING
from dashboard.widgets.base import Asked, Widget
from financing.presenters.widget import financing_widget
from financing.selectors import financing_pulse


def _financing(asked: Asked) -> dict[str, Any] | None:
    """In the state that applies; nothing where the company has neither an agreement nor a check to tell of."""
    credit = financing_widget(asked.client, asked.user, asked.now)
    return {"credit": credit} if credit else None


FINANCING_WIDGET = Widget(
    key="financing",
    title=_("Invoice financing"),
    about=_("Limit, used and available at Buffer. Appears once the company has a check or an agreement there."),
    privilege=FINANCING,
    template="dashboard/_financing.html",
    context=_financing,
    may_be_absent=True,
    seconds=8,  # what the bank tells is on the screen within ten seconds, also where no pulse tells of it
    pulse=financing_pulse,
)
