"""«Uidentifiserte innbetalinger»: the payments that wait for somebody to say whose they are, and what was said of others."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import REPORTS, Level
from accounting.models import BankReceipt, Customer, ReceiptStatus
from accounting.services.locking import PeriodLocked, first_open_day
from accounting.services.rates import RateMissing
from accounting.services.receipt_choices import (
    AlreadyDecided,
    ReasonMissing,
    ReversedSince,
    book_receipt,
    call_loan,
    dismiss_receipt,
    undo_choice,
)
from accounting.services.settle import NotMatchable
from accounting.unidentified import (
    MOST_CUSTOMERS,
    PER_PAGE,
    decided_payments,
    entry_day,
    found_customers,
    may_be_paid,
    suggested_search,
    waiting_count,
    waiting_payments,
)


@requires(REPORTS, read_only=True)
@require_safe
def unidentified_page(request: ClientRequest, client: Client) -> HttpResponse:
    """The payments that wait; with `vis=avgjort` those that were decided on."""
    decided = request.GET.get("vis") == "avgjort"
    page = _page(request.GET.get("side", ""))
    context: dict[str, Any] = {
        "decided": decided,
        "may_act": request.rights.full(REPORTS),
        "page": page,
        "total": None,
    }
    if decided:
        context["receipts"], count = decided_payments(client, page)
        context["waiting_count"] = waiting_count(client)
    else:
        context["waiting"], count, context["total"] = waiting_payments(client, page)
        context["waiting_count"] = count
    context |= {"count": count, "previous": page - 1, "following": page + 1 if page * PER_PAGE < count else 0}
    return TemplateResponse(request, "receipts/unidentified.html", context)


@requires(REPORTS, level=Level.FULL, read_only=True)
@require_safe
def receipt_page(request: ClientRequest, client: Client, receipt_id: int) -> HttpResponse:
    """One payment that waits: look for the customer (`sok`), choose her (`kunde`), and see what it would pay."""
    receipt = _receipt(client, receipt_id)
    if receipt.status != ReceiptStatus.UNIDENTIFIED:
        return HttpResponseRedirect(_list_url(client))
    number = request.GET.get("kunde", "").strip()
    customer = _customer(client, number) if number else None
    search = request.GET.get("sok", "").strip()[:100]
    if not search and not customer:
        search = suggested_search(receipt)
    found = [] if customer else found_customers(client, search)
    items, proposed = may_be_paid(client, receipt, customer) if customer else ([], set())
    context = {
        "receipt": receipt,
        "search": search,
        "customers": found,
        "more_customers": len(found) >= MOST_CUSTOMERS,
        "customer": customer,
        "unknown": number if number and not customer else "",
        "items": [(one, one.pk in proposed) for one in items],
        "day": entry_day(receipt, first_open_day(client)),
    }
    return TemplateResponse(request, "receipts/receipt.html", context)


@requires(REPORTS, level=Level.FULL)
@require_POST
def receipt_book(request: ClientRequest, client: Client, receipt_id: int) -> HttpResponse:
    """Book the payment on the chosen customer, matched with the chosen items."""
    receipt = _receipt(client, receipt_id)
    customer = _customer(client, request.POST.get("customer", ""))
    back = HttpResponseRedirect(reverse("receipt", args=[client.organisation_number, receipt.pk]))
    if customer is None:
        messages.error(request, _("Choose a customer first."))
        return back
    entry_ids = [int(one) for one in request.POST.getlist("entry") if one.isascii() and one.isdigit() and len(one) < 19]
    try:
        book_receipt(
            client=client, receipt_id=receipt.pk, customer_id=customer.pk, entry_ids=entry_ids, actor=request.user
        )
    except RateMissing as missing:
        told = _("There is no rate for %(currency)s on %(day)s. Enter it first; it is never guessed.")
        messages.error(request, told % {"currency": missing.currency, "day": f"{missing.day:%d.%m.%Y}"})
        return back
    except NotMatchable:
        messages.error(request, _("The chosen items have changed meanwhile. Choose again."))
        return back
    except AlreadyDecided:
        return _decided_meanwhile(request, client)
    told = _("The payment is booked on %(customer)s.")
    messages.success(request, told % {"customer": f"{customer.number} {customer.name}"})
    return HttpResponseRedirect(_list_url(client))


@requires(REPORTS, level=Level.FULL)
@require_POST
def receipt_loan(request: ClientRequest, client: Client, receipt_id: int) -> HttpResponse:
    """«Dette er et uttak fra Buffer»."""
    try:
        call_loan(client=client, receipt_id=_receipt(client, receipt_id).pk, actor=request.user)
    except AlreadyDecided:
        return _decided_meanwhile(request, client)
    messages.success(request, _("Noted as a draw from Buffer. It is not in the customer ledger."))
    return HttpResponseRedirect(_list_url(client))


@requires(REPORTS, level=Level.FULL)
@require_http_methods(["GET", "HEAD", "POST"])
def receipt_dismiss(request: ClientRequest, client: Client, receipt_id: int) -> HttpResponse:
    """«Ikke en kundebetaling», with a reason."""
    receipt = _receipt(client, receipt_id)
    error = ""
    if request.method == "POST":
        try:
            dismiss_receipt(
                client=client, receipt_id=receipt.pk, reason=request.POST.get("reason", ""), actor=request.user
            )
        except AlreadyDecided:
            return _decided_meanwhile(request, client)
        except ReasonMissing:
            error = _("Write why, so that others understand it later.")
        else:
            messages.success(request, _("Set aside as no customer payment."))
            return HttpResponseRedirect(_list_url(client))
    elif receipt.status != ReceiptStatus.UNIDENTIFIED:
        return HttpResponseRedirect(_list_url(client))
    status = 400 if error else 200
    return TemplateResponse(request, "receipts/dismiss.html", {"receipt": receipt, "error": error}, status=status)


@requires(REPORTS, level=Level.FULL)
@require_POST
def receipt_undo(request: ClientRequest, client: Client, receipt_id: int) -> HttpResponse:
    """Let a payment wait again that was decided on."""
    back = HttpResponseRedirect(f"{_list_url(client)}?vis=avgjort")
    try:
        undo_choice(client=client, receipt_id=_receipt(client, receipt_id).pk, actor=request.user)
    except AlreadyDecided:
        return _decided_meanwhile(request, client)
    except ReversedSince:
        messages.error(request, _("The bank has reversed this payment since. Undo the reversal first."))
        return back
    except PeriodLocked as locked:
        told = _("The books are locked through %(day)s, and the payment or a match of it lies before. Open them first.")
        messages.error(request, told % {"day": f"{locked.locked_through:%d.%m.%Y}"})
        return back
    messages.success(request, _("Undone. The payment waits again."))
    return back


def _receipt(client: Client, receipt_id: int) -> BankReceipt:
    found = BankReceipt.objects.for_client(client).filter(pk=receipt_id).first()
    if found is None:
        raise Http404
    return found


def _customer(client: Client, number: str) -> Customer | None:
    return Customer.objects.for_client(client).filter(number=number.replace("\0", "")).first()


def _page(told: str) -> int:
    return int(told) if told.isascii() and told.isdigit() and int(told[:6]) > 0 and len(told) < 7 else 1


def _list_url(client: Client) -> str:
    return reverse("unidentified_payments", args=[client.organisation_number])


def _decided_meanwhile(request: ClientRequest, client: Client) -> HttpResponse:
    messages.error(request, _("This payment was decided on meanwhile. This is how it stands now."))
    return HttpResponseRedirect(_list_url(client))
