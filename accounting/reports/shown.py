"""Which columns the two reports of items have, which of them stand there unasked, and how a choice of them is read."""

from enum import StrEnum


class ItemColumn(StrEnum):
    """A column by its word in an address («kolonner»). Whom an item belongs to always stands there."""

    VOUCHER = "bilag"
    KIND = "art"
    INVOICE = "faktura"
    ENTRY_DATE = "bilagsdato"
    DUE_DATE = "forfall"
    DAYS = "dager"
    KID = "kid"
    STATUS = "status"
    DEPARTMENT = "avdeling"
    PROJECT = "prosjekt"
    CURRENCY = "valuta"
    CURRENCY_AMOUNT = "valutabelop"
    AMOUNT = "belop"
    OPEN_AMOUNT = "rest"


# Without them a list of items says nothing.
ALWAYS = frozenset({ItemColumn.INVOICE, ItemColumn.OPEN_AMOUNT})
ON_DEMAND = frozenset({ItemColumn.DEPARTMENT, ItemColumn.PROJECT, ItemColumn.CURRENCY, ItemColumn.CURRENCY_AMOUNT})
# The list of unpaid invoices knows no other kind, and shows the voucher only where it is asked for.
BY_DEFAULT = {
    "open-items": frozenset(ItemColumn) - ON_DEMAND,
    "unpaid-invoices": frozenset(ItemColumn) - ON_DEMAND - {ItemColumn.VOUCHER, ItemColumn.KIND},
}


def read_columns(text: str) -> tuple[ItemColumn, ...]:
    """The chosen columns in the table's order, from their words with commas between. Raises ValueError on another word."""
    words = {ItemColumn(word.strip()) for word in text.split(",") if word.strip()} | ALWAYS
    return tuple(column for column in ItemColumn if column in words)


def shown_columns(report: str, chosen: tuple[ItemColumn, ...]) -> tuple[ItemColumn, ...]:
    """What the report of this name shows: what was chosen, else what it shows by default."""
    if chosen:
        return chosen
    return tuple(column for column in ItemColumn if column in BY_DEFAULT[report])
