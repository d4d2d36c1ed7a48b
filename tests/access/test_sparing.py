"""A flood from strangers is counted, not written down line by line."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from access import oidc
from access.models import AuditEntry
from access.ownership import as_owner
from access.sparing import Sparing


def test_so_many_in_a_while_and_then_how_many_were_left_out():
    sparing = Sparing(most=2, seconds=60)
    assert [sparing.take(now) for now in (0, 1, 2, 59.9, 60, 61, 62)] == [0, 0, None, None, 2, 0, None]
    assert sparing.take(1000) == 1


def test_many_at_once_are_not_more():
    sparing = Sparing(most=50, seconds=60)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: sparing.take(0), range(1000)))
    assert taken.count(0) == 50 and taken.count(None) == 950
    assert sparing.take(60) == 950


@pytest.mark.django_db(transaction=True)
def test_a_flood_of_forged_sign_ins_is_few_audit_lines(client, monkeypatch):
    monkeypatch.setattr(oidc, "refusals", Sparing(most=3, seconds=3600))
    for _ in range(10):
        assert client.get("/oidc/callback/?code=x&state=forged")["Location"] == "/innlogging/mislyktes"
    with as_owner():
        assert AuditEntry.unscoped.filter(action="sign_in.refused").count() == 3
