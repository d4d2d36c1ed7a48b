"""Indexes that hold what the reports read, so that they need not visit the table."""

from django.db import migrations, models

REPORTED = (
    "kind", "amount", "open_amount", "first_matched_on", "last_matched_on",
    "currency", "currency_amount", "open_currency_amount",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("accounting", "0004_matched_dates")]

    operations = [
        migrations.RemoveIndex("ledgerentry", "entry_open"),
        migrations.RemoveIndex("ledgerentry", "entry_client_closed"),
        migrations.AddIndex(
            "ledgerentry",
            models.Index(
                fields=["client", "customer", "due_date", "id"],
                name="entry_open",
                condition=models.Q(closed_on__isnull=True),
                include=["entry_date", *REPORTED],
            ),
        ),
        migrations.AddIndex(
            "ledgerentry",
            models.Index(
                fields=["client", "closed_on", "entry_date"],
                name="entry_closed",
                condition=models.Q(closed_on__isnull=False),
                include=["customer", "id", "due_date", *REPORTED],
            ),
        ),
    ]
