"""What stands of a company at a provider: the onboarding, the agreement, the consent."""

from access.models import Client
from accounting.models import Kind, LedgerEntry
from financing.models import Agreement, Consent, Onboarding, ReturnState


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
