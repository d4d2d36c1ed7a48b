"""That somebody has reconciled the sub-ledger as of a date, what she said of each difference, and the report as it was."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from access.tenancy import ClientOwned
from accounting.models.ledger import Money


class SignOff(ClientOwned):
    """One «Avstemt av … den …»; append-only. The newest of a date counts. Amounts in the client's currency."""

    as_of = models.DateField()
    sub_ledger = Money()
    control_accounts = Money(null=True, help_text="None: the general ledger does not cover the date.")
    # [{"day", "difference", "comment"}] of each day on which the two moved differently; of all, `comment`.
    comments = models.JSONField(default=list)
    comment = models.CharField(max_length=1000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    pdf = models.BinaryField()
    pdf_sha256 = models.CharField(max_length=64)

    class Meta(ClientOwned.Meta):
        abstract = False
        indexes = [models.Index(fields=["client", "as_of", "-id"], name="sign_off_of_date")]
