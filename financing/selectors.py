"""What stands of a company at a provider: the onboarding, the agreement, the consent."""

from datetime import datetime

from django.db.models import OuterRef, Subquery

from access.models import Client
from accounting.models import Kind, LedgerEntry
from financing.models import (
    Agreement,
    AnalysisLines,
    Consent,
    CreditSnapshot,
    DataAccess,
    MessageKind,
    Onboarding,
    OutboxMessage,
    ProviderBreaker,
    ReturnState,
)
from financing.providers.registry import provider


def living_onboarding(client: Client, provider_name: str) -> Onboarding | None:
    """The one that is under way. Inside the client's scope."""
    living = Onboarding.objects.for_client(client).filter(provider=provider_name, ended_at=None)
    return living.select_related("consent").first()


def latest_onboarding(client: Client, provider_name: str) -> Onboarding | None:
    """The last one begun, living or not. Inside the client's scope."""
    found = Onboarding.objects.for_client(client).filter(provider=provider_name)
    return found.select_related("consent").order_by("-started_at").first()


def living_agreement(client: Client, provider_name: str) -> Agreement | None:
    """The agreement that is not terminated. Inside the client's scope."""
    found = Agreement.objects.for_client(client).filter(provider=provider_name).exclude(status="terminated")
    return found.select_related("onboarding__consent").first()


def latest_consent(client: Client, provider_name: str) -> Consent | None:
    """The one that stands, or the last that stood; a renewed agreement's is not its onboarding's. Inside the scope."""
    found = Consent.objects.for_client(client).filter(provider=provider_name)
    return found.select_related("given_by").order_by("-given_at", "-id").first()


def breaker_open(provider_name: str, now: datetime) -> bool:
    """Whether the provider does not answer and is being left alone: «Buffer svarer ikke»."""
    rows = ProviderBreaker.objects.filter(provider=provider_name, origin=provider(provider_name).origin)
    return rows.filter(opened_at__lte=now).exists()


def last_way_out(onboarding: Onboarding) -> ReturnState | None:
    """The state with which somebody last went to the bank for it. Inside the client's scope."""
    states = ReturnState.objects.for_client(onboarding.client_id).filter(onboarding=onboarding)
    return states.order_by("-created_at", "-pk").first()


def invoices_without_organisation_number(client: Client) -> int:
    """How many open invoices to companies in Norway lack the customer's organisation number: our own fact, by our books.

    Inside the client's scope.
    """
    open_invoices = LedgerEntry.objects.for_client(client).filter(kind=Kind.INVOICE, closed_on=None, open_amount__gt=0)
    lacking = open_invoices.filter(customer__organisation_number="", customer__private_person=False)
    return lacking.filter(customer__country__in=("NO", "")).count()


def consents_of(client: Client, provider_name: str) -> list[Consent]:
    """All of them, the newest first, each with `last_used`, when the provider last read under it. Inside the scope."""
    reading = DataAccess.objects.for_client(client).filter(consent=OuterRef("pk")).order_by("-at")
    found = Consent.objects.for_client(client).filter(provider=provider_name)
    return list(found.annotate(last_used=Subquery(reading.values("at")[:1])).order_by("-given_at", "-id"))


def last_told(client: Client, provider_name: str) -> OutboxMessage | None:
    """The newest message about the access: that it ended, or a new code; open or closed. Inside the scope."""
    about = (MessageKind.DISCONNECT, MessageKind.CANCEL, MessageKind.GRANT)
    found = OutboxMessage.objects.for_client(client).filter(provider=provider_name, kind__in=about)
    return found.order_by("-created_at").first()


def financing_pulse(client: Client) -> str:
    """A text that changes when the bank has told something new of limit, lines or check. Inside the client's scope."""
    newest = [
        CreditSnapshot.objects.for_client(client).order_by("-id").values_list("id").first(),
        AnalysisLines.objects.for_client(client).order_by("-id").values_list("id").first(),
        Onboarding.objects.for_client(client).order_by("-started_at").values_list("id", "sequence", "status").first(),
    ]
    return "|".join(str(part) for one in newest for part in one or ("",))


def first_consent_at(client: Client, provider_name: str) -> datetime | None:
    """When the company first let the provider read. Inside the scope."""
    found = Consent.objects.for_client(client).filter(provider=provider_name).order_by("given_at")
    return found.values_list("given_at", flat=True).first()
