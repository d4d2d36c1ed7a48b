"""How many of what there is over all companies, for who runs the installation: counts by status, and nothing else."""

from django.db import migrations

# Belongs to the owner and runs as it (SECURITY DEFINER); it names no company and no row.
FUNCTION = """
CREATE FUNCTION financing_counts() RETURNS TABLE (what text, provider text, status text, number bigint) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT 'onboardings', o.provider, o.status, count(*) FROM financing_onboarding o WHERE o.ended_at IS NULL GROUP BY 2, 3
    UNION ALL
    SELECT 'agreements', a.provider, a.status, count(*) FROM financing_agreement a GROUP BY 2, 3
    UNION ALL
    SELECT 'outbox', m.provider, m.kind, count(*) FROM financing_outboxmessage m WHERE m.closed_at IS NULL GROUP BY 2, 3
    ORDER BY 1, 2, 3 $$;
"""


class Migration(migrations.Migration):
    dependencies = [("financing", "0006_consent_record")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION financing_counts()")]
