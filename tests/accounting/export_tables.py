"""Tables and ledgers of any size to write files from."""

from datetime import date, timedelta
from decimal import Decimal

from accounting.exports.table import Column, Kind, Row, RowKind, Section, Table

COLUMNS = (
    Column("bilag", "Bilag", Kind.TEXT, 12),
    Column("kunde", "Kunde", Kind.TEXT, 32),
    Column("dato", "Bilagsdato", Kind.DATE, 11),
    Column("dager", "Dager forfalt", Kind.NUMBER, 8),
    Column("belop", "Beløp", Kind.MONEY, 14),
    Column("rest", "Restbeløp", Kind.MONEY, 14),
)


def table(rows, columns=COLUMNS, **more):
    values = {
        "name": "prove_310000000_2026-11-24", "title": "Åpne poster kunder", "company": "Furuly Lys AS",
        "organisation_number": "310 000 000", "facts": (("Per dato", "24.11.2026"),), "columns": columns,
        "sections": (Section("", rows),), "notes": ("Slik det sto i regnskapet.",),
        "made": "Laget 24.11.2026 kl. 14.05 av Rita Regnskap",
    } | more  # fmt: skip
    return Table(**values)


def lines(count, per_customer=4):
    """`count` lines in groups, and their sum at the end."""
    total = Decimal(0)
    for no in range(count):
        if no % per_customer == 0:
            customer = 10000 + no // per_customer
            yield Row((f"{customer}  Kunde {customer} AS  ·  {per_customer} poster", None, None, None, None, Decimal("1.00")),
                      RowKind.GROUP)  # fmt: skip
        amount = Decimal(no * 7919 % 9_999_999 - 500_000).scaleb(-2)
        total += amount
        day = date(2026, 1, 1) + timedelta(days=no % 300)
        yield Row(
            (str(20000 + no), f"Kunde {no // per_customer} Ærlig Ønske Åpen AS", day, no % 120, amount * 2, amount)
        )
    yield Row((f"Sum {count} poster", None, None, None, total * 2, total), RowKind.TOTAL)
