"""The company's application at the bank: who came, whether they may sign, and the answer to the offer."""

from django.db import transaction

from sandbox import access, account_book, bankday, changes, standing
from sandbox.models import ZERO, Agreement, Onboarding
from sandbox.people import PEOPLE

BEFORE_AUTHORITY = ("created", "identified", "authority_missing", "awaiting_cosigner")


class OfferChanged(Exception):
    """What the person said yes to is not what is offered any more."""


def may_act(one: Onboarding, sub: str) -> bool:
    """Whether the register lets this person act for the company now, together with those who signed the application.

    Where the register cannot say, it is whom a person at the bank let sign.
    """
    found = standing.authority(one, sub)
    return found.enough or (found.verdict == "unresolved" and sub == one.let_in)


def identify(onboarding_id: str, sub: str) -> Onboarding:
    """BankID said who it is; then the register says what she may (contract: Onboarding.status).

    `signed` grows by those with authority only. Somebody without it changes nothing while another is waited for. A
    company that is bankrupt is told so at once, whoever comes. Where the register does not answer it stays `identified`.
    """
    with transaction.atomic():
        one = Onboarding.objects.get(pk=onboarding_id)
        if one.status not in BEFORE_AUTHORITY:
            return one
        fresh = ("identified", PEOPLE[sub].name, "")
        if one.status != "awaiting_cosigner" and (one.status, one.identified_as, one.reason) != fresh:
            one.status, one.identified_as, one.reason = fresh
            changes.save_onboarding(one)
    with transaction.atomic():
        one = Onboarding.objects.get(pk=onboarding_id)
        if one.status not in BEFORE_AUTHORITY:
            return one
        found = standing.authority(one, sub)
        if found.verdict in ("enough", "missing"):
            one.identified_as, one.authority_basis = PEOPLE[sub].name, found.basis
            one.signed = sorted({*one.signed, sub})
            one.missing_signatories = list(found.missing)
            one.status = "analysing" if found.enough else "awaiting_cosigner"
            changes.save_onboarding(one)
        elif found.verdict == "closed":
            one.status, one.missing_signatories = "analysing", []
            changes.save_onboarding(one)
            end(one, "rejected", reason="bankruptcy_registered")
        elif one.status != "awaiting_cosigner" and found.verdict != "silent":
            one.status = "authority_unresolved" if found.verdict == "unresolved" else "authority_missing"
            changes.save_onboarding(one)
    return one


def who(one: Onboarding) -> str:
    """`sub` of the one who identified herself last."""
    return next(person.sub for person in PEOPLE.values() if person.name == one.identified_as)


@transaction.atomic
def resolve(onboarding_id: str) -> None:
    """A person at the bank has looked, and the one who identified herself may sign alone (contract: authority_unresolved)."""
    one = Onboarding.objects.get(pk=onboarding_id)
    if one.status != "authority_unresolved":
        return
    one.let_in = who(one)
    one.signed = [one.let_in]
    one.status, one.authority_basis = "analysing", "power_of_attorney"
    changes.save_onboarding(one)


def leave(onboarding_id: str) -> None:
    """«Avbryt» at BankID: cancelled, unless people with authority have signed already and the answer is under way."""
    with transaction.atomic():
        one = Onboarding.objects.get(pk=onboarding_id)
        if one.status in BEFORE_AUTHORITY:
            end(one, "cancelled")


@transaction.atomic
def accept(onboarding_id: str, limit: str) -> Onboarding:
    """The account is opened. Raises OfferChanged unless the offer stands with this limit; a second time changes nothing."""
    one = Onboarding.objects.get(pk=onboarding_id)
    if one.status == "accepted":
        return one
    if one.status != "offered" or one.offer["limit"] != limit or one.expires_at <= bankday.business_now():
        raise OfferChanged
    agreement = Agreement.objects.get(onboarding=one)
    account_book.open_account(agreement, today=bankday.today())
    agreement.needs_grant = one.needs_grant
    if one.needs_grant:  # the access was lost while the offer lay there
        agreement.status, agreement.reason = "paused", "no_data"
    one.status, one.needs_grant = "accepted", False
    if one.offer["security"]:
        one.offer["security"]["registered_on"] = bankday.today().isoformat()
    changes.save_agreement(agreement)
    changes.save_onboarding(one)
    return one


@transaction.atomic
def decline(onboarding_id: str) -> Onboarding:
    """The company's no. Raises OfferChanged where there is no offer to say no to."""
    one = Onboarding.objects.get(pk=onboarding_id)
    if one.status == "declined":
        return one
    if one.status != "offered":
        raise OfferChanged
    end(one, "declined")
    return one


def end(one: Onboarding, status: str, *, reason: str = "") -> None:
    """A final status that is not `accepted`; the access is given up, an offered agreement is terminated."""
    one.status, one.reason, one.needs_grant = status, reason, False
    one.retry_after = standing.retry_after(reason, bankday.today()) if status == "rejected" else None
    access.forget(one)
    agreement = Agreement.objects.filter(onboarding=one).first()
    if agreement is not None and agreement.status == "offered":
        agreement.status, agreement.limit, agreement.needs_grant = "terminated", ZERO, False
        changes.save_agreement(agreement)
    changes.save_onboarding(one)
