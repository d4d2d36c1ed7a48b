"""The bank's pages for people: BankID by a link, the offer, the account."""

import re
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sandbox import account, bank
from sandbox.api.door import digest
from sandbox.models import Agreement, Link, Onboarding, kroner
from sandbox.people import PEOPLE, authority

_AMOUNT = re.compile(r"(\d{1,9})(?:[.,](\d{1,2}))?", re.ASCII)


def _problem(request: HttpRequest, text: str, status: int = 400) -> HttpResponse:
    return render(request, "sandbox/problem.html", {"text": text}, status=status)


@require_http_methods(["GET", "POST"])
def follow_link(request: HttpRequest, token: str) -> HttpResponse:
    """BankID, from a single-use link. Looking at the page does not use the link up: previewers look, too."""
    link = Link.objects.select_related("onboarding", "agreement__onboarding").filter(token_hash=digest(token)).first()
    if link is None or link.used_at or link.expires_at < timezone.now():
        return _problem(
            request, "Lenken er brukt eller utløpt. Gå tilbake til regnskapssystemet og åpne vinduet på nytt.", 410
        )
    onboarding = link.onboarding or link.agreement.onboarding
    if request.method == "GET":
        purpose = f"Buffer for {onboarding.organisation_name}"
        return render(request, "sandbox/bankid.html", {"people": PEOPLE.values(), "purpose": purpose})
    person = request.POST.get("person", "")
    if person and person not in PEOPLE:
        return _problem(request, "Ukjent person.")
    # Of two uses at once exactly one wins.
    if not Link.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now()):
        return _problem(request, "Lenken er brukt. Gå tilbake til regnskapssystemet og åpne vinduet på nytt.", 410)
    if not person:
        if link.onboarding_id:
            bank.end(link.onboarding_id, "cancelled")
        return _return(link.return_url, link.state, onboarding)
    request.session.flush()
    request.session["person"] = person
    if link.onboarding_id:
        request.session["onboarding"] = link.onboarding_id
        request.session["back"] = [link.return_url, link.state]
        bank.identify(link.onboarding_id, person)
        return redirect("bank_onboarding")
    request.session["agreement"] = link.agreement_id
    request.session["back"] = [link.return_url, ""]
    return redirect("bank_account")


def _return(url: str, state: str, onboarding: Onboarding) -> HttpResponse:
    query = urlencode({"state": state, "onboarding": onboarding.pk}) if state else ""
    return HttpResponseRedirect(f"{url}?{query}" if query else url)


@require_GET
def onboarding_page(request: HttpRequest) -> HttpResponse:
    """Where it stands; the offer where there is one."""
    onboarding = Onboarding.objects.filter(pk=request.session.get("onboarding", "")).first()
    if onboarding is None:
        return _problem(request, "Økten er avsluttet. Gå tilbake til regnskapssystemet og åpne vinduet på nytt.", 410)
    last = onboarding.analyses.order_by("-as_of").first()
    context: dict[str, Any] = {"onboarding": onboarding, "analysis": last, "lines": _lines(onboarding, last)}
    return render(request, "sandbox/onboarding.html", context)


def _lines(onboarding: Onboarding, analysis: Any) -> list[dict[str, Any]]:
    if analysis is None:
        return []
    names = {row.data["debtor"]["id"]: row.data["debtor"]["name"] for row in onboarding.receivables.all()}
    numbers = {row.external_id: row.data["invoice_number"] for row in onboarding.receivables.all()}
    return [
        {
            **line, "name": names.get(line["debtor"]) or "Privatperson", "number": numbers.get(line["receivable_id"]),
            "amount": Decimal(line["amount"]), "counted": Decimal(line["counted"]),
        }
        for line in analysis.lines
    ]  # fmt: skip


@require_POST
def answer_offer(request: HttpRequest, answer: str) -> HttpResponse:
    """Accept or decline, by the person who identified herself; then back to the accounting system."""
    onboarding = Onboarding.objects.filter(pk=request.session.get("onboarding", "")).first()
    if onboarding is None or onboarding.status not in ("offered", "accepted", "declined"):
        return _problem(request, "Det er ikke noe tilbud å svare på.", 409)
    person = request.session["person"]
    if not authority(onboarding.organisation_number, set(onboarding.signed), person).enough:
        return _problem(request, "Du har ikke fullmakt for foretaket.", 403)
    if answer == "godta":
        bank.accept(onboarding.pk)
    else:
        bank.end(onboarding.pk, "declined")
    url, state = request.session["back"]
    request.session.flush()
    return _return(url, state, onboarding)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Back to the accounting system without an answer."""
    onboarding = Onboarding.objects.filter(pk=request.session.get("onboarding", "")).first()
    if onboarding is None:
        return _problem(request, "Økten er avsluttet.", 410)
    url, state = request.session["back"]
    request.session.flush()
    return _return(url, state, onboarding)


@require_http_methods(["GET", "POST"])
def account_page(request: HttpRequest) -> HttpResponse:
    """Limit, used, available; draw, repay, terminate. Authority is looked up again at every act."""
    agreement = Agreement.objects.select_related("onboarding").filter(pk=request.session.get("agreement", "")).first()
    if agreement is None:
        return _problem(request, "Økten er avsluttet. Gå tilbake til regnskapssystemet og åpne vinduet på nytt.", 410)
    message, error = "", ""
    if request.method == "POST":
        try:
            message = _act(agreement, request.session["person"], request.POST)
        except bank.NotAllowed as refusal:
            error = str(refusal)
        agreement.refresh_from_db()
    limit, used = kroner(agreement.limit), kroner(agreement.used)
    context = {
        "agreement": agreement,
        "person": PEOPLE[request.session["person"]],
        "limit": limit,
        "used": used,
        "available": account.available(limit, used, Decimal(0), is_open=agreement.status == "open"),
        "due_amount": kroner(agreement.due_amount) if agreement.due_amount else None,
        "transactions": [
            {"row": row, "amount": kroner(row.amount), "balance": kroner(row.balance_after)}
            for row in agreement.transactions.order_by("-pk")[:50]
        ],
        "message": message,
        "error": error,
        "back": request.session["back"][0],
    }
    return render(request, "sandbox/account.html", context, status=400 if error else 200)


def _act(agreement: Agreement, person: str, form: Any) -> str:
    onboarding = agreement.onboarding
    combined = set(onboarding.signed) if len(onboarding.signed) > 1 else set()
    if not authority(onboarding.organisation_number, combined, person).enough:
        raise bank.NotAllowed("Du har ikke fullmakt for foretaket.")
    act = form.get("act")
    if act == "terminate":
        if form.get("sure") != "1":
            raise bank.NotAllowed("Kryss av for at avtalen skal sies opp.")
        bank.terminate(agreement.pk)
        return "Avtalen er sagt opp."
    amount = _amount(form.get("amount", ""))
    if act == "draw":
        bank.draw(agreement.pk, amount)
        return "Beløpet er overført til bedriften."
    if act == "repay":
        bank.repay(agreement.pk, amount)
        return "Beløpet er tilbakebetalt."
    raise bank.NotAllowed("Ukjent handling.")


def _amount(text: str) -> Decimal:
    """«20 000,00», «20000.00» or «20000» in NOK."""
    found = _AMOUNT.fullmatch(re.sub(r"\s", "", text))
    if not found:
        raise bank.NotAllowed("Skriv et beløp i kroner, for eksempel 20 000,00.")
    return Decimal(f"{found[1]}.{(found[2] or '0').ljust(2, '0')}")


@require_http_methods(["GET", "POST"])
def console(request: HttpRequest) -> HttpResponse:
    """Everything the bank has, for whoever tries the product; «read now» per agreement."""
    if request.method == "POST":
        agreement = get_object_or_404(Agreement, pk=request.POST.get("agreement", ""))
        bank.reanalyse(agreement.pk)
        return redirect("bank_console")
    agreements = [
        {"row": row, "limit": kroner(row.limit), "used": kroner(row.used)}
        for row in Agreement.objects.select_related("onboarding").order_by("-position")[:100]
    ]
    onboardings = Onboarding.objects.order_by("-expires_at")[:100]
    return render(request, "sandbox/console.html", {"agreements": agreements, "onboardings": onboardings})


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    return redirect("bank_console")


@require_GET
def terms(request: HttpRequest) -> HttpResponse:
    """The terms that the offer names."""
    context = {
        "interest": account.ANNUAL_INTEREST,
        "effective": account.effective_annual_percent(),
        "base": settings.BASE_URL,
    }
    return render(request, "sandbox/terms.html", context)
