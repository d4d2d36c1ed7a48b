"""How each person has arranged her dashboard, behind the walls."""

from django.conf import settings
from django.db import migrations, models

from access.rls import RowLevelSecurity

# Who leaves the company leaves nothing behind, and nobody who is not of it can have a row.
OF_A_MEMBER = """
ALTER TABLE dashboard_arrangement ADD CONSTRAINT dashboard_arrangement_of_a_member FOREIGN KEY (client_id, user_id)
  REFERENCES access_membership (client_id, user_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
"""
UNDO = "ALTER TABLE dashboard_arrangement DROP CONSTRAINT dashboard_arrangement_of_a_member"


class Migration(migrations.Migration):
    initial = True

    dependencies = [("access", "0003_names"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Arrangement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order", models.JSONField(default=list)),
                ("hidden", models.JSONField(default=list)),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False, on_delete=models.deletion.PROTECT, related_name="+", to="access.client"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "unscoped",
                "default_manager_name": "unscoped",
                "constraints": [
                    models.UniqueConstraint(fields=("client", "user"), name="arrangement_unique_per_person")
                ],
            },
            managers=[("unscoped", models.manager.Manager())],
        ),
        migrations.RunSQL(OF_A_MEMBER, UNDO),
        RowLevelSecurity("Arrangement"),
    ]
