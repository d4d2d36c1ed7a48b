"""A row in every model of a company, with a mark in every text of it that can carry one: whatever shows it, tells whose it is.

A new model is planted by itself from its fields. Where its constraints want more than that, GIVEN says what.
"""

import copy
import datetime as dt
from decimal import Decimal

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from access.models import Client, Membership, Role, User
from access.services import add_member, create_client, known_person
from access.tenancy import ClientOwned, client_scope

OURS = ("access", "accounting", "financing", "dashboard")
AMOUNT = Decimal("8642.97")
LONG_AGO = dt.date(2001, 1, 1)

# By a field's name, whatever the model: what code would stumble over if it were a mark, and what looks alike.
NAMED = {"number": "10000", "provider": "buffer", "text_language": "nb", "currency": "NOK", "country": "NO"}


def credit_of(rows):
    """A credit of the customer whose debit was planted."""
    debit = rows[apps.get_model("accounting.LedgerEntry")]
    credit = copy.copy(debit)
    credit.pk, credit._state.adding, credit.entry_id, credit.kind = None, True, debit.entry_id + "-2", "payment"
    credit.amount = credit.open_amount = credit.currency_amount = credit.open_currency_amount = -AMOUNT
    credit.save(force_insert=True)
    return credit


# What a model's constraints want beyond its fields' kinds; a function gets the rows so far.
GIVEN = {
    "accounting.LedgerLock": {"locked_through": LONG_AGO},
    "accounting.LedgerEntry": {"kind": "invoice", "closed_on": None, "due_date": dt.date(2026, 2, 2)},
    "accounting.Match": {"credit": credit_of, "amount": Decimal("10.00"), "debit_currency_amount": Decimal("10.00"),
                         "credit_currency_amount": Decimal("10.00")},
    "financing.Consent": {"end_reason": "", "valid_until": lambda rows: timezone.now() + dt.timedelta(days=90)},
    "financing.Onboarding": {"status": "accepted", "ended_at": lambda rows: timezone.now()},
    "financing.Agreement": {"status": "open", "reason": ""},
    "financing.CreditSnapshot": {"status": "open"},
    "financing.AnalysisLines": {"lines": []},
    "financing.OutboxMessage": {"kind": "grant", "agreement": lambda rows: of(rows, "financing.Agreement")},
}  # fmt: skip


def of(rows, label):
    return rows[apps.get_model(label)]


def owned():
    """Every model of a company, parents before children."""
    wanted = [m for m in apps.get_models() if issubclass(m, ClientOwned) and m._meta.app_label in OURS]
    ordered = []
    while wanted:
        ready = [m for m in wanted if not parents(m) & set(wanted)]
        ready = ready or [m for m in wanted if not parents(m, optional=False) & set(wanted)]
        assert ready, f"models that hang on one another: {wanted}"
        ordered += ready
        wanted = [m for m in wanted if m not in ready]
    return ordered


def parents(model, *, optional=True):
    keys = [f for f in model._meta.concrete_fields if f.is_relation and issubclass(f.related_model, ClientOwned)]
    return {f.related_model for f in keys if optional or not f.null} - {model}


def plant(number, name, mark, administrator):
    """A company with people in every standard role, and one row of every model in it: {model: row}."""
    client = create_client(organisation_number=number, name=f"{name} {mark}")
    people = {}
    for role in Role.objects.filter(client=client):
        subject = administrator if role.is_administrator else f"{role.key}-{mark.lower()}"
        person = known_person(subject=subject, name=f"{subject.title()} {mark}")
        User.objects.filter(pk=person.pk).update(email=f"{subject}@{mark.lower()}.example")
        add_member(client=client, user=person, role_key=role.key)
        people[role.key] = person
    own = Role.objects.create(client=client, name=f"Egen {mark}")
    rows = {Client: client, User: people["administrator"], Role: own}
    rows[Membership] = Membership.objects.filter(client=client).first()
    faults = {}
    for model in owned():
        try:
            with transaction.atomic(), client_scope(client):
                found = model.objects.for_client(client).first()
                if found is None:
                    found = model(**values(model, client, mark, rows))
                    found.save(force_insert=True)
                rows[model] = found
        except Exception as fault:
            faults[model._meta.label] = str(fault).split("\n")[0][:300]
    assert not faults, f"planting.GIVEN must say what these want: {faults}"
    return rows


def values(model, client, mark, rows):
    """What a row of this model is made of."""
    given = GIVEN.get(model._meta.label, {})
    found = {}
    for field in model._meta.concrete_fields:
        if field.name in given:
            found[field.name] = given[field.name](rows) if callable(given[field.name]) else given[field.name]
        elif field.name == "client":
            found["client"] = client
        elif not getattr(field, "auto_created", False) and (value := of_kind(field, mark, rows)) is not NotImplemented:
            found[field.name] = value
    return found


def of_kind(field, mark, rows):
    """A value for a field of this kind; NotImplemented to leave it as the model has it."""
    if isinstance(field, (models.AutoField, models.GeneratedField)) or getattr(field, "auto_now_add", False):
        return NotImplemented
    if field.is_relation:
        return None if field.null else rows[field.related_model]
    if field.choices:
        return NotImplemented if field.has_default() else field.choices[0][0]
    if isinstance(field, (models.CharField, models.TextField)):
        if field.name in NAMED:
            return NAMED[field.name]
        if (field.max_length or 99) < len(mark) or (field.unique and field.has_default()):
            return NotImplemented
        return mark
    if field.null or field.has_default() or field.primary_key or field.has_db_default():
        return NotImplemented
    for kind, value in (
        (models.DecimalField, AMOUNT), (models.DateTimeField, timezone.now()), (models.DateField, dt.date(2026, 1, 2)),
        (models.IntegerField, 1), (models.BooleanField, False), (models.JSONField, {"mark": mark}),
        (models.BinaryField, mark.encode()),
    ):  # fmt: skip
        if isinstance(field, kind):
            return value
    return NotImplemented
