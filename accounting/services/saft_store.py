"""Writes what an import read: customers, entries, matches and movements, in bulk, and only what is new."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Max, Min, Sum
from django.utils import timezone

from access.models import Client
from accounting.imports.refusal import ImportRefused
from accounting.matching import Item, match_customer
from accounting.models import ControlAccountMovement, Customer, HeldPeriod, LedgerEntry, Match

BATCH = 2000
ZERO = Decimal("0.00")


@dataclass
class Stored:
    """Entries that are new, saved, in the order of the file; and how many were known already."""

    new: list[LedgerEntry] = field(default_factory=list)
    unchanged: int = 0


def store_customers(client: Client, given: Iterable[dict[str, Any]]) -> tuple[dict[str, int], dict[str, int]]:
    """Create and update; ({number: primary key}, {"created", "updated", "unchanged"})."""
    held = {one.number: one for one in Customer.objects.for_client(client)}
    new, changed, unchanged = [], [], 0
    for values in given:
        one = held.get(values["number"])
        if one is None:
            new.append(Customer(**values))
        elif any(getattr(one, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(one, name, value)
            one.changed_at = timezone.now()
            changed.append(one)
        else:
            unchanged += 1
    Customer.objects.for_client(client).bulk_create(new, batch_size=BATCH)
    Customer.objects.for_client(client).bulk_update(
        changed, ["name", "organisation_number", "country", "changed_at"], batch_size=BATCH
    )
    keys = {one.number: one.pk for one in (*held.values(), *new)}
    return keys, {"created": len(new), "updated": len(changed), "unchanged": unchanged}


def store_entries(
    client: Client, entries: list[LedgerEntry], customers: dict[str, int], lines: dict[str, int]
) -> Stored:
    """Save what is not known. Raises ImportRefused where a known line has another amount, account, customer or date."""
    stored = Stored()
    for begin in range(0, len(entries), BATCH):
        part = entries[begin : begin + BATCH]
        held = {
            one["entry_id"]: one
            for one in LedgerEntry.objects.for_client(client)
            .filter(entry_id__in=[entry.entry_id for entry in part])
            .values("entry_id", "amount", "account", "customer_id", "entry_date")
        }
        new = []
        for entry in part:
            entry.customer_id = customers[entry.customer_number]  # type: ignore[attr-defined]
            known = held.get(entry.entry_id)
            if known is None:
                new.append(entry)
                continue
            for name in ("amount", "account", "customer_id", "entry_date"):
                if known[name] != getattr(entry, name):
                    told = (
                        f"{entry.entry_id} is held with another {name.removesuffix('_id')}: posted books do not change"
                    )
                    raise ImportRefused(told, lines.get(entry.entry_id, 1))
            stored.unchanged += 1
        stored.new += LedgerEntry.objects.for_client(client).bulk_create(new)
    return stored


def match_new(client: Client, new: list[LedgerEntry]) -> tuple[int, int]:
    """Match the new entries, customer by customer; (how many matches are assumed, how many there are)."""
    by_customer: dict[int, list[LedgerEntry]] = defaultdict(list)
    for entry in new:
        by_customer[entry.customer_id].append(entry)
    ids = {entry.pk for entry in new}
    open_before: dict[int, list[LedgerEntry]] = defaultdict(list)
    held = LedgerEntry.objects.for_client(client).filter(closed_on=None, customer__in=list(by_customer))
    for entry in held.order_by("entry_date", "pk"):
        if entry.pk not in ids:
            open_before[entry.customer_id].append(entry)
    matches: list[Match] = []
    assumed = 0
    for customer, entries in by_customer.items():
        entries.sort(key=lambda one: one.entry_date)  # stable: the file's order within a day
        known = {one.pk: one for one in (*open_before[customer], *entries)}
        rest = {pk: abs(one.open_currency_amount) for pk, one in known.items()}
        whole = {pk: abs(one.open_amount) for pk, one in known.items()}
        for found in match_customer(map(_item, open_before[customer]), map(_item, entries)):
            debit, credit = known[found.debit], known[found.credit]
            shares = []
            for side in (debit, credit):
                # Pro rata, half up; the last match of an item takes the rest.
                last = whole[side.pk] == found.amount
                share = rest[side.pk] if last else _share(side, found.amount, rest[side.pk])
                rest[side.pk] -= share
                whole[side.pk] -= found.amount
                shares.append(share)
            assumed += found.assumed
            matches.append(
                Match(
                    debit=debit, credit=credit, amount=found.amount, debit_currency_amount=shares[0],
                    credit_currency_amount=shares[1], matched_on=max(debit.entry_date, credit.entry_date),
                    assumed=found.assumed,
                )
            )  # fmt: skip
    Match.objects.for_client(client).bulk_create(matches, batch_size=BATCH)
    return assumed, len(matches)


def _share(entry: LedgerEntry, amount: Decimal, rest: Decimal) -> Decimal:
    if entry.currency_amount == entry.amount:
        return amount
    return min(rest, (abs(entry.currency_amount) * amount / abs(entry.amount)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _item(entry: LedgerEntry) -> Item:
    return Item(entry.pk, entry.open_amount, entry.kid, entry.invoice_number, entry.cross_reference)


def balances(client: Client, day: date) -> dict[str, Decimal]:
    """What each customer owes at the end of `day`, by number, in the client's currency."""
    found = LedgerEntry.objects.for_client(client).filter(entry_date__lte=day).values("customer__number")
    return {one["customer__number"]: one["total"] for one in found.annotate(total=Sum("amount")).order_by()}


def control_balance(client: Client, day: date) -> Decimal | None:
    """The control accounts together at the end of `day`; None where none are known."""
    found = ControlAccountMovement.objects.for_client(client).filter(day__lte=day)
    return found.aggregate(total=Sum("amount"))["total"]


def store_movements(client: Client, movements: dict[tuple[str, date], Decimal], start: date, end: date) -> None:
    """The file covers `start` to `end` whole, so what it says of those days stands; days outside only where none is held."""
    held = HeldPeriod.objects.for_client(client).aggregate(first=Min("start"), last=Max("end"))
    ours = ControlAccountMovement.objects.for_client(client)
    ours.filter(day__range=(start, end)).delete()
    rows = []
    for (account, day), amount in movements.items():
        outside = not start <= day <= end
        if outside and held["first"] and held["first"] <= day <= held["last"]:
            continue
        if outside:
            ours.filter(account=account, day=day).delete()
        rows.append(ControlAccountMovement(account=account, day=day, amount=amount))
    ours.bulk_create(rows, batch_size=BATCH)
