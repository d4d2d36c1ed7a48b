"""The company's table of exchange rates, behind its wall."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

from access.rls import RowLevelSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_ledger_privileges"),
        ("accounting", "0009_lock_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3)),
                ("day", models.DateField()),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=8, help_text="What one unit costs in the company's own currency.", max_digits=18
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client", "currency", "day"), name="rate_unique_per_currency_and_day"
                    ),
                    models.CheckConstraint(condition=models.Q(("rate__gt", 0)), name="rate_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="rate_currency_code"
                    ),
                ],
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        RowLevelSecurity("ExchangeRate"),
    ]
