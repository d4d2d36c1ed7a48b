"""A lock on closed periods, a company's choices for matching, and what is kept of a match and of an item's follow-up."""

from decimal import Decimal

import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounting.models.ledger


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_ledger_privileges"),
        ("accounting", "0007_changed_at"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerLock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("locked_through", models.DateField(help_text="Inclusive; none: nothing is locked.", null=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
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
            name="LedgerSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "rounding_tolerance",
                    accounting.models.ledger.Money(decimal_places=2, default=Decimal("1.00"), max_digits=18),
                ),
                (
                    "bank_fee_tolerance",
                    accounting.models.ledger.Money(decimal_places=2, default=Decimal("0.00"), max_digits=18),
                ),
                ("cash_discount_percent", models.DecimalField(decimal_places=2, default=Decimal("0.00"), max_digits=5)),
                (
                    "kid_check",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not checked"), ("10", "Mod 10"), ("11", "Mod 11")],
                        default="",
                        max_length=2,
                    ),
                ),
                (
                    "kid_length",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Digits, the check digit included.", null=True
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
        migrations.RemoveConstraint(
            model_name="ledgerentry",
            name="entry_kind_known",
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="agreed_date",
            field=models.DateField(help_text="The later day of payment that was agreed.", null=True),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="reminder_stage",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="reverses",
            field=models.OneToOneField(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reversed_by",
                to="accounting.ledgerentry",
            ),
        ),
        migrations.AddField(
            model_name="match",
            name="act",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="match",
            name="how",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", ""),
                    ("reference", "By reference"),
                    ("kid", "By KID"),
                    ("invoice_number", "By invoice number and amount"),
                    ("billing_reference", "By the credit note's reference"),
                    ("prepaid", "By what the invoice calls prepaid"),
                    ("hand", "By hand"),
                    ("difference", "As a difference"),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("invoice", "Invoice"),
                    ("credit_note", "Credit note"),
                    ("payment", "Payment"),
                    ("opening_balance", "Opening balance"),
                    ("refund", "Refund"),
                    ("reminder_fee", "Reminder fee"),
                    ("collection_fee", "Collection fee"),
                    ("interest", "Interest"),
                    ("write_off", "Write-off"),
                    ("exchange_difference", "Exchange difference"),
                    ("rounding", "Rounding"),
                    ("cash_discount", "Cash discount"),
                    ("bank_fee", "Bank fee"),
                    ("journal", "Journal entry"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="match",
            index=models.Index(condition=models.Q(("act__isnull", False)), fields=["client", "act"], name="match_act"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "invoice",
                            "credit_note",
                            "payment",
                            "opening_balance",
                            "refund",
                            "reminder_fee",
                            "collection_fee",
                            "interest",
                            "write_off",
                            "exchange_difference",
                            "rounding",
                            "cash_discount",
                            "bank_fee",
                            "journal",
                        ],
                    )
                ),
                name="entry_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("reminder_stage__range", (0, 3))), name="entry_reminder_stage"
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "how__in",
                        [
                            "",
                            "reference",
                            "kid",
                            "invoice_number",
                            "billing_reference",
                            "prepaid",
                            "hand",
                            "difference",
                        ],
                    )
                ),
                name="match_how_known",
            ),
        ),
        migrations.AddField(
            model_name="ledgerlock",
            name="by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="ledgerlock",
            name="client",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.client"
            ),
        ),
        migrations.AddField(
            model_name="ledgersettings",
            name="client",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.client"
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerlock",
            index=models.Index(fields=["client", "-id"], name="lock_client_last"),
        ),
        migrations.AddConstraint(
            model_name="ledgersettings",
            constraint=models.UniqueConstraint(fields=("client",), name="ledger_settings_one_per_client"),
        ),
        migrations.AddConstraint(
            model_name="ledgersettings",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("bank_fee_tolerance__gte", 0),
                    ("cash_discount_percent__range", (0, 100)),
                    ("rounding_tolerance__gte", 0),
                ),
                name="ledger_settings_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgersettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("kid_length__isnull", True), ("kid_length__range", (2, 25)), _connector="OR"),
                name="ledger_settings_kid_length",
            ),
        ),
    ]
