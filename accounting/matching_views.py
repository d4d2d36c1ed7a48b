"""Matching by hand: what would come of the chosen rows, doing it, undoing it, and the whole match group of an entry."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import REPORTS, Level
from accounting import match_words
from accounting.amounts import NotAnAmount, read_amount
from accounting.match_choice import MOST_ROWS, match_choice
from accounting.match_group import match_group
from accounting.models import Kind, LedgerEntry
from accounting.reports.words import PAGE
from accounting.services.locking import PeriodLocked
from accounting.services.settle import BeyondTolerance, match_entries
from accounting.services.undo import SMALL_DIFFERENCES, undo_act, undo_entries, undo_matches
from accounting.settling import NotMatchable
from accounting.templatetags.matching import TOLD

# Names in addresses and forms.
ROWS, PART, DIFFERENCE, REPLACE, BACK, ONLY = "post", "belop", "differanse", "erstatt", "tilbake", "del"
_KINDS = {word: Kind(kind) for word, kind in PAGE.kinds.items() if kind in SMALL_DIFFERENCES}
_WORDS = {kind: word for word, kind in _KINDS.items()}


@requires(REPORTS, level=Level.FULL, read_only=True)
@require_safe
def match_choice_page(request: ClientRequest, client: Client) -> HttpResponse:
    """What would come of the chosen rows, to be confirmed; with `del` only that part of the page, for the script."""
    return _choice(request, client, request.GET, {})


@requires(REPORTS, level=Level.FULL)
@require_POST
def match_do(request: ClientRequest, client: Client) -> HttpResponse:
    """Match them, and go back to where they were chosen. What cannot be done is said beside the rows."""
    try:
        amount = read_amount(request.POST[PART]) if request.POST.get(PART, "").strip() else None
    except NotAnAmount:
        told = _("Write the amount with at most two decimals, for example 1234,50.")
        return _choice(request, client, request.POST, {PART: told})
    try:
        settled = match_entries(
            client=client,
            entry_ids=_rows(request.POST),
            amount=amount,
            difference=_KINDS.get(request.POST.get(DIFFERENCE, "")),
            replace_assumed=bool(request.POST.get(REPLACE)),
            actor=request.user,
        )
    except (NotMatchable, BeyondTolerance, PeriodLocked) as fault:
        return _choice(request, client, request.POST, {"": match_words.refused(fault)})
    _tell(request, match_words.matched(settled, client.base_currency), act=str(settled.act))
    return redirect(_back(request, client))


@requires(REPORTS, level=Level.FULL)
@require_POST
def match_undo(request: ClientRequest, client: Client) -> HttpResponse:
    """Undo an act, the matches between two entries, or all matches of the chosen entries; and go back."""
    rows = _rows(request.POST)
    try:
        if act := request.POST.get("akt", ""):
            count = undo_act(client=client, act=_act(act), actor=request.user)
        elif request.POST.get("med") and len(rows) == 1:
            (other,) = _numbers([request.POST["med"]])
            count = undo_matches(client=client, entry_id=rows[0], with_id=other, actor=request.user)
        else:
            count = undo_entries(client=client, entry_ids=rows, actor=request.user)
    except (NotMatchable, PeriodLocked) as fault:
        _tell(request, match_words.refused(fault), refused=True)
    else:
        _tell(request, match_words.unmatched(count), refused=not count)
    return redirect(_back(request, client))


@requires(REPORTS, read_only=True)
@require_safe
def match_group_page(request: ClientRequest, client: Client, entry_id: int) -> HttpResponse:
    """Every entry that hangs together with this one by matches, and each match with how it came about."""
    try:
        group = match_group(client, entry_id)
    except (LedgerEntry.DoesNotExist, OverflowError):
        raise Http404 from None
    context = {
        "group": group,
        "may_match": request.rights.full(REPORTS),
        "back_url": _back(request, client) if BACK in request.GET else "",
    }
    return TemplateResponse(request, "matching/group.html", context)


def _choice(request: ClientRequest, client: Client, given: QueryDict, errors: dict[str, str]) -> HttpResponse:
    replace = bool(given.get(REPLACE))
    choice = match_choice(client, _rows(given), replace_assumed=replace)
    context: dict[str, Any] = {
        "choice": choice,
        "rows": _rows(given),
        "offered": [(_WORDS[kind], kind.label, most) for kind, most in choice.offered],
        "hint": match_words.refused(choice.fault) if choice.fault else "",
        "error": errors.get("", ""),
        "part_error": errors.get(PART, ""),
        "given": {"belop": given.get(PART, ""), "differanse": given.get(DIFFERENCE, ""), "erstatt": replace},
        "back_url": _back(request, client, given),
        "in_bar": bool(given.get(ONLY)),
        # For «Sett …», which without scripts is here.
        "chosen": _rows(given),
        "back": _back(request, client, given),
    }
    template = "matching/_choice.html" if given.get(ONLY) and not errors else "matching/choice.html"
    return TemplateResponse(request, template, context, status=400 if errors else 200)


def _rows(given: QueryDict) -> list[int]:
    return _numbers(given.getlist(ROWS)[: MOST_ROWS + 1])


def _numbers(texts: list[str]) -> list[int]:
    """Keys of entries; what is none, or too many, is no address of ours."""
    if len(texts) > MOST_ROWS or not all(one.isascii() and one.isdigit() and len(one) <= 18 for one in texts):
        raise Http404
    return [int(one) for one in texts]


def _act(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None


def _back(request: ClientRequest, client: Client, given: QueryDict | None = None) -> str:
    """The address to go back to: one of this company's pages, else its open items."""
    own = reverse("dashboard", args=[client.organisation_number])
    wanted = (request.POST if given is None and request.method == "POST" else given or request.GET).get(BACK, "")
    if wanted.startswith(own) and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("report_open_items", args=[client.organisation_number])


def _tell(request: ClientRequest, text: str, *, act: str = "", refused: bool = False) -> None:
    request.session[TOLD] = {"text": text, "act": act, "refused": refused}
