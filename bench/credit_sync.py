"""What a tick of the credit sync costs: 20 agreements changed, among 20 and among 2,000, at a bank that answers at once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connections
from django.utils import timezone

from bench import server
from bench.timing import Measurement, in_turn

CHANGED = 20
GOAL_EACH = 15  # ms for each changed agreement, beyond what the bank takes
GOAL_MORE = 1.2  # times as much among a hundred times as many


class Bank:
    """Answers from memory: what is measured is ours alone."""

    name, origin = "bench", "http://127.0.0.1"

    def __init__(self, agreements: list[Any]) -> None:
        self.agreements, self.sequence = agreements, 1

    def changed_agreements(self, changed_since: str) -> Iterator[Any]:
        """The first time everything; then CHANGED of them, each with another balance."""
        from financing.providers.base import AgreementPage

        self.sequence += 1
        found = [
            replace(one, sequence=self.sequence, used=Decimal(self.sequence))
            for one in (self.agreements[:CHANGED] if changed_since else self.agreements)
        ]
        for start in range(0, len(found), 500):  # the contract's largest page
            yield AgreementPage(tuple(found[start : start + 500]), None, str(self.sequence))


def measure(place: server.Server, runs: int, *, companies: int = 2000) -> Iterator[Measurement]:
    """One tick among many against one among few, in turn, medians."""
    companies = max(companies, CHANGED)
    with (
        place.copy("bench_sync_few") as few,
        place.copy("bench_sync_many") as many,
        server.django_on(few, many) as opened,
    ):
        banks = {}
        for name, count in ((few, CHANGED), (many, companies)):
            connections["default"] = opened[name]
            banks[name] = Bank(_financed(count))
            _tick(banks[name])  # the first reading is of everything
            place.do("ANALYZE", name)

        def tick(name: str) -> Any:
            def run() -> None:
                connections["default"] = opened[name]
                assert _tick(banks[name]) == CHANGED

            return run

        among_many, among_few = in_turn(runs, tick(many), tick(few))
    yield Measurement(
        "a tick, for each changed agreement", companies, among_many / CHANGED, "15 ms", GOAL_EACH, goal=1.0
    )
    yield Measurement(
        f"a tick, 20 changed among {companies}", companies, among_many, "20 changed among 20", among_few, goal=GOAL_MORE
    )


def _tick(bank: Bank) -> int | None:
    from financing.services import sync

    kept, sync.bank = sync.bank, lambda _name: bank  # type: ignore[attr-defined]
    try:
        return sync.sync_credit(provider_name="bench", now=timezone.now())
    finally:
        sync.bank = kept  # type: ignore[attr-defined]


def _financed(count: int) -> list[Any]:
    """Companies with an accepted onboarding each; their agreements as the bank says them."""
    from access.models import Client, User
    from access.tenancy import client_scope
    from financing.models import Consent, Onboarding
    from financing.providers.base import AgreementState

    now = timezone.now()
    user = User.objects.create(issuer="bench", subject="bench")
    clients = Client.objects.bulk_create(
        Client(organisation_number=str(100_000_000 + number), name=f"Firma {number} AS") for number in range(count)
    )
    told = []
    for number, client in enumerate(clients):
        with client_scope(client):
            consent = Consent.objects.for_client(client).create(
                provider="bench", text_version="1", text_language="nb", text="", text_sha256="", scope="receivables:read",
                given_by=user, given_by_name="", given_by_role="", given_at=now, valid_until=now + timedelta(days=365),
            )  # fmt: skip
            Onboarding.objects.for_client(client).create(
                provider="bench", consent=consent, started_by=user, started_at=now, provider_reference=f"onb-{number}",
                status="accepted", sequence=1, ended_at=now,
            )  # fmt: skip
        told.append(
            AgreementState(
                id=f"agr-{number}",
                onboarding_id=f"onb-{number}",
                organisation_number=client.organisation_number,
                status="open",
                sequence=1,
                reason="",
                account_number="",
                needs_grant=False,
                currency="NOK",
                limit=Decimal(62000),
                used=Decimal(0),
                available=Decimal(62000),
                pending=Decimal(0),
                due_amount=None,
                due_date=None,
                analysis=None,
                as_of=datetime.now(UTC),
            )
        )  # fmt: skip
    return told
