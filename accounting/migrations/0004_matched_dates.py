"""An entry keeps the dates of its first and last match: what was open on a past date is then read off most entries alone."""

from django.db import migrations, models
from django.db.models import F, Q

# As in 0002, with the two dates.
SETTLE = """
CREATE OR REPLACE FUNCTION accounting_settle(entry_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(entry_ids) > 100 THEN PERFORM set_config('enable_nestloop', 'off', true); END IF;
  EXECUTE '
    UPDATE accounting_ledgerentry e
       SET open_amount = e.amount - m.amount,
           open_currency_amount = e.currency_amount - m.currency_amount,
           closed_on = CASE WHEN e.amount = m.amount THEN COALESCE(m.last_on, e.entry_date) END,
           first_matched_on = m.first_on,
           last_matched_on = m.last_on,
           changed_at = now()
      FROM (SELECT i.id, COALESCE(s.amount, 0) AS amount, COALESCE(s.currency_amount, 0) AS currency_amount,
                   s.first_on, s.last_on
              FROM unnest($1) AS i(id)
              LEFT JOIN (
                   SELECT side.id, sum(side.amount) AS amount, sum(side.currency_amount) AS currency_amount,
                          min(side.matched_on) AS first_on, max(side.matched_on) AS last_on
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
"""

# The wall is up while a migration runs: every company is named for it.
FILL = """
SELECT set_config('app.client_ids', '{' || COALESCE(string_agg(id::text, ','), '') || '}', true) FROM access_client;
UPDATE accounting_ledgerentry e
   SET first_matched_on = m.first_on, last_matched_on = m.last_on
  FROM (SELECT side.id, min(side.matched_on) AS first_on, max(side.matched_on) AS last_on
          FROM (SELECT debit_id AS id, matched_on FROM accounting_match
                UNION ALL SELECT credit_id, matched_on FROM accounting_match) side
         GROUP BY side.id) m
 WHERE e.id = m.id;
SELECT set_config('app.client_ids', '', true);
-- Foreign keys are checked at the end of a statement's transaction, and no constraint may be added while some wait.
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0003_closed_on_index")]

    operations = [
        migrations.AddField("ledgerentry", "first_matched_on", models.DateField(editable=False, null=True)),
        migrations.AddField("ledgerentry", "last_matched_on", models.DateField(editable=False, null=True)),
        migrations.RunSQL(SETTLE, migrations.RunSQL.noop),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "ledgerentry",
            models.CheckConstraint(
                name="entry_matched_from_first_to_last",
                condition=Q(first_matched_on__isnull=True, last_matched_on__isnull=True)
                | Q(first_matched_on__gte=F("entry_date"), last_matched_on__gte=F("first_matched_on")),
            ),
        ),
    ]
