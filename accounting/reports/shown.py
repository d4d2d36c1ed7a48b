"""Which columns the two reports of items have, which of them stand there unasked, and how a choice of them is read."""

from dataclasses import dataclass
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
# An unpaid invoice is of no other kind, and its voucher stands there only where it is asked for.
OFFERED = {
    "open-items": frozenset(ItemColumn),
    "unpaid-invoices": frozenset(ItemColumn) - {ItemColumn.KIND},
}
BY_DEFAULT = {
    "open-items": OFFERED["open-items"] - ON_DEMAND,
    "unpaid-invoices": OFFERED["unpaid-invoices"] - ON_DEMAND - {ItemColumn.VOUCHER},
}
MOST_ON_PAGE = 10
_AMOUNTS = frozenset({ItemColumn.AMOUNT, ItemColumn.OPEN_AMOUNT})


def read_columns(text: str) -> tuple[ItemColumn, ...]:
    """The chosen columns in the table's order, from their words with commas between. Raises ValueError on another word."""
    words = {ItemColumn(word.strip()) for word in text.split(",") if word.strip()} | ALWAYS
    return tuple(column for column in ItemColumn if column in words)


def shown_columns(report: str, chosen: tuple[ItemColumn, ...]) -> tuple[ItemColumn, ...]:
    """What the report of this name shows: what was chosen of what it offers, else what it shows by default."""
    wanted = OFFERED[report] & set(chosen) if chosen else BY_DEFAULT[report]
    return tuple(column for column in ItemColumn if column in wanted)


@dataclass(frozen=True)
class OnPage:
    """The columns as a page's table has them, and how many stand before the amounts."""

    columns: tuple[ItemColumn, ...]

    @property
    def before_amounts(self) -> int:
        """How many columns a head or a sum runs over."""
        return len(set(self.columns) - _AMOUNTS)

    @property
    def wide(self) -> bool:
        """Whether there are more of them than a page of 1280 has room for: the table then scrolls by itself."""
        return len(self.columns) > MOST_ON_PAGE

    def __contains__(self, word: object) -> bool:
        return word in self.columns


def on_page(report: str, chosen: tuple[ItemColumn, ...], *, paid_after: bool) -> OnPage:
    """As `shown_columns`; unasked, the KID gives its place to what was paid after, and stands beneath the invoice."""
    columns = shown_columns(report, chosen)
    if paid_after and not chosen:
        columns = tuple(column for column in columns if column != ItemColumn.KID)
    return OnPage(columns)
