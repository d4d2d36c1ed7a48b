"""`python -m tests.faults.imports NUMBER FILE…`: each file given to «Import» of that company, which is made where it is new.

Prints the runs' ids. What the page does after the files have come is done here without the page; the broker is told.
"""

import json
import sys
from pathlib import Path

import django


def main(number, *paths):
    django.setup()
    from django.utils import timezone

    from access.models import Client
    from access.services import add_member, create_client, known_person
    from access.tenancy import client_scope
    from accounting.imports.received import Writer
    from accounting.services.import_runs import register_upload
    from accounting.tasks import wake_import

    person = known_person(subject="rita", name="Rita")
    client = Client.objects.filter(organisation_number=number).first()
    if client is None:
        client = create_client(organisation_number=number, name="Firma AS")
        add_member(client=client, user=person, role_key="regnskapsforer")
    made = []
    for path in map(Path, paths):
        writer = Writer(path.name)
        writer.write(path.read_bytes())
        with client_scope(client):
            made += register_upload(
                client=client, received=[writer.done()], options={}, actor=person, now=timezone.now()
            )
    for run in made:
        wake_import(client.pk, run.pk)
    print(json.dumps([run.pk for run in made]))


if __name__ == "__main__":
    main(*sys.argv[1:])
