"""The walls of lock and settings, and the trigger that refuses what is dated in a locked period."""

from django.db import migrations

from access.rls import AppendOnly, RowLevelSecurity, SameClientForeignKey

# A company without a lock costs one look at the table for each statement, not a look at its rows.
TRIGGER = """
CREATE FUNCTION accounting_not_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE locked date;
BEGIN
  IF NOT EXISTS (SELECT FROM accounting_ledgerlock) THEN RETURN NULL; END IF;
  EXECUTE format('
    SELECT l.locked_through
      FROM (SELECT client_id, min(%I) AS first FROM moved GROUP BY client_id) m
      JOIN LATERAL (SELECT locked_through FROM accounting_ledgerlock
                     WHERE client_id = m.client_id ORDER BY id DESC LIMIT 1) l ON true
     WHERE m.first <= l.locked_through LIMIT 1', TG_ARGV[0]) INTO locked;
  IF locked IS NOT NULL THEN
    RAISE EXCEPTION 'the books are locked through %', locked
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_locked';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER accounting_entry_not_locked AFTER INSERT ON accounting_ledgerentry
  REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION accounting_not_locked('entry_date');
CREATE TRIGGER accounting_match_not_locked AFTER INSERT ON accounting_match
  REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION accounting_not_locked('matched_on');
CREATE TRIGGER accounting_unmatch_not_locked AFTER DELETE ON accounting_match
  REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION accounting_not_locked('matched_on');
"""

UNDO = """
DROP TRIGGER accounting_unmatch_not_locked ON accounting_match;
DROP TRIGGER accounting_match_not_locked ON accounting_match;
DROP TRIGGER accounting_entry_not_locked ON accounting_ledgerentry;
DROP FUNCTION accounting_not_locked();
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0008_lock_and_settings")]

    operations = [
        SameClientForeignKey("LedgerEntry", "reverses"),
        RowLevelSecurity("LedgerLock"),
        RowLevelSecurity("LedgerSettings"),
        AppendOnly("LedgerLock"),
        migrations.RunSQL(TRIGGER, UNDO),
    ]
