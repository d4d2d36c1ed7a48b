"""Lets an import give the planner the size of what it has just filled: only a table's owner may ANALYZE it."""

from django.db import migrations

# Without statistics the check of a foreign key takes any index that begins with the client, and reads all of its rows.
# It gives nothing away and waits for nobody: where another import holds the table's lock it does nothing.
ANALYSE = """
CREATE FUNCTION accounting_analyse() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
  EXECUTE 'ANALYZE (SKIP_LOCKED) accounting_customer';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0004_matched_dates")]

    operations = [migrations.RunSQL(ANALYSE, "DROP FUNCTION accounting_analyse()")]
