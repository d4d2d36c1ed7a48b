"""The log as a chain: each line carries its number, and a hash of itself and of the line before it.

The database makes it, at every insert by whomever: access/audit_chain.py says what the hash is of, and verifies it.
"""

import django.db.models.deletion
import django.db.models.functions
import django.db.models.manager
from django.db import migrations, models

from access.rls import KeptByTriggers, RowLevelSecurity

# What is hashed: each value with its length in bytes before it, so that no two lines have one text. The same order and the
# same writing stand in access/audit_chain.py.
HASH = """
CREATE FUNCTION access_audit_hash(line access_auditentry) RETURNS text LANGUAGE sql STABLE
  SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT encode(sha256(convert_to(
    string_agg(COALESCE(octet_length(convert_to(value, 'UTF8')) || ':' || value, '-'), ',' ORDER BY place), 'UTF8')), 'hex')
    FROM unnest(ARRAY[
      '1', line.client_id::text, line.number::text, line.previous_hash, line.id::text,
      to_char(line.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), line.actor_id::text, line.actor_name,
      line.actor_role, line.action, line.object_type, line.object_id, line.details::text
    ]) WITH ORDINALITY AS part(value, place)
$$;
"""
NO_HASH = "DROP FUNCTION access_audit_hash(access_auditentry)"

# The lines that there are, in the order of their time.
FILL = """
SELECT set_config('app.client_ids', '{' || COALESCE(string_agg(id::text, ','), '') || '}', true) FROM access_client;
DO $$
DECLARE line access_auditentry; chain bigint := NULL; last bigint; before text;
BEGIN
  FOR line IN SELECT * FROM access_auditentry ORDER BY COALESCE(client_id, 0), at, id LOOP
    IF chain IS DISTINCT FROM COALESCE(line.client_id, 0) THEN
      chain := COALESCE(line.client_id, 0); last := 0; before := repeat('0', 64);
    END IF;
    last := last + 1;
    line.number := last;
    line.previous_hash := before;
    before := access_audit_hash(line);
    UPDATE access_auditentry SET number = last, previous_hash = line.previous_hash, hash = before WHERE id = line.id;
    INSERT INTO access_auditchain (id, client_id, number, hash) VALUES (chain, line.client_id, last, before)
      ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number, hash = EXCLUDED.hash;
  END LOOP;
END $$;
SELECT set_config('app.client_ids', '', true);
SET CONSTRAINTS ALL IMMEDIATE;
"""

# Runs as the owner, who alone may write a chain's end. The client's row is taken hold of first, as the foreign key would
# at the commit: whoever holds it for long is waited for before the chain is held, never after.
TRIGGER = """
CREATE FUNCTION access_audit_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM access_client WHERE id = NEW.client_id FOR KEY SHARE;
  INSERT INTO access_auditchain AS chain (id, client_id, number, hash)
    VALUES (COALESCE(NEW.client_id, 0), NEW.client_id, 1, repeat('0', 64))
    ON CONFLICT (id) DO UPDATE SET number = chain.number + 1
    RETURNING number, hash INTO NEW.number, NEW.previous_hash;
  NEW.hash := access_audit_hash(NEW);
  UPDATE access_auditchain SET hash = NEW.hash WHERE id = COALESCE(NEW.client_id, 0);
  RETURN NEW;
END $$;
CREATE TRIGGER audit_link BEFORE INSERT ON access_auditentry FOR EACH ROW EXECUTE FUNCTION access_audit_link();
"""
NO_TRIGGER = "DROP TRIGGER audit_link ON access_auditentry; DROP FUNCTION access_audit_link()"

# What belongs to no company no scope shows: these belong to the owner and run as it (SECURITY DEFINER).
WITHOUT_CLIENT = """
CREATE FUNCTION audit_lines_without_client(after_number bigint, after_id uuid, most int)
  RETURNS SETOF access_auditentry LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT * FROM access_auditentry WHERE client_id IS NULL AND (number, id) > (after_number, after_id)
    ORDER BY number, id LIMIT most $$;
CREATE FUNCTION audit_end_without_client() RETURNS TABLE (number bigint, hash text, lines bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT (SELECT c.number FROM access_auditchain c WHERE c.id = 0), (SELECT c.hash FROM access_auditchain c WHERE c.id = 0),
           (SELECT count(*) FROM access_auditentry e WHERE e.client_id IS NULL) $$;
"""
NO_WITHOUT_CLIENT = "DROP FUNCTION audit_lines_without_client(bigint, uuid, int), audit_end_without_client()"


class Migration(migrations.Migration):
    dependencies = [("access", "0004_ledger_privileges")]

    operations = [
        migrations.CreateModel(
            name="AuditChain",
            fields=[
                ("id", models.BigIntegerField(editable=False, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField(editable=False)),
                ("hash", models.CharField(editable=False, max_length=64)),
                ("verified_at", models.DateTimeField(null=True)),
                ("verified_number", models.BigIntegerField(null=True)),
                ("fault_number", models.BigIntegerField(null=True)),
                ("fault", models.CharField(blank=True, db_default="", max_length=20)),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.client",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "unscoped",
                "default_manager_name": "unscoped",
                "constraints": [
                    models.CheckConstraint(
                        name="audit_chain_is_the_clients",
                        condition=models.Q(("id", django.db.models.functions.Coalesce("client", 0))),
                    )
                ],
            },
            managers=[("unscoped", django.db.models.manager.Manager())],
        ),
        RowLevelSecurity("AuditChain"),
        KeptByTriggers("AuditChain", "verified_at", "verified_number", "fault_number", "fault"),
        migrations.AddField("auditentry", "number", models.BigIntegerField(default=0, editable=False)),
        migrations.AddField("auditentry", "previous_hash", models.CharField(default="", editable=False, max_length=64)),
        migrations.AddField("auditentry", "hash", models.CharField(default="", editable=False, max_length=64)),
        migrations.RunSQL(HASH, NO_HASH),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "auditentry",
            models.UniqueConstraint(fields=("client", "number"), name="audit_number_unique_per_client"),
        ),
        migrations.AddConstraint(
            "auditentry",
            models.UniqueConstraint(
                condition=models.Q(("client", None)), fields=("number",), name="audit_number_unique_without_client"
            ),
        ),
        migrations.AddConstraint(
            "auditentry",
            models.CheckConstraint(
                condition=models.Q(("number__gte", 1), ("hash__regex", "^[0-9a-f]{64}$")), name="audit_line_is_chained"
            ),
        ),
        migrations.RunSQL(TRIGGER, NO_TRIGGER),
        migrations.RunSQL(WITHOUT_CLIENT, NO_WITHOUT_CLIENT),
    ]
