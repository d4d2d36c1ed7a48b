"""The way to the bank's answer, and the states with which a browser goes there and comes back."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from access.tenancy import ClientOwned
from financing.models.consent import Consent


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
    replaced_offer = models.JSONField(null=True)  # what was offered before, where the bank put another in its place
    analysis = models.JSONField(null=True)
    agreement_reference = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True)  # the browser came back, which proves nothing
    read_at = models.DateTimeField(null=True)  # last read from the bank, server to server
    next_read_at = models.DateTimeField(null=True)  # the tick reads it at the bank no sooner
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
    """The state of one way out to the bank and back: single use, hashed, bound to person, client and onboarding.

    The onboarding has one consent and one provider for ever, so it is bound to these too.
    """

    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="states", db_constraint=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    link_expires_at = models.DateTimeField(null=True)  # until when the bank's page that carries it can be opened
    used_at = models.DateTimeField(null=True)

    class Meta(ClientOwned.Meta):
        abstract = False
