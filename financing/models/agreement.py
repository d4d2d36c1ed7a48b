"""The agreement as the bank last said it, and its credit over time."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from access.tenancy import ClientOwned
from accounting.models import Money
from financing.models.onboarding import Onboarding


class AgreementStatus(models.TextChoices):
    """The contract's, word for word."""

    OFFERED = "offered"
    OPEN = "open"
    PAUSED = "paused"
    DISCONNECTED = "disconnected"
    TERMINATING = "terminating"
    TERMINATED = "terminated"


class Agreement(ClientOwned):
    """The agreement as the bank last said it. All amounts in `currency`; nothing is computed here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=30)
    provider_reference = models.CharField(max_length=100)
    onboarding = models.ForeignKey(Onboarding, on_delete=models.PROTECT, related_name="agreements", db_constraint=False)
    status = models.CharField(max_length=20, choices=AgreementStatus.choices)
    reason = models.CharField(max_length=60, blank=True)
    account_number = models.CharField(max_length=40, blank=True)
    needs_grant = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    limit = Money()
    used = Money()
    available = Money()
    pending = Money()
    due_amount = Money(null=True)
    due_date = models.DateField(null=True)
    analysis = models.JSONField(null=True)
    as_of = models.DateTimeField()  # the bank's time of these figures
    sequence = models.BigIntegerField()
    read_at = models.DateTimeField()  # last read by itself, or stored with a change
    refused_at = models.DateTimeField(null=True)  # an answer about it was refused: the figures are older than the list
    asked_again_at = models.DateTimeField(null=True)  # when a person last asked for its figures: not again at once

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["client", "id"], name="agreement_client_id_unique"),
            models.UniqueConstraint(fields=["provider", "provider_reference"], name="agreement_reference_unique"),
            models.UniqueConstraint(
                fields=["client", "provider"], condition=~Q(status="terminated"), name="agreement_one_living"
            ),
            models.CheckConstraint(
                name="agreement_amounts_not_negative",
                condition=Q(limit__gte=0, used__gte=0, available__gte=0, pending__gte=0),
            ),
            models.CheckConstraint(name="agreement_status_known", condition=Q(status__in=AgreementStatus.values)),
        ]


class CreditSnapshot(ClientOwned):
    """Limit and balance as they stood at one `sequence` of the agreement. Append-only: the history."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="history", db_constraint=False)
    sequence = models.BigIntegerField()
    status = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    limit = Money()
    used = Money()
    available = Money()
    pending = Money()
    due_amount = Money(null=True)
    due_date = models.DateField(null=True)
    analysis = models.JSONField(null=True)  # as it was told with these figures
    as_of = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["agreement", "sequence"], name="snapshot_sequence_unique")]
        indexes = [models.Index(fields=["client", "-id"], name="snapshot_newest_first")]


class AnalysisLines(ClientOwned):
    """The lines of one analysis as the bank gave them, and what moved its limit since the lines that were kept before.

    They add up to the analysis's figures, or they are not kept. Of an agreement the newest two are.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="lines", db_constraint=False)
    analysis_reference = models.CharField(max_length=100)
    as_of = models.DateTimeField()  # the bank's time of the analysis
    read_at = models.DateTimeField()
    limit = Money()
    lines = models.JSONField()  # [receivable, debtor, amount, counted, reason], amounts as strings
    limit_before = Money(null=True)
    change = models.JSONField(null=True)  # [what, count, amount]: adds up to limit − limit_before

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["agreement", "analysis_reference"], name="lines_once_per_analysis"),
            models.CheckConstraint(
                name="lines_change_has_a_limit_before",
                condition=Q(change__isnull=True, limit_before__isnull=True)
                | Q(change__isnull=False, limit_before__isnull=False),
            ),
        ]


class SeenLimit(ClientOwned):
    """What a person last saw of a limit, so that a change since then can be told to her: once, for the rest of a visit.

    `limit` is what she sees now, `limit_before` what she saw until `before_at`; they are the same where nothing changed.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="seen", db_constraint=False)
    limit = Money()
    first_at = models.DateTimeField()  # when she first saw `limit`
    last_at = models.DateTimeField()  # and when last, to the hour
    limit_before = Money()
    before_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # she put the card of the ended agreement away

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["user", "agreement"], name="seen_limit_once_per_person")]
