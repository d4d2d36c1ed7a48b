"""The cheap answer that tells an open dashboard which of its widgets have something new."""

import json
import re

import pytest
from django.utils.html import escape

from access.tenancy import client_scope
from accounting.models import Customer
from financing.models import CreditSnapshot
from tests.accounting.factories import Books
from tests.dashboard.financed import agreement
from tests.dashboard.pages import HOME, set_financing

PULSES = HOME + "dashboard/puls"


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def dag(client, company, make_member):
    client.force_login(make_member(company, "dag", "daglig_leder"))
    return client


def felt(client):
    return client.get(PULSES, headers={"X-By-Itself": "true"}).json()


def snapshot(company, found):
    values = {"status": found.status, "currency": "NOK", "limit": 1, "used": 0, "available": 1, "pending": 0}
    with client_scope(company):
        CreditSnapshot.objects.for_client(company).create(
            agreement=found, sequence=2, as_of=found.as_of, recorded_at=found.as_of, **values
        )


@pytest.mark.django_db(transaction=True)  # the time of a change is that of its transaction
def test_a_new_entry_and_a_match_change_the_ledgers_pulse_and_nothing_else(dag, company):
    books = Books(company)
    before = felt(dag)
    assert before["receivables"] == before["unpaid_invoices"] == ""
    invoice = books.invoice("10000", "2026-01-01", "100.00")
    entered = felt(dag)
    payment = books.payment("10000", "2026-01-02", "100.00")
    books.match(invoice, payment, "100.00")
    matched = felt(dag)
    for one, other in ((before, entered), (entered, matched)):
        assert one["receivables"] != other["receivables"] and one["unpaid_invoices"] != other["unpaid_invoices"]
        assert one["financing"] == other["financing"]
    assert felt(dag) == matched


def test_what_the_bank_told_changes_the_financings_pulse(dag, company):
    told = [felt(dag)["financing"]]
    found = agreement(company)
    told.append(felt(dag)["financing"])
    snapshot(company, found)
    told.append(felt(dag)["financing"])
    assert len(set(told)) == 3
    assert felt(dag)["receivables"] == ""


def test_the_page_carries_the_pulses_that_were_there_before_its_cards(dag, company):
    Books(company).invoice("10000", "2026-01-01", "100.00")
    page = dag.get(HOME).content.decode()
    carried = re.search(r'data-pulses="([^"]*)"', page)[1]
    assert carried == escape(json.dumps(felt(dag)))


def test_nobody_feels_what_she_may_not_see(client, company, dag, make_member):
    set_financing(company, make_member(company, "ada", "administrator"), "daglig_leder", 0)
    assert set(felt(dag)) == {"receivables", "unpaid_invoices"}
    client.force_login(make_member(company, "stine", "standard"))
    assert felt(client) == {}
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    with client_scope(company):
        assert not Customer.objects.for_client(company).exists()
    assert set(felt(client)) == {"receivables", "unpaid_invoices"}


def test_a_stranger_feels_nothing(client, company, make_client, make_member):
    client.force_login(make_member(make_client("310011118", "Furulia Lys AS"), "vera", "administrator"))
    assert client.get(PULSES).status_code == 404


def test_it_is_cheap(dag, company, django_assert_num_queries):
    agreement(company)
    Books(company).invoice("10000", "2026-01-01", "100.00")
    felt(dag)
    with django_assert_num_queries(14):
        felt(dag)
