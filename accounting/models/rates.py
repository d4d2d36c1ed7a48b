"""What other currencies cost in a company's own, day by day, as somebody entered it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.tenancy import ClientOwned


class ExchangeRate(ClientOwned):
    """The price of one unit of `currency` in the client's currency on a day. What is booked already stands at its own."""

    currency = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(
        max_digits=18, decimal_places=8, help_text=_("What one unit costs in the company's own currency.")
    )

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["client", "currency", "day"], name="rate_unique_per_currency_and_day"),
            models.CheckConstraint(name="rate_positive", condition=Q(rate__gt=0)),
            models.CheckConstraint(name="rate_currency_code", condition=Q(currency__regex=r"^[A-Z]{3}$")),
        ]
