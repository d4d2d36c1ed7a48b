"""The walls of accounting: row-level security, same-client keys, and the trigger that keeps what is open."""

from django.db import migrations

from access.rls import RowLevelSecurity, SameClientForeignKey

# A match moves what is open of both its sides; the CHECKs on the entry then refuse one beyond either. What is open
# is reckoned anew from all matches of an entry, never added to, so that it cannot drift.
TRIGGER = """
-- Planned anew at each call (EXECUTE), and for many matches at once without nested loops: in an import the tables have no
-- statistics yet, and the plan for a few rows would be quadratic.
CREATE FUNCTION accounting_settle(entry_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(entry_ids) > 100 THEN PERFORM set_config('enable_nestloop', 'off', true); END IF;
  EXECUTE '
    UPDATE accounting_ledgerentry e
       SET open_amount = e.amount - m.amount,
           open_currency_amount = e.currency_amount - m.currency_amount,
           closed_on = CASE WHEN e.amount = m.amount THEN COALESCE(m.last_on, e.entry_date) END,
           changed_at = now()
      FROM (SELECT i.id, COALESCE(s.amount, 0) AS amount, COALESCE(s.currency_amount, 0) AS currency_amount, s.last_on
              FROM unnest($1) AS i(id)
              LEFT JOIN (
                   SELECT side.id, sum(side.amount) AS amount, sum(side.currency_amount) AS currency_amount,
                          max(side.matched_on) AS last_on
                     FROM (SELECT d.debit_id AS id, d.amount, d.debit_currency_amount AS currency_amount, d.matched_on
                             FROM accounting_match d
                            WHERE d.debit_id = ANY ($1) AND d.client_id = ANY (app_client_ids())
                           UNION ALL
                           SELECT c.credit_id, -c.amount, -c.credit_currency_amount, c.matched_on
                             FROM accounting_match c
                            WHERE c.credit_id = ANY ($1) AND c.client_id = ANY (app_client_ids())
                          ) side
                    GROUP BY side.id
              ) s ON s.id = i.id) m
     WHERE e.id = m.id AND e.client_id = ANY (app_client_ids())' USING entry_ids;
  PERFORM set_config('enable_nestloop', 'on', true);
END $$;

CREATE FUNCTION accounting_matched() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong bigint;
BEGIN
  IF (SELECT count(*) FROM moved) > 50 THEN PERFORM set_config('enable_nestloop', 'off', true); END IF;
  EXECUTE '
    SELECT m.id
      FROM moved m
      JOIN accounting_ledgerentry d ON d.id = m.debit_id
      JOIN accounting_ledgerentry c ON c.id = m.credit_id
     WHERE d.customer_id <> c.customer_id OR d.amount <= 0 OR c.amount >= 0
        OR m.matched_on < GREATEST(d.entry_date, c.entry_date)
     LIMIT 1' INTO wrong;
  PERFORM set_config('enable_nestloop', 'on', true);
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'match % does not join a debit and a credit of one customer on or after their dates', wrong
      USING ERRCODE = 'check_violation';
  END IF;
  PERFORM accounting_settle(ARRAY(SELECT debit_id FROM moved UNION SELECT credit_id FROM moved));
  RETURN NULL;
END $$;

CREATE FUNCTION accounting_unmatched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM accounting_settle(ARRAY(SELECT debit_id FROM moved UNION SELECT credit_id FROM moved));
  RETURN NULL;
END $$;

CREATE FUNCTION accounting_match_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a match is undone and made again, never changed' USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER accounting_matched AFTER INSERT ON accounting_match
  REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION accounting_matched();
CREATE TRIGGER accounting_unmatched AFTER DELETE ON accounting_match
  REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION accounting_unmatched();
CREATE TRIGGER accounting_match_stands BEFORE UPDATE ON accounting_match
  FOR EACH STATEMENT EXECUTE FUNCTION accounting_match_stands();
"""

UNDO = """
DROP TRIGGER accounting_match_stands ON accounting_match;
DROP TRIGGER accounting_unmatched ON accounting_match;
DROP TRIGGER accounting_matched ON accounting_match;
DROP FUNCTION accounting_match_stands(), accounting_unmatched(), accounting_matched(), accounting_settle(bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0001_initial"), ("access", "0002_walls")]

    operations = [
        SameClientForeignKey("LedgerEntry", "customer"),
        SameClientForeignKey("Match", "debit"),
        SameClientForeignKey("Match", "credit"),
        RowLevelSecurity("Customer"),
        RowLevelSecurity("LedgerEntry"),
        RowLevelSecurity("Match"),
        RowLevelSecurity("HeldPeriod"),
        RowLevelSecurity("ControlAccountMovement"),
        migrations.RunSQL(TRIGGER, UNDO),
    ]
