"""Who reconciled the sub-ledger as of which date, with the report as it was."""

import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounting.models.ledger
from access.rls import AppendOnly, RowLevelSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_ledger_privileges"),
        ("accounting", "0015_import_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SignOff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("as_of", models.DateField()),
                ("sub_ledger", accounting.models.ledger.Money(decimal_places=2, max_digits=18)),
                (
                    "control_accounts",
                    accounting.models.ledger.Money(
                        decimal_places=2,
                        help_text="None: the general ledger does not cover the date.",
                        max_digits=18,
                        null=True,
                    ),
                ),
                ("comments", models.JSONField(default=list)),
                ("comment", models.CharField(blank=True, max_length=1000)),
                ("by_name", models.CharField(max_length=200)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("pdf", models.BinaryField()),
                ("pdf_sha256", models.CharField(max_length=64)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
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
                "indexes": [models.Index(fields=["client", "as_of", "-id"], name="sign_off_of_date")],
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        RowLevelSecurity("SignOff"),
        AppendOnly("SignOff"),
    ]
