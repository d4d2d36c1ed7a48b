"""Files that are made for people, and views under a name, walled; and which companies have work to do on files."""

import uuid

import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

from access.rls import RowLevelSecurity

# Answers with ids and nothing else; it belongs to the owner and runs as it (SECURITY DEFINER).
FUNCTION = """
CREATE FUNCTION clients_with_exports(moment timestamptz) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public
  AS $$ SELECT DISTINCT client_id FROM accounting_exportjob
         WHERE state IN ('waiting', 'running') OR expires_at <= moment ORDER BY 1 $$;
"""
UNDO = "DROP FUNCTION clients_with_exports(timestamptz)"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_ledger_privileges"),
        ("accounting", "0011_bank_receipts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "report",
                    models.CharField(
                        choices=[
                            ("open-items", "Open items"),
                            ("aged-receivables", "Aged receivables"),
                            ("unpaid-invoices", "Unpaid invoices"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "query",
                    models.TextField(blank=True, help_text="The report page's parameters, the date always among them."),
                ),
                ("format", models.CharField(choices=[("xlsx", "Excel"), ("pdf", "PDF")], max_length=10)),
                ("language", models.CharField(max_length=10)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Being made"),
                            ("done", "Ready"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("asked_at", models.DateTimeField()),
                ("made_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("file_name", models.CharField(blank=True, max_length=200)),
                ("rows", models.PositiveIntegerField()),
                ("size", models.PositiveIntegerField(help_text="In bytes.", null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("content", models.BinaryField(null=True)),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.client",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "unscoped",
                "default_manager_name": "unscoped",
                "indexes": [models.Index(fields=["client", "person", "-asked_at"], name="export_job_of_person")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("report__in", ["open-items", "aged-receivables", "unpaid-invoices"])),
                        name="export_job_report_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "running", "done", "failed"])),
                        name="export_job_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("format__in", ["xlsx", "pdf"])), name="export_job_format_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(
                                ("content__isnull", False),
                                ("expires_at__gt", models.F("made_at")),
                                ("made_at__isnull", False),
                                ("size__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="export_job_done_has_its_file",
                    ),
                ],
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "report",
                    models.CharField(
                        choices=[
                            ("open-items", "Open items"),
                            ("aged-receivables", "Aged receivables"),
                            ("unpaid-invoices", "Unpaid invoices"),
                        ],
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("query", models.TextField(blank=True)),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.client",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "unscoped",
                "default_manager_name": "unscoped",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client", "person", "report", "name"),
                        name="saved_view_name_unique_per_person_and_report",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("report__in", ["open-items", "aged-receivables", "unpaid-invoices"])),
                        name="saved_view_report_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="saved_view_named"),
                ],
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        RowLevelSecurity("ExportJob"),
        RowLevelSecurity("SavedView"),
        migrations.RunSQL(FUNCTION, UNDO),
    ]
