"""Two more privileges, for those who keep the books of the companies there are."""

from django.db import migrations, models

# As the standard roles of new companies are made (access/privileges.py).
GRANT = """
INSERT INTO access_roleprivilege (role_id, privilege, level)
SELECT r.id, p.name, 2 FROM access_role r, (VALUES ('accounting.import_files'), ('accounting.lock_books')) p(name)
 WHERE r.key IN ('daglig_leder', 'regnskapsforer')
"""
TAKE_BACK = "DELETE FROM access_roleprivilege WHERE privilege IN ('accounting.import_files', 'accounting.lock_books')"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0003_names"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="roleprivilege",
            name="role_privilege_known",
        ),
        migrations.AlterField(
            model_name="roleprivilege",
            name="privilege",
            field=models.CharField(
                choices=[
                    ("accounting.view_reports", "Receivables reports"),
                    ("accounting.view_invoices", "Unpaid invoices"),
                    ("accounting.import_files", "Import"),
                    ("accounting.lock_books", "Lock the books"),
                    ("financing.use_invoice_financing", "Invoice financing"),
                    ("access.manage_roles", "Users and roles"),
                ],
                max_length=60,
            ),
        ),
        migrations.AddConstraint(
            model_name="roleprivilege",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "privilege__in",
                        [
                            "access.manage_roles",
                            "accounting.import_files",
                            "accounting.lock_books",
                            "accounting.view_invoices",
                            "accounting.view_reports",
                            "financing.use_invoice_financing",
                        ],
                    )
                ),
                name="role_privilege_known",
            ),
        ),
        migrations.RunSQL(GRANT, TAKE_BACK),
    ]
