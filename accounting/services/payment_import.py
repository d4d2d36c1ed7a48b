"""Imports bank files: every payment becomes a receipt, and an entry with its matches where the customer is known."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction

from access.models import Client, User
from access.services import write_audit
from access.tenancy import client_scope
from accounting.imports.bank_lines import BankFile
from accounting.imports.ledger_csv import FileRefused
from accounting.imports.payments import read_payments
from accounting.imports.refusal import ImportRefused
from accounting.models import BankReceipt, ReceiptStatus
from accounting.services.locking import PeriodLocked
from accounting.services.rates import RateMissing
from accounting.services.receipt_booking import Booked, take_up_waiting
from accounting.services.receipt_pairing import Paired, Told, digest_of, pair_lines
from accounting.services.saft_checks import Warnings
from accounting.services.statistics import analyse_ledger, plan_for_many_rows
from accounting.signals import ledger_changed

ZERO = Decimal("0.00")


def import_payments(*, client: Client, paths: Sequence[Path], actor: User | None = None) -> dict[str, Any]:
    """Read the files and store them whole, or nothing; the summary of INTERFACES «Management commands», amounts as strings.

    `totals` are the bank's: credit is money in, debit money out; opening and closing 0.00 where no file tells a balance.
    `receipts` says what became of the payments told of. Raises FileRefused. docs/decisions/0027.
    """
    files = [(path, _read(path)) for path in paths]
    with transaction.atomic():
        # Waits for another import, match or lock under way.
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        with client_scope(client):
            return _store(client, files, actor)


def _read(path: Path) -> BankFile:
    try:
        return read_payments(path)
    except FileRefused:
        raise
    except ImportRefused as refusal:
        raise FileRefused(path, str(refusal), refusal.line) from refusal


def _store(client: Client, files: list[tuple[Path, BankFile]], actor: User | None) -> dict[str, Any]:
    told = [Told(line, path.name) for path, file in files for line in file.lines]
    plan_for_many_rows(len(told))
    paired = pair_lines(client, told)
    of_files = {receipt.pk: receipt for receipt in paired.receipts.values()}
    held = {pk for pk, receipt in of_files.items() if receipt.entry_id}
    place = _places(files, paired)

    def refuse(receipt: BankReceipt, why: Exception) -> None:
        if receipt.pk in place:
            path, line = place[receipt.pk]
            raise FileRefused(path, _refusal(client, receipt, why), line)

    done = take_up_waiting(client, refuse=refuse)
    warnings = Warnings()
    _warn_of_files(files, warnings)
    rows = BankReceipt.objects.for_client(client)
    waiting = rows.filter(status=ReceiptStatus.UNIDENTIFIED)
    _warn_of_waiting([one for one in waiting.order_by("booked_on", "pk") if one.pk in of_files], place, warnings)
    became = {
        "created": paired.created, "unchanged": len(of_files) - paired.created, "booked": len(done.receipts),
        "specified": done.specified, "waiting": waiting.count(),
    }  # fmt: skip
    summary = {
        "client": client.organisation_number,
        "customers": {"created": 0, "updated": 0, "unchanged": 0},
        "entries": {"created": done.entries, "unchanged": len(held)},
        "matches": {"created": done.matches},
        "totals": _totals(files, client.base_currency),
        "receipts": became,
        "warnings": warnings.listed(),
    }  # fmt: skip
    if len(paired.receipts) > paired.known or done.changed:
        details = {"files": [path.name for path, _ in files], **became, **_counts(done)}
        write_audit(action="payments.imported", client=client, actor=actor, details=details)
    if done.changed:
        ledger_changed.send(sender=None, client=client)
    analyse_ledger(done.entries + done.matches)
    return summary


def _counts(done: Booked) -> dict[str, Any]:
    return {"entries": done.entries, "matches": done.matches, **({"unmatched": done.undone} if done.undone else {})}


def book_waiting(client: Client, actor: User | None = None) -> Booked:
    """Take up what waits after another import, with an audit line; that import sends `ledger_changed`. Inside its scope."""
    done = take_up_waiting(client)
    if done.changed:
        details = {"booked": [one.pk for one in done.receipts], **_counts(done)}
        write_audit(action="payments.taken_up", client=client, actor=actor, details=details)
    return done


def _places(files: list[tuple[Path, BankFile]], paired: Paired) -> dict[int, tuple[Path, int]]:
    """By receipt the first line of these files that tells of it."""
    found: dict[int, tuple[Path, int]] = {}
    for path, file in files:
        for line in file.lines:
            found.setdefault(paired.receipts[digest_of(line)].pk, (path, line.line))
    return found


def _refusal(client: Client, receipt: BankReceipt, why: Exception) -> str:
    if isinstance(why, PeriodLocked):
        return (
            f"the payment of {receipt.amount} {receipt.currency} is of {receipt.booked_on}, and the books are locked"
            f" through {why.locked_through}: open them from that day, or leave the file out"
        )
    assert isinstance(why, RateMissing)
    return (
        f"the payment of {receipt.amount} {receipt.currency} needs a rate: give it with"
        f" add_rate {why.currency} {why.day} RATE --client {client.organisation_number}"
    )


def _warn_of_files(files: list[tuple[Path, BankFile]], warnings: Warnings) -> None:
    for path, file in files:
        for code, message, line in file.odd:
            warnings.add(code, message, f"{path.name}:{line}")
        for one in file.statements:
            if one.difference:
                told = (
                    f"statement {one.name}: the closing balance differs by {one.difference} from opening and entries;"
                    " the entries are read as they are"
                )
                warnings.add("statement_differs", told, f"{path.name}:{one.line}")


def _warn_of_waiting(waiting: list[BankReceipt], place: dict[int, tuple[Path, int]], warnings: Warnings) -> None:
    for one in waiting:
        path, line = place[one.pk]
        named = f" with reference {one.reference[:40]}" if one.reference else ""
        told = (
            f"{one.amount} {one.currency} of {one.booked_on}{named}: the customer is not known, it waits unidentified"
        )
        warnings.add("unidentified_payment", told, f"{path.name}:{line}")


def _totals(files: list[tuple[Path, BankFile]], base: str) -> dict[str, dict[str, str]]:
    """By currency: money in and out of all files; the balances before the first and after the last of each account."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    balances: dict[tuple[str, str], list[Decimal]] = {}
    for _, file in files:
        for one in file.statements:
            currency = one.currency or next((line.currency for line in file.lines), base)
            sums[currency][0] += one.money_in
            sums[currency][1] += one.money_out
            if one.opening is not None and one.closing is not None:
                balances.setdefault((one.account, currency), [one.opening, one.closing])[1] = one.closing
    found = {}
    for currency, (money_in, money_out) in sums.items():
        of_currency = [both for (_, code), both in balances.items() if code == currency]
        opening = sum((both[0] for both in of_currency), ZERO)
        closing = sum((both[1] for both in of_currency), ZERO) if of_currency else money_in - money_out
        amounts = {"opening": opening, "debit": money_out, "credit": money_in, "closing": closing}
        found[currency] = {name: str(amount) for name, amount in amounts.items()}
    return found
