"""A row in every model of a company, with a mark in every text of it that can carry one: whatever shows it, tells whose it is.

A new model is planted by itself from its fields. Where its constraints want more than that, GIVEN says what.
"""

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

# What a model's constraints want beyond its fields' kinds; a function gets the mark.
GIVEN = {
    "accounting.LedgerLock": {"through": LONG_AGO},
}


def owned():
    """Every model of a company, parents before children."""
    wanted = [m for m in apps.get_models() if issubclass(m, ClientOwned) and m._meta.app_label in OURS]
    ordered = []
    while wanted:
        ready = [m for m in wanted if not (parents(m) - {m}) & set(wanted)]
        assert ready, f"models that hang on one another: {wanted}"
        ordered += ready
        wanted = [m for m in wanted if m not in ready]
    return ordered


def parents(model):
    keys = [f for f in model._meta.concrete_fields if f.is_relation and issubclass(f.related_model, ClientOwned)]
    return {f.related_model for f in keys if not f.null}


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
        except Exception as fault:  # noqa: BLE001  said below, all of them at once
            faults[model._meta.label] = str(fault).split("\n")[0][:300]
    assert not faults, f"planting.GIVEN must say what these want: {faults}"
    return rows


def values(model, client, mark, rows):
    """What a row of this model is made of."""
    given = GIVEN.get(model._meta.label, {})
    found = {}
    for field in model._meta.concrete_fields:
        if field.name in given:
            found[field.name] = given[field.name](mark) if callable(given[field.name]) else given[field.name]
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
        short = (field.max_length or 99) < len(mark)
        return NotImplemented if field.unique and field.has_default() else ("NOK" if short else mark)
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
