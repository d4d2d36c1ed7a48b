"""What people write beside the books: notes on a customer or on one of her items."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.tenancy import ClientOwned
from accounting.models.ledger import Customer, LedgerEntry


class Note(ClientOwned):
    """A remark on a customer, or on one item of hers. Not shared: its author's alone, whatever right another has."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="notes", db_constraint=False)
    entry = models.ForeignKey(
        LedgerEntry, on_delete=models.PROTECT, related_name="notes", null=True, db_constraint=False
    )
    text = models.TextField()
    shared = models.BooleanField(default=False, help_text=_("Seen by everybody who may see the reports."))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [models.CheckConstraint(name="note_says_something", condition=~Q(text=""))]
        indexes = [
            models.Index(fields=["client", "customer", "-id"], name="note_customer"),
            models.Index(fields=["client", "entry"], name="note_entry", condition=Q(entry__isnull=False)),
        ]
