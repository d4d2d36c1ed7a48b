"""Onboardings over the partner API: begin, find, read, link, grant, cancel."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from sandbox import access, applications, bankday, changes, clock, links, present, vault
from sandbox.api import fields
from sandbox.api.endpoint import endpoint
from sandbox.api.problems import Problem
from sandbox.models import FINAL, Agreement, Onboarding

LIFE = timedelta(days=14)


def _found(id: str) -> Onboarding:
    one = Onboarding.objects.filter(pk=id).first()
    if one is None:
        raise Problem(404, "No such onboarding.")
    return one


def _alive(id: str) -> Onboarding:
    one = _found(id)
    if one.is_final:
        raise Problem(409, f"The onboarding is {one.status}.", onboarding_id=one.pk)
    return one


def _create(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Contract: createOnboarding. 409 for a company with a live onboarding, or an agreement that is not over."""
    number = fields.organisation_number(body)
    reference = fields.text(body, "reference", most=64)
    values = {
        "organisation_name": fields.text(body, "organisation_name", most=500),
        "payout_account": fields.payout_account(body),
        "webhook_url": fields.address(body, "webhook_url"),
    }
    return_url, state = fields.address(body, "return_url"), fields.text(body, "state", least=32, most=500)
    grant = fields.grant(body.get("grant"))
    same = Onboarding.objects.filter(reference=reference).first()
    if same:
        raise Problem(409, "An onboarding with this reference exists.", onboarding_id=same.pk)
    living = Onboarding.objects.filter(organisation_number=number).exclude(status__in=FINAL).first()
    if living:
        raise Problem(409, "The company has an onboarding that lives.", onboarding_id=living.pk)
    agreed = Agreement.objects.filter(onboarding__organisation_number=number).exclude(status="terminated").first()
    if agreed:
        raise Problem(409, "The company has an agreement.", onboarding_id=agreed.onboarding_id)
    one = Onboarding(
        pk=vault.new_id("onb"),
        reference=reference,
        organisation_number=number,
        expires_at=bankday.business_now() + LIFE,
        **values,
    )
    changes.save_onboarding(one)
    access.keep_grant(one, grant)
    link = links.make(onboarding=one, return_url=return_url, state=state)
    return 201, present.onboarding(one) | {"link": link}


def _find(request: HttpRequest) -> dict[str, Any]:
    reference = request.GET.get("reference")
    if not reference:
        raise Problem(400, "reference is missing.")
    return {"items": [present.onboarding(one) for one in Onboarding.objects.filter(reference=reference)]}


def _read(request: HttpRequest, id: str) -> dict[str, Any]:
    return present.onboarding(_found(id))


def _link(body: dict[str, Any], id: str) -> tuple[int, dict[str, Any]]:
    """Contract: createOnboardingLink."""
    one = _alive(id)
    return_url, state = fields.address(body, "return_url"), fields.text(body, "state", least=32, most=500)
    return 201, links.make(onboarding=one, return_url=return_url, state=state)


def _grant(body: dict[str, Any], id: str) -> tuple[int, dict[str, Any]]:
    """Contract: renewGrant. Redeemed by the clock, and only once authority is confirmed."""
    one = _alive(id)
    access.keep_grant(one, fields.grant(body))
    if one.needs_grant:
        one.needs_grant = False
        changes.save_onboarding(one)
    transaction.on_commit(clock.wake)
    return 200, present.onboarding(one)


def _cancel(body: dict[str, Any], id: str) -> tuple[int, dict[str, Any]]:
    """Contract: cancelOnboarding. 409 once there is an agreement; a second time nothing changes."""
    one = _found(id)
    if Agreement.objects.filter(onboarding=one).exists():
        raise Problem(409, "There is an agreement: disconnect it instead.", onboarding_id=one.pk)
    if one.is_final and one.status != "cancelled":
        raise Problem(409, f"The onboarding is {one.status}.", onboarding_id=one.pk)
    if not one.is_final:
        applications.end(one, "cancelled")
    return 200, present.onboarding(one)


collection = endpoint(get=_find, post=_create)
item = endpoint(get=_read)
new_link = endpoint(post=_link)
grant = endpoint(put=_grant)
cancel = endpoint(post=_cancel)
