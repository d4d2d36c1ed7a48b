"""Short ways to a consent, an agreement and tokens for the tests of consents."""

from datetime import timedelta

from django.utils import timezone

from access.tenancy import client_scope
from financing.consent_text import consent_text
from financing.models import Agreement, Consent, ConsentEvent, DataAccess, OutboxMessage
from financing.services.access import renew_access
from financing.services.consent import valid_until

from .reading import redeem
from .test_onboarding import walk_to_accepted


def consents(company):
    with client_scope(company):
        return list(Consent.objects.for_client(company).order_by("given_at", "id"))


def events(consent):
    with client_scope(consent.client_id):
        found = ConsentEvent.objects.for_client(consent.client_id).filter(consent=consent)
        return list(found.order_by("at", "id"))


def messages(company, **values):
    with client_scope(company):
        return list(OutboxMessage.objects.for_client(company).filter(**values).order_by("created_at"))


def agreement_of(company):
    with client_scope(company):
        return Agreement.objects.for_client(company).get()


def opened(company, bank, application, begun):
    """An open agreement that the bank reads: its tokens."""
    answer = redeem(application, begun.grant.code)
    assert answer.status_code == 200
    walk_to_accepted(company, bank)
    return answer.json()


def left(company, **more):
    """So much is left of the standing consent: `days=59`."""
    now = timezone.now()
    with client_scope(company):
        standing = Consent.objects.for_client(company).filter(ended_at=None)
        standing.update(given_at=now - timedelta(days=300), valid_until=now + timedelta(**more))


def renew(company, user, occasion="renewal", **values):
    last_day = valid_until(timezone.localdate())
    text = consent_text(client_name=company.name, valid_until=last_day, language="nb", occasion=occasion)
    return renew_access(
        client=company, provider_name="buffer", text=text, user=user, role_name="Daglig leder", last_day=last_day,
        now=values.pop("now", None) or timezone.now(), **values,
    )  # fmt: skip


def read(company, at, *, ids=(), resource="receivables", since="x", last_page=True):
    with client_scope(company):
        consent = Consent.objects.for_client(company).order_by("-given_at").first()
        return DataAccess.objects.for_client(company).create(
            consent=consent, provider="buffer", at=at, resource=resource, changed_since=since, last_page=last_page,
            item_count=len(ids) if resource == "receivables" else 1, item_ids=[str(one) for one in ids],
        )  # fmt: skip
