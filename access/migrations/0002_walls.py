"""The walls of access: who is in scope, the append-only log, roles and members of one company."""

from django.db import migrations

from access.rls import CLIENT_IDS, AppendOnly, AuditRowLevelSecurity, SameClientForeignKey


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]

    operations = [
        migrations.RunSQL(CLIENT_IDS, "DROP FUNCTION app_client_ids()"),
        SameClientForeignKey("Membership", "role"),
        AuditRowLevelSecurity("AuditEntry"),
        AppendOnly("AuditEntry"),
    ]
