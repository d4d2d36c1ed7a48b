"""What the inbox, the outbox and the sync ask before a company is known, and what they need to keep."""

from django.db import migrations, models

# They answer with ids and nothing else; they belong to the owner and run as it (SECURITY DEFINER).
FUNCTIONS = """
CREATE FUNCTION clients_of_onboardings(provider_name text, wanted text[])
  RETURNS TABLE (reference text, client_id bigint) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public AS $$
    SELECT o.provider_reference, o.client_id FROM financing_onboarding o
    WHERE o.provider = provider_name AND o.provider_reference = ANY (wanted) AND o.provider_reference <> '' $$;
CREATE FUNCTION client_of_reference(provider_name text, onboarding uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public
  AS $$ SELECT client_id FROM financing_onboarding WHERE provider = provider_name AND id = onboarding $$;
CREATE FUNCTION living_agreements(provider_name text)
  RETURNS TABLE (client_id bigint, reference text) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public AS $$
    SELECT a.client_id, a.provider_reference FROM financing_agreement a
    WHERE a.provider = provider_name AND a.status <> 'terminated' ORDER BY a.client_id $$;
DROP FUNCTION clients_with_living_onboardings(text);
"""
UNDO = """
DROP FUNCTION clients_of_onboardings(text, text[]), client_of_reference(text, uuid), living_agreements(text);
CREATE FUNCTION clients_with_living_onboardings(provider_name text) RETURNS SETOF bigint LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public
  AS $$ SELECT client_id FROM financing_onboarding WHERE provider = provider_name AND ended_at IS NULL ORDER BY 1 $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0003_names"),
        ("financing", "0008_onboarding_told"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkerBeat",
            fields=[
                ("name", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="outboxmessage",
            name="message_one_waiting",
        ),
        migrations.RemoveIndex(
            model_name="providerevent",
            name="event_waiting",
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="lease_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="version",
            field=models.IntegerField(default=1),
        ),
        migrations.AddIndex(
            model_name="providerevent",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["next_at", "id"], name="event_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="providerevent",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["provider", "object_kind", "object_id"],
                name="event_waiting_object",
            ),
        ),
        migrations.AddConstraint(
            model_name="outboxmessage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True)),
                fields=("onboarding", "kind"),
                name="message_one_per_onboarding",
            ),
        ),
        migrations.AddConstraint(
            model_name="outboxmessage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True)),
                fields=("agreement", "kind"),
                name="message_one_per_agreement",
            ),
        ),
        migrations.RunSQL(FUNCTIONS, UNDO),
    ]
