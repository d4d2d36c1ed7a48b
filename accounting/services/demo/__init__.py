"""The demo: three invented companies, their books and their people. Safe to repeat, also on a later day."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from access.models import Client
from access.services import create_client, write_audit
from access.tenancy import client_scope
from accounting.models import Customer, LedgerEntry, Match
from accounting.services.demo.companies import COMPANIES, Company
from accounting.services.demo.history import write_history
from accounting.services.demo.ledger import write_books
from accounting.services.demo.people import add_people


@dataclass(frozen=True)
class Seeded:
    """What was added to one company; all zero where everything was there."""

    client: str
    name: str
    customers: int
    entries: int
    matches: int
    members: int


def seed_demo(*, today: date, history: int = 0) -> list[Seeded]:
    """Make the demo companies as seen on `today`, and add to the first so many settled invoices that it has `history`.

    What is there stays as it is: a company that has entries keeps them and their dates, a member keeps her role.
    """
    return [
        _seed(company=company, today=today, history=0 if number else history)
        for number, company in enumerate(COMPANIES)
    ]


@transaction.atomic
def _seed(*, company: Company, today: date, history: int) -> Seeded:
    client = Client.objects.filter(organisation_number=company.number).first() or create_client(
        organisation_number=company.number, name=company.name, bank_account=company.bank_account
    )
    Client.objects.select_for_update().get(pk=client.pk)  # two seedings at once come one after the other
    members = add_people(client=client, roles=company.roles)
    with client_scope(client):
        before = _counts(client)
        if not LedgerEntry.objects.for_client(client).exists():
            write_books(client=client, company=company, today=today)
        if history:
            write_history(client=client, count=history)
        customers, entries, matches = (now - then for now, then in zip(_counts(client), before, strict=True))
        if entries:
            write_audit(action="demo.seeded", client=client, about=client, details={"entries": entries})
    return Seeded(client.organisation_number, client.name, customers, entries, matches, members)


def _counts(client: Client) -> tuple[int, int, int]:
    customers, entries, matches = (one.objects.for_client(client).count() for one in (Customer, LedgerEntry, Match))
    return customers, entries, matches
