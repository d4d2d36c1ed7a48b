"""Innstillinger › Regnskap: through which day the books are locked, and what counts as a small difference."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import LOCK, REPORTS, Level
from accounting.amounts import NotAnAmount, read_amount
from accounting.models import KidCheck, LedgerLock
from accounting.services.choices import change_settings
from accounting.services.locking import ReasonMissing, lock_ledger
from accounting.services.settle import settings_of

MOST_HISTORY = 50
THROUGH, REASON = "til_og_med", "begrunnelse"


@requires(REPORTS, read_only=True)
@require_safe
def accounting_settings_page(request: ClientRequest, client: Client) -> HttpResponse:
    """The page; whoever may lock the books may change what stands there."""
    return _page(request, client)


@requires(LOCK, level=Level.FULL)
@require_POST
def accounting_lock(request: ClientRequest, client: Client) -> HttpResponse:
    """Lock the books through a day, or open them again."""
    given, errors, through = request.POST, dict[str, str](), None
    if given.get(THROUGH, "").strip():
        through = _date(given[THROUGH].strip())
        if through is None:
            errors[THROUGH] = _("Write the date as year-month-day, for example 2026-06-30.")
        elif through > timezone.localdate():
            errors[THROUGH] = _("The books can be locked through today at the latest. Choose an earlier day.")
    if not errors:
        try:
            lock = lock_ledger(client=client, through=through, reason=given.get(REASON, ""), actor=request.user)
        except ReasonMissing:
            errors[REASON] = _("Days that were closed are opened again. Say why.")
        else:
            _tell(request, _("The lock was changed.") if lock else _("That is how it was already."))
    return _page(request, client, errors=errors, lock_given=given) if errors else _again(client)


@requires(LOCK, level=Level.FULL)
@require_POST
def accounting_choices(request: ClientRequest, client: Client) -> HttpResponse:
    """Change the tolerances and the check of the KID."""
    values, errors = dict[str, Any](), dict[str, str]()
    for field, (choice, read, wanted) in _FIELDS.items():
        try:
            values[choice] = read(request.POST.get(field, "").strip())
        except ValueError:
            errors[field] = str(wanted())
    if errors:
        return _page(request, client, errors=errors, choices_given=request.POST)
    changes = change_settings(client=client, actor=request.user, **values)
    _tell(request, _("The choices were saved.") if changes else _("That is how it was already."))
    return _again(client)


def _page(
    request: ClientRequest,
    client: Client,
    *,
    errors: dict[str, str] | None = None,
    lock_given: Any = None,
    choices_given: Any = None,
) -> HttpResponse:
    changes = list(LedgerLock.objects.for_client(client).select_related("by").order_by("-id")[: MOST_HISTORY + 1])
    before = [one.locked_through for one in changes[1:]] + [None]
    through, chosen = changes[0].locked_through if changes else None, settings_of(client)
    context = {
        "locked_through": through,
        "history": list(zip(changes, before, strict=False))[:MOST_HISTORY],
        "may_change": request.rights.full(LOCK),
        "errors": errors or {},
        "told": request.session.pop(_TOLD, "") if _TOLD in request.session else "",
        "today": timezone.localdate(),
        "lock": {
            THROUGH: lock_given.get(THROUGH, "") if lock_given else through.isoformat() if through else "",
            REASON: lock_given.get(REASON, "") if lock_given else "",
        },
        "chosen": {field: choices_given.get(field, "") for field in _FIELDS}
        if choices_given
        else {
            "avrunding": _written(chosen.rounding_tolerance),
            "bankgebyr": _written(chosen.bank_fee_tolerance),
            "kontantrabatt": _written(chosen.cash_discount_percent),
            "kid_kontroll": chosen.kid_check,
            "kid_lengde": str(chosen.kid_length or ""),
        },
        "kid_checks": KidCheck.choices,
    }
    return TemplateResponse(request, "settings/accounting.html", context, status=400 if errors else 200)


_TOLD = "accounting_settings_told"  # in the session: what was just changed


def _tell(request: ClientRequest, text: str) -> None:
    request.session[_TOLD] = text


def _again(client: Client) -> HttpResponse:
    return redirect("accounting_settings", client.organisation_number)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def _written(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")


def _amount(text: str) -> Decimal:
    return read_amount(text or "0")


def _percent(text: str) -> Decimal:
    found = read_amount(text or "0")
    if found > 100:
        raise NotAnAmount(text)
    return found


def _kid_check(text: str) -> str:
    return KidCheck(text).value


def _kid_length(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,2}", text, re.ASCII) or not 2 <= int(text) <= 25:
        raise ValueError(text)
    return int(text)


def _amount_wanted() -> str:
    return _("Write an amount with at most two decimals, for example 1,00.")


# Field, what it is in the books, how it is read, and what is said of one that cannot be.
_FIELDS: dict[str, tuple[str, Callable[[str], Any], Callable[[], str]]] = {
    "avrunding": ("rounding_tolerance", _amount, _amount_wanted),
    "bankgebyr": ("bank_fee_tolerance", _amount, _amount_wanted),
    "kontantrabatt": ("cash_discount_percent", _percent, lambda: _("Write per cent from 0 to 100, for example 2,5.")),
    "kid_kontroll": ("kid_check", _kid_check, lambda: _("Choose one of the ways.")),
    "kid_lengde": ("kid_length", _kid_length, lambda: _("Write a number from 2 to 25, or nothing.")),
}
