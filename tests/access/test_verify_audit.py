"""verify_audit names the first line that does not fit, whatever was done to the log by whoever owns the database."""

import random

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from access import tasks
from access.audit_chain import (
    Anchor,
    fault_among,
    read_anchors,
    verify_company,
    verify_lines_without_company,
    verify_nightly,
)
from access.models import AuditChain
from access.ownership import as_owner
from access.redaction import redacted
from access.services import write_audit
from access.tenancy import client_scope
from tests.access.audit_lines import lines, owner_at_work, verify, write

pytestmark = pytest.mark.django_db


# What verify_audit names.


def test_a_whole_log_is_told_with_its_figures(make_client, capsys):
    client = make_client()
    write(client, "a", "b")
    write_audit(action="sign_in.refused")
    assert verify(capsys) == (0, {"chains": 2, "rows": 4, "faults": []}, "")
    with client_scope(client):
        chain = AuditChain.objects.for_client(client).get()
    assert (chain.verified_number, chain.fault, chain.fault_number) == (3, "", None)
    assert chain.verified_at is not None


def test_with_nothing_in_it_there_is_nothing_wrong(db, capsys):
    assert verify(capsys) == (0, {"chains": 0, "rows": 0, "faults": []}, "")


# The statement that the owner runs, the line that is then named, and what is said of it. Five lines: 1 to 5.
TAMPERED = {
    "a changed action": ("UPDATE access_auditentry SET action = 'x' WHERE number = 3", 3, "changed"),
    "a changed detail": ("UPDATE access_auditentry SET details = '{\"n\": 2}' WHERE number = 3", 3, "changed"),
    "a changed time": ("UPDATE access_auditentry SET at = at + interval '1 microsecond' WHERE number = 3", 3, "changed"),
    "another person": ("UPDATE access_auditentry SET actor_name = 'Per' WHERE number = 3", 3, "changed"),
    "another id": ("UPDATE access_auditentry SET id = gen_random_uuid() WHERE number = 3", 3, "changed"),
    "a changed hash": (f"UPDATE access_auditentry SET hash = '{'a' * 64}' WHERE number = 3", 3, "changed"),
    "a line and its hash": (
        "UPDATE access_auditentry SET action = 'x' WHERE number = 3;"
        "UPDATE access_auditentry a SET hash = access_audit_hash(a) WHERE number = 3", 4, "order",
    ),
    "the last line and its hash": (
        "UPDATE access_auditentry SET action = 'x' WHERE number = 5;"
        "UPDATE access_auditentry a SET hash = access_audit_hash(a) WHERE number = 5", 5, "end",
    ),
    "a line removed": ("DELETE FROM access_auditentry WHERE number = 3", 4, "gap"),
    "the first removed": ("DELETE FROM access_auditentry WHERE number = 1", 2, "gap"),
    "a line removed and the rest numbered anew": (
        "DELETE FROM access_auditentry WHERE number = 3;"
        "UPDATE access_auditentry SET number = 3 WHERE number = 4; UPDATE access_auditentry SET number = 4 WHERE number = 5",
        3, "order",
    ),
    "the last removed": ("DELETE FROM access_auditentry WHERE number = 5", 4, "cut"),
    "all removed": ("DELETE FROM access_auditentry", 0, "cut"),
    "all removed, and the chain": ("DELETE FROM access_auditentry; DELETE FROM access_auditchain", 1, "no_chain"),
    "a line added at the end": (
        "INSERT INTO access_auditentry (id, client_id, at, actor_name, actor_role, action, object_type, object_id, details,"
        " number, previous_hash, hash) SELECT gen_random_uuid(), client_id, at, '', '', 'x', '', '', '{}', 6, hash, hash"
        " FROM access_auditentry WHERE number = 5", 6, "changed",
    ),
    "a line added before all": (
        "INSERT INTO access_auditentry (id, client_id, at, actor_name, actor_role, action, object_type, object_id, details,"
        " number, previous_hash, hash) SELECT gen_random_uuid(), client_id, at, '', '', 'x', '', '', '{}', 0, hash, hash"
        " FROM access_auditentry WHERE number = 5", 0, "twice",
    ),
    "two lines exchanged": (
        "UPDATE access_auditentry SET number = 9 WHERE number = 2; UPDATE access_auditentry SET number = 2 WHERE number = 3;"
        "UPDATE access_auditentry SET number = 3 WHERE number = 9", 2, "order",
    ),
    "a line without a number": (
        "ALTER TABLE access_auditentry ALTER number DROP NOT NULL;"
        "INSERT INTO access_auditentry (id, client_id, at, actor_name, actor_role, action, object_type, object_id, details,"
        " number, previous_hash, hash) SELECT gen_random_uuid(), client_id, at, '', '', 'x', '', '', '{}', NULL, hash, hash"
        " FROM access_auditentry WHERE number = 5", 5, "outside",
    ),
    "the end of the chain": (f"UPDATE access_auditchain SET hash = '{'a' * 64}'", 5, "end"),
}  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("statement", "number", "what"), TAMPERED.values(), ids=TAMPERED.keys())
def test_what_the_owner_does_to_the_log_is_named(make_client, capsys, statement, number, what):
    client = make_client()
    write(client, "a", "b", "c", "d")
    ids = {line.number: str(line.pk) for line in lines(client)}
    with owner_at_work() as cursor:
        if "0, hash" in statement:
            cursor.execute("ALTER TABLE access_auditentry DROP CONSTRAINT audit_line_is_chained")
        cursor.execute(statement)
    try:
        code, told, said = verify(capsys)
        assert code == 1
        (fault,) = told["faults"]
        assert (fault["company"], fault["number"], fault["what"]) == ("310000000", number, what)
        assert f"line {number} of 310000000" in said
        if what in ("order", "gap", "cut", "end") and fault["id"]:
            assert fault["id"] in ids.values() and fault["id"] in said
        if what != "no_chain":
            with client_scope(client):
                chain = AuditChain.objects.for_client(client).get()
            assert (chain.fault, chain.fault_number) == (what, number)
    finally:
        with as_owner(), connection.cursor() as cursor:  # the schema as it was, for the tests that follow
            cursor.execute("DELETE FROM access_auditentry WHERE number IS NULL OR number < 1")
            cursor.execute("ALTER TABLE access_auditentry ALTER number SET NOT NULL")
            if "0, hash" in statement:
                cursor.execute(
                    "ALTER TABLE access_auditentry ADD CONSTRAINT audit_line_is_chained"
                    " CHECK (number >= 1 AND hash ~ '^[0-9a-f]{64}$')"
                )


@pytest.mark.django_db(transaction=True)
def test_a_line_of_no_company_that_was_changed_is_named(capsys):
    for _ in range(3):
        write_audit(action="sign_in.refused", details={"why": "nonce"})
    with owner_at_work() as cursor:
        cursor.execute("UPDATE access_auditentry SET details = '{}' WHERE number = 2")
    code, told, said = verify(capsys)
    assert (code, told["faults"][0]["number"], told["faults"][0]["what"]) == (1, 2, "changed")
    assert "line 2 of -" in said


@pytest.mark.django_db(transaction=True)
def test_a_line_moved_to_another_company_is_named_in_both(make_client, capsys):
    one, other = make_client(), make_client("310011118", "Furulia Lys AS")
    write(one, "a")
    with owner_at_work() as cursor:
        cursor.execute("UPDATE access_auditentry SET client_id = %s WHERE action = 'a'", [other.pk])
    code, told, _ = verify(capsys)
    assert code == 1
    assert {(one["company"], one["what"]) for one in told["faults"]} == {("310000000", "cut"), ("310011118", "order")}


COLUMNS = {
    "at": "at - interval '1 day'", "actor_name": "actor_name || 'x'", "actor_role": "actor_role || 'x'",
    "action": "action || 'x'", "object_type": "object_type || 'x'", "object_id": "object_id || 'x'",
    "details": "details || '{\"x\": 1}'", "number": "number + 1000", "previous_hash": "repeat('b', 64)",
    "hash": "repeat('c', 64)", "id": "gen_random_uuid()",
}  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_changed_or_removed_at_random_is_named(make_client, seed):
    chance = random.Random(seed)
    client = make_client()
    write(client, *(f"a{number}" for number in range(11)))
    for _ in range(8):
        number, column = chance.randint(1, 12), chance.choice([*COLUMNS, None, None])
        statement = f"UPDATE access_auditentry SET {column} = {COLUMNS.get(column)} WHERE number = {number}"
        if column is None:
            statement = f"DELETE FROM access_auditentry WHERE number = {number}"
        with owner_at_work() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT * FROM access_auditentry")
            cursor.execute(statement)
        fault = verify_company(client).fault
        assert fault is not None, statement
        # The line itself, or where it is gone or elsewhere the one that now follows or ends.
        assert fault.number in (number, number + 1) or (number == 12 and fault.number == 11), (statement, fault)
        with owner_at_work() as cursor:
            cursor.execute(
                "DELETE FROM access_auditentry; INSERT INTO access_auditentry SELECT * FROM kept; DROP TABLE kept"
            )
        assert verify_company(client).fault is None


# The ends that are written down outside the database.


@pytest.mark.django_db(transaction=True)
def test_a_log_that_was_cut_together_with_its_end_is_found_by_what_was_written_down(
    make_client, capsys, caplog, tmp_path
):
    client = make_client()
    write(client, "a", "b")
    with caplog.at_level("INFO", logger="access.audit"):
        assert verify(capsys, "--anchor")[0] == 0
    kept = tmp_path / "kept.log"
    kept.write_text("other\n" + "".join(f"2026-11-24 INFO {one.getMessage()}\n" for one in caplog.records))
    assert verify(capsys, "--anchors", str(kept))[0] == 0
    with owner_at_work() as cursor:
        cursor.execute("DELETE FROM access_auditentry WHERE number = 3")
        cursor.execute(
            "UPDATE access_auditchain SET number = 2, hash = (SELECT hash FROM access_auditentry WHERE number = 2 AND"
            " client_id = %s) WHERE client_id = %s",
            [client.pk, client.pk],
        )
    assert verify(capsys)[0] == 0  # nothing in the database tells
    code, told, said = verify(capsys, "--anchors", str(kept))
    assert (code, told["faults"][0]["number"], told["faults"][0]["what"]) == (1, 3, "anchor")
    assert "outside the database" in said or "utenfor databasen" in said


@pytest.mark.django_db(transaction=True)
def test_a_log_that_was_written_anew_is_found_by_what_was_written_down(make_client):
    client = make_client()
    write(client, "a", "b")
    end = Anchor("310000000", 3, verify_company(client).hash)
    with owner_at_work() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT * FROM access_auditentry ORDER BY number")
        cursor.execute("DELETE FROM access_auditentry; DELETE FROM access_auditchain")
        cursor.execute("ALTER TABLE access_auditentry ENABLE TRIGGER audit_link")
        cursor.execute("UPDATE kept SET action = 'x' WHERE number = 2")
        cursor.execute("INSERT INTO access_auditentry SELECT * FROM kept ORDER BY number; DROP TABLE kept")
    assert verify_company(client).fault is None
    assert verify_company(client, [end]).fault.what == "anchor"


def test_a_company_that_is_gone_is_missed(make_client, capsys, tmp_path):
    kept = tmp_path / "kept.log"
    kept.write_text(f"{Anchor('310022225', 4, 'a' * 64)}\n")
    make_client()
    code, _, said = verify(capsys, "--anchors", str(kept))
    assert code == 1
    assert "310022225 is gone" in said


def test_an_unreadable_file_of_anchors_is_refused_in_words(capsys, db):
    with pytest.raises(SystemExit):
        call_command("verify_audit", "--anchors", "/no/such/file")
    assert "cannot be read" in capsys.readouterr().err


def test_an_end_survives_the_redaction_of_logs():
    # 01010112345-like digits in a hash would be taken for an identity number: 15108695088 is a valid one.
    end = Anchor("310000000", 3, ("15108695088" + "a") * 5 + "abcd")
    assert read_anchors([redacted(f"x INFO {end}")]) == {"310000000": [end]}


def test_every_night_each_chain_is_verified_and_its_end_written_down(make_client, caplog):
    client = make_client()
    write_audit(action="sign_in.refused")
    with caplog.at_level("INFO", logger="access.audit"):
        tasks.verify_log(client.pk)
        tasks.verify_log(None)
    found = read_anchors(one.getMessage() for one in caplog.records)
    assert found == {
        "310000000": [Anchor("310000000", 1, lines(client)[-1].hash)],
        "-": [Anchor("-", 1, verify_lines_without_company().hash)],
    }
    schedule = settings.CELERY_BEAT_SCHEDULE["verify_logs"]
    assert schedule["task"] == tasks.verify_logs.name


@pytest.mark.django_db(transaction=True)
def test_a_break_is_loud_at_night(make_client, caplog):
    client = make_client()
    with owner_at_work() as cursor:
        cursor.execute("UPDATE access_auditentry SET action = 'x'")
    verify_nightly(client, timezone.now())
    assert [one.levelname for one in caplog.records if one.name == "access.audit"] == ["ERROR"]
    assert not read_anchors(one.getMessage() for one in caplog.records)


@pytest.mark.django_db(transaction=True)
def test_a_quick_look_at_some_lines_finds_what_was_changed_among_them(make_client):
    client = make_client()
    write(client, "a", "b", "c")
    with client_scope(client):
        assert fault_among(client, lines(client)[1:]) is None
    with owner_at_work() as cursor:
        cursor.execute("UPDATE access_auditentry SET action = 'x' WHERE number = 3")
    with client_scope(client):
        found = lines(client)
        assert fault_among(client, found) == 3
        assert fault_among(client, [found[0], found[1], found[3]]) is None
