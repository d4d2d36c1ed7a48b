"""What the bank may read: only with a token of a consent in force, only what is named, each reading kept."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from access.tenancy import client_scope
from accounting.models import Customer, LedgerEntry, Match
from financing.models import Consent, DataAccess
from financing.services.consent import end_consent
from tests.financing.reading import add_entry, consent_of, get, post_token, redeem

pytestmark = pytest.mark.django_db


def test_a_code_is_redeemed_once_and_activates_the_integration(application, begun):
    assert consent_of(begun).activated_at is None
    first = redeem(application, begun.grant.code)
    assert first.status_code == 200
    assert set(first.json()) == {"access_token", "expires_in", "token_type", "scope", "refresh_token"}
    assert first.json()["expires_in"] == 1200
    assert consent_of(begun).activated_at is not None
    assert redeem(application, begun.grant.code).status_code == 400


def test_no_code_or_token_is_stored_in_the_clear(application, begun, token):
    from django.core import serializers
    from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

    kept = "".join(
        serializers.serialize("json", model.objects.all())
        for model in (get_access_token_model(), get_grant_model(), get_refresh_token_model())
    )
    assert token not in kept and begun.grant.code not in kept and begun.state not in kept


def test_the_secret_goes_by_basic_only_and_must_be_right(application, begun):
    app, secret = application
    body = {"grant_type": "authorization_code", "code": begun.grant.code, "client_id": app.client_id}
    assert Browser().post("/oauth/token", {**body, "client_secret": secret}).status_code == 401
    assert post_token((app, "wrong"), body).status_code == 401


@pytest.mark.parametrize("grant", ["client_credentials", "password", "implicit", ""])
def test_other_grants_are_refused(application, begun, grant):
    answer = post_token(application, {"grant_type": grant, "username": "dag", "password": "x"})
    assert answer.status_code in (400, 401)
    assert "access_token" not in answer.json()


def test_an_expired_code_is_refused(application, begun):
    from oauth2_provider.models import get_grant_model

    get_grant_model().objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert redeem(application, begun.grant.code).status_code == 400


def test_refreshing_rotates_and_late_reuse_kills_the_family(application, begun):
    first = redeem(application, begun.grant.code).json()
    second = post_token(application, {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}).json()
    assert get("company", first["access_token"]).status_code == 401
    assert get("company", second["access_token"]).status_code == 200
    # within a minute: the answer got lost; the former one is taken again, and ends the pair it had given
    third = post_token(application, {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}).json()
    assert get("company", second["access_token"]).status_code == 401
    assert get("company", third["access_token"]).status_code == 200
    from oauth2_provider.models import get_refresh_token_model

    get_refresh_token_model().objects.filter(revoked__isnull=False).update(
        revoked=timezone.now() - timedelta(minutes=2)
    )
    late = post_token(application, {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    assert late.status_code == 400
    assert get("company", third["access_token"]).status_code == 401


@pytest.mark.parametrize("path", ["company", "receivables"])
def test_without_a_token_or_with_a_wrong_one_nothing_is_answered(company, path):
    for token in ("", "wrong"):
        answer = get(path, token)
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert "invalid_token" in answer["WWW-Authenticate"]
        assert "310000000" not in answer.content.decode()


@pytest.mark.parametrize("path", ["company", "receivables"])
def test_the_moment_the_consent_ends_nothing_is_answered(company, begun, application, token, path):
    add_entry(company, "1", 100)
    assert get(path, token).status_code == 200
    with client_scope(company):
        end_consent(consent=consent_of(begun), reason="withdrawn", now=timezone.now())
    assert get(path, token).status_code == 401


def test_a_consent_that_ran_out_answers_nothing_although_no_job_ran(company, begun, application, token):
    with client_scope(company):
        Consent.objects.for_client(company).update(
            given_at=timezone.now() - timedelta(days=400), valid_until=timezone.now() - timedelta(seconds=1)
        )
    assert get("receivables", token).status_code == 401


def test_after_withdrawal_neither_code_nor_refresh_token_is_taken(company, begun, application):
    with client_scope(company):
        end_consent(consent=consent_of(begun), reason="withdrawn", now=timezone.now())
    assert redeem(application, begun.grant.code).status_code == 400


def test_company(token):
    assert get("company", token).json() == {
        "organisation_number": "310000000", "name": "Furuly Lys AS", "base_currency": "NOK"
    }  # fmt: skip


def test_receivables_are_the_allow_list_and_of_this_company_only(company, make_client, token):
    entry = add_entry(company, "1001", 1250, organisation_number="310001015", due_date=date(2026, 2, 1))
    other = make_client("310011118", "Furulia Lys AS")
    add_entry(other, "1001", 1250)
    body = get("receivables", token).json()
    assert body["next_cursor"] is None
    (item,) = body["items"]
    changed = item.pop("changed_at")
    assert changed.endswith("Z")
    with client_scope(company):
        customer = Customer.objects.for_client(company).get()
    assert item == {
        "id": str(entry.pk),
        "debtor": {
            "id": f"c{customer.pk}", "name": "Tindra AS", "organisation_number": "310001015", "country": "NO",
            "private_person": False,
        },
        "kind": "invoice", "invoice_number": "1001", "entry_date": "2026-01-01", "due_date": "2026-02-01",
        "due_date_assumed": False, "amount": "1250.00", "open_amount": "1250.00", "currency": "NOK",
        "currency_amount": "1250.00", "source": "saft", "in_collection": False, "disputed": False, "assigned": False,
        "related_party": False,
    }  # fmt: skip


def test_of_a_private_person_neither_name_nor_invoice_number_is_given(company, token):
    entry = add_entry(company, "77", 900, private_person=True, organisation_number="12345")
    add_entry(company, "78", 900)
    items = get("receivables", token).json()["items"]
    assert items[0]["debtor"] == {
        "id": str(entry.pk), "name": None, "organisation_number": None, "country": "NO", "private_person": True
    }  # fmt: skip
    assert items[0]["invoice_number"] is None
    assert items[0]["debtor"]["id"] != items[1]["debtor"]["id"]


def test_pages_are_stable_and_changed_since_brings_what_was_closed(company, token):
    entries = [add_entry(company, str(n), 100 + n) for n in range(7)]
    credit = add_entry(company, "p", -100, kind="payment")
    seen, cursor = [], ""
    while cursor is not None:
        page = get("receivables", token, page_size=3, **({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if len(seen) == 3:
            add_entry(company, "new", 50)  # written while the bank reads
    assert seen == [str(one.pk) for one in [*entries, credit]] + [seen[-1]]
    assert len(seen) == 9
    since = page["next_changed_since"]
    with client_scope(company):
        Match.objects.for_client(company).create(
            debit=entries[0], credit=credit, amount=100, debit_currency_amount=100, credit_currency_amount=100,
            matched_on=date(2026, 1, 2),
        )  # fmt: skip
    changed = get("receivables", token, changed_since=since).json()["items"]
    closed = {item["id"]: item["open_amount"] for item in changed if item["open_amount"] == "0.00"}
    assert closed == {str(entries[0].pk): "0.00", str(credit.pk): "0.00"}


@pytest.mark.django_db(transaction=True)
def test_what_was_being_written_while_the_bank_read_comes_next_time(company, application, begun):
    """A transaction that began before the reading and ends after it is not missed."""
    from django.db import connections

    token = redeem(application, begun.grant.code).json()["access_token"]
    import threading

    started, go_on = threading.Event(), threading.Event()

    def slow_writer():
        try:
            with client_scope(company):
                customer = Customer.objects.for_client(company).create(number="1", name="A")
                started.set()
                go_on.wait(10)
                LedgerEntry.objects.for_client(company).create(
                    customer=customer, entry_id="slow", source="own", kind="invoice", currency="NOK",
                    entry_date=date(2026, 1, 1), amount=10, open_amount=10, currency_amount=10, open_currency_amount=10,
                    changed_at=customer.changed_at,
                )  # fmt: skip
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(slow_writer)
        assert started.wait(10)
        first = get("receivables", token).json()
        go_on.set()
        writing.result()
    assert first["items"] == []
    again = get("receivables", token, changed_since=first["next_changed_since"]).json()
    assert len(again["items"]) == 1


@pytest.mark.parametrize(
    "query", [{"page_size": "0"}, {"page_size": "1001"}, {"page_size": "x"}, {"cursor": "x"}, {"changed_since": "soon"}]
)
def test_what_cannot_be_read_is_a_problem_and_not_a_500(token, query):
    answer = get("receivables", token, **query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 400


def test_each_reading_is_kept(company, token):
    entry = add_entry(company, "1", 100)
    get("company", token)
    get("receivables", token)
    with client_scope(company):
        kept = list(DataAccess.objects.for_client(company).order_by("id"))
    assert [(one.resource, one.item_count, one.item_ids) for one in kept] == [
        ("company", 1, []), ("receivables", 1, [str(entry.pk)])
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_reading_is_all_there_is(token, method):
    answer = getattr(Browser(), method)(
        "/api/v1/receivables", json.dumps({}), content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {token}"
    )
    assert answer.status_code in (403, 405)


def test_what_was_settled_before_the_first_consent_is_not_given_whatever_is_asked(company, token):
    """«Og for poster som er gjort opp siden sist»: before the first consent there was no last time."""
    kept, paid = add_entry(company, "1", 1000), add_entry(company, "2", 500)
    with client_scope(company):
        LedgerEntry.objects.for_client(company).filter(pk=paid.pk).update(open_amount=0, closed_on=date(2026, 1, 2))
        Consent.objects.for_client(company).update(given_at=timezone.now() + timedelta(hours=2))
    items = get("receivables", token, changed_since="2001-01-01T00:00:00Z").json()["items"]
    assert [one["id"] for one in items] == [str(kept.pk)]
    with client_scope(company):
        Consent.objects.for_client(company).update(given_at=timezone.now() - timedelta(days=1))
    items = get("receivables", token, changed_since="2001-01-01T00:00:00Z").json()["items"]
    assert [one["id"] for one in items] == [str(kept.pk), str(paid.pk)]
