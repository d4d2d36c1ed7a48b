"""What `make run` does for the demo: its companies on the first run, its people when the bank moves, the bank's credentials.

Needs Django to be set up.
"""

import json
import os
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from access.models import Membership, User
from access.services import known_person, write_audit


def seed_once(state: Path) -> None:
    """The demo companies, the first time in a state folder, whatever was imported before; later they are the user's."""
    stamp = state / "demo-seeded"
    if not stamp.exists():
        call_command("seed_demo", stdout=StringIO())
        stamp.touch()


def follow_issuer(state: Path) -> None:
    """Take the demo's people along where the stand-in for BankID moved: its address, with its port, is their issuer.

    Does nothing where OIDC_ISSUER names a real identity provider.
    """
    if "OIDC_ISSUER" in os.environ or "OIDC_ISSUER_FILE" in os.environ:
        return
    kept, issuer = state / "demo-issuer", settings.OIDC_OP_ISSUER
    former = kept.read_text(encoding="utf-8") if kept.exists() else issuer
    if former != issuer:
        move_people(former=former, issuer=issuer)
    kept.write_text(issuer, encoding="utf-8")


@transaction.atomic
def move_people(*, former: str, issuer: str) -> int:
    """Give the people of a former issuer the identity of the same `sub` at the new one; how many moved.

    Somebody whom a command has made known there already keeps that identity and gets the memberships she lacks.
    """
    moved = 0
    for person in User.objects.select_for_update().filter(issuer=former).order_by("pk"):
        twin = User.objects.with_identity(issuer, person.subject).first()
        if twin is None:
            person.issuer = issuer
            person.save(update_fields=["issuer"])
        else:
            known_person(subject=person.subject, issuer=issuer, is_superuser=person.is_superuser)
            hers = Membership.objects.filter(user=twin).values("client")
            person.memberships.exclude(client__in=hers).update(user=twin)
        write_audit(action="person.moved", about=person, details={"from": former, "to": issuer})
        moved += 1
    return moved


def provider_credentials(state: Path) -> dict[str, str]:
    """What the bank presents at our token endpoint: made on the first run, kept readable for us alone.

    Only a digest is in the database, so a lost file means a new secret.
    """
    kept = state / "secrets" / "provider-buffer.json"
    if not kept.exists():
        printed = StringIO()
        call_command("add_provider_client", "buffer", stdout=printed)
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(printed.getvalue())
    return json.loads(kept.read_text(encoding="utf-8"))
