"""What an onboarding tells of the offer that was replaced and of the link; and an end that nobody takes back."""

from django.db import migrations, models

FINAL = {
    "onboarding": "'accepted', 'rejected', 'declined', 'cancelled', 'expired', 'failed'",
    "agreement": "'terminated'",
}
# The whole table of moves stands in services/transitions.py; what PostgreSQL holds too is that an end is an end.
WALLS = """
CREATE FUNCTION final_status_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% %: % is final', TG_TABLE_NAME, OLD.id, OLD.status USING ERRCODE = 'integrity_constraint_violation';
END $$;
""" + "".join(
    f"CREATE TRIGGER {table}_final_stays BEFORE UPDATE OF status ON financing_{table} FOR EACH ROW"
    f" WHEN (OLD.status IN ({states}) AND NEW.status <> OLD.status) EXECUTE FUNCTION final_status_stays();\n"
    for table, states in FINAL.items()
)
UNDO = (
    "".join(f"DROP TRIGGER {table}_final_stays ON financing_{table};\n" for table in FINAL)
    + "DROP FUNCTION final_status_stays();"
)


class Migration(migrations.Migration):
    dependencies = [("financing", "0007_counts")]

    operations = [
        migrations.AddField("onboarding", "replaced_offer", models.JSONField(null=True)),
        migrations.AddField("returnstate", "link_expires_at", models.DateTimeField(null=True)),
        migrations.RunSQL(WALLS, UNDO),
    ]
