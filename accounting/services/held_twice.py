"""Warns of what a file brought though it had come as EHF before: the same claim stands in the books twice."""

from django.db.models import Exists, OuterRef

from access.models import Client
from accounting.models import LedgerEntry, Source
from accounting.services.saft_checks import Warnings


def warn_of_held_twice(client: Client, after_pk: int, warnings: Warnings) -> None:
    """Of the entries that were stored after that key. By number, date, currency and amount; inside the scope."""
    rows = LedgerEntry.objects.for_client(client)
    invoices = rows.filter(source=Source.EHF)
    if not invoices.exists():
        return
    same = {name: OuterRef(name) for name in ("invoice_number", "entry_date", "currency", "currency_amount")}
    new = rows.filter(pk__gt=after_pk, source__in=(Source.SAFT, Source.LEDGER)).exclude(invoice_number="")
    found = new.filter(Exists(invoices.filter(**same))).select_related("customer")
    for one in found.order_by("entry_date", "pk"):
        told = f"{one.invoice_number} of {one.entry_date} came as EHF before and now stands there twice"
        told = f"{told}: one of them must be credited"
        warnings.add("held_twice", told, one.customer.number)
