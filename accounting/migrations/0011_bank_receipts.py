"""What the bank told of customer payments: the tables, and their walls."""

import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounting.models.ledger
from access.rls import RowLevelSecurity, SameClientForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_ledger_privileges"),
        ("accounting", "0010_exchange_rate"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BankReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(help_text="The company's own.", max_length=60)),
                ("booked_on", models.DateField()),
                ("value_on", models.DateField(null=True)),
                (
                    "amount",
                    accounting.models.ledger.Money(
                        decimal_places=2, help_text="In `currency`, money in positive.", max_digits=18
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "reference",
                    models.CharField(
                        blank=True, help_text="KID or another reference to be machine-read.", max_length=140
                    ),
                ),
                ("invoice_numbers", models.JSONField(default=list)),
                ("payer", models.CharField(blank=True, max_length=300)),
                ("text", models.CharField(blank=True, max_length=500)),
                ("number", models.PositiveIntegerField(default=1)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("booked", "Booked"),
                            ("unidentified", "Not identified"),
                            ("loan", "Drawn loan"),
                            ("specified", "Specified in another file"),
                            ("dismissed", "Not a customer payment"),
                        ],
                        db_default="unidentified",
                        default="unidentified",
                        max_length=20,
                    ),
                ),
                ("times_booked", models.PositiveSmallIntegerField(default=0)),
                ("specified_by", models.CharField(blank=True, max_length=64)),
                ("chosen_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("registered_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "chosen_by",
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
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipt",
                        to="accounting.ledgerentry",
                    ),
                ),
                (
                    "reverses",
                    models.OneToOneField(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="accounting.bankreceipt",
                    ),
                ),
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
            name="BankTelling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("ocr", "OCR giro"), ("camt054", "camt.054"), ("camt053", "camt.053")], max_length=10
                    ),
                ),
                (
                    "identity",
                    models.CharField(help_text="Digest of what tells the line from every other.", max_length=64),
                ),
                ("booked_on", models.DateField()),
                ("lump", models.CharField(max_length=64)),
                ("lump_total", accounting.models.ledger.Money(decimal_places=2, max_digits=18)),
                ("lump_reference", models.CharField(blank=True, max_length=100)),
                ("file_name", models.CharField(max_length=300)),
                ("told_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                    "receipt",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tellings",
                        to="accounting.bankreceipt",
                    ),
                ),
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
        migrations.AddIndex(
            model_name="bankreceipt",
            index=models.Index(fields=["client", "account", "booked_on"], name="receipt_account_day"),
        ),
        migrations.AddIndex(
            model_name="bankreceipt",
            index=models.Index(
                condition=models.Q(("status", "unidentified")),
                fields=["client", "booked_on", "id"],
                name="receipt_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankreceipt",
            constraint=models.UniqueConstraint(fields=("client", "id"), name="receipt_client_id_unique"),
        ),
        migrations.AddConstraint(
            model_name="bankreceipt",
            constraint=models.UniqueConstraint(
                fields=("client", "account", "booked_on", "currency", "amount", "reference", "number"),
                name="receipt_number_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankreceipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["booked", "unidentified", "loan", "specified", "dismissed"])),
                name="receipt_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankreceipt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("entry__isnull", False), ("status", "booked")),
                    models.Q(models.Q(("status", "booked"), _negated=True), ("entry__isnull", True)),
                    _connector="OR",
                ),
                name="receipt_booked_exactly_with_an_entry",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankreceipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount", 0), _negated=True), name="receipt_amount_not_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="bankreceipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="receipt_currency_code"
            ),
        ),
        migrations.AddIndex(
            model_name="banktelling",
            index=models.Index(fields=["client", "receipt"], name="telling_receipt"),
        ),
        migrations.AddIndex(
            model_name="banktelling",
            index=models.Index(fields=["client", "booked_on", "lump_total"], name="telling_lump"),
        ),
        migrations.AddConstraint(
            model_name="banktelling",
            constraint=models.UniqueConstraint(
                fields=("client", "identity"), name="telling_identity_unique_per_client"
            ),
        ),
        migrations.AddConstraint(
            model_name="banktelling",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["ocr", "camt054", "camt053"])), name="telling_kind_known"
            ),
        ),
        RowLevelSecurity("BankReceipt"),
        RowLevelSecurity("BankTelling"),
        SameClientForeignKey("BankReceipt", "entry"),
        SameClientForeignKey("BankReceipt", "reverses"),
        SameClientForeignKey("BankTelling", "receipt"),
    ]
