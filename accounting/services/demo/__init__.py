"""The demo: invented companies, three small and a large one, their books and their people. Safe to repeat, also later."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from django.db import transaction

from access.models import Client
from access.services import create_client, write_audit
from access.tenancy import client_scope
from accounting.models import Customer, HeldPeriod, LedgerEntry, Match
from accounting.services.demo.companies import COMPANIES, Company
from accounting.services.demo.large import invent
from accounting.services.demo.ledger import write_books, write_invented
from accounting.services.demo.people import add_people
from accounting.services.demo.shape import LARGE


@dataclass(frozen=True)
class Seeded:
    """What was added to one company; all zero where everything was there."""

    client: str
    name: str
    customers: int
    entries: int
    matches: int
    members: int


def seed_demo(*, today: date, entries: int) -> list[Seeded]:
    """Make the demo companies as seen on `today`, and beside them a large one of so many entries (0: not made).

    What is there stays as it is: a company that has books keeps them and their dates, a member keeps her role.
    """
    seeded = [_seed(company=one, write=partial(write_books, company=one, today=today)) for one in COMPANIES]
    if entries:
        seeded.append(_seed(company=LARGE, write=partial(_write_large, entries=entries, today=today)))
    return seeded


def _write_large(*, client: Client, entries: int, today: date) -> None:
    write_invented(client=client, books=invent(today=today, entries=entries), today=today)


@transaction.atomic
def _seed(*, company: Company, write: Callable[..., None]) -> Seeded:
    client = Client.objects.filter(organisation_number=company.number).first() or create_client(
        organisation_number=company.number, name=company.name, bank_account=company.bank_account
    )
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)  # two seedings at once come one after the other
    members = add_people(client=client, roles=company.roles)
    with client_scope(client):
        before = _counts(client)
        if not any(one.objects.for_client(client).exists() for one in (LedgerEntry, HeldPeriod)):
            write(client=client)
        customers, entries, matches = (now - then for now, then in zip(_counts(client), before, strict=True))
        if entries:
            write_audit(action="demo.seeded", client=client, about=client, details={"entries": entries})
    return Seeded(client.organisation_number, client.name, customers, entries, matches, members)


def _counts(client: Client) -> tuple[int, int, int]:
    customers, entries, matches = (one.objects.for_client(client).count() for one in (Customer, LedgerEntry, Match))
    return customers, entries, matches
