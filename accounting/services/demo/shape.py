"""The shape of the large demo company's history, as data: seasons, tempers, terms, what becomes of invoices, rates."""

from dataclasses import dataclass
from decimal import Decimal

from accounting.services.demo.companies import Company

LARGE = Company(
    "310055557",
    "Lysvarde Rimfrost Drift AS",
    "99990700032",
    {"ada": "administrator", "dag": "daglig_leder", "rita": "regnskapsforer", "rolf": "revisor"},
)
SEED = 310_055_557
FULL_MONTHS = 13  # before the month of the day itself
FIRST_VOUCHER, FIRST_INVOICE, FIRST_CUSTOMER = 20_001, 50_001, 10_001

# How much is invoiced on a day: by its month, in per cent of a plain one; by its weekday (Monday first); more at a
# month's end; and more at the end of the history than at its beginning.
SEASON = {1: 88, 2: 90, 3: 100, 4: 95, 5: 95, 6: 132, 7: 42, 8: 88, 9: 102, 10: 102, 11: 105, 12: 145}
WEEKDAY = (100, 105, 105, 100, 90, 3, 1)
MONTH_END, MONTH_END_DAYS = 170, 3
GROWTH = 15
CLOSED = {(1, 1), (5, 1), (5, 17), (12, 24), (12, 25), (12, 26), (12, 31)}  # neither invoices nor payments


@dataclass(frozen=True)
class Temper:
    """When a customer pays: days after the due date, the first and the last; a share of the customers is so."""

    name: str
    share: int
    first: int
    last: int


TEMPERS = (
    Temper("early", 16, -9, -2),
    Temper("prompt", 34, -1, 2),
    Temper("slow", 27, 5, 16),
    Temper("late", 16, 17, 38),
    Temper("worst", 7, 40, 75),
)
TERMS = {14: 28, 30: 62, 45: 7, 60: 3}  # days: share of the customers
PRIVATE_TERM = 14

# Customers. The size of the one in place n, the largest being 0, is how often and how much it is invoiced.
COMPANIES, WITHOUT_NUMBER, PERSONS = 325, 30, 34
DEPARTMENTS = {"10": 45, "20": 30, "30": 15, "40": 10}
PROJECTS = tuple(str(number) for number in range(2401, 2425))
WITH_PROJECT = 30  # per cent of what is invoiced


def often(place: int) -> int:
    """How often the customer in this place is invoiced, beside the others."""
    return 4000 // (place + 6)


def typical(place: int) -> int:
    """What it is invoiced at a time without tax, in whole kroner."""
    return 900 + 32_000 // (place // 4 + 4)


@dataclass(frozen=True)
class Plot:
    """What becomes of an invoice; how many in 1000 go so, of which customers, and how many days ago at most and at least."""

    name: str
    share: int
    who: str = "norwegian"
    oldest: int = 1000
    youngest: int = 0


PLOTS = (
    Plot("plain", 803, "in_kroner"),
    Plot("euro", 18, "in_euro"),
    Plot("part_payments", 40),
    Plot("credited", 14),
    Plot("reduced", 16),
    Plot("instalments", 10),
    Plot("reminded", 30, "late"),
    Plot("together", 25),
    Plot("rounded", 12),
    Plot("prepaid", 8),
    Plot("opening", 9),
    Plot("disputed", 4, oldest=120, youngest=20),
    Plot("collection", 2, "late", oldest=330, youngest=70),
    Plot("written_off", 3, oldest=400, youngest=260),
    Plot("open_credit", 3, oldest=70),
    Plot("on_account", 3, oldest=45),
)
REMINDER_FEE = Decimal("35.00")

# Kroner for one euro on the first of each month, the same every year; between them it moves evenly.
EURO = tuple(
    Decimal(rate)
    for rate in (
        "11.7420", "11.6855", "11.6130", "11.7015", "11.8240", "11.7390",
        "11.6610", "11.7905", "11.9120", "11.8460", "11.7635", "11.8180",
    )
)  # fmt: skip
