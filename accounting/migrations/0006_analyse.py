"""Lets an import give the planner the size of what it has just filled: only a table's owner may ANALYZE it."""

from django.db import migrations

# Without statistics the check of a foreign key takes any index that begins with the client, and reads all of its rows for
# each key. They give nothing away. The first waits for nobody, since its lock is held to the end of an import; the second
# is asked for at the end of one, and stops an autovacuum that would count the rows before they are there.
ANALYSE = """
CREATE FUNCTION accounting_analyse_customers() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
  EXECUTE 'ANALYZE (SKIP_LOCKED) accounting_customer';
END $$;
CREATE FUNCTION accounting_analyse_ledger() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
  EXECUTE 'ANALYZE (SKIP_LOCKED) accounting_customer';
  EXECUTE 'ANALYZE accounting_ledgerentry';
  EXECUTE 'ANALYZE accounting_match';
END $$;
"""
UNDO = "DROP FUNCTION accounting_analyse_customers(), accounting_analyse_ledger()"


class Migration(migrations.Migration):
    dependencies = [("accounting", "0005_report_indexes")]

    operations = [migrations.RunSQL(ANALYSE, UNDO)]
