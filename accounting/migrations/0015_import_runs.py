"""The runs of the page «Import», their walls, and which of them wait for a worker."""

import uuid

import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from access.rls import ChangeableColumns, RowLevelSecurity

# Needed before a company is known, by the sweeper: ids and nothing else. Of each company the first that has not ended,
# since a company's imports come one after the other.
FUNCTION = """
CREATE FUNCTION imports_under_way() RETURNS TABLE (client bigint, run bigint, running boolean) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT DISTINCT ON (client_id) client_id, id, status = 'running' FROM accounting_importrun
   WHERE status IN ('waiting', 'running') ORDER BY client_id, id $$
"""
UNDER_WAY = ("waiting", "running")


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_ledger_privileges"),
        ("accounting", "0014_notes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("upload", models.UUIDField(default=uuid.uuid4, help_text="What was uploaded in one go.")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("saft", "SAF-T"),
                            ("ledger", "Ledger file"),
                            ("invoices", "Invoices (EHF)"),
                            ("payments", "Payments (OCR, camt)"),
                            ("unknown", "Not recognised"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Under way"),
                            ("done", "Imported"),
                            ("refused", "Refused"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("files", models.JSONField(default=list)),
                ("options", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("summary", models.JSONField(null=True)),
                ("refusals", models.JSONField(default=list)),
                (
                    "founded",
                    models.CharField(blank=True, help_text="Number of the company that it founded.", max_length=20),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.client",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "unscoped",
                "default_manager_name": "unscoped",
                "indexes": [
                    models.Index(fields=["client", "-id"], name="import_client_newest"),
                    models.Index(condition=Q(status__in=UNDER_WAY), fields=["client", "id"], name="import_under_way"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(kind__in=["saft", "ledger", "invoices", "payments", "unknown"]),
                        name="import_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=Q(status__in=["waiting", "running", "done", "refused", "failed"]),
                        name="import_status_known",
                    ),
                    models.CheckConstraint(
                        condition=Q(finished_at__isnull=True, status__in=UNDER_WAY)
                        | (~Q(status__in=UNDER_WAY) & Q(finished_at__isnull=False)),
                        name="import_ended_exactly_when_finished",
                    ),
                    models.CheckConstraint(
                        condition=Q(status="done", summary__isnull=False)
                        | (~Q(status="done") & Q(summary__isnull=True)),
                        name="import_summary_exactly_when_done",
                    ),
                ],
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        RowLevelSecurity("ImportRun"),
        # Runs are the history: nothing of who brought in what is changed, and nothing is removed.
        ChangeableColumns(
            "ImportRun", "status", "files", "started_at", "finished_at", "tries", "summary", "refusals", "founded"
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION imports_under_way()"),
    ]
