"""Faults on demand: the next answers of the partner API, or the next webhooks, that go wrong, and how."""

import json
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse

from sandbox.api.problems import Problem
from sandbox.models import Event, Fault

RETRY_AFTER, SLOW, MUTE, HELD = 2, 12, 35, 60  # seconds
NOBODY = "999999999"  # an organisation number that is nobody's


@dataclass(frozen=True)
class Kind:
    """A fault as the console offers it. `value`: (what it asks for beside the count, least, most, default)."""

    name: str
    title: str
    text: str
    value: tuple[str, int, int, int] | None = None


CALLS = (
    Kind("slow", "Tregt svar", f"Kallet utføres, men svaret kommer først etter {SLOW} sekunder."),
    Kind(
        "mute",
        "Stum",
        f"Banken tar imot kallet og svarer ikke; etter {MUTE} sekunder legger den på. Ingenting er utført.",
    ),
    Kind("refused", "401", "Banken sier at tokenet ikke gjelder. Ingenting er utført."),
    Kind(
        "too_many", "429", f"For mange kall: prøv igjen om {RETRY_AFTER} sekunder (Retry-After). Ingenting er utført."
    ),
    Kind("failed", "500", "Banken feiler. Ingenting er utført."),
    Kind(
        "unavailable", "503", f"Banken hviler: prøv igjen om {RETRY_AFTER} sekunder (Retry-After). Ingenting er utført."
    ),
    Kind("garbage", "HTML med 200", "En vedlikeholdsside i stedet for JSON. Ingenting er utført."),
    Kind("malformed", "Ugyldig JSON", "Kallet utføres, men svaret er ikke JSON, enda det sier det er det."),
    Kind("truncated", "Avkortet svar", "Kallet utføres, men bare halve svaret kommer før forbindelsen tar slutt."),
    Kind("lost", "Tapt svar", "Kallet utføres, men forbindelsen brytes før det kommer noe svar."),
    Kind("negative", "Negativ grense", "Neste svar med kreditt eller tilbud har en negativ kredittgrense."),
    Kind("wrong_company", "Feil foretak", f"Neste svar med avtale eller søknad gjelder et annet foretak ({NOBODY})."),
    Kind("wrong_currency", "Feil valuta", "Neste svar med kreditt eller tilbud er i EUR."),
    Kind(
        "unknown_status",
        "Ukjent status",
        "Neste svar med avtale eller søknad har en status som kontrakten ikke kjenner.",
    ),
)
WEBHOOKS = (
    Kind("webhooks", "Tapt", "Neste hendelser sendes aldri."),
    Kind("webhooks_twice", "Flere ganger", "Neste hendelser leveres flere ganger hver.", ("Leveringer av hver", 2, 20, 3)),
    Kind("webhooks_reversed", "Feil rekkefølge",
         f"Neste hendelser holdes tilbake til alle er der, og leveres så i omvendt rekkefølge (senest etter {HELD} sekunder)."),
    Kind("webhooks_late", "Forsinket", "Neste hendelser sendes for sent.", ("Sekunder", 1, 3600, 30)),
)  # fmt: skip
KINDS = {one.name: one for one in (*CALLS, *WEBHOOKS)}


def order(kind: str, times: int, value: int = 0) -> None:
    """Let this go wrong so many more times; 0 takes the order back."""
    Fault.objects.update_or_create(kind=kind, defaults={"left": times, "value": value})


def happens(kind: str) -> bool:
    """Whether it is to go wrong now; counts down."""
    return Fault.objects.filter(kind=kind, left__gt=0).update(left=F("left") - 1) == 1


def _ordered(kinds: tuple[Kind, ...]) -> list[Fault]:
    return list(Fault.objects.filter(left__gt=0, kind__in=[one.name for one in kinds]))


def before(request: HttpRequest) -> HttpResponse | None:
    """What happens instead of the call, if anything. Raises Problem."""
    if not _ordered(CALLS):
        return None
    if happens("mute"):
        _be_mute(request)
        return _cut(request)
    if happens("unavailable"):
        raise Problem(503, "The bank rests (ordered at the console).", retry_after=RETRY_AFTER)
    if happens("too_many"):
        raise Problem(429, "Too many requests (ordered at the console).", retry_after=RETRY_AFTER)
    if happens("refused"):
        raise Problem(401, "The access token is not taken (ordered at the console).")
    if happens("failed"):
        raise Problem(500, "The bank failed (ordered at the console).")
    if happens("garbage"):
        return HttpResponse("<!doctype html><title>Vedlikehold</title><p>Vi er straks tilbake.</p>")
    return None


def after(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer of a call that was done, or what becomes of it on its way."""
    ordered = {one.kind for one in _ordered(CALLS)}
    if not ordered:
        return response
    if response.content:
        for kind, spoil in SPOILS.items():
            if kind in ordered:
                body = json.loads(response.content)
                spoiled = [spoil(one) for one in body.get("items", [body])]
                if any(spoiled) and happens(kind):
                    response.content = json.dumps(body, ensure_ascii=False).encode()
        if "malformed" in ordered and happens("malformed"):
            response.content = response.content.replace(b":", b"=", 1)
        if "truncated" in ordered and happens("truncated"):
            response["Content-Length"] = str(len(response.content))  # promised; the server closes when no more comes
            response.content = response.content[: len(response.content) // 2]
    if "slow" in ordered and happens("slow"):
        time.sleep(SLOW)
    if "lost" in ordered and happens("lost"):
        return _cut(request)
    return response


def _limit(one: dict[str, Any]) -> bool:
    return _in_credit(one, "limit", "-1000.00")


def _currency(one: dict[str, Any]) -> bool:
    return _in_credit(one, "currency", "EUR")


def _in_credit(one: dict[str, Any], field: str, value: str) -> bool:
    found = one.get("credit") or one.get("offer")
    if not isinstance(found, dict):
        return False
    found[field] = value
    return True


def _put(field: str, value: str) -> Callable[[dict[str, Any]], bool]:
    def spoil(one: dict[str, Any]) -> bool:
        if field not in one:
            return False
        one[field] = value
        return True

    return spoil


# How an answer is spoiled: whether there was something in it to spoil.
SPOILS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "negative": _limit, "wrong_company": _put("organisation_number", NOBODY), "wrong_currency": _currency,
    "unknown_status": _put("status", "frozen"),
}  # fmt: skip


def _be_mute(request: HttpRequest) -> None:
    """Say nothing for as long as the caller waits, so that no thread of the bank stays behind when it hangs up."""
    line: socket.socket | None = request.META.get("gunicorn.socket")
    end = time.monotonic() + MUTE
    while time.monotonic() < end:
        if line is None:
            time.sleep(0.25)
            continue
        readable, _, _ = select.select([line], [], [], 0.25)
        if readable:
            if not line.recv(1, socket.MSG_PEEK):
                return  # it has hung up
            time.sleep(0.25)


def _cut(request: HttpRequest) -> HttpResponse:
    """The line is cut; under another server than ours a 500 stands in."""
    line: socket.socket | None = request.META.get("gunicorn.socket")
    if line is not None:
        with suppress(OSError):  # the caller was first
            line.shutdown(socket.SHUT_RDWR)
    return Problem(500, "The answer was lost (ordered at the console).").response()


def of_event(now: datetime) -> dict[str, Any]:
    """What the console ordered for an event that is just made: fields of Event, none as a rule. One fault per event."""
    for fault in _ordered(WEBHOOKS):
        if not happens(fault.kind):
            continue
        return {"fault": fault.kind} | {
            "webhooks": {"delivered_at": now},  # as if it were: it is never sent
            "webhooks_twice": {"copies": max(fault.value, 2)},
            "webhooks_reversed": {"held": True},
            "webhooks_late": {"next_at": now + timedelta(seconds=fault.value)},
        }[fault.kind]
    return {}


def release_held(now: datetime) -> None:
    """Let events go that were held back, the last one first: once all that were ordered are there, or after a minute.
    Call it inside a transaction."""
    held = list(Event.objects.filter(held=True).order_by("serial"))
    if not held:
        return
    waits_for_more = Fault.objects.filter(kind="webhooks_reversed", left__gt=0).exists()
    if waits_for_more and (now - held[0].created_at).total_seconds() < HELD:
        return
    serials = [one.serial for one in held]
    for one, serial in zip(held, reversed(serials), strict=True):
        Event.objects.filter(pk=one.pk).update(held=False, serial=serial)
