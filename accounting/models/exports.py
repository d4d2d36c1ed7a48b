"""What people keep of the reports: files that are made for them, and views under a name."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.tenancy import ClientOwned


class ReportName(models.TextChoices):
    """The reports by their names on the command line."""

    OPEN_ITEMS = "open-items", _("Open items")
    AGED_RECEIVABLES = "aged-receivables", _("Aged receivables")
    UNPAID_INVOICES = "unpaid-invoices", _("Unpaid invoices")


class ExportState(models.TextChoices):
    """How far an export has come."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Being made")
    DONE = "done", _("Ready")
    FAILED = "failed", _("Failed")


class ExportFormat(models.TextChoices):
    """What it is written as."""

    XLSX = "xlsx", "Excel"
    PDF = "pdf", "PDF"


class ExportJob(ClientOwned):
    """A report that is made into a file in the background for one person, who fetches it when it is ready.

    The file lies in the row, behind the company's wall like all else, and goes with it.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    report = models.CharField(max_length=20, choices=ReportName.choices)
    query = models.TextField(blank=True, help_text=_("The report page's parameters, the date always among them."))
    format = models.CharField(max_length=10, choices=ExportFormat.choices)
    language = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=ExportState.choices, default=ExportState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    file_name = models.CharField(max_length=200, blank=True)
    rows = models.PositiveIntegerField()
    size = models.PositiveIntegerField(null=True, help_text=_("In bytes."))
    sha256 = models.CharField(max_length=64, blank=True)
    content = models.BinaryField(null=True)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(name="export_job_report_known", condition=Q(report__in=ReportName.values)),
            models.CheckConstraint(name="export_job_state_known", condition=Q(state__in=ExportState.values)),
            models.CheckConstraint(name="export_job_format_known", condition=Q(format__in=ExportFormat.values)),
            models.CheckConstraint(
                name="export_job_done_has_its_file",
                condition=~Q(state=ExportState.DONE)
                | Q(content__isnull=False, made_at__isnull=False, expires_at__gt=F("made_at"), size__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["client", "person", "-asked_at"], name="export_job_of_person")]


class SavedView(ClientOwned):
    """A person's choice of columns and filters of a report, under a name; hers alone, in this company."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    report = models.CharField(max_length=20, choices=ReportName.choices)
    name = models.CharField(max_length=60)
    # The page's parameters without the date: a view is of the day on which it is opened.
    query = models.TextField(blank=True)

    class Meta(ClientOwned.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["client", "person", "report", "name"], name="saved_view_name_unique_per_person_and_report"
            ),
            models.CheckConstraint(name="saved_view_report_known", condition=Q(report__in=ReportName.values)),
            models.CheckConstraint(name="saved_view_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name
