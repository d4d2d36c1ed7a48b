"""What the bank has told of customer payments: each payment once, and each line of a file that told of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.tenancy import ClientOwned
from accounting.models.ledger import LedgerEntry, Money


class BankFileKind(models.TextChoices):
    """By which kind of file the bank told (accounting/imports/bank_lines.py)."""

    OCR = "ocr", _("OCR giro")
    CAMT054 = "camt054", "camt.054"
    CAMT053 = "camt053", "camt.053"


class ReceiptStatus(models.TextChoices):
    """What has become of a payment. Only a booked one is in the ledger."""

    BOOKED = "booked", _("Booked")
    UNIDENTIFIED = "unidentified", _("Not identified")
    LOAN = "loan", _("Drawn loan")
    SPECIFIED = "specified", _("Specified in another file")
    DISMISSED = "dismissed", _("Not a customer payment")


class BankReceipt(ClientOwned):
    """A payment by a customer as the bank tells of it, one row however often it is told; the reversal of one is negative.

    Until it is booked it is outside every report and outside what the bank reads. docs/decisions/0027.
    """

    account = models.CharField(max_length=60, help_text=_("The company's own."))
    booked_on = models.DateField()
    value_on = models.DateField(null=True)
    amount = Money(help_text=_("In `currency`, money in positive."))
    currency = models.CharField(max_length=3)
    reference = models.CharField(
        max_length=140, blank=True, help_text=_("KID or another reference to be machine-read.")
    )
    invoice_numbers = models.JSONField(default=list)
    payer = models.CharField(max_length=300, blank=True)
    text = models.CharField(max_length=500, blank=True)
    # Its number among payments that are alike in account, day, amount and reference: part of the entry's identity.
    number = models.PositiveIntegerField(default=1)
    status = models.CharField(
        max_length=20, choices=ReceiptStatus.choices, default=ReceiptStatus.UNIDENTIFIED, db_default="unidentified"
    )
    entry = models.OneToOneField(
        LedgerEntry, on_delete=models.PROTECT, related_name="receipt", null=True, db_constraint=False
    )
    times_booked = models.PositiveSmallIntegerField(default=0)
    # Which payment it takes back; of a negative one that is booked.
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="reversed_by", null=True, db_constraint=False
    )
    # The sum of which lump this is: it is told payment by payment elsewhere.
    specified_by = models.CharField(max_length=64, blank=True)
    # Who decided, and then nothing is decided by itself any more.
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    chosen_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    registered_at = models.DateTimeField(default=timezone.now)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["client", "id"], name="receipt_client_id_unique"),
            models.UniqueConstraint(
                fields=["client", "account", "booked_on", "currency", "amount", "reference", "number"],
                name="receipt_number_unique",
            ),
            models.CheckConstraint(name="receipt_status_known", condition=Q(status__in=ReceiptStatus.values)),
            models.CheckConstraint(
                name="receipt_booked_exactly_with_an_entry",
                condition=Q(status="booked", entry__isnull=False) | (~Q(status="booked") & Q(entry__isnull=True)),
            ),
            models.CheckConstraint(name="receipt_amount_not_zero", condition=~Q(amount=0)),
            models.CheckConstraint(name="receipt_currency_code", condition=Q(currency__regex=r"^[A-Z]{3}$")),
        ]
        indexes = [
            models.Index(fields=["client", "account", "booked_on"], name="receipt_account_day"),
            models.Index(
                fields=["client", "booked_on", "id"], name="receipt_waiting", condition=Q(status="unidentified")
            ),
        ]


class BankTelling(ClientOwned):
    """One line of a bank file that told of a payment, once for each identity; kept for ever."""

    receipt = models.ForeignKey(BankReceipt, on_delete=models.PROTECT, related_name="tellings", db_constraint=False)
    kind = models.CharField(max_length=10, choices=BankFileKind.choices)
    identity = models.CharField(max_length=64, help_text=_("Digest of what tells the line from every other."))
    booked_on = models.DateField()
    # The entry on the account that it is a part of: its digest, its sum, and the bank's reference of it.
    lump = models.CharField(max_length=64)
    lump_total = Money()
    lump_reference = models.CharField(max_length=100, blank=True)
    file_name = models.CharField(max_length=300)
    told_at = models.DateTimeField(default=timezone.now)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["client", "identity"], name="telling_identity_unique_per_client"),
            models.CheckConstraint(name="telling_kind_known", condition=Q(kind__in=BankFileKind.values)),
        ]
        indexes = [
            models.Index(fields=["client", "receipt"], name="telling_receipt"),
            models.Index(fields=["client", "booked_on", "lump_total"], name="telling_lump"),
        ]
