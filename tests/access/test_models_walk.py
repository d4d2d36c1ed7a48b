"""Walks every model: what carries a client stands behind row-level security, or on the reviewed list."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from access.models import Client
from access.tenancy import ClientOwned, RaisingManager

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("access", "accounting", "financing", "dashboard")

# Needed before a company is known: they say who may open a scope.
REVIEWED = {
    "access.Role": "says what a member may do; read before the scope is opened",
    "access.Membership": "says who may open a scope",
}

# Where the unscoped manager may be named: Django's insides need it, people write `objects.for_client`.
UNSCOPED = {"access/tenancy.py"}


def client_models():
    for model in apps.get_models():
        keys = [f for f in model._meta.concrete_fields if f.is_relation and f.related_model is Client]
        if keys:
            yield model


@pytest.mark.django_db
def test_every_model_with_a_client_is_walled_or_on_the_reviewed_list():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, array_agg(pg_get_expr(p.polqual, p.polrelid)),"
            " array_agg(pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid"
            " GROUP BY 1, 2, 3"
        )
        walls = {name: (enabled, forced, quals) for name, enabled, forced, quals, _ in cursor.fetchall()}
    checked = 0
    for model in client_models():
        if model._meta.label in REVIEWED:
            continue
        assert issubclass(model, ClientOwned), model
        assert isinstance(model.objects, RaisingManager), model
        assert model._meta.default_manager_name == "unscoped", model
        enabled, forced, quals = walls[model._meta.db_table]
        assert enabled and forced, model
        assert "(client_id = ANY (app_client_ids()))" in quals, (model, quals)
        checked += 1
    assert checked >= 15


@pytest.mark.django_db
def test_a_key_between_two_models_of_a_company_includes_the_company():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f'"
        )
        keys = cursor.fetchall()
    walled = {model._meta.db_table: model for model in client_models()}
    found = 0
    for model in walled.values():
        for field in model._meta.concrete_fields:
            if not field.is_relation or field.related_model._meta.db_table not in walled:
                continue
            parent = field.related_model._meta.db_table
            assert any(
                child == model._meta.db_table and to == parent and f"(client_id, {field.column})" in definition
                for child, to, definition in keys
            ), f"{model._meta.label}.{field.name} needs SameClientForeignKey"
            found += 1
    assert found >= 9


def test_the_unscoped_manager_is_named_where_it_was_reviewed_and_nowhere_else():
    named = {
        str(path.relative_to(ROOT))
        for app in OURS
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts and re.search(r"\bunscoped\b", path.read_text(encoding="utf-8"))
    }
    assert named == UNSCOPED
