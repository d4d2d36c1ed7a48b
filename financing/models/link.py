"""The link to a provider: how far its list is read, whether it answers, what it told us, and what we have to tell it."""

import uuid

from django.db import models
from django.db.models import Q

from access.tenancy import ClientOwned
from financing.models.agreement import Agreement
from financing.models.onboarding import Onboarding


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
    full_at = models.DateTimeField(null=True)  # when everything, not only what changed, was last read


class ProviderBreaker(models.Model):
    """Whether a provider answers, shared by every process: open after failures in a row, then one try a minute.

    By its origin too, so that a test bank's silence is not the real one's. Belongs to no company.
    """

    provider = models.CharField(max_length=30)
    origin = models.CharField(max_length=300)
    failures = models.IntegerField(default=0)  # in a row
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)  # while open no try before this, and then one
    held_until = models.DateTimeField(null=True)  # the bank asked for a pause: jobs keep it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "origin"], name="breaker_unique_per_origin")]


class EventState(models.TextChoices):
    """Where an event of the inbox stands."""

    WAITING = "waiting"
    DONE = "done"
    IGNORED = "ignored"  # of a type that we do not know, or about something that is not ours
    QUARANTINED = "quarantined"  # its id came before with another body
    DEAD = "dead"  # tried too often


class ProviderEvent(models.Model):
    """One signed event as it came (the inbox): stored first, handled after. Belongs to no company until it is read.

    The body is encrypted, because whose it is stands in it; what it tells of is read again at the provider.
    """

    provider = models.CharField(max_length=30)
    event_id = models.CharField(max_length=200)
    body_sha256 = models.CharField(max_length=64)
    body = models.TextField()
    received_at = models.DateTimeField()
    deliveries = models.IntegerField(default=1)
    kind = models.CharField(max_length=60, blank=True)
    object_kind = models.CharField(max_length=20, blank=True)  # onboarding or agreement
    object_id = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=20, choices=EventState.choices, default=EventState.WAITING)
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id", "body_sha256"], name="event_unique_per_provider"),
            models.CheckConstraint(name="event_state_known", condition=Q(state__in=EventState.values)),
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=Q(state="waiting"), name="event_waiting"),
            models.Index(
                fields=["provider", "object_kind", "object_id"],
                condition=Q(state="waiting"),
                name="event_waiting_object",
            ),
        ]


class MessageKind(models.TextChoices):
    """What the provider is told (contract: announceReceivablesChanged, disconnect, cancelOnboarding, renewGrant, reconnect)."""

    RECEIVABLES_CHANGED = "receivables_changed"
    DISCONNECT = "disconnect"
    CANCEL = "cancel"
    GRANT = "grant"


class OutboxMessage(ClientOwned):
    """Something to tell the provider, written in the transaction that makes it true; its id and version are the Idempotency-Key.

    Carries no secret: a code is made when the message is sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=30)
    kind = models.CharField(max_length=30, choices=MessageKind.choices)
    onboarding = models.ForeignKey(
        Onboarding, on_delete=models.PROTECT, related_name="messages", db_constraint=False, null=True
    )
    agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, related_name="messages", db_constraint=False, null=True
    )
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    version = models.IntegerField(default=1)  # grows when it becomes true once more while it waits or is under way
    lease_until = models.DateTimeField(null=True)  # somebody is telling it
    closed_at = models.DateTimeField(null=True)  # sent, or given up
    outcome = models.CharField(max_length=200, blank=True)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["onboarding", "kind"], condition=Q(closed_at__isnull=True), name="message_one_per_onboarding"
            ),
            models.UniqueConstraint(
                fields=["agreement", "kind"], condition=Q(closed_at__isnull=True), name="message_one_per_agreement"
            ),
            models.CheckConstraint(name="message_kind_known", condition=Q(kind__in=MessageKind.values)),
            models.CheckConstraint(
                name="message_about_one_thing",
                condition=Q(onboarding__isnull=True, agreement__isnull=False)
                | Q(onboarding__isnull=False, agreement__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(closed_at__isnull=True), name="message_waiting")]


class WorkerBeat(models.Model):
    """That the way from beat through the queue to a worker is open: written by a task each minute. Belongs to no company."""

    name = models.CharField(max_length=30, primary_key=True)
    at = models.DateTimeField()
