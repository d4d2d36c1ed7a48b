"""What a company has decided about its ledger: up to which day it is locked, and what counts as a small difference."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.tenancy import ClientOwned
from accounting.models.ledger import Money


class LedgerLock(ClientOwned):
    """One change of «Regnskap låst til og med». The last one counts; the rows are the history and are never changed.

    A trigger refuses entries and matches dated on or before the day.
    """

    locked_through = models.DateField(null=True, help_text=_("Inclusive; none: nothing is locked."))
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta(ClientOwned.Meta):
        abstract = False
        indexes = [models.Index(fields=["client", "-id"], name="lock_client_last")]


class KidCheck(models.TextChoices):
    """How the company's agreement with its bank makes the last digit of a KID."""

    NONE = "", _("Not checked")
    MOD10 = "10", _("Mod 10")
    MOD11 = "11", _("Mod 11")


class LedgerSettings(ClientOwned):
    """A company's choices for its customer ledger; one row at most, the defaults where there is none."""

    # What may be left over when items are matched, in the company's currency.
    rounding_tolerance = Money(default=Decimal("1.00"))
    bank_fee_tolerance = Money(default=Decimal("0.00"))
    # Per cent of the invoice that a customer may keep back for paying early.
    cash_discount_percent = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal("0.00"))
    kid_check = models.CharField(max_length=2, choices=KidCheck.choices, default=KidCheck.NONE, blank=True)
    kid_length = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Digits, the check digit included.")
    )

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["client"], name="ledger_settings_one_per_client"),
            models.CheckConstraint(
                name="ledger_settings_not_negative",
                condition=Q(
                    rounding_tolerance__gte=0, bank_fee_tolerance__gte=0, cash_discount_percent__range=(0, 100)
                ),
            ),
            models.CheckConstraint(
                name="ledger_settings_kid_length", condition=Q(kid_length__isnull=True) | Q(kid_length__range=(2, 25))
            ),
        ]
