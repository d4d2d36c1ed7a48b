"""What the console does to one application or its agreement; each deed says what came of it."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from sandbox import account_book, applications, bankday, changes, present, reckoning, standing
from sandbox.models import Access, Agreement, Company, Onboarding
from sandbox.pages.words import NotAnAmount, read_money

REJECTIONS = (
    "credit_check", "bankruptcy_registered", "already_pledged", "factoring_active", "payout_account_not_owned",
)  # fmt: skip
UNTIL_ANSWER = (*applications.BEFORE_AUTHORITY, "authority_unresolved", "analysing")


def _agreement(one: Onboarding) -> Agreement:
    return get_object_or_404(Agreement, onboarding=one)


def _read_now(request: HttpRequest, one: Onboarding) -> str:
    before = one.access.read_at
    reckoning.attend(one.pk)
    one.access.refresh_from_db()
    read = one.access.read_at != before
    return "Fordringene er lest." if read else "Fordringene ble ikke lest: banken har ikke tilgang."


def _reject(request: HttpRequest, one: Onboarding) -> str:
    reason = request.POST.get("reason", "")
    with transaction.atomic():
        one.refresh_from_db()
        if one.status not in UNTIL_ANSWER or reason not in ("", *REJECTIONS):
            return "Søknaden kan ikke avslås nå."
        if one.status not in ("analysing", "authority_unresolved"):
            # The contract knows a rejection from these two only; the way there is told as well.
            steps = {"created": ("identified", "analysing"), "authority_missing": ("identified", "analysing")}
            for status in steps.get(one.status, ("analysing",)):
                one.status, one.missing_signatories = status, []
                changes.save_onboarding(one)
        applications.end(one, "rejected", reason=reason)
    return "Søknaden er avslått."


def _fail_bankid(request: HttpRequest, one: Onboarding) -> str:
    with transaction.atomic():
        one.refresh_from_db()
        if one.status != "created":
            return "Bare før noen har identifisert seg."
        one.reason = "bankid_failed"
        changes.save_onboarding(one)
    return "BankID feilet."


def _make_undecidable(request: HttpRequest, one: Onboarding) -> str:
    Company.objects.update_or_create(pk=one.organisation_number, defaults={"register_case": "free_text"})
    return "Neste som identifiserer seg, må avklares av banken."


def _resolve(request: HttpRequest, one: Onboarding) -> str:
    if one.status != "authority_unresolved":
        return "Det er ingen fullmakt å avklare."
    applications.resolve(one.pk)
    reckoning.attend(one.pk)
    return "Fullmakten er avklart."


def _expire(request: HttpRequest, one: Onboarding) -> str:
    with transaction.atomic():
        one.refresh_from_db()
        if one.is_final:
            return "Søknaden er allerede avsluttet."
        applications.end(one, "expired")
    return "Søknaden er utløpt."


def _expire_soon(request: HttpRequest, one: Onboarding) -> str:
    """A day is left, by the bank's date, so that the other side sees it come."""
    with transaction.atomic():
        one.refresh_from_db()
        if one.is_final:
            return "Søknaden er allerede avsluttet."
        one.expires_at = bankday.business_now() + timedelta(days=1)
        if one.offer:
            one.offer["expires_at"] = present.instant(one.expires_at)
        changes.save_onboarding(one)
    return "Søknaden utløper om ett døgn."


def _lose_access(request: HttpRequest, one: Onboarding) -> str:
    Access.objects.filter(pk=one.access.pk).update(access_token="", refresh_token="", code="")
    reckoning.attend(one.pk)
    return "Banken har mistet tilgangen."


def _pause(request: HttpRequest, one: Onboarding) -> str:
    account_book.pause(_agreement(one).pk)
    return "Kontoen er satt på pause."


def _resume(request: HttpRequest, one: Onboarding) -> str:
    account_book.resume(_agreement(one).pk)
    return "Pausen er opphevet."


def _book_now(request: HttpRequest, one: Onboarding) -> str:
    booked = account_book.book_pending(_agreement(one).pk, today=bankday.today())
    return "Uttakene er bokført." if booked else "Det er ingen uttak som venter."


def _let_draws_wait(request: HttpRequest, one: Onboarding) -> str:
    wait = not standing.of(one.organisation_number).draws_wait
    Company.objects.update_or_create(pk=one.organisation_number, defaults={"draws_wait": wait})
    return "Uttak bokføres neste bankdag." if wait else "Uttak bokføres med en gang."


def _charge(request: HttpRequest, one: Onboarding) -> str:
    try:
        account_book.charge(_agreement(one).pk, read_money(request.POST.get("amount", "")), today=bankday.today())
    except (NotAnAmount, account_book.NotAllowed) as refusal:
        return str(refusal)
    return "Gebyret er bokført."


def _terminate(request: HttpRequest, one: Onboarding) -> str:
    try:
        account_book.terminate(_agreement(one).pk, today=bankday.today())
    except account_book.NotAllowed as refusal:
        return str(refusal)
    return "Avtalen er sagt opp."


DEEDS: dict[str, Callable[[HttpRequest, Onboarding], str]] = {
    "les": _read_now, "avsla": _reject, "bankid-feilet": _fail_bankid, "uavklart": _make_undecidable,
    "avklar": _resolve, "utlop": _expire, "utlop-snart": _expire_soon, "mist-tilgang": _lose_access, "pause": _pause,
    "opphev-pause": _resume, "bokfor": _book_now, "uttak-venter": _let_draws_wait, "gebyr": _charge, "si-opp": _terminate,
}  # fmt: skip
