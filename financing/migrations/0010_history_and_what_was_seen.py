"""The history with what is due and how it came about, the lines of analyses, and what each person saw of a limit."""

import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

import accounting.models
from access.rls import RowLevelSecurity, SameClientForeignKey

# Who leaves the company leaves nothing behind, and nobody who is not of it can have a row.
OF_A_MEMBER = """
ALTER TABLE financing_seenlimit ADD CONSTRAINT financing_seenlimit_of_a_member FOREIGN KEY (client_id, user_id)
  REFERENCES access_membership (client_id, user_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
"""
UNDO = "ALTER TABLE financing_seenlimit DROP CONSTRAINT financing_seenlimit_of_a_member"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0003_names"),
        ("financing", "0009_sync"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AnalysisLines",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("analysis_reference", models.CharField(max_length=100)),
                ("as_of", models.DateTimeField()),
                ("read_at", models.DateTimeField()),
                ("limit", accounting.models.Money(decimal_places=2, max_digits=18)),
                ("lines", models.JSONField()),
                ("limit_before", accounting.models.Money(decimal_places=2, max_digits=18, null=True)),
                ("change", models.JSONField(null=True)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "unscoped",
                "default_manager_name": "unscoped",
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="SeenLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("limit", accounting.models.Money(decimal_places=2, max_digits=18)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("limit_before", accounting.models.Money(decimal_places=2, max_digits=18)),
                ("before_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "unscoped",
                "default_manager_name": "unscoped",
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name="agreement",
            name="asked_again_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="creditsnapshot",
            name="analysis",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="creditsnapshot",
            name="due_amount",
            field=accounting.models.Money(decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name="creditsnapshot",
            name="due_date",
            field=models.DateField(null=True),
        ),
        migrations.AddIndex(
            model_name="creditsnapshot",
            index=models.Index(fields=["client", "-id"], name="snapshot_newest_first"),
        ),
        migrations.AddField(
            model_name="analysislines",
            name="agreement",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="financing.agreement",
            ),
        ),
        migrations.AddField(
            model_name="analysislines",
            name="client",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.client"
            ),
        ),
        migrations.AddField(
            model_name="seenlimit",
            name="agreement",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="seen",
                to="financing.agreement",
            ),
        ),
        migrations.AddField(
            model_name="seenlimit",
            name="client",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.client"
            ),
        ),
        migrations.AddField(
            model_name="seenlimit",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="analysislines",
            constraint=models.UniqueConstraint(
                fields=("agreement", "analysis_reference"), name="lines_once_per_analysis"
            ),
        ),
        migrations.AddConstraint(
            model_name="analysislines",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("change__isnull", True), ("limit_before__isnull", True)),
                    models.Q(("change__isnull", False), ("limit_before__isnull", False)),
                    _connector="OR",
                ),
                name="lines_change_has_a_limit_before",
            ),
        ),
        migrations.AddConstraint(
            model_name="seenlimit",
            constraint=models.UniqueConstraint(fields=("user", "agreement"), name="seen_limit_once_per_person"),
        ),
        SameClientForeignKey("AnalysisLines", "agreement"),
        SameClientForeignKey("SeenLimit", "agreement"),
        migrations.RunSQL(OF_A_MEMBER, UNDO),
        RowLevelSecurity("AnalysisLines"),
        RowLevelSecurity("SeenLimit"),
    ]
