"""A match and the exchange difference that it left bear one mark, so that the one is not undone without the other."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounting", "0012_exports")]

    operations = [migrations.AddField("match", "pair", models.UUIDField(null=True))]
