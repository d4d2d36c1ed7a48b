"""The account page: figures and transactions; draw, repay, terminate. Authority is looked up again at every act."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sandbox import account_book, applications, bankday, present, vault
from sandbox.models import Agreement
from sandbox.pages.bankid import bound_to, no_authority, signed_out
from sandbox.pages.words import KINDS, STATUSES, NotAnAmount, money, read_money
from sandbox.people import PEOPLE

SHOWN = 100
DRAWN, REPAID = "er overført til bedriften", "er tilbakebetalt"
ORDERED = "er bestilt og overføres neste bankdag"


def _bound(request: HttpRequest, id: str) -> tuple[dict[str, str], Agreement] | HttpResponse:
    bound = bound_to(request, "agreement", id)
    if bound is None:
        return signed_out(request)
    one = Agreement.objects.select_related("onboarding").get(pk=id)
    if not applications.may_act(one.onboarding, bound["person"]):
        return no_authority(request, one.onboarding, bound["person"], bound["back"])
    return bound, one


def _page(
    request: HttpRequest, bound: dict[str, str], one: Agreement, *, error: str = "", typed: str = "", status: int = 200
) -> HttpResponse:
    rows = one.transactions.order_by("-serial")[:SHOWN]
    context: dict[str, Any] = {
        "one": one,
        "status": STATUSES[one.status],
        "person": PEOPLE[bound["person"]],
        "back": bound["back"],
        "available": present.available(one),
        "pending": one.pending_draws.order_by("pk"),
        "transactions": [(row, KINDS[row.kind]) for row in rows],
        "form": vault.new_token(),
        "error": error,
        "typed": typed,
        "notice": request.session.pop("notice", ""),
    }
    return render(request, "sandbox/account.html", context, status=status)


@require_GET
def show(request: HttpRequest, id: str) -> HttpResponse:
    """Kredittgrense, Benyttet, Tilgjengelig."""
    found = _bound(request, id)
    return found if isinstance(found, HttpResponse) else _page(request, *found)


@require_POST
def draw(request: HttpRequest, id: str) -> HttpResponse:
    """«Overfør til bedriften»."""
    return _move(request, id, account_book.draw, DRAWN)


@require_POST
def repay(request: HttpRequest, id: str) -> HttpResponse:
    """«Tilbakebetal»."""
    return _move(request, id, account_book.repay, REPAID)


def _move(request: HttpRequest, id: str, act: Any, told: str) -> HttpResponse:
    found = _bound(request, id)
    if isinstance(found, HttpResponse):
        return found
    bound, one = found
    typed = request.POST.get("amount", "")[:40]
    form = request.POST.get("form", "")
    try:
        if not 20 <= len(form) <= 64:
            raise account_book.NotAllowed("Siden var for gammel. Prøv igjen.")
        amount = read_money(typed)
        after = act(id, amount, form=form, today=bankday.today())
    except (NotAnAmount, account_book.NotAllowed) as refusal:
        one.refresh_from_db()
        return _page(request, bound, one, error=str(refusal), typed=typed, status=422)
    if told == DRAWN and after.pending_draws.filter(form=form).exists():
        told = ORDERED
    request.session["notice"] = f"{money(amount)} kr {told}."
    return _to_account(id)


@require_http_methods(["GET", "POST"])
def terminate(request: HttpRequest, id: str) -> HttpResponse:
    """«Si opp avtalen»: GET asks, POST does it."""
    found = _bound(request, id)
    if isinstance(found, HttpResponse):
        return found
    bound, one = found
    if request.method == "GET":
        return render(request, "sandbox/terminate.html", {"one": one, "person": PEOPLE[bound["person"]]})
    ended = account_book.terminate(id, today=bankday.today())
    request.session["notice"] = "Avtalen er sagt opp." if ended.status == "terminating" else "Avtalen er avsluttet."
    return _to_account(id)


def _to_account(id: str) -> HttpResponse:
    response = redirect("bank_account", id)
    response.status_code = 303
    return response
