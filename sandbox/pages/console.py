"""The console of the test bank: what it has, its date, and a form per state and fault that a person may want to see."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from sandbox import bankday, clock, faults, present, register, standing
from sandbox.models import Company, Event, Fault, Onboarding
from sandbox.pages.deeds import DEEDS, REJECTIONS, UNTIL_ANSWER
from sandbox.pages.words import ONBOARDING_STATUSES, REASONS, STATUSES

SHOWN, SHOWN_EVENTS, MOST_DAYS, MOST_TIMES = 30, 30, 400, 50


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Applications with their agreements, the newest first, faults that are ordered, and webhooks on their way."""
    ordered = {one.kind: one for one in Fault.objects.filter(left__gt=0)}
    context = {
        "today": bankday.today(),
        "days_ahead": bankday.days_ahead(),
        "companies": _companies(),
        "cases": _cases(Onboarding.objects.order_by("-created_at")[:SHOWN]),
        "groups": [
            ("api", "Feil i svarene fra banken", "Gjelder de neste kallene til partner-API-et, hvem de enn gjelder.",
             [(kind, ordered.get(kind.name)) for kind in faults.CALLS]),
            ("webhooks", "Feil i webhooks", "Gjelder de neste hendelsene som oppstår.",
             [(kind, ordered.get(kind.name)) for kind in faults.WEBHOOKS]),
        ],
        "ordered": len(ordered),
        "events": [_shown(one) for one in Event.objects.order_by("-created_at", "-serial")[:SHOWN_EVENTS]],
        "notice": request.session.pop("notice", ""),
    }  # fmt: skip
    return render(request, "sandbox/console.html", context)


@require_GET
def company(request: HttpRequest, number: str) -> HttpResponse:
    """One company: its standing facts, what the register answers, and its applications."""
    cases = _cases(Onboarding.objects.filter(organisation_number=number).order_by("-created_at")[:SHOWN])
    facts = standing.of(number)
    answer = standing.looked_up(number)
    context = {
        "number": number,
        "name": cases[0]["one"].organisation_name if cases else register.names().get(number, ""),
        "facts": facts,
        "accounts": ", ".join(facts.own_accounts),
        "choices": register.CASES,
        "cases": cases,
        "answer": json.dumps(answer, ensure_ascii=False, indent=2) if answer else "",
        "notice": request.session.pop("notice", ""),
    }
    return render(request, "sandbox/company.html", context)


def _companies() -> list[tuple[str, str, bool]]:
    """(number, name, whether the console set anything) of every company that the bank or its register knows."""
    known = {number: name.title().replace(" As", " AS") for number, name in register.names().items()}
    for number, name in Onboarding.objects.order_by("created_at").values_list(
        "organisation_number", "organisation_name"
    ):
        known[number] = name
    set_here = set(Company.objects.values_list("organisation_number", flat=True))
    known |= dict.fromkeys(set_here - known.keys(), "")
    return [(number, name, number in set_here) for number, name in sorted(known.items(), key=lambda one: one[::-1])]


def _cases(onboardings: Any) -> list[dict[str, Any]]:
    """Applications with what there is to see and do."""
    found = []
    waiting = set(Company.objects.filter(draws_wait=True).values_list("organisation_number", flat=True))
    for one in onboardings.select_related("access", "agreement"):
        agreement = getattr(one, "agreement", None)
        found.append(
            {
                "one": one,
                "status": ONBOARDING_STATUSES[one.status],
                "agreement": agreement,
                "agreement_status": STATUSES[agreement.status] if agreement else "",
                "available": present.available(agreement) if agreement else None,
                "has_account": agreement is not None and agreement.status not in ("offered", "terminated"),
                "draws_wait": one.organisation_number in waiting,
                "may_be_rejected": one.status in UNTIL_ANSWER,
                "rejections": [(code, REASONS[code]) for code in REJECTIONS],
            }
        )
    return found


def _shown(event: Event) -> dict[str, Any]:
    body = json.loads(event.body)
    about = body["data"]
    if event.fault == "webhooks":
        state = "sendes aldri"
    elif event.delivered_at:
        state = "levert"
    elif event.held:
        state = "holdes tilbake"
    else:
        state = "venter"
    return {
        "event": event, "type": body["type"], "about": about["id"], "status": about.get("status", about.get("kind")),
        "state": state, "fault": faults.KINDS[event.fault].title if event.fault else "",
    }  # fmt: skip


def _told(request: HttpRequest, notice: str, to: str = "bank_console", *arguments: str) -> HttpResponse:
    request.session["notice"] = notice
    return redirect(to, *arguments)


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
    return _told(request, f"Bankens dato er flyttet {days} {'dag' if days == 1 else 'dager'} fram.")


@require_POST
def order_fault(request: HttpRequest) -> HttpResponse:
    """The next calls of the partner API, or the next webhooks, go wrong; 0 takes the order back."""
    kind, times = faults.KINDS.get(request.POST.get("kind", "")), _number(request, "times", 0, MOST_TIMES)
    if kind is None or times is None:
        return _told(request, f"Skriv et antall fra 0 til {MOST_TIMES}.")
    value = 0
    if kind.value and times:
        label, least, most, default = kind.value
        given = default if "value" not in request.POST else _number(request, "value", least, most)
        if given is None:
            return _told(request, f"{label}: skriv et tall fra {least} til {most}.")
        value = given
    faults.order(kind.name, times, value)
    return _told(request, f"Bestilt, de neste {times}: {kind.title}." if times else f"Tatt tilbake: {kind.title}.")


@require_POST
def clear_faults(request: HttpRequest) -> HttpResponse:
    """Take every order back."""
    Fault.objects.update(left=0)
    return _told(request, "Alle bestilte feil er tatt tilbake.")


@require_GET
def find_company(request: HttpRequest) -> HttpResponse:
    """To the page of the company whose number was typed."""
    number = "".join(request.GET.get("number", "").split())
    if not (len(number) == 9 and number.isascii() and number.isdigit()):
        return _told(request, "Et organisasjonsnummer har ni sifre.")
    return redirect("bank_company", number)


@require_POST
def set_facts(request: HttpRequest, number: str) -> HttpResponse:
    """What holds for a company from now on; it is asked for at the next sign-in, reading, draw or termination."""
    case = request.POST.get("register", "")
    accounts = request.POST.get("own_accounts", "").replace(",", " ").split()
    fit = all(len(one) == 11 and one.isascii() and one.isdigit() for one in accounts)
    if case not in register.CASES or not fit or len(accounts) > 20 or not (len(number) == 9 and number.isdigit()):
        return _told(request, "Ikke lagret: et kontonummer har elleve sifre.", "bank_company", number)
    Company.objects.update_or_create(
        organisation_number=number,
        defaults={
            "register_case": case, "own_accounts": accounts, "is_pledged": "pledged" in request.POST,
            "has_factoring": "factoring" in request.POST, "is_poor_credit": "poor_credit" in request.POST,
            "draws_wait": "draws_wait" in request.POST,
        },
    )  # fmt: skip
    return _told(request, "Lagret.", "bank_company", number)


@require_POST
def act(request: HttpRequest, id: str, deed: str) -> HttpResponse:
    """One deed on one application or its agreement; back to where it was ordered."""
    one = get_object_or_404(Onboarding.objects.select_related("access"), pk=id)
    notice = DEEDS[deed](request, one) if deed in DEEDS else "Ukjent handling."
    if request.POST.get("from") == "company":
        return _told(request, notice, "bank_company", one.organisation_number)
    return _told(request, notice)
