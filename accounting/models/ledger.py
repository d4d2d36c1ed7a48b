"""The customer ledger: customers, their entries, matches between them, and what the general ledger says of the same."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.tenancy import ClientOwned

ZERO = Decimal("0.00")


class Kind(models.TextChoices):
    """What an entry is (INTERFACES: «Ledger CSV»). A debit is positive, a credit negative, whatever the kind."""

    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")
    PAYMENT = "payment", _("Payment")
    OPENING_BALANCE = "opening_balance", _("Opening balance")
    REFUND = "refund", _("Refund")
    REMINDER_FEE = "reminder_fee", _("Reminder fee")
    COLLECTION_FEE = "collection_fee", _("Collection fee")
    INTEREST = "interest", _("Interest")
    WRITE_OFF = "write_off", _("Write-off")
    EXCHANGE_DIFFERENCE = "exchange_difference", _("Exchange difference")
    ROUNDING = "rounding", _("Rounding")
    CASH_DISCOUNT = "cash_discount", _("Cash discount")
    BANK_FEE = "bank_fee", _("Bank fee")
    JOURNAL = "journal", _("Journal entry")


class Source(models.TextChoices):
    """Where an entry came from."""

    SAFT = "saft", "SAF-T"
    LEDGER = "ledger", _("Ledger file")
    EHF = "ehf", "EHF"
    BANK = "bank", _("Bank file")
    OWN = "own", _("Made here")


class How(models.TextChoices):
    """By what a match was found. Of those that a file named, or that were made before it was kept, nothing is known."""

    UNKNOWN = "", ""
    REFERENCE = "reference", _("By reference")
    KID = "kid", _("By KID")
    INVOICE_NUMBER = "invoice_number", _("By invoice number and amount")
    BILLING_REFERENCE = "billing_reference", _("By the credit note's reference")
    PREPAID = "prepaid", _("By what the invoice calls prepaid")
    HAND = "hand", _("By hand")
    DIFFERENCE = "difference", _("As a difference")


class Money(models.DecimalField):
    """An amount with two places; its currency stands in a field beside it."""

    def __init__(self, **options: object) -> None:
        options.setdefault("max_digits", 18)
        options.setdefault("decimal_places", 2)
        super().__init__(**options)  # type: ignore[arg-type]


class NumberKey(Func):
    """Sorts customer numbers as numbers where they are numbers, before those that are not."""

    template = "CASE WHEN number ~ '^[0-9]{1,20}$' THEN lpad(number, 20, '0') ELSE '~' || number END"


class Customer(ClientOwned):
    """Somebody who owes the client, or is owed."""

    number = models.CharField(max_length=40)
    number_key = models.GeneratedField(
        expression=NumberKey(output_field=models.CharField(max_length=60)),
        output_field=models.CharField(max_length=60, db_collation="C"),
        db_persist=True,
    )
    name = models.CharField(max_length=300)
    # Kept and sent as written, whatever its check digit.
    organisation_number = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=2, default="NO")
    private_person = models.BooleanField(default=False)
    related_party = models.BooleanField(default=False)
    # Names of the fields, by spaces, that a person has set here: an import leaves them as they are.
    set_by_hand = models.CharField(max_length=200, blank=True, default="", db_default="")
    changed_at = models.DateTimeField(db_default=Now(), editable=False)  # a trigger sets it at every write

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["client", "id"], name="customer_client_id_unique"),
            models.UniqueConstraint(fields=["client", "number"], name="customer_number_unique_per_client"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


# What the reports read of an entry stands in their indexes, so that they need not visit the table.
_REPORTED = (
    "kind", "amount", "open_amount", "first_matched_on", "last_matched_on",
    "currency", "currency_amount", "open_currency_amount",
)  # fmt: skip


class LedgerEntry(ClientOwned):
    """One line of the customer ledger, and what is still open of it.

    `open_amount`, `open_currency_amount`, `closed_on` and the dates of its first and last match are kept by a trigger
    on Match: never write them.
    What was open on a date is derived from matches dated on or before it (accounting/reports).
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="entries", db_constraint=False)
    # The line's identity in its source, for ever: a known one with other content refuses the import.
    entry_id = models.CharField(max_length=300)
    source = models.CharField(max_length=10, choices=Source.choices)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    kind_inferred = models.BooleanField(default=False)
    account = models.CharField(max_length=40, blank=True)
    voucher_number = models.CharField(max_length=100, blank=True)
    invoice_number = models.CharField(max_length=100, blank=True)
    kid = models.CharField(max_length=100, blank=True)
    cross_reference = models.CharField(max_length=100, blank=True)
    source_document_id = models.CharField(max_length=100, blank=True)
    description = models.CharField(max_length=300, blank=True)
    entry_date = models.DateField()
    posting_date = models.DateField(null=True)
    due_date = models.DateField(null=True)
    due_date_assumed = models.BooleanField(default=False)
    amount = Money(help_text=_("In the client's currency; debits positive, credits negative."))
    open_amount = Money(editable=False)
    currency = models.CharField(max_length=3)
    currency_amount = Money(help_text=_("In `currency`, with the sign of `amount`."))
    open_currency_amount = Money(editable=False)
    closed_on = models.DateField(null=True, editable=False)
    # Of its matches, so that a past date's report need not look at the matches of most entries.
    first_matched_on = models.DateField(null=True, editable=False)
    last_matched_on = models.DateField(null=True, editable=False)
    department = models.CharField(max_length=60, blank=True)
    project = models.CharField(max_length=60, blank=True)
    disputed = models.BooleanField(default=False)
    in_collection = models.BooleanField(default=False)
    assigned = models.BooleanField(default=False, help_text=_("Sold or pledged to another."))
    # How far the customer was reminded: 0 not at all, 1 once, 2 twice, 3 warned of collection.
    reminder_stage = models.SmallIntegerField(default=0, db_default=0)
    agreed_date = models.DateField(null=True, help_text=_("The later day of payment that was agreed."))
    # An entry made here is never removed: its opposite of the same day takes it back.
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="reversed_by", null=True, db_constraint=False
    )
    registered_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)  # a trigger sets it at every write

    class Meta(ClientOwned.Meta):
        abstract = False
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["client", "id"], name="entry_client_id_unique"),
            models.UniqueConstraint(fields=["client", "entry_id"], name="entry_id_unique_per_client"),
            models.CheckConstraint(
                name="entry_open_between_zero_and_amount",
                condition=Q(amount__gte=0, open_amount__gte=0, open_amount__lte=F("amount"))
                | Q(amount__lt=0, open_amount__lte=0, open_amount__gte=F("amount")),
            ),
            models.CheckConstraint(
                name="entry_closed_exactly_when_nothing_open",
                condition=Q(open_amount=0, closed_on__isnull=False) | (~Q(open_amount=0) & Q(closed_on__isnull=True)),
            ),
            models.CheckConstraint(
                name="entry_matched_from_first_to_last",
                condition=Q(first_matched_on__isnull=True, last_matched_on__isnull=True)
                | Q(first_matched_on__gte=F("entry_date"), last_matched_on__gte=F("first_matched_on")),
            ),
            models.CheckConstraint(
                name="entry_currency_amount_same_sign",
                condition=Q(amount__gte=0, currency_amount__gte=0) | Q(amount__lte=0, currency_amount__lte=0),
            ),
            models.CheckConstraint(name="entry_kind_known", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(name="entry_source_known", condition=Q(source__in=Source.values)),
            models.CheckConstraint(name="entry_currency_code", condition=Q(currency__regex=r"^[A-Z]{3}$")),
            models.CheckConstraint(name="entry_reminder_stage", condition=Q(reminder_stage__range=(0, 3))),
            models.CheckConstraint(
                name="entry_opening_balance_has_no_due_date",
                condition=~Q(kind="opening_balance", due_date__isnull=False),
            ),
        ]
        indexes = [
            # Today's reports read what is open and nothing else, in the order of its customers.
            models.Index(
                fields=["client", "customer", "due_date", "id"],
                name="entry_open",
                condition=Q(closed_on__isnull=True),
                include=["entry_date", *_REPORTED],
            ),
            models.Index(fields=["client", "entry_date"], name="entry_client_date"),
            # A past date's reports read beside it what was there and was closed later: from one closing day PostgreSQL
            # skips to the next (from 18 on; before that it reads the index past the others).
            models.Index(
                fields=["client", "closed_on", "entry_date"],
                name="entry_closed",
                condition=Q(closed_on__isnull=False),
                include=["customer", "id", "due_date", *_REPORTED],
            ),
            models.Index(fields=["client", "changed_at"], name="entry_client_changed"),
            models.Index(fields=["client", "customer", "entry_date"], name="entry_client_customer_date"),
        ]


class Match(ClientOwned):
    """That a debit and a credit of one customer settle each other, for an amount, from a date."""

    debit = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="as_debit", db_constraint=False)
    credit = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="as_credit", db_constraint=False)
    amount = Money(help_text=_("In the client's currency, positive."))
    debit_currency_amount = Money()
    credit_currency_amount = Money()
    # The later of the two entry dates, or an imported date after that; in a closed period the first open day.
    matched_on = models.DateField()
    assumed = models.BooleanField(default=False, help_text=_("Found by amount or age, not by a reference."))
    how = models.CharField(max_length=20, choices=How.choices, default=How.UNKNOWN, db_default="", blank=True)
    # What was matched in one go, with the differences that were entered for it: it is undone in one go.
    act = models.UUIDField(null=True)
    # What the match of two items and that of the difference which the rates left of it bear in common: neither stands alone.
    pair = models.UUIDField(null=True)
    registered_at = models.DateTimeField(default=timezone.now)

    class Meta(ClientOwned.Meta):
        abstract = False
        verbose_name_plural = "matches"
        constraints = [
            models.CheckConstraint(name="match_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="match_how_known", condition=Q(how__in=How.values)),
            models.CheckConstraint(
                name="match_currency_amounts_not_negative",
                condition=Q(debit_currency_amount__gte=0, credit_currency_amount__gte=0),
            ),
        ]
        indexes = [
            models.Index(fields=["client", "debit", "matched_on"], name="match_debit"),
            models.Index(fields=["client", "credit", "matched_on"], name="match_credit"),
            models.Index(fields=["client", "matched_on"], name="match_client_date"),
            models.Index(fields=["client", "act"], name="match_act", condition=Q(act__isnull=False)),
        ]


class HeldPeriod(ClientOwned):
    """A period (inclusive dates) whose ledger was imported whole. Periods of a client join; none is missing between."""

    start = models.DateField()
    end = models.DateField()
    file_name = models.CharField(max_length=300)
    imported_at = models.DateTimeField(default=timezone.now)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(name="period_start_before_end", condition=Q(start__lte=F("end"))),
            models.UniqueConstraint(fields=["client", "start", "end"], name="period_unique_per_client"),
        ]


class ControlAccountMovement(ClientOwned):
    """What a control account moved on a day by the general ledger, debits less credits.

    The balance before the first period stands as a movement on the day before it.
    """

    account = models.CharField(max_length=40)
    day = models.DateField()
    amount = Money()

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["client", "account", "day"], name="movement_unique_per_account_and_day")
        ]
