"""SAF-T: real files spoilt in every way are read or refused with a line, and a refusal leaves nothing behind.

FUZZ=5000 tries more of them, FUZZ_SEED others.
"""

import os
import random
import re

import pytest
from django.db import transaction
from lxml import etree

from access.models import Client
from access.tenancy import client_scope
from accounting.imports.refusal import ImportRefused
from accounting.models import LedgerEntry
from accounting.services.saft_import import import_saft
from tests.accounting.test_import_saft import FILES, TOYEN

pytestmark = pytest.mark.django_db
TRIES = int(os.environ.get("FUZZ", "60"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
ODD = [
    b"", b"0", b"-1", b"1e5", b"999999999999999999999", b"NaN", b" ", b"\xc3\xb8" * 200, b"2026-02-30", b"0001-01-01",
    b"2199-12-31", b"1900-01-01", b"EUR", b"&#10;", b"\\N", b"\t", b"%s", b"1.005", b"\xf0\x9f\x92\xb0", b"x" * 50,
]  # fmt: skip


def spoil_bytes(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, removed, repeated, or the end cut off."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found))
        size = chance.choice([1, 1, 2, 10, 200])
        what = chance.randrange(4)
        if what == 0:
            found[at : at + size] = bytes(chance.randrange(256) for _ in range(size))
        elif what == 1:
            del found[at : at + size]
        elif what == 2:
            found[at:at] = found[at : at + size]
        elif chance.random() < 0.2:
            del found[at:]
    return bytes(found) or b"x"


def spoil_texts(content: bytes, chance: random.Random) -> bytes:
    """Some elements' texts made odd."""
    places = [found.span(1) for found in re.finditer(rb">([^<>\s][^<>]*)</", content)]
    for start, end in sorted(chance.sample(places, chance.randint(1, 3)), reverse=True):
        content = content[:start] + chance.choice(ODD) + content[end:]
    return content


def spoil_elements(content: bytes, chance: random.Random) -> bytes:
    """Some elements removed, repeated, moved or renamed."""
    root = etree.fromstring(content)
    for _ in range(chance.randint(1, 3)):
        elements = [one for one in root.iter(etree.Element) if one.getparent() is not None]
        one, other = chance.choice(elements), chance.choice(elements)
        what = chance.randrange(4)
        if what == 0:
            one.getparent().remove(one)
        elif what == 1:
            one.addnext(etree.fromstring(etree.tostring(one, with_tail=False)))
        elif what == 2:
            if one not in [other, *other.iterancestors()]:
                other.addnext(one)
        else:
            one.tag = other.tag
    return etree.tostring(root)


def stored():
    """Companies, and the entries of each."""
    clients = list(Client.objects.order_by("pk"))
    found = []
    for client in clients:
        with client_scope(client):
            found.append((client.pk, LedgerEntry.objects.for_client(client).count()))
    return found


@pytest.mark.parametrize("spoil", [spoil_bytes, spoil_texts, spoil_elements])
@pytest.mark.parametrize("held", [False, True])
def test_a_spoilt_file_is_read_or_refused_whole(shared, tmp_path, spoil, held):
    chance = random.Random(f"{SEED}{spoil.__name__}{held}")
    originals = [(shared / "data/saft" / name).read_bytes() for name in FILES]
    path = tmp_path / "spoilt.xml"
    if held:
        import_saft(path=shared / "data/saft" / TOYEN)
    before = stored()
    outcomes = {"read": 0, "refused": 0}
    for turn in range(TRIES):
        path.write_bytes(spoil(originals[0] if held else chance.choice(originals), chance))
        saved = transaction.savepoint()
        try:
            summary = import_saft(path=path, client_orgnr=None if held or turn % 2 else "310000000")
        except ImportRefused as refusal:
            outcomes["refused"] += 1
            assert refusal.line >= 1 and str(refusal)
            assert stored() == before
        else:
            outcomes["read"] += 1
            assert set(summary) == {"client", "customers", "entries", "matches", "totals", "warnings"}
            assert sum(entries for _, entries in stored()) == sum(n for _, n in before) + summary["entries"]["created"]
        transaction.savepoint_rollback(saved)
    assert min(outcomes.values()) > 0
