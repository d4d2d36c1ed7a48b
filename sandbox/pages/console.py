"""The console of the test bank: what it has, its date, and a form per state and fault that a person may want to see."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from sandbox import account_book, applications, bankday, changes, clock, faults, present, reckoning
from sandbox.models import Access, Agreement, Fault, Onboarding

SHOWN, MOST_DAYS, MOST_TIMES = 100, 400, 50
REJECTIONS = (
    "credit_check", "bankruptcy_registered", "already_pledged", "factoring_active", "payout_account_not_owned",
)  # fmt: skip
BEFORE_ANSWER = ("created", "identified", "authority_missing", "authority_unresolved", "awaiting_cosigner", "analysing")


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Onboardings and agreements, the newest first, with status and figures."""
    agreements = Agreement.objects.select_related("onboarding__access").order_by("-sequence")[:SHOWN]
    ordered = dict(Fault.objects.filter(left__gt=0).values_list("kind", "left"))
    context = {
        "today": bankday.today(),
        "agreements": [(one, present.available(one)) for one in agreements],
        "onboardings": Onboarding.objects.select_related("access").order_by("-created_at")[:SHOWN],
        "before_answer": BEFORE_ANSWER,
        "rejections": REJECTIONS,
        "faults": [(kind, words, ordered.get(kind, 0)) for kind, words in faults.KINDS.items()],
        "notice": request.session.pop("notice", ""),
    }
    return render(request, "sandbox/console.html", context)


def _told(request: HttpRequest, notice: str) -> HttpResponse:
    request.session["notice"] = notice
    return redirect("bank_console")


def _number(request: HttpRequest, field: str, least: int, most: int) -> int | None:
    given = request.POST.get(field, "")
    fits = given.isascii() and given.isdigit() and least <= int(given[:6]) <= most
    return int(given) if fits else None


@require_POST
def move_date(request: HttpRequest) -> HttpResponse:
    """Let business days pass: each is closed on its own, with `due` and interest, and all is read and reckoned anew."""
    days = _number(request, "days", 1, MOST_DAYS)
    if days is None:
        return _told(request, f"Skriv et antall dager fra 1 til {MOST_DAYS}.")
    bankday.move(days)
    clock.tick(everything=True)
    return _told(request, f"Bankens dato er flyttet {days} dager fram.")


@require_POST
def order_fault(request: HttpRequest) -> HttpResponse:
    """The next calls of the partner API go wrong."""
    kind, times = request.POST.get("kind", ""), _number(request, "times", 0, MOST_TIMES)
    if kind not in faults.KINDS or times is None:
        return _told(request, f"Skriv et antall fra 0 til {MOST_TIMES}.")
    faults.order(kind, times)
    return _told(request, f"De neste {times}: {faults.KINDS[kind]}.")


@require_POST
def act(request: HttpRequest, id: str, deed: str) -> HttpResponse:
    """One deed on one onboarding or its agreement."""
    one = get_object_or_404(Onboarding.objects.select_related("access"), pk=id)
    if deed not in DEEDS:
        return _told(request, "Ukjent handling.")
    return _told(request, DEEDS[deed](request, one))


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
        if one.status not in BEFORE_ANSWER or reason not in ("", *REJECTIONS):
            return "Søknaden kan ikke avslås nå."
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
    Onboarding.objects.filter(pk=one.pk, status__in=applications.BEFORE_AUTHORITY).update(undecidable=True)
    return "Neste som identifiserer seg, må avklares av banken."


def _resolve(request: HttpRequest, one: Onboarding) -> str:
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


def _lose_access(request: HttpRequest, one: Onboarding) -> str:
    Access.objects.filter(pk=one.access.pk).update(access_token="", refresh_token="", code="")
    reckoning.attend(one.pk)
    return "Banken har mistet tilgangen."


def _pause(request: HttpRequest, one: Onboarding) -> str:
    account_book.pause(get_object_or_404(Agreement, onboarding=one).pk)
    return "Kontoen er satt på pause."


def _resume(request: HttpRequest, one: Onboarding) -> str:
    account_book.resume(get_object_or_404(Agreement, onboarding=one).pk)
    return "Pausen er opphevet."


DEEDS: dict[str, Callable[[HttpRequest, Onboarding], str]] = {
    "les": _read_now, "avsla": _reject, "bankid-feilet": _fail_bankid, "uavklart": _make_undecidable,
    "avklar": _resolve, "utlop": _expire, "mist-tilgang": _lose_access, "pause": _pause, "opphev-pause": _resume,
}  # fmt: skip
