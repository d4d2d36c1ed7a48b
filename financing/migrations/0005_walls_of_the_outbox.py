"""The outbox behind its walls, and what is due before a scope is open."""

from django.db import migrations

from access.rls import RowLevelSecurity, SameClientForeignKey

# They answer with ids and nothing else; they belong to the owner and run as it (SECURITY DEFINER).
FUNCTIONS = """
CREATE FUNCTION due_messages(provider_name text, moment timestamptz, most int)
  RETURNS TABLE (client_id bigint, message uuid) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public AS $$
    SELECT o.client_id, o.id FROM financing_outboxmessage o
    WHERE o.provider = provider_name AND o.closed_at IS NULL AND o.next_at <= moment ORDER BY o.next_at, o.id LIMIT most $$;
CREATE FUNCTION due_onboardings(provider_name text, moment timestamptz, most int)
  RETURNS TABLE (client_id bigint, onboarding uuid) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public AS $$
    SELECT o.client_id, o.id FROM financing_onboarding o
    WHERE o.provider = provider_name AND o.ended_at IS NULL AND (o.next_read_at IS NULL OR o.next_read_at <= moment)
    ORDER BY o.next_read_at NULLS FIRST, o.id LIMIT most $$;
"""
UNDO = "DROP FUNCTION due_messages(text, timestamptz, int), due_onboardings(text, timestamptz, int)"


class Migration(migrations.Migration):
    dependencies = [("financing", "0004_inbox_and_outbox")]

    operations = [
        SameClientForeignKey("OutboxMessage", "onboarding"),
        SameClientForeignKey("OutboxMessage", "agreement"),
        RowLevelSecurity("OutboxMessage"),
        migrations.RunSQL(FUNCTIONS, UNDO),
    ]
