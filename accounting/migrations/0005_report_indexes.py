"""Indexes that hold what the reports read, so that they need not visit the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounting", "0004_matched_dates"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="ledgerentry",
            name="entry_open",
        ),
        migrations.RemoveIndex(
            model_name="ledgerentry",
            name="entry_client_closed",
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                condition=models.Q(("closed_on__isnull", True)),
                fields=["client", "customer", "due_date", "id"],
                include=(
                    "entry_date",
                    "kind",
                    "amount",
                    "open_amount",
                    "first_matched_on",
                    "last_matched_on",
                    "currency",
                    "currency_amount",
                    "open_currency_amount",
                ),
                name="entry_open",
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                condition=models.Q(("closed_on__isnull", False)),
                fields=["client", "closed_on", "entry_date"],
                include=(
                    "customer",
                    "id",
                    "due_date",
                    "kind",
                    "amount",
                    "first_matched_on",
                    "currency",
                    "currency_amount",
                ),
                name="entry_closed",
            ),
        ),
    ]
