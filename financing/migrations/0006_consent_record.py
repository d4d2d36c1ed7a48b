"""What an auditor asks of a consent, walled; and what the application may never change of it afterwards."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from access.rls import ChangeableColumns, SameClientForeignKey

# Answers with ids and nothing else; it belongs to the owner and runs as it (SECURITY DEFINER).
FUNCTION = """
CREATE FUNCTION clients_with_old_origins(moment timestamptz) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public
  AS $$ SELECT DISTINCT client_id FROM financing_consent WHERE origin_until <= moment ORDER BY 1 $$;
"""
UNDO = "DROP FUNCTION clients_with_old_origins(timestamptz)"

# An end may come sooner than was agreed, never later.
NEVER_LONGER = """
CREATE FUNCTION consent_never_longer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.valid_until > OLD.valid_until THEN
    RAISE EXCEPTION 'a consent is given anew, not made longer';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER consent_never_longer BEFORE UPDATE OF valid_until ON financing_consent
  FOR EACH ROW EXECUTE FUNCTION consent_never_longer();
"""
LONGER_AGAIN = "DROP TRIGGER consent_never_longer ON financing_consent; DROP FUNCTION consent_never_longer()"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0003_names"),
        ("financing", "0005_walls_of_the_outbox"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="data_categories",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="consent",
            name="ended_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="ended_by_name",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="consent",
            name="given_from_ip",
            field=models.GenericIPAddressField(null=True),
        ),
        migrations.AddField(
            model_name="consent",
            name="given_with",
            field=models.CharField(blank=True, max_length=400),
        ),
        migrations.AddField(
            model_name="consent",
            name="origin_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="consent",
            name="provider_name",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="consent",
            name="provider_reference",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="consent",
            name="purpose",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="consent",
            name="superseded_by",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="supersedes",
                to="financing.consent",
            ),
        ),
        migrations.AlterField(
            model_name="dataaccess",
            name="consent",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="accesses",
                to="financing.consent",
            ),
        ),
        migrations.AddIndex(
            model_name="dataaccess",
            index=models.Index(fields=["consent", "-at"], name="access_consent_at"),
        ),
        SameClientForeignKey("Consent", "superseded_by"),
        ChangeableColumns(
            "Consent",
            "given_at",
            "valid_until",
            "confirmed_by",
            "activated_at",
            "ended_at",
            "end_reason",
            "ended_by",
            "ended_by_name",
            "superseded_by",
            "given_from_ip",
            "given_with",
            "origin_until",
        ),
        migrations.RunSQL(FUNCTION, UNDO),
        migrations.RunSQL(NEVER_LONGER, LONGER_AGAIN),
    ]
