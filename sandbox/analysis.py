"""How the bank reckons a limit from receivables (ANALYSIS.md), pure: what it reads in, every line explained out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")
ORE = Decimal("0.01")
MINIMUM = Decimal("200.00")
LOWEST, HIGHEST = Decimal(25_000), Decimal(5_000_000)
SHARE = Decimal("0.25")
ADVANCE = Decimal("0.80")
ADVANCE_PERCENT = "80"
MOST_DAYS_LATE = 30
LONGEST_TERMS = 90


@dataclass(frozen=True)
class Item:
    """An open item as the accounting system's API gives it; amounts in NOK, a credit negative."""

    id: str
    debtor: str
    kind: str
    open_amount: Decimal
    currency: str
    entry_date: date
    due_date: date | None
    organisation_number: str | None
    country: str | None
    private_person: bool
    in_collection: bool = False
    disputed: bool = False
    assigned: bool = False
    related_party: bool = False


@dataclass(frozen=True)
class Line:
    """An item as it was counted, or, without `receivable_id`, what concerns a debtor as a whole."""

    receivable_id: str | None
    debtor: str
    amount: Decimal
    counted: Decimal
    reason: str | None


@dataclass(frozen=True)
class Result:
    """Amounts in NOK; outstanding = eligible + the sum of the exclusions' amounts."""

    outstanding: Decimal
    eligible: Decimal
    limit: Decimal
    lines: tuple[Line, ...]

    @property
    def exclusions(self) -> list[tuple[str, int, Decimal]]:
        """(reason, number of lines, amount), in the order in which the reasons first appear."""
        found: dict[str, tuple[int, Decimal]] = {}
        for line in self.lines:
            if line.reason is not None:
                count, amount = found.get(line.reason, (0, ZERO))
                found[line.reason] = (count + 1, amount + line.amount - line.counted)
        return [(reason, count, amount) for reason, (count, amount) in found.items()]


def reason_to_leave_out(item: Item, today: date) -> str | None:
    """Step 1: the first reason that fits a receivable, or None."""
    number = item.organisation_number or ""
    due = item.due_date or item.entry_date
    checks = (
        ("not_an_invoice", item.kind != "invoice"),
        ("not_yet_invoiced", item.entry_date > today),
        ("assigned", item.assigned),
        ("related_party", item.related_party),
        ("foreign_currency", item.currency != "NOK"),
        ("private_person", item.private_person),
        ("missing_organisation_number", not (len(number) == 9 and number.isascii() and number.isdigit())),
        ("foreign_debtor", (item.country or "NO") != "NO"),
        ("in_collection", item.in_collection),
        ("disputed", item.disputed),
        ("overdue", (today - due).days > MOST_DAYS_LATE),
        ("long_terms", (due - item.entry_date).days > LONGEST_TERMS),
        ("below_minimum", item.open_amount < MINIMUM),
    )
    return next((reason for reason, fits in checks if fits), None)


def analyse(items: Iterable[Item], today: date) -> Result:
    """The limit on `today` (the bank's business date), and one line for everything it was reckoned from."""
    lines: list[Line] = []
    counted: dict[str, Decimal] = {}
    credits: dict[str, Decimal] = {}
    for item in items:
        if item.open_amount == 0:
            continue
        if item.open_amount < 0:  # step 2: taken from the debtor below, in whatever currency
            credits[item.debtor] = credits.get(item.debtor, ZERO) + item.open_amount
            lines.append(Line(item.id, item.debtor, item.open_amount, item.open_amount, None))
            continue
        reason = reason_to_leave_out(item, today)
        value = ZERO if reason else item.open_amount
        counted[item.debtor] = counted.get(item.debtor, ZERO) + value
        lines.append(Line(item.id, item.debtor, item.open_amount, value, reason))
    for debtor, credit in credits.items():
        left = counted.get(debtor, ZERO) + credit
        if left < 0:  # what the credits are more than the receivables counts for nothing
            lines.append(Line(None, debtor, ZERO, -left, "credit_note"))
        counted[debtor] = max(left, ZERO)
    base = sum(counted.values(), ZERO)
    cap = (base * SHARE).quantize(ORE, ROUND_HALF_UP)
    for debtor, value in counted.items():
        if value > cap:  # step 3, one pass
            lines.append(Line(None, debtor, ZERO, cap - value, "concentration"))
    eligible = sum((min(value, cap) for value in counted.values()), ZERO)
    limit = min((eligible * ADVANCE) // 1000 * 1000, HIGHEST)
    if limit < LOWEST:
        limit = ZERO
    outstanding = sum((line.amount for line in lines), ZERO)
    return Result(outstanding, eligible, limit.quantize(ORE), tuple(lines))
