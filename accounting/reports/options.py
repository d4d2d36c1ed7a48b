"""What a report may be asked for, and how a command line or an address says it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

_Value = TypeVar("_Value")
_Default = TypeVar("_Default")

_DATE_WANTED = _("Write the date as year-month-day, for example 2026-06-30.")
_DAYS_WANTED = _("Write the limits as whole days in ascending order, at most 20 of them, for example 30,60,90.")
_WORD_WANTED = _("Choose one of: {words}.")


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
MOST_BUCKETS = 20


class OptionErrors(Exception):
    """One message per field that cannot be understood, by the field's name where it was given."""

    def __init__(self, by_field: dict[str, str | Promise]) -> None:
        super().__init__(", ".join(by_field))
        self.by_field = by_field


@dataclass(frozen=True)
class Options:
    """The question a report answers. `as_of` is inclusive; `bucket_days` are the last days of the buckets, ascending.

    `customer` (a number) and `column` (one of `columns`) narrow the open items to those behind one figure.
    """

    as_of: date
    age_by: AgeBy = AgeBy.DUE_DATE
    bucket_days: tuple[int, ...] = DEFAULT_BUCKETS
    credits: Credits = Credits.SEPARATE
    currency: Currency = Currency.BASE
    customer: str | None = None
    column: str | None = None

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


@dataclass(frozen=True)
class Words:
    """What one surface calls each option, and its values."""

    as_of: str
    age_by: str
    bucket_days: str
    credits: str
    currency: str
    ages: Mapping[str, AgeBy]
    credit_ways: Mapping[str, Credits]
    currencies: Mapping[str, Currency]
    customer: str = ""
    column: str = ""


COMMAND = Words(
    as_of="--as-of",
    age_by="--age-by",
    bucket_days="--buckets",
    credits="--credits",
    currency="--currency",
    ages={one.value: one for one in AgeBy},
    credit_ways={one.value: one for one in Credits},
    currencies={one.value: one for one in Currency},
)
PAGE = Words(
    as_of="per",
    age_by="alder",
    bucket_days="intervaller",
    credits="kreditposter",
    currency="valuta",
    ages={"forfall": AgeBy.DUE_DATE, "bilagsdato": AgeBy.ENTRY_DATE},
    credit_ways={"egen": Credits.SEPARATE, "aldersfordelt": Credits.AGED},
    currencies={"regnskap": Currency.BASE, "original": Currency.ORIGINAL},
    customer="kunde",
    column="kolonne",
)
# The aged report is not narrowed: it is where the narrowing starts.
AGED_PAGE = replace(PAGE, customer="", column="")


def parse(values: Mapping[str, str | None], words: Words, *, today: date | None = None) -> Options:
    """The options that `values` say by these words; what is absent or empty takes its default, the date `today`.

    Raises OptionErrors with a message for each field that is wrong; without `today` a missing date is wrong too.
    """
    reader = _Reader(values)
    as_of = reader.read(words.as_of, _date, today)
    if as_of is None:
        reader.errors.setdefault(words.as_of, _DATE_WANTED)
    options = Options(
        as_of=as_of or date.min,
        age_by=reader.read(words.age_by, _one_of(words.ages), AgeBy.DUE_DATE),
        bucket_days=reader.read(words.bucket_days, _bucket_days, DEFAULT_BUCKETS),
        credits=reader.read(words.credits, _one_of(words.credit_ways), Credits.SEPARATE),
        currency=reader.read(words.currency, _one_of(words.currencies), Currency.BASE),
        customer=reader.read(words.customer, _customer_number, None) if words.customer else None,
    )
    if words.column:
        known = {name: name for name in options.columns}
        options = replace(options, column=reader.read(words.column, _one_of(known), None))
    if reader.errors:
        raise OptionErrors(reader.errors)
    return options


def as_parameters(options: Options) -> dict[str, str]:
    """The query parameters of an address that asks for these options; defaults are left out, the date never is."""
    said = {
        PAGE.as_of: options.as_of.isoformat(),
        PAGE.age_by: _word(PAGE.ages, options.age_by),
        PAGE.bucket_days: ",".join(map(str, options.bucket_days)),
        PAGE.credits: _word(PAGE.credit_ways, options.credits),
        PAGE.currency: _word(PAGE.currencies, options.currency),
        PAGE.customer: options.customer or "",
        PAGE.column: options.column or "",
    }
    return {name: text for name, text in said.items() if text and text != PAGE_DEFAULTS.get(name)}


PAGE_DEFAULTS = {
    PAGE.age_by: "forfall",
    PAGE.bucket_days: ",".join(map(str, DEFAULT_BUCKETS)),
    PAGE.credits: "egen",
    PAGE.currency: "regnskap",
}


class _Wrong(ValueError):
    def __init__(self, message: str | Promise) -> None:
        super().__init__(str(message))
        self.message = message


class _Reader:
    """Reads one field after the other and keeps what was wrong."""

    def __init__(self, values: Mapping[str, str | None]) -> None:
        self.values, self.errors = values, dict[str, str | Promise]()

    def read(self, name: str, understand: Callable[[str], _Value], default: _Default) -> _Value | _Default:
        text = (self.values.get(name) or "").strip()
        try:
            return understand(text) if text else default
        except _Wrong as wrong:
            self.errors[name] = wrong.message
            return default


def _date(text: str) -> date:
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise _Wrong(_DATE_WANTED) from None


def _bucket_days(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST_BUCKETS or not all(re.fullmatch(r"[0-9]{1,5}", part) for part in parts):
        raise _Wrong(_DAYS_WANTED)
    days = tuple(int(part) for part in parts)
    if days[0] < 1 or any(later <= earlier for earlier, later in pairwise(days)):
        raise _Wrong(_DAYS_WANTED)
    return days


def _customer_number(text: str) -> str:
    if "\x00" in text:  # PostgreSQL knows no such character
        raise _Wrong(_("Write a customer's number."))
    return text


def _one_of(words: Mapping[str, _Value]) -> Callable[[str], _Value]:
    def understand(text: str) -> _Value:
        if text not in words:
            raise _Wrong(format_lazy(_WORD_WANTED, words=", ".join(words)))
        return words[text]

    return understand


def _word(words: Mapping[str, _Value], value: _Value) -> str:
    return next(word for word, meaning in words.items() if meaning == value)
