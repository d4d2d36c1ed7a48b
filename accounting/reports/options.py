"""What a report may be asked for: date, age, columns, currency, and which items."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from accounting.reports.filters import EVERYTHING, Filter
from accounting.reports.shown import ItemColumn


class AgeBy(StrEnum):
    """The date that an item's age counts from."""

    DUE_DATE = "due_date"
    ENTRY_DATE = "entry_date"


class Credits(StrEnum):
    """Whether open credits stand in a column of their own or in the bucket of their own date."""

    SEPARATE = "separate"
    AGED = "aged"


class Currency(StrEnum):
    """Amounts as booked in the client's currency, or split by the currency of each entry."""

    BASE = "base"
    ORIGINAL = "original"


NOT_DUE, NO_DUE_DATE, UNALLOCATED = "not_due", "no_due_date", "unallocated"
DEFAULT_BUCKETS = (30, 60, 90)


@dataclass(frozen=True)
class Options:
    """The question a report answers. `as_of` is inclusive; `bucket_days` are the last days of the buckets, ascending.

    `only` narrows it to some of the items. With `paid_after` an item carries what was paid of it after the date.
    `shown`: the columns that were chosen, empty where none were; they change what is shown, never what is counted.
    """

    as_of: date
    age_by: AgeBy = AgeBy.DUE_DATE
    bucket_days: tuple[int, ...] = DEFAULT_BUCKETS
    credits: Credits = Credits.SEPARATE
    currency: Currency = Currency.BASE
    only: Filter = EVERYTHING
    paid_after: bool = False
    shown: tuple[ItemColumn, ...] = ()

    @property
    def buckets(self) -> tuple[str, ...]:
        """Names of the columns that hold days: `1-30` … `91+`, from 0 when ageing by entry date."""
        first = 1 if self.age_by == AgeBy.DUE_DATE else 0
        starts = (first, *(days + 1 for days in self.bucket_days))
        closed = [f"{start}-{end}" for start, end in zip(starts, self.bucket_days, strict=False)]
        return (*closed, f"{starts[-1]}+")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns in their order (INTERFACES: «Reports: the rules»)."""
        before = (NOT_DUE,) if self.age_by == AgeBy.DUE_DATE else ()
        after = (UNALLOCATED,) if self.credits == Credits.SEPARATE else ()
        return (*before, *self.buckets, NO_DUE_DATE, *after)

    @property
    def thresholds(self) -> tuple[int, ...]:
        """The first day of each column after the first, as PostgreSQL's width_bucket takes them."""
        later = tuple(days + 1 for days in self.bucket_days)
        return (1, *later) if self.age_by == AgeBy.DUE_DATE else later
