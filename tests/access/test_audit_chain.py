"""The log's chains are made by the database, whoever writes, and one for each company."""

import threading
import uuid

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from access import audit_chain
from access.audit_chain import (
    verify_company,
    verify_lines_without_company,
)
from access.models import AuditChain, AuditEntry
from access.services import write_audit
from access.tenancy import client_scope
from tests.access.audit_lines import lines, write

pytestmark = pytest.mark.django_db


# How the chains are made.


def test_every_company_has_a_chain_of_its_own_and_the_lines_of_none_have_one(make_client):
    one, other = make_client(), make_client("310011118", "Furulia Lys AS")
    write(one, "a", "b")
    write(other, "c")
    write_audit(action="sign_in.refused")
    write_audit(action="sign_in.refused")
    for client, count in ((one, 3), (other, 2)):
        found = lines(client)
        assert [line.number for line in found] == list(range(1, count + 1))
        assert [line.previous_hash for line in found] == ["0" * 64, *[line.hash for line in found[:-1]]]
        assert verify_company(client).rows == count
    found = verify_lines_without_company()
    assert (found.fault, found.rows) == (None, 2)


def test_the_database_and_python_write_one_text(make_client):
    client = make_client()
    write(client, "ærlig", "a" * 60)
    with client_scope(client):
        AuditEntry.objects.for_client(client).create(
            at=timezone.now(), action="x", actor_name="-", object_id="3:abc,", details=[{}]
        )
    assert verify_company(client) == audit_chain.Verified("310000000", 4, lines(client)[-1].hash)


def test_values_that_run_together_have_different_hashes():
    assert audit_chain.hash_of(["a", "bc"]) != audit_chain.hash_of(["ab", "c"])
    assert audit_chain.hash_of([None]) != audit_chain.hash_of(["-"])
    assert audit_chain.hash_of(["1:a,1:b"]) != audit_chain.hash_of(["a", "b"])


def test_what_is_written_in_bulk_and_raw_is_in_the_chain_whatever_it_claims(make_client):
    client = make_client()
    with client_scope(client):
        AuditEntry.objects.for_client(client).bulk_create(
            AuditEntry(at=timezone.now(), action="bulk", number=77, hash="f" * 64) for _ in range(3)
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO access_auditentry (id, client_id, at, actor_name, actor_role, action, object_type, object_id,"
                " details, number, previous_hash, hash) VALUES (%s, %s, now(), '', '', 'raw', '', '', '{}', 1, '', '')",
                [str(uuid.uuid4()), client.pk],
            )
    assert [line.number for line in lines(client)] == [1, 2, 3, 4, 5]
    assert verify_company(client).fault is None


def test_what_is_rolled_back_leaves_no_gap(make_client):
    client = make_client()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write(client, "lost")
        raise ZeroDivisionError
    write(client, "kept")
    assert [line.action for line in lines(client)] == ["client.created", "kept"]
    assert verify_company(client).rows == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_auditentry SET action = 'x'",
        "DELETE FROM access_auditentry",
        "TRUNCATE access_auditentry",
        "UPDATE access_auditchain SET hash = 'x'",
        "UPDATE access_auditchain SET number = 1",
        "INSERT INTO access_auditchain (id, number, hash) VALUES (0, 1, 'x')",
        "DELETE FROM access_auditchain",
        "ALTER TABLE access_auditentry DISABLE TRIGGER audit_link",
        "CREATE OR REPLACE FUNCTION access_audit_hash(line access_auditentry) RETURNS text LANGUAGE sql AS 'SELECT 1::text'",
    ],
)
def test_the_application_can_change_neither_line_nor_chain(make_client, statement):
    client = make_client()
    refused = pytest.raises(DatabaseError, match=r"permission denied|must be owner")
    with client_scope(client), refused as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert caught.value.__cause__.pgcode == "42501"  # insufficient_privilege


def test_the_application_writes_when_a_chain_was_verified_and_sees_only_its_own(make_client):
    one, other = make_client(), make_client("310011118", "Furulia Lys AS")
    audit_chain.keep_verified(one, verify_company(one), timezone.now())
    with client_scope(one, other):
        kept = {chain.client_id: chain.verified_number for chain in AuditChain.objects.for_clients([one, other])}
    assert kept == {one.pk: 1, other.pk: None}
    with client_scope(other):
        assert AuditChain.objects.for_clients([one, other]).count() == 1


# Several writers.


def connect():
    login = connection.get_connection_params()
    return psycopg2.connect(
        **{key: login[key] for key in ("dbname", "user", "host", "port", "password") if login.get(key)}
    )


def open_scope(cursor, client):
    cursor.execute("SELECT set_config('app.client_ids', %s, true)", [f"{{{client.pk}}}"])


INSERT = (
    "INSERT INTO access_auditentry (id, client_id, at, actor_name, actor_role, action, object_type, object_id, details,"
    " number, previous_hash, hash) VALUES (gen_random_uuid(), %s, clock_timestamp(), '', '', 'parallel', '', '', '{}',"
    " 0, '', '')"
)


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_keep_one_chain(make_client):
    client, each, writers = make_client(), 25, 6
    failed = []

    def run(of):
        try:
            own = connect()
            for _ in range(each):
                with own, own.cursor() as cursor:
                    open_scope(cursor, client)
                    cursor.execute(INSERT, [of])
            own.close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=[client.pk if number % 3 else None]) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert verify_company(client) == audit_chain.Verified("310000000", 1 + 4 * each, lines(client)[-1].hash)
    assert verify_lines_without_company().rows == 2 * each


@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_holds_up_no_other_company(make_client):
    one, other = make_client(), make_client("310011118", "Furulia Lys AS")
    long, short = connect(), connect()
    with long.cursor() as cursor:
        open_scope(cursor, one)
        cursor.execute(INSERT, [one.pk])
        with short.cursor() as at_once:
            at_once.execute("SET lock_timeout = '2s'")
            for client in (other.pk, None):
                open_scope(at_once, other)
                at_once.execute(INSERT, [client])
            short.commit()
    long.commit()
    long.close()
    short.close()
    assert verify_company(one).rows == verify_company(other).rows == 2


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_the_company_does_not_hold_its_log_meanwhile(make_client):
    """An import holds the Client row and writes its line last; a refusal meanwhile must wait, and not end in a deadlock."""
    client = make_client()
    long, refusal = connect(), connect()
    ended = []

    def refuse():
        with refusal, refusal.cursor() as cursor:
            open_scope(cursor, client)
            cursor.execute(INSERT, [client.pk])
        ended.append(True)

    with long.cursor() as cursor:
        open_scope(cursor, client)
        cursor.execute("SELECT 1 FROM access_client WHERE id = %s FOR UPDATE", [client.pk])
        thread = threading.Thread(target=refuse)
        thread.start()
        with connection.cursor() as watching:
            for _ in range(2000):
                watching.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if watching.fetchone()[0]:
                    break
        cursor.execute(INSERT, [client.pk])  # at once: the log is free
        long.commit()
        thread.join(30)
    long.close()
    refusal.close()
    assert ended == [True]
    assert verify_company(client).rows == 3


@pytest.mark.django_db(transaction=True)
def test_what_is_written_while_a_log_is_verified_is_no_fault(make_client, monkeypatch):
    client = make_client()
    walk = audit_chain._walk

    def walk_later(*arguments):
        own = connect()  # after the end of the chain was read, before its lines are
        with own, own.cursor() as cursor:
            open_scope(cursor, client)
            cursor.execute(INSERT, [client.pk])
        own.close()
        return walk(*arguments)

    monkeypatch.setattr(audit_chain, "_walk", walk_later)
    found = verify_company(client)
    assert (found.fault, found.rows) == (None, 1)
    assert len(lines(client)) == 2
