"""Agreements, analyses and transactions over the partner API."""

import re
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from sandbox import access, account_book, bankday, changes, clock, links, present
from sandbox.api import fields
from sandbox.api.endpoint import endpoint, page_size
from sandbox.api.problems import Problem
from sandbox.models import Agreement, Analysis, Counter, Transaction

_POSITION = re.compile(r"s(\d{1,18})", re.ASCII)
_CURSOR = re.compile(r"c(\d{1,18})-(\d{1,18})", re.ASCII)


def _found(id: str) -> Agreement:
    one = Agreement.objects.select_related("onboarding").filter(pk=id).first()
    if one is None:
        raise Problem(404, "No such agreement.")
    return one


def _list(request: HttpRequest) -> dict[str, Any]:
    """Contract: listAgreements. In the order of `sequence`, up to the number that was the last when the reading began;
    what changes meanwhile gets a higher one and comes with the next reading, so that none is missed."""
    size = page_size(request, 100, 500)
    cursor, since = request.GET.get("cursor"), request.GET.get("changed_since")
    if cursor:
        found = _CURSOR.fullmatch(cursor)
        if not found:
            raise Problem(400, "cursor: not one of ours")
        position, end = int(found[1]), int(found[2])
    else:
        found = _POSITION.fullmatch(since) if since else None
        if since and not found:
            raise Problem(400, "changed_since: not one of ours")
        position = int(found[1]) if found else 0
        end = Counter.objects.filter(pk=1).values_list("value", flat=True).first() or 0
    rows = list(
        Agreement.objects.select_related("onboarding")
        .filter(sequence__gt=position, sequence__lte=end)
        .order_by("sequence")[: size + 1]
    )
    more = len(rows) > size
    last = rows[size - 1].sequence if more else max(end, position)
    return {
        "items": [present.agreement(one) for one in rows[:size]],
        "next_cursor": f"c{last}-{end}" if more else None,
        "next_changed_since": f"s{last}",
    }


def _read(request: HttpRequest, id: str) -> dict[str, Any]:
    return present.agreement(_found(id))


def _manage_link(body: dict[str, Any], id: str) -> tuple[int, dict[str, Any]]:
    """Contract: createManageLink. 409 where there is no account: not yet opened, or over."""
    one = _found(id)
    if one.status in ("offered", "terminated"):
        raise Problem(409, f"The agreement is {one.status}.")
    return 201, links.make(agreement=one, return_url=fields.address(body, "return_url"))


def _receivables_changed(body: dict[str, Any], id: str) -> tuple[int, None]:
    """Contract: announceReceivablesChanged. A nudge after the end is noted and comes to nothing."""
    access.nudge(_found(id).onboarding)
    transaction.on_commit(clock.wake)
    return 202, None


def _grant(body: dict[str, Any], id: str) -> tuple[int, dict[str, Any]]:
    """Contract: reconnect. The clock redeems it; then the account opens again."""
    one = _found(id)
    if one.status == "terminated":
        raise Problem(409, "The agreement is terminated.")
    access.keep_grant(one.onboarding, fields.grant(body))
    if not one.onboarding.is_final and one.onboarding.needs_grant:
        one.onboarding.needs_grant = False
        changes.save_onboarding(one.onboarding)
    if one.needs_grant:
        one.needs_grant = False
        changes.save_agreement(one)
    transaction.on_commit(clock.wake)
    return 200, present.agreement(one)


def _disconnect(body: dict[str, Any], id: str) -> tuple[int, dict[str, Any]]:
    """Contract: disconnect."""
    one = _found(id)
    account_book.disconnect(one, today=bankday.today())
    return 200, present.agreement(one)


def _lines(request: HttpRequest, id: str) -> dict[str, Any]:
    """Contract: listAnalysisLines."""
    size = page_size(request, 500, 1000)
    start = request.GET.get("cursor") or "0"
    if not (start.isascii() and start.isdigit() and len(start) < 10):
        raise Problem(400, "cursor: not one of ours")
    one = Analysis.objects.filter(pk=id).first()
    if one is None:
        raise Problem(404, "No such analysis.")
    first, after = int(start), int(start) + size
    return {
        "items": [present.line(values) for values in one.lines[first:after]],
        "next_cursor": str(after) if after < len(one.lines) else None,
    }


def _transactions(request: HttpRequest, id: str) -> dict[str, Any]:
    """Contract: listTransactions. 400 for an `after` that is not of this account."""
    size = page_size(request, 100, 500)
    rows = Transaction.objects.filter(agreement=_found(id)).order_by("serial")
    after = request.GET.get("after")
    if after:
        serial = rows.filter(id=after).values_list("serial", flat=True).first()
        if serial is None:
            raise Problem(400, "after: no such transaction on this account")
        rows = rows.filter(serial__gt=serial)
    found = list(rows[: size + 1])
    return {"items": [present.transaction(one) for one in found[:size]], "has_more": len(found) > size}


collection = endpoint(get=_list)
item = endpoint(get=_read)
manage_link = endpoint(post=_manage_link)
receivables_changed = endpoint(post=_receivables_changed)
grant = endpoint(put=_grant)
disconnect = endpoint(post=_disconnect)
lines = endpoint(get=_lines)
transactions = endpoint(get=_transactions)
