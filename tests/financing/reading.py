"""What the bank does at our doors, and what there is to read."""

import base64
from datetime import date

from django.test import Client as Browser

from access.tenancy import client_scope
from accounting.models import Customer, LedgerEntry
from financing.models import Consent


def redeem(application, code, **values):
    return post_token(application, {"grant_type": "authorization_code", "code": code, **values})


def refresh(application, token, **values):
    return post_token(application, {"grant_type": "refresh_token", "refresh_token": token, **values})


def post_token(application, data):
    return Browser().post("/oauth/token", data, HTTP_AUTHORIZATION=basic(*application))


def basic(app, secret):
    return "Basic " + base64.b64encode(f"{app.client_id}:{secret}".encode()).decode()


def get(path, token, **query):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    return Browser().get(f"/api/v1/{path}", query, **headers)


def read_all(token, **query):
    """Every page of one reading: its items in their order, and what to send next time."""
    items, cursor = [], None
    while True:
        page = get("receivables", token, **query, **({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items, page["next_changed_since"]


def consent_of(begun):
    with client_scope(begun.onboarding.client_id):
        return Consent.objects.for_client(begun.onboarding.client_id).get()


def add_entry(company, number, amount, **values):
    customer_values = {k: values.pop(k) for k in ("private_person", "organisation_number", "name") if k in values}
    with client_scope(company):
        customer, _ = Customer.objects.for_client(company).get_or_create(
            number=values.pop("customer", "10000"), defaults={"name": "Tindra AS", "client": company, **customer_values}
        )
        return LedgerEntry.objects.for_client(company).create(
            customer=customer, entry_id=number, source="saft", kind=values.pop("kind", "invoice"), currency="NOK",
            entry_date=date(2026, 1, 1), amount=amount, open_amount=amount, currency_amount=amount,
            open_currency_amount=amount, invoice_number=values.pop("invoice_number", number), **values,
        )  # fmt: skip
