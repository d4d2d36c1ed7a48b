"""What is kept of the financing: consents, onboardings, agreements, their credit over time, and who read what."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from access.tenancy import ClientOwned
from accounting.models import Money


class Consent(ClientOwned):
    """That the company lets a provider read its receivables: the exact words, by whom, when, until when.

    In force while it has not ended and `valid_until` is ahead. Its id is the `token_family` of the provider's tokens.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=30)
    text_version = models.CharField(max_length=20)
    text_language = models.CharField(max_length=10)
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    scope = models.CharField(max_length=100)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_by_name = models.CharField(max_length=200)
    given_by_role = models.CharField(max_length=100)
    given_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    confirmed_by = models.CharField(max_length=200, blank=True)  # who identified herself at the bank
    activated_at = models.DateTimeField(null=True)  # the bank redeemed the code
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["client", "id"], name="consent_client_id_unique"),
            models.UniqueConstraint(
                fields=["client", "provider"], condition=Q(ended_at__isnull=True), name="consent_one_standing"
            ),
            models.CheckConstraint(
                name="consent_end_has_a_reason",
                condition=Q(ended_at__isnull=True, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
            ),
            models.CheckConstraint(name="consent_valid_after_given", condition=Q(valid_until__gt=F("given_at"))),
        ]

    def in_force(self, now: datetime) -> bool:
        """Whether the provider may read at this moment; asked at every use, never by a job."""
        return self.ended_at is None and now < self.valid_until


class ConsentEvent(ClientOwned):
    """One thing that happened to a consent. Append-only."""

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="events", db_constraint=False)
    at = models.DateTimeField()
    event = models.CharField(max_length=40)
    actor_name = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    details = models.JSONField(default=dict)

    class Meta(ClientOwned.Meta):
        abstract = False


class OnboardingStatus(models.TextChoices):
    """`begun` is ours: the row stands before the bank is asked. The others are the contract's, word for word."""

    BEGUN = "begun"
    CREATED = "created"
    IDENTIFIED = "identified"
    AUTHORITY_MISSING = "authority_missing"
    AUTHORITY_UNRESOLVED = "authority_unresolved"
    AWAITING_COSIGNER = "awaiting_cosigner"
    ANALYSING = "analysing"
    OFFERED = "offered"
    DECLINED = "declined"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"  # ours: the bank refused to begin


FINAL = ("accepted", "rejected", "declined", "cancelled", "expired", "failed")


class Onboarding(ClientOwned):
    """One way of a company to the bank's answer. Its id is the `reference` that the bank knows it by."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=30)
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="onboardings", db_constraint=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    provider_reference = models.CharField(max_length=100, blank=True)  # the bank's id
    status = models.CharField(max_length=30, choices=OnboardingStatus.choices, default=OnboardingStatus.BEGUN)
    sequence = models.BigIntegerField(default=-1)
    reason = models.CharField(max_length=60, blank=True)
    retry_after = models.DateField(null=True)
    expires_at = models.DateTimeField(null=True)
    identified_as = models.CharField(max_length=200, blank=True)
    missing_signatories = models.JSONField(default=list)
    needs_grant = models.BooleanField(default=False)
    offer = models.JSONField(null=True)
    analysis = models.JSONField(null=True)
    agreement_reference = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True)  # the browser came back, which proves nothing
    read_at = models.DateTimeField(null=True)  # last read from the bank, server to server
    asked_again_at = models.DateTimeField(null=True)  # who follows along reads no sooner than this
    ended_at = models.DateTimeField(null=True)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["client", "id"], name="onboarding_client_id_unique"),
            models.UniqueConstraint(
                fields=["client", "provider"], condition=~Q(status__in=FINAL), name="onboarding_one_living"
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_reference"],
                condition=~Q(provider_reference=""),
                name="onboarding_provider_reference_unique",
            ),
            models.CheckConstraint(name="onboarding_status_known", condition=Q(status__in=OnboardingStatus.values)),
            models.CheckConstraint(
                name="onboarding_ended_exactly_when_final",
                condition=Q(status__in=FINAL, ended_at__isnull=False)
                | (~Q(status__in=FINAL) & Q(ended_at__isnull=True)),
            ),
        ]

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


class ReturnState(ClientOwned):
    """The state of one way out to the bank and back: single use, hashed, bound to person, client and onboarding."""

    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="states", db_constraint=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta(ClientOwned.Meta):
        abstract = False


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
    as_of = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["agreement", "sequence"], name="snapshot_sequence_unique")]


class DataAccess(ClientOwned):
    """That the provider read something of the company: what, which rows, how many, when. Append-only."""

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="accesses", db_constraint=False)
    provider = models.CharField(max_length=30)
    at = models.DateTimeField()
    resource = models.CharField(max_length=30)
    changed_since = models.CharField(max_length=60, blank=True)
    item_count = models.IntegerField()
    item_ids = models.JSONField(default=list)
    last_page = models.BooleanField(default=True)

    class Meta(ClientOwned.Meta):
        abstract = False
        indexes = [models.Index(fields=["client", "-at"], name="access_client_at")]


class ProviderSync(models.Model):
    """How far the reading of a provider's list has come. Belongs to no company."""

    provider = models.CharField(max_length=30, primary_key=True)
    changed_since = models.CharField(max_length=200, blank=True)
    complete_at = models.DateTimeField(null=True)  # when the last complete reading began: the time of every figure
    attempted_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease = models.BigIntegerField(default=0)  # a fencing number: a result is stored only under its own lease
    failures = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
