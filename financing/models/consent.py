"""Consents, what happened to them, and what a provider read under them."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from access.tenancy import ClientOwned


class Consent(ClientOwned):
    """That the company lets a provider read its receivables: the exact words, by whom, when, until when.

    In force from `given_at` while it has not ended and `valid_until` is ahead. Its id is the `token_family` of the
    provider's tokens. What was agreed, by whom, cannot be changed by the application (migration 0006); what happened
    after is told by its events too, which are append-only (services/consent_record.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=30)
    provider_name = models.CharField(max_length=200, blank=True)  # as the text names it
    purpose = models.TextField(blank=True)
    data_categories = models.TextField(blank=True)
    text_version = models.CharField(max_length=20)
    text_language = models.CharField(max_length=10)
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    scope = models.CharField(max_length=100)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_by_name = models.CharField(max_length=200)
    given_by_role = models.CharField(max_length=100)
    given_at = models.DateTimeField()
    given_from_ip = models.GenericIPAddressField(null=True)  # forgotten after `origin_until`, as is the browser
    given_with = models.CharField(max_length=400, blank=True)  # the browser's User-Agent
    origin_until = models.DateTimeField(null=True)
    valid_until = models.DateTimeField()
    provider_reference = models.CharField(max_length=100, blank=True)  # of the agreement that it was given anew for
    confirmed_by = models.CharField(max_length=200, blank=True)  # who identified herself at the bank
    activated_at = models.DateTimeField(null=True)  # the bank redeemed the code
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    ended_by_name = models.CharField(max_length=200, blank=True)
    superseded_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="supersedes", db_constraint=False, null=True
    )

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


class DataAccess(ClientOwned):
    """That the provider read something of the company: what, which rows, how many, when. Append-only."""

    consent = models.ForeignKey(
        Consent, on_delete=models.PROTECT, related_name="accesses", db_constraint=False, db_index=False
    )
    provider = models.CharField(max_length=30)
    at = models.DateTimeField()
    resource = models.CharField(max_length=30)
    changed_since = models.CharField(max_length=60, blank=True)
    item_count = models.IntegerField()
    item_ids = models.JSONField(default=list)
    last_page = models.BooleanField(default=True)

    class Meta(ClientOwned.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["client", "-at"], name="access_client_at"),
            models.Index(fields=["consent", "-at"], name="access_consent_at"),
        ]
