"""What the widget, the agreement's page and its history read: the agreement to show, what was before, and our own books."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, IntegerField, Sum, Value, When

from access.models import Client
from accounting.models import LedgerEntry
from financing.models import Agreement, CreditSnapshot

NAMED = 3  # customers


@dataclass(frozen=True)
class MissingNumbers:
    """Open invoices to companies without organisation number, by our own books; `amount` in the client's currency."""

    items: int
    customers: int
    amount: Decimal
    named: tuple[tuple[str, str], ...]  # number and name of those with the largest amounts
    customer_number: str  # of the only one; else empty


def agreement_to_show(client: Client, provider_name: str) -> Agreement | None:
    """The one that lives, else the one that began last. Inside the client's scope."""
    living_first = Case(When(status="terminated", then=Value(1)), default=Value(0), output_field=IntegerField())
    found = Agreement.objects.for_client(client).filter(provider=provider_name)
    return found.select_related("onboarding__consent").order_by(living_first, "-onboarding__started_at").first()


def ended_at(client: Client, agreement: Agreement) -> datetime:
    """When we were told that a terminated agreement is over."""
    told = snapshots(client).filter(agreement=agreement, status="terminated").first()
    return told.recorded_at if told else agreement.read_at


def analysis_of_limit(client: Client, agreement: Agreement, limit: Decimal) -> dict[str, Any] | None:
    """The latest analysis that gave the agreement this limit, as it is kept in the history."""
    told = snapshots(client).filter(agreement=agreement, limit=limit, analysis__isnull=False).first()
    return told.analysis if told and Decimal(told.analysis["limit"]) == limit else None


def limit_before(client: Client, agreement: Agreement) -> CreditSnapshot | None:
    """The history's last line with another limit than the present one."""
    return snapshots(client).filter(agreement=agreement).exclude(limit=agreement.limit).first()


def snapshots(client: Client) -> Any:
    """The history of limit and balance, over every agreement, newest first."""
    return CreditSnapshot.objects.for_client(client).order_by("-id")


def missing_numbers(client: Client) -> MissingNumbers | None:
    """What may be mended in our own books; None where every company's number is there.."""
    found = LedgerEntry.objects.for_client(client).filter(
        kind="invoice", closed_on__isnull=True, open_amount__gt=0, customer__organisation_number="",
        customer__private_person=False,
    )  # fmt: skip
    rows = list(
        found.values("customer__name", "customer__number")
        .annotate(items=Count("id"), amount=Sum("open_amount"))
        .order_by("-amount", "customer__number")
    )
    if not rows:
        return None
    return MissingNumbers(
        sum(one["items"] for one in rows), len(rows), sum((one["amount"] for one in rows), Decimal(0)),
        tuple((one["customer__number"], one["customer__name"]) for one in rows[:NAMED]),
        rows[0]["customer__number"] if len(rows) == 1 else "",
    )  # fmt: skip
