"""Reads the lines of an analysis at the bank, proves that they add up to it, and keeps what moved the limit."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from access.models import Client
from access.services import write_audit
from access.tenancy import client_scope
from access.wake import wake
from financing.models import Agreement, AnalysisLines
from financing.providers.base import AnswerRefused
from financing.services.bank import bank

log = logging.getLogger(__name__)

READING = "financing.tasks.read_lines"
ZERO = Decimal("0.00")
KEPT = 2  # of an agreement: the newest, and what it is compared with
MOST = 200_000

Line = tuple[str, str, str, str, str]  # receivable, debtor, amount, counted, reason
Change = tuple[str, int, str]  # what moved, how many, by how much


def read_analysis_lines(*, client: Client, agreement_id: UUID, now: datetime) -> AnalysisLines | None:
    """The lines of the agreement's present analysis: those kept, else read at the bank outside any transaction.

    None where the bank has told no analysis. Raises ProviderUnavailable (AnswerRefused where the lines do not add up to
    the analysis: then nothing of them is kept), ProviderRejected.
    """
    with client_scope(client):
        agreement = Agreement.objects.for_client(client).get(pk=agreement_id)
        analysis = agreement.analysis
        if not analysis:
            return None
        kept = _kept(client, agreement).filter(analysis_reference=analysis["id"]).first()
    if kept is not None:
        return kept
    lines = []
    for one in bank(agreement.provider).analysis_lines(analysis["id"]):
        lines.append((one.receivable_id, one.debtor, str(one.amount), str(one.counted), one.reason))
        if len(lines) > MOST:
            raise AnswerRefused("the lines of the analysis do not end")
    if fault := fault_of(analysis, lines):
        log.error("the lines of analysis %s were refused: %s", analysis["id"], fault)
        with client_scope(client):
            write_audit(action="provider.answer_refused", client=client, about=agreement, details={"why": fault})
        raise AnswerRefused(fault)
    return _keep(client, agreement, analysis, lines, now)


def kept_lines(client: Client, agreement: Agreement) -> AnalysisLines | None:
    """The newest lines that are kept, of whichever analysis. Inside the client's scope."""
    return _kept(client, agreement).first()


def kept_change(client: Client, agreement: Agreement) -> AnalysisLines | None:
    """The newest that are kept without the lines themselves: limits and what moved. Inside the client's scope."""
    return _kept(client, agreement).defer("lines").first()


def fault_of(analysis: dict[str, Any], lines: Iterable[Line]) -> str:
    """What of the lines does not add up to the analysis, to the øre; empty where all of it does (contract: listAnalysisLines)."""
    amount = counted = ZERO
    left_out: dict[str, list[Any]] = defaultdict(lambda: [0, ZERO])
    for _receivable, _debtor, its_amount, its_counted, reason in lines:
        amount, counted = amount + Decimal(its_amount), counted + Decimal(its_counted)
        if reason:
            left_out[reason][0] += 1
            left_out[reason][1] += Decimal(its_amount) - Decimal(its_counted)
        elif its_amount != its_counted:
            return "a line counts otherwise than its amount, without a reason"
    if amount != Decimal(analysis["outstanding"]):
        return "the lines' amounts are not what is outstanding"
    if counted != Decimal(analysis["eligible"]):
        return "what the lines count is not what is eligible"
    told = {one["reason"]: [one["count"], Decimal(one["amount"])] for one in analysis["exclusions"]}
    return "" if told == left_out else "what the lines leave out is not what the analysis leaves out"


def change_between(
    before: Iterable[Line], after: Iterable[Line], limit_before: Decimal, limit: Decimal
) -> list[Change]:
    """What moved a limit from one analysis to the next, by their lines; the amounts add up to the difference.

    `new` and `gone` are items that only the one has, `partly` those of which another amount is open, `reason:…` those
    that count otherwise than before, and debtors as a whole; `lending` is what the share and the rounding make of it.
    """
    old, fresh = _by_item(before), _by_item(after)
    moved: dict[str, Decimal] = defaultdict(Decimal)
    count: Counter[str] = Counter()
    for key in old.keys() | fresh.keys():
        was, now = old.get(key), fresh.get(key)
        difference = (now[1] if now else ZERO) - (was[1] if was else ZERO)
        if not difference:
            continue
        if key[0] == "":  # a debtor as a whole
            what = "reason:" + key[2]
        elif was is None:
            what = "new"
        elif now is None:
            what = "gone"
        elif now[2] != was[2]:
            what = "reason:" + (now[2] or was[2])
        else:
            what = "partly"
        moved[what] += difference
        count[what] += 1
    lending = limit - limit_before - sum(moved.values(), ZERO)
    rows = [(what, count[what], str(amount)) for what, amount in sorted(moved.items(), key=_in_order) if amount]
    return [*rows, *([("lending", 0, str(lending))] if lending else [])]


def nudge_lines(agreement: Agreement) -> None:
    """Let a worker read the lines once this transaction is stored; a broker that does not answer costs an explanation only."""
    client_id, key = agreement.client_id, str(agreement.pk)
    transaction.on_commit(lambda: wake(READING, client_id, key))


def _in_order(one: tuple[str, Decimal]) -> tuple[int, str]:
    return (("new", "gone", "partly").index(one[0]) if ":" not in one[0] else 3, one[0])


def _by_item(lines: Iterable[Line]) -> dict[tuple[str, str, str], tuple[Decimal, Decimal, str]]:
    # A debtor as a whole may have a line for each reason.
    return {
        (receivable, "", "") if receivable else ("", debtor, reason): (Decimal(amount), Decimal(counted), reason)
        for receivable, debtor, amount, counted, reason in lines
    }


def _kept(client: Client, agreement: Agreement) -> Any:
    return AnalysisLines.objects.for_client(client).filter(agreement=agreement).order_by("-id")


def _keep(
    client: Client, agreement: Agreement, analysis: dict[str, Any], lines: list[Line], now: datetime
) -> AnalysisLines:
    as_of, limit = datetime.fromisoformat(analysis["as_of"]), Decimal(analysis["limit"])
    with client_scope(client):
        Agreement.objects.for_client(client).select_for_update(of=("self",)).get(pk=agreement.pk)  # one at a time
        kept = _kept(client, agreement)
        if (same := kept.filter(analysis_reference=analysis["id"]).first()) is not None:
            return same
        newest: AnalysisLines | None = kept.first()
        if newest is not None and newest.as_of >= as_of:  # overtaken: another worker has read a later one
            return AnalysisLines(
                client=client, agreement=agreement, analysis_reference=analysis["id"], as_of=as_of, read_at=now, limit=limit,
                lines=lines,
            )  # fmt: skip
        if newest is not None and (newest.lines, newest.limit) == ([list(one) for one in lines], limit):
            newest.analysis_reference, newest.as_of, newest.read_at = analysis["id"], as_of, now
            newest.save(update_fields=["analysis_reference", "as_of", "read_at"])
            return newest
        made = kept.create(
            agreement=agreement, analysis_reference=analysis["id"], as_of=as_of, read_at=now, limit=limit, lines=lines,
            limit_before=newest.limit if newest else None,
            change=change_between(newest.lines, lines, newest.limit, limit) if newest else None,
        )  # fmt: skip
        kept.exclude(pk__in=list(kept.values_list("pk", flat=True)[:KEPT])).delete()
        return made
