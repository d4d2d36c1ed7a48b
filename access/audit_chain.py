"""The log's chains, one per company and one of the lines without: what a line's hash is of, and whether every line fits.

A hash is SHA-256 in hex of one text: the values of `_VALUES` in their order, each as `length in bytes:value`, `-` where
there is none, commas between. So every column is in it, and the hash of the line before. The database writes it
(access/migrations/0005_audit_chain.py); it is computed here anew, so that nobody who changes the function there is believed.
docs/decisions/0028-audit-chain.md says what it protects from, and from what not.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from access.models import AuditChain, AuditEntry, Client
from access.tenancy import client_scope

log = logging.getLogger("access.audit")
ZEROS = "0" * 64  # before the first line
WITHOUT_CLIENT = "-"  # stands for the company where a line has none
_BATCH = 5000
_FIRST = (-(2**63), "00000000-0000-0000-0000-000000000000")

# As the migration writes them.
_VALUES = (
    "'1'", "client_id::text", "number::text", "previous_hash", "id::text",
    """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')""", "actor_id::text", "actor_name", "actor_role",
    "action", "object_type", "object_id", "details::text",
)  # fmt: skip
_LINE = f"SELECT number, id::text, previous_hash, hash, ARRAY[{', '.join(_VALUES)}] FROM "  # noqa: S608  no input
_OF_CLIENT = f"{_LINE} access_auditentry WHERE client_id = %s AND (number, id) > (%s, %s) ORDER BY number, id LIMIT %s"
_OF_NONE = f"{_LINE} audit_lines_without_client(%s, %s, %s)"
_SHOWN = f"{_LINE} access_auditentry WHERE client_id = %s AND id = ANY (%s::uuid[]) ORDER BY number"

WHAT = {
    "changed": _("was changed after it was written"),
    "gap": _("comes after a line that is missing"),
    "order": _("does not fit the line before it"),
    "twice": _("has a number that was given before"),
    "cut": _("is the last, and lines after it are missing"),
    "end": _("is not the line that the log ended with"),
    "outside": _("is the last, and there are lines outside the chain"),
    "no_chain": _("is missing: the log of a company begins with its creation"),
    "anchor": _("is not the line that was written down outside the database"),
}


@dataclass(frozen=True)
class Line:
    """One line as it is hashed."""

    number: int
    id: str
    previous_hash: str
    hash: str
    values: tuple[str | None, ...]

    @property
    def own_hash(self) -> str:
        """What its hash must be."""
        return hash_of(self.values)


@dataclass(frozen=True)
class Fault:
    """The first line of a chain that does not fit: which, and what is wrong (a key of WHAT). `id` empty: it is not there."""

    company: str
    number: int
    id: str
    what: str

    def __str__(self) -> str:
        named = f" (id {self.id})" if self.id else ""
        return f"line {self.number} of {self.company}{named} {WHAT[self.what]}"


@dataclass(frozen=True)
class Verified:
    """One chain walked to its end, or to the first line that does not fit. `rows` fitted; `hash` is the last one's."""

    company: str
    rows: int
    hash: str
    fault: Fault | None = None


@dataclass(frozen=True)
class Anchor:
    """A chain's end as it was on a day, written down outside the database."""

    company: str
    number: int
    hash: str

    def __str__(self) -> str:
        # In groups, so that no eleven digits in it are taken for an identity number and hidden (access/redaction.py).
        groups = "_".join(self.hash[at : at + 8] for at in range(0, 64, 8))
        return f"audit anchor: company={self.company} number={self.number} hash={groups}"


_ANCHOR = re.compile(r"audit anchor: company=([0-9A-Za-z-]+) number=([0-9]+) hash=([0-9a-f]{8}(?:_[0-9a-f]{8}){7})\b")


def read_anchors(lines: Iterable[str]) -> dict[str, list[Anchor]]:
    """The anchors that stand in a log, by company; other lines are passed over."""
    found: dict[str, list[Anchor]] = {}
    for line in lines:
        for company, number, digest in _ANCHOR.findall(line):
            found.setdefault(company, []).append(Anchor(company, int(number), digest.replace("_", "")))
    return found


def hash_of(values: Iterable[str | None]) -> str:
    """SHA-256 in hex of one line's values."""
    parts = ("-" if one is None else f"{len(one.encode())}:{one}" for one in values)
    return hashlib.sha256(",".join(parts).encode()).hexdigest()


def verify_company(client: Client, anchors: Iterable[Anchor] = ()) -> Verified:
    """Walk the whole log of one company, in constant memory and at one moment. Opens its own scope."""
    with _one_moment(), client_scope(client, read_only=True), connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT number FROM access_auditchain WHERE id = %(id)s),"
            " (SELECT hash FROM access_auditchain WHERE id = %(id)s),"
            " (SELECT count(*) FROM access_auditentry WHERE client_id = %(id)s)",
            {"id": client.pk},
        )
        end = cursor.fetchone()
        if end == (None, None, 0):
            return Verified(client.organisation_number, 0, ZEROS, Fault(client.organisation_number, 1, "", "no_chain"))
        return _walk(client.organisation_number, _lines(cursor, _OF_CLIENT, [client.pk]), end, anchors)


def verify_lines_without_company(anchors: Iterable[Anchor] = ()) -> Verified:
    """As `verify_company`, of the lines that belong to none (refused sign-ins, the operators)."""
    with _one_moment(), connection.cursor() as cursor:
        cursor.execute("SELECT number, hash, lines FROM audit_end_without_client()")
        return _walk(WITHOUT_CLIENT, _lines(cursor, _OF_NONE, []), cursor.fetchone(), anchors)


def keep_verified(client: Client, found: Verified, now: Any) -> None:
    """Write on the chain when it was verified, how far, and its fault, for the page «Logg»."""
    fault = {"fault_number": found.fault.number, "fault": found.fault.what} if found.fault else {}
    with client_scope(client):
        AuditChain.objects.for_client(client).update(
            verified_at=now, verified_number=found.rows, **{"fault_number": None, "fault": "", **fault}
        )


def verify_nightly(client: Client | None, now: Any) -> Verified:
    """Verify one chain (None: that of no company), keep when, and write into the system's log its end, or loudly its fault."""
    found = verify_company(client) if client else verify_lines_without_company()
    if client:
        keep_verified(client, found, now)
    if found.fault:
        log.error("the audit log is broken: %s", found.fault)
    elif found.rows:
        log.info("%s", Anchor(found.company, found.rows, found.hash))
    return found


def fault_among(client: Client, entries: Iterable[AuditEntry]) -> int | None:
    """The number of the first of these lines that was changed or does not fit its neighbour among them; None where all do.

    A quick look at what a page shows, inside the client's scope; only `verify_company` sees the whole chain.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, [client.pk, [one.pk for one in entries]])
        before: Line | None = None
        for row in cursor:
            line = Line(*row)
            fits = before is None or line.number != before.number + 1 or line.previous_hash == before.hash
            if line.own_hash != line.hash or not fits:
                return line.number
            before = line
    return None


def _walk(
    company: str, lines: Iterator[Line], end: tuple[int | None, str | None, int], anchors: Iterable[Anchor]
) -> Verified:
    last, before, last_id = 0, ZEROS, ""
    anchored: dict[int, set[str]] = {}
    for one in anchors:
        anchored.setdefault(one.number, set()).add(one.hash)

    def faulty(number: int, identity: str, what: str) -> Verified:
        return Verified(company, last, before, Fault(company, number, identity, what))

    for line in lines:
        if line.number != last + 1:
            return faulty(line.number, line.id, "gap" if line.number > last else "twice")
        if line.previous_hash != before:
            return faulty(line.number, line.id, "order")
        if line.own_hash != line.hash:
            return faulty(line.number, line.id, "changed")
        if anchored.pop(line.number, {line.hash}) != {line.hash}:
            return faulty(line.number, line.id, "anchor")
        last, before, last_id = line.number, line.hash, line.id
    number, digest, count = end[0] or 0, end[1] or ZEROS, end[2]
    if number > last:
        return faulty(last, last_id, "cut")
    if (number, digest) != (last, before):
        return faulty(last, last_id, "end")
    if count != last:
        return faulty(last, last_id, "outside")
    if anchored:
        return faulty(min(anchored), "", "anchor")
    return Verified(company, last, before)


def _lines(cursor: Any, query: str, parameters: list[Any]) -> Iterator[Line]:
    position: tuple[Any, ...] = _FIRST
    while True:
        cursor.execute(query, [*parameters, *position, _BATCH])
        rows = cursor.fetchall()
        for row in rows:
            yield Line(*row)
        if len(rows) < _BATCH:
            return
        position = rows[-1][:2]


@contextmanager
def _one_moment() -> Iterator[None]:
    """What is written meanwhile is not seen. Within another transaction that has begun already, each batch sees its own."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
