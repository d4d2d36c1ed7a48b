"""The endpoints of the partner API (contract: paths below /v1)."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from sandbox import bank, clock
from sandbox.api import wire
from sandbox.api.door import Problem, digest, endpoint, json_body, text
from sandbox.models import FINAL, Access, Agreement, Analysis, Counter, Link, Onboarding, new_id

LINK_LIFE = timedelta(minutes=10)
ONBOARDING_LIFE = timedelta(days=14)


def _create_onboarding(request: HttpRequest) -> tuple[int, Any]:
    body = json_body(request)
    number = text(body, "organisation_number")
    if not re.fullmatch(r"\d{9}", number, re.ASCII):
        raise Problem(422, "organisation_number must have nine digits")
    payout = body.get("payout_account")
    if payout is not None and not re.fullmatch(r"\d{11}", str(payout), re.ASCII):
        raise Problem(422, "payout_account must have 11 digits, or be null")
    grant = _grant(body.get("grant"))
    with transaction.atomic():
        living = Onboarding.objects.filter(organisation_number=number).exclude(status__in=FINAL).first()
        if living:
            raise Problem(409, "An onboarding of this company lives already", onboarding_id=living.pk)
        try:
            row = Onboarding.objects.create(
                id=new_id("onb"), reference=text(body, "reference", most=64), organisation_number=number,
                organisation_name=text(body, "organisation_name"), payout_account=payout,
                return_url=_url(body, "return_url"), state=text(body, "state", least=32),
                webhook_url=_url(body, "webhook_url"), expires_at=timezone.now() + ONBOARDING_LIFE,
            )  # fmt: skip
        except IntegrityError:
            raise Problem(409, "This reference is known already") from None
        Access.objects.create(onboarding=row, **grant)
        link = _new_link(onboarding=row, return_url=row.return_url, state=row.state)
    return 201, {**wire.onboarding(row), "link": link}


def _find_onboarding(request: HttpRequest) -> tuple[int, Any]:
    reference = request.GET.get("reference", "")
    if not reference:
        raise Problem(400, "reference is missing")
    return 200, {"items": [wire.onboarding(row) for row in Onboarding.objects.filter(reference=reference)]}


def _read_onboarding(request: HttpRequest, pk: str) -> tuple[int, Any]:
    return 200, wire.onboarding(_onboarding(pk))


def _onboarding_link(request: HttpRequest, pk: str) -> tuple[int, Any]:
    body, row = json_body(request), _onboarding(pk)
    if row.is_final:
        raise Problem(409, "The onboarding is over")
    return 201, _new_link(onboarding=row, return_url=_url(body, "return_url"), state=text(body, "state", least=32))


def _renew_grant(request: HttpRequest, pk: str) -> tuple[int, Any]:
    row = _onboarding(pk)
    if row.is_final:
        raise Problem(409, "The onboarding is over")
    Access.objects.filter(onboarding=row).update(**_grant(json_body(request)), refused=False)
    row = _onboarding(pk)
    row.save()
    clock.wake.set()
    return 200, wire.onboarding(row)


def _cancel_onboarding(request: HttpRequest, pk: str) -> tuple[int, Any]:
    row = _onboarding(pk)
    if row.status == "accepted":
        raise Problem(409, "There is an agreement")
    bank.end(pk, "cancelled")
    return 200, wire.onboarding(_onboarding(pk))


def _list_agreements(request: HttpRequest) -> tuple[int, Any]:
    since, size = _whole(request, "changed_since", 0), _whole(request, "page_size", 100, least=1, most=500)
    after, until = since, None
    if cursor := request.GET.get("cursor"):
        try:
            after, until = (int(part) for part in cursor.split("-"))
        except ValueError:
            raise Problem(400, "cursor is not one of ours") from None
    counter = Counter.objects.filter(pk=1).first()
    until = until if until is not None else (counter.value if counter else 0)
    found = list(
        Agreement.objects.filter(position__gt=after)
        .select_related("onboarding__access")
        .order_by("position")[: size + 1]
    )
    more = len(found) > size
    found = found[:size]
    return 200, {
        "items": [wire.agreement(row) for row in found],
        "next_cursor": f"{found[-1].position}-{until}" if more else None,
        "next_changed_since": str(until),
    }


def _read_agreement(request: HttpRequest, pk: str) -> tuple[int, Any]:
    return 200, wire.agreement(_agreement(pk))


def _manage_link(request: HttpRequest, pk: str) -> tuple[int, Any]:
    row = _agreement(pk)
    if row.status in ("offered", "terminated"):
        raise Problem(409, "There is no account to manage")
    return 201, _new_link(agreement=row, return_url=_url(json_body(request), "return_url"))


def _receivables_changed(request: HttpRequest, pk: str) -> tuple[int, Any]:
    _agreement(pk)
    clock.wake.set()
    return 202, None


def _reconnect(request: HttpRequest, pk: str) -> tuple[int, Any]:
    row = _agreement(pk)
    if row.status == "terminated":
        raise Problem(409, "The agreement is terminated")
    Access.objects.filter(onboarding=row.onboarding).update(**_grant(json_body(request)), refused=False)
    if row.status == "disconnected":  # open again once the code is redeemed and the receivables are read
        row.status, row.reason, row.due_amount, row.due_date = "paused", "no_data", None, None
    row.save()
    clock.wake.set()
    return 200, wire.agreement(_agreement(pk))


def _disconnect(request: HttpRequest, pk: str) -> tuple[int, Any]:
    _agreement(pk)
    return 200, wire.agreement(bank.disconnect(pk))


def _analysis_lines(request: HttpRequest, pk: str) -> tuple[int, Any]:
    found = Analysis.objects.filter(pk=pk).first()
    if found is None:
        raise Problem(404, "There is no such analysis")
    size, start = _whole(request, "page_size", 500, least=1, most=1000), _whole(request, "cursor", 0)
    lines = found.lines[start : start + size]
    more = start + size < len(found.lines)
    return 200, {"items": lines, "next_cursor": str(start + size) if more else None}


def _transactions(request: HttpRequest, pk: str) -> tuple[int, Any]:
    size = _whole(request, "page_size", 100, least=1, most=500)
    rows = list(_agreement(pk).transactions.filter(pk__gt=_whole(request, "after", 0)).order_by("pk")[: size + 1])
    return 200, {"items": [wire.transaction(row) for row in rows[:size]], "has_more": len(rows) > size}


onboardings = endpoint(POST=_create_onboarding, GET=_find_onboarding)
onboarding = endpoint(GET=_read_onboarding)
onboarding_links = endpoint(POST=_onboarding_link)
onboarding_grant = endpoint(PUT=_renew_grant)
onboarding_cancel = endpoint(POST=_cancel_onboarding)
agreements = endpoint(GET=_list_agreements)
agreement = endpoint(GET=_read_agreement)
manage_links = endpoint(POST=_manage_link)
receivables_changed = endpoint(POST=_receivables_changed)
agreement_grant = endpoint(PUT=_reconnect)
disconnect = endpoint(POST=_disconnect)
analysis_lines = endpoint(GET=_analysis_lines)
transactions = endpoint(GET=_transactions)


def _onboarding(pk: str) -> Onboarding:
    found = Onboarding.objects.select_related("access").filter(pk=pk).first()
    if found is None:
        raise Problem(404, "There is no such onboarding")
    return found


def _agreement(pk: str) -> Agreement:
    found = Agreement.objects.select_related("onboarding__access").filter(pk=pk).first()
    if found is None:
        raise Problem(404, "There is no such agreement")
    return found


def _new_link(*, return_url: str, state: str = "", **target: Any) -> dict[str, str]:
    token, expires_at = secrets.token_urlsafe(32), timezone.now() + LINK_LIFE
    Link.objects.create(token_hash=digest(token), return_url=return_url, state=state, expires_at=expires_at, **target)
    return {"url": f"{settings.BASE_URL}/o/{token}", "expires_at": wire.time(expires_at)}


def _grant(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Problem(422, "grant is missing")
    try:
        expires_at = datetime.fromisoformat(text(value, "expires_at"))
    except ValueError:
        raise Problem(422, "grant.expires_at is not a time") from None
    return {
        "code": text(value, "code"),
        "code_expires_at": expires_at,
        "token_url": _url(value, "token_url"),
        "api_base_url": _url(value, "api_base_url"),
    }


def _url(body: dict[str, Any], field: str) -> str:
    found = text(body, field)
    if urlsplit(found).scheme not in ("http", "https") or not urlsplit(found).netloc:
        raise Problem(422, f"{field} is not an address")
    return found


def _whole(request: HttpRequest, name: str, default: int, *, least: int = 0, most: int = 2**62) -> int:
    given = request.GET.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or not least <= int(given[:19]) <= most:
        raise Problem(400, f"{name} is not one of ours")
    return int(given)
