"""EHF under hypothesis: in whatever order and however many calls documents come, and how often, the books are the same."""

import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.services import create_client
from access.tenancy import client_scope
from accounting.models import ExchangeRate
from tests.accounting.ehf_builder import NUMBER, Invoices, document
from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db
START = date(2026, 1, 5)
BUYERS = [("310001015", "Bjørka AS"), ("310011118", "Gran AS")]
few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
ore = st.integers(1, 20_000)
invoice = st.fixed_dictionaries(
    {
        "buyer": st.integers(0, 1),
        "day": st.integers(0, 20),
        "ore": ore,
        "currency": st.sampled_from(["NOK", "NOK", "EUR"]),
        "prepaid": st.sampled_from([0, 0, 100, 5_000]),
        "kid": st.booleans(),
        # Credit notes on it: how much of what it has left, in percent, and the day.
        "notes": st.lists(st.tuples(st.sampled_from([100, 60, 33, 1]), st.integers(0, 20)), max_size=3),
    }
)
# Payments that are in the books before: of which buyer, how much, and the KID of which invoice.
payment = st.tuples(st.integers(0, 1), st.sampled_from([100, 5_000, 7_777]), st.none() | st.integers(0, 5))


def kroner(number):
    return str(Decimal(number) / 100)


def documents_of(drawn):
    """The texts: every invoice, and credit notes on it for no more than what it asks to be paid."""
    texts = []
    for number, one in enumerate(drawn):
        common = {"currency": one["currency"], "buyer": BUYERS[one["buyer"]]}
        day = START + timedelta(days=one["day"])
        texts.append(
            document(
                f"F{number}", kroner(one["ore"]), str(day), prepaid=kroner(one["prepaid"]) if one["prepaid"] else "",
                kid=f"{number:03}7" if one["kid"] else "", **common,
            )
        )  # fmt: skip
        left = one["ore"]
        for turn, (percent, after) in enumerate(one["notes"]):
            part = left * percent // 100
            if part:
                left -= part
                on = str(START + timedelta(days=after))
                texts.append(
                    document(f"K{number}-{turn}", kroner(part), on, note=True, refers=(f"F{number}",), **common)
                )
    return texts


def books_of(payments, calls):
    """What the books are after these calls in a new company, which is forgotten again."""
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        client = create_client(organisation_number=NUMBER, name="Furuly Lys AS")
        held = Books(client)
        for (number, name), key in zip(BUYERS, ("77", "78"), strict=True):
            held.customer(key, name, organisation_number=number)
        for buyer, amount, of in payments:
            held.payment(("77", "78")[buyer], "2026-01-01", kroner(amount), kid="" if of is None else f"{of:03}7")
        with client_scope(client):
            ExchangeRate.objects.for_client(client).bulk_create(
                ExchangeRate(currency="EUR", day=START + timedelta(days=day), rate=Decimal(f"11.{day:02}"))
                for day in range(21)
            )
        invoices = Invoices(Path(folder))
        for texts in calls:
            invoices.load(*texts)
        books = invoices.books()
        transaction.set_rollback(True)
    return books


@few
@given(st.lists(invoice, min_size=1, max_size=4), st.lists(payment, max_size=3), st.data())
def test_any_order_in_any_number_of_calls_any_number_of_times(drawn, payments, data):
    texts = documents_of(drawn)
    # Of two invoices that call one payment prepaid, the one that comes first has it.
    asked = [(one["buyer"], one["currency"]) for one in drawn if one["prepaid"]]
    if len(set(asked)) < len(asked):
        payments = [one for one in payments if one[2] is not None]
        texts = documents_of([one | {"prepaid": 0} for one in drawn])
    once = books_of(payments, [texts])
    shuffled = data.draw(st.permutations(texts + texts[: data.draw(st.integers(0, len(texts)))]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    calls = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True) if start < end]
    assert books_of(payments, calls) == once
