"""What was brought in by the page «Import»: one run per kind of file, and what came of it."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.tenancy import ClientOwned


class ImportKind(models.TextChoices):
    """What a file holds, told by its content. The order is that in which they are imported."""

    SAFT = "saft", "SAF-T"
    LEDGER = "ledger", _("Ledger file")
    INVOICES = "invoices", _("Invoices (EHF)")
    PAYMENTS = "payments", _("Payments (OCR, camt)")
    UNKNOWN = "unknown", _("Not recognised")


class ImportStatus(models.TextChoices):
    """How far a run has come. The last three are ends."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Under way")
    DONE = "done", _("Imported")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


UNDER_WAY = (ImportStatus.WAITING, ImportStatus.RUNNING)


class ImportRun(ClientOwned):
    """Files of one kind that were uploaded in one go. Once ended it is never changed: the runs are the history.

    `files`: [{"name", "size", "sha256", "stored"}], `stored` the folder of the file's own in UPLOAD_DIR, empty once it
    is removed. `summary`: what the service gave (INTERFACES «Management commands»). `refusals`: [{"file", "line",
    "message"}], the message in English as the service says it.
    """

    upload = models.UUIDField(default=uuid.uuid4, help_text=_("What was uploaded in one go."))
    kind = models.CharField(max_length=10, choices=ImportKind.choices)
    status = models.CharField(max_length=10, choices=ImportStatus.choices, default=ImportStatus.WAITING)
    files: Any = models.JSONField(default=list)
    options: Any = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    summary: Any = models.JSONField(null=True)
    refusals: Any = models.JSONField(default=list)
    founded = models.CharField(max_length=20, blank=True, help_text=_("Number of the company that it founded."))

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(name="import_kind_known", condition=Q(kind__in=ImportKind.values)),
            models.CheckConstraint(name="import_status_known", condition=Q(status__in=ImportStatus.values)),
            models.CheckConstraint(
                name="import_ended_exactly_when_finished",
                condition=Q(status__in=UNDER_WAY, finished_at__isnull=True)
                | (~Q(status__in=UNDER_WAY) & Q(finished_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="import_summary_exactly_when_done",
                condition=Q(status=ImportStatus.DONE, summary__isnull=False)
                | (~Q(status=ImportStatus.DONE) & Q(summary__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-id"], name="import_client_newest"),
            models.Index(fields=["client", "id"], name="import_under_way", condition=Q(status__in=UNDER_WAY)),
        ]

    @property
    def under_way(self) -> bool:
        """Whether it has not ended yet."""
        return self.status in UNDER_WAY
