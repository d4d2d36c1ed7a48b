"""`changed_at` is the database's to set: the start of the transaction that wrote the row, whoever writes and however."""

from django.db import migrations, models
from django.db.models.functions import Now

TABLES = ("accounting_customer", "accounting_ledgerentry")
FUNCTION = """
CREATE FUNCTION accounting_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_at := now();
  RETURN NEW;
END $$;
"""
FORWARDS = FUNCTION + "".join(
    f"CREATE TRIGGER {table}_changed BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW"
    " EXECUTE FUNCTION accounting_changed();\n"
    for table in TABLES
)
BACKWARDS = "".join(f"DROP TRIGGER {table}_changed ON {table};\n" for table in TABLES) + (
    "DROP FUNCTION accounting_changed();"
)


class Migration(migrations.Migration):
    dependencies = [("accounting", "0006_analyse")]

    operations = [
        *[
            migrations.AlterField(model, "changed_at", models.DateTimeField(db_default=Now(), editable=False))
            for model in ("customer", "ledgerentry")
        ],
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
