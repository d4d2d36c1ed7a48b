"""The walls of financing: row-level security, same-client keys, append-only history, and what is known before a scope."""

from django.db import migrations

from access.rls import AppendOnly, RowLevelSecurity, SameClientForeignKey

# Each answers with ids and nothing else; they belong to the owner and run as it (SECURITY DEFINER).
FUNCTIONS = """
CREATE FUNCTION client_of_state(hash text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public AS $$ SELECT client_id FROM financing_returnstate WHERE state_hash = hash $$;
CREATE FUNCTION client_of_consent(consent uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public AS $$ SELECT client_id FROM financing_consent WHERE id = consent $$;
CREATE FUNCTION client_of_onboarding(provider_name text, reference text) RETURNS bigint LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public
  AS $$ SELECT client_id FROM financing_onboarding WHERE provider = provider_name AND provider_reference = reference $$;
CREATE FUNCTION client_of_agreement(provider_name text, reference text) RETURNS bigint LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public
  AS $$ SELECT client_id FROM financing_agreement WHERE provider = provider_name AND provider_reference = reference $$;
CREATE FUNCTION clients_with_living_onboardings(provider_name text) RETURNS SETOF bigint LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public
  AS $$ SELECT client_id FROM financing_onboarding WHERE provider = provider_name AND ended_at IS NULL ORDER BY 1 $$;
"""

UNDO = """
DROP FUNCTION client_of_state(text), client_of_consent(uuid), client_of_onboarding(text, text),
  client_of_agreement(text, text), clients_with_living_onboardings(text)
"""

OWNED = [
    "Consent", "ConsentEvent", "Onboarding", "ReturnState", "Agreement", "CreditSnapshot", "DataAccess"
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("financing", "0001_initial"), ("access", "0002_walls")]

    operations = [
        SameClientForeignKey("ConsentEvent", "consent"),
        SameClientForeignKey("Onboarding", "consent"),
        SameClientForeignKey("ReturnState", "onboarding"),
        SameClientForeignKey("Agreement", "onboarding"),
        SameClientForeignKey("CreditSnapshot", "agreement"),
        SameClientForeignKey("DataAccess", "consent"),
        *[RowLevelSecurity(model) for model in OWNED],
        AppendOnly("ConsentEvent"),
        AppendOnly("CreditSnapshot"),
        AppendOnly("DataAccess"),
        migrations.RunSQL(FUNCTIONS, UNDO),
    ]
