"""The breaker of a provider by its origin too; no row is lost, because nothing wrote one before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("financing", "0010_history_and_what_was_seen")]

    operations = [
        migrations.DeleteModel("ProviderBreaker"),
        migrations.CreateModel(
            name="ProviderBreaker",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=30)),
                ("origin", models.CharField(max_length=300)),
                ("failures", models.IntegerField(default=0)),
                ("opened_at", models.DateTimeField(null=True)),
                ("probe_at", models.DateTimeField(null=True)),
                ("held_until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("provider", "origin"), name="breaker_unique_per_origin")
                ]
            },
        ),
    ]
