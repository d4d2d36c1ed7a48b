"""GET /metrics: what whoever runs the installation must see, as Prometheus reads it. Counts and times, nobody's figures."""

import ipaddress
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from financing.models import EventState, ProviderBreaker, ProviderEvent, ProviderSync

# What a proxy adds: whoever came through one is not on this machine, though the proxy is.
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


class Metric(NamedTuple):
    """One family of gauges: each sample is its labels and its value."""

    name: str
    help: str
    samples: list[tuple[dict[str, str], float]]


@login_not_required
@require_GET
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The gauges as text; 401 without the token where one is set, 403 from elsewhere where none is."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
            return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    elif not _from_this_machine(request):
        return HttpResponse(status=403)
    text = rendered(gauges(now=timezone.now()))
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _from_this_machine(request: HttpRequest) -> bool:
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        peer = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return (getattr(peer, "ipv4_mapped", None) or peer).is_loopback


def gauges(*, now: datetime) -> Iterator[Metric]:
    """Everything that is told, in a fixed number of queries."""
    links = list(ProviderSync.objects.order_by("provider"))
    yield Metric(
        "financing_credit_reading_age_seconds",
        "Since the last complete reading of the provider's agreements began; every credit figure is this old.",
        [_age({"provider": one.provider}, one.complete_at, now) for one in links if one.complete_at],
    )
    yield Metric(
        "financing_credit_reading_failures",
        "Readings that failed since the last complete one.",
        [({"provider": one.provider}, one.failures) for one in links],
    )
    breakers = list(ProviderBreaker.objects.order_by("provider", "origin"))
    yield Metric(
        "financing_breaker_open",
        "1 while the provider is not called but for a probe.",
        [({"provider": one.provider, "origin": one.origin}, float(one.opened_at is not None)) for one in breakers],
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT what, provider, status, number FROM financing_counts()")
        counts = cursor.fetchall()
    for what, label, told in (
        ("onboardings", "status", "Onboardings that are under way."),
        ("agreements", "status", "Agreements, by the status that the provider last said."),
        ("outbox", "kind", "Messages that the provider has not been told yet."),
    ):
        samples = [
            ({"provider": provider, label: status}, number) for kind, provider, status, number in counts if kind == what
        ]
        yield Metric(f"financing_{what}", told, samples)  # fmt: skip
    events = ProviderEvent.objects.exclude(state__in=(EventState.DONE, EventState.IGNORED))
    by_state = list(events.values("provider", "state").annotate(number=Count("pk"), first=Min("received_at")))
    by_state.sort(key=lambda one: (one["provider"], one["state"]))
    yield Metric(
        "financing_inbox",
        "Events of the provider that are not done: waiting, quarantined or dead.",
        [({"provider": one["provider"], "state": one["state"]}, one["number"]) for one in by_state],
    )
    yield Metric(
        "financing_inbox_oldest_seconds",
        "Since the oldest event came that still waits.",
        [_age({"provider": one["provider"]}, one["first"], now) for one in by_state if one["state"] == EventState.WAITING],
    )  # fmt: skip


def _age(labels: dict[str, str], moment: datetime, now: datetime) -> tuple[dict[str, str], float]:
    return labels, max(0.0, round((now - moment).total_seconds(), 3))


def rendered(found: Iterable[Metric]) -> str:
    """In Prometheus' text format 0.0.4. A family without samples still says that it is known."""
    lines = []
    for one in found:
        lines += [f"# HELP {one.name} {one.help}", f"# TYPE {one.name} gauge"]
        for labels, value in one.samples:
            named = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            lines.append(f"{one.name}{{{named}}} {int(value) if value == int(value) else value}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
