"""The same payments as OCR, camt.054 and camt.053, in any order and number: the books of one of them."""

import os
from collections import defaultdict
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.services import create_client
from access.tenancy import client_scope
from accounting.models import BankReceipt
from accounting.services.payment_import import import_payments
from tests.accounting.bank_files import Paid, camt, entry, ocr
from tests.accounting.factories import Books
from tests.accounting.test_import_payments import state

KIDS = ["1111111", "2222222", "3333333", "0044444", "9999999"]  # the last one is nobody's
DAYS = ["2026-02-02", "2026-02-03", "2026-02-05"]
NUMBER = "310000000"


class Undone(Exception):
    """Ends an example: nothing of it is kept."""


def books_after(tmp_path, contents):
    """The state after these files, one import each, in a company with five invoices; undone again."""
    found = {}
    try:
        with transaction.atomic():
            client = create_client(organisation_number=NUMBER, name="Furuly Lys AS")
            books = Books(client)
            for n, kid in enumerate(KIDS[:4]):
                books.invoice(str(10000 + n % 3), "2026-01-10", "100.00", kid=kid, invoice_number=kid[:4])
            for n, content in enumerate(contents):
                path = tmp_path / f"f{n}"
                path.write_bytes(content)
                import_payments(client=client, paths=[path])
            found = state(client)
            with client_scope(client):
                receipts = BankReceipt.objects.for_client(client)
                found["specified"] = receipts.filter(status="specified").count()
                found["receipts"] = receipts.exclude(status="specified").count()
            raise Undone
    except Undone:
        return found


def by_day(payments):
    days = defaultdict(list)
    for one in payments:
        days[one.day].append(one)
    return [days[day] for day in sorted(days)]


def ocr_files(payments, split):
    files = list(by_day(payments)) if split else [payments]
    return [ocr(one, transmission=f"10000{n:02}") for n, one in enumerate(files, start=1)]


def camt_files(kind, payments, split, form, identity):
    """`form`: every payment an entry ("each"), one entry a day with details ("batch"), or with nothing but its sum ("lump")."""
    files = []
    for n, of_day in enumerate(by_day(payments)):
        paid, back = [one for one in of_day if one.ore > 0], [one for one in of_day if one.ore < 0]
        if form == "each" or (form == "batch" and not paid):
            entries = [entry([one], ref=f"{identity}{n}-{m}") for m, one in enumerate(of_day)]
        elif form == "batch":
            entries = [entry(paid, ref=f"{identity}{n}")]
            entries += [entry([one], ref=f"{identity}{n}-{m}") for m, one in enumerate(back)]
        else:
            entries = [entry(of_day, details=False, ref=f"{identity}{n}")] if sum(one.ore for one in of_day) else []
        files.append(entries)
    if not split:
        files = [[one for entries in files for one in entries]]
    return [camt(kind, one, identity=f"{identity}{n}") for n, one in enumerate(files)]


@st.composite
def payments_of(draw):
    """Some payments, and of some of them the reversal on the same or a later day."""
    amounts = st.sampled_from(["100.00", "40.00", "30.00"])
    paid = draw(
        st.lists(st.builds(Paid, st.sampled_from(KIDS), amounts, st.sampled_from(DAYS)), min_size=1, max_size=5)
    )
    for one in list(paid):
        if draw(st.integers(0, 3)) == 0:
            day = draw(st.sampled_from([day for day in [*DAYS, "2026-02-09"] if day >= one.day]))
            paid.append(Paid(one.kid, f"-{one.amount}", day))
    return paid


@settings(max_examples=int(os.environ.get("EX", "60")), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), payments=payments_of(), split=st.booleans())
@pytest.mark.django_db
def test_any_order_and_number_gives_the_books_of_one(tmp_path, data, payments, split):
    by_ocr = ocr_files(payments, split)
    by_054 = camt_files("054", payments, split, data.draw(st.sampled_from(["each", "batch"])), "N")
    by_053 = camt_files("053", payments, split, data.draw(st.sampled_from(["each", "batch", "lump"])), "S")
    groups = data.draw(
        st.sampled_from([[by_ocr, by_054, by_053], [by_ocr, by_053], [by_054, by_053], [by_ocr, by_054]])
    )
    every = [file for group in groups for file in group]
    again = data.draw(st.lists(st.sampled_from(every), max_size=2))
    order = data.draw(st.permutations([*every, *again]))
    alone, together = books_after(tmp_path, groups[0]), books_after(tmp_path, order)
    if split:  # which of two payments of one invoice came first is for the order to say; what they come to is not
        alone, together = summed(alone), summed(together)
    together.pop("specified"), alone.pop("specified")
    assert together == alone


def summed(found):
    entries = defaultdict(Decimal)
    for _day, _kind, _amount, left, kid, number in found["entries"]:
        entries[kid, number, "open"] += Decimal(left)
    return found | {
        "entries": sorted(
            (day, kind, amount, kid, number) for day, kind, amount, left, kid, number in found["entries"]
        ),
        "left": dict(entries),
        "matches": len(found["matches"]) and None,
    }
