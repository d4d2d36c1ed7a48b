"""Whether what the bank says of an agreement, right in itself, can be of the one that we know."""

from django.db import connection

from access.models import Client
from financing.models import Agreement, Onboarding
from financing.providers.base import AgreementState


def contradiction(client: Client, onboarding: Onboarding, agreement: Agreement, state: AgreementState) -> str:
    """Why it cannot be, in a few words; empty where it can. `agreement` may be new and unsaved. Inside the client's scope."""
    if state.organisation_number != client.organisation_number:
        return "it names another company"
    if agreement.sequence < 0:
        with connection.cursor() as cursor:
            cursor.execute("SELECT client_of_agreement(%s, %s)", [onboarding.provider, state.id])
            (owner,) = cursor.fetchone()
        return "" if owner is None else "its number is another company's"
    if agreement.onboarding_id != onboarding.pk:
        return "it belongs to another onboarding"
    if state.sequence > agreement.sequence and state.as_of < agreement.as_of:
        return "its figures are older than those we have"
    return ""
