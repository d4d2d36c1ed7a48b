"""How a command line or an address says what a report is asked for, and what is answered where it cannot be understood."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any, TypeVar

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounting.models import Kind
from accounting.reports.filters import Filter, Status
from accounting.reports.options import DEFAULT_BUCKETS, AgeBy, Credits, Currency, Options
from accounting.reports.shown import ItemColumn, read_columns

_Value = TypeVar("_Value")
_Default = TypeVar("_Default")

MOST_BUCKETS = 20
MOST_TEXT = 200
_DATE_WANTED = _("Write the date as year-month-day, for example 2026-06-30.")
_DAYS_WANTED = _("Write the limits as whole days in ascending order, at most 20 of them, for example 30,60,90.")
_WORD_WANTED = _("Choose one of: {words}.")
_TEXT_WANTED = _("Write at most 200 ordinary characters.")


class OptionErrors(Exception):
    """One message per field that cannot be understood, by the field's name where it was given."""

    def __init__(self, by_field: dict[str, str | Promise]) -> None:
        super().__init__(", ".join(by_field))
        self.by_field = by_field


@dataclass(frozen=True)
class Words:
    """What one surface calls each option, and its values. An option without a name is not offered there."""

    names: Mapping[str, str]
    ages: Mapping[str, AgeBy] = field(default_factory=lambda: {one.value: one for one in AgeBy})
    credit_ways: Mapping[str, Credits] = field(default_factory=lambda: {one.value: one for one in Credits})
    currencies: Mapping[str, Currency] = field(default_factory=lambda: {one.value: one for one in Currency})
    kinds: Mapping[str, str] = field(default_factory=lambda: {one: one for one in Kind.values})
    statuses: Mapping[str, Status] = field(default_factory=lambda: {one.value: one for one in Status})
    yes: str = "yes"

    def name(self, option: str) -> str:
        """What this surface calls the option; empty where it does not offer it."""
        return self.names.get(option, "")

    def without(self, *options: str) -> "Words":
        """The same surface, not offering these."""
        return replace(self, names={option: name for option, name in self.names.items() if option not in options})


COMMAND = Words(
    names={
        "as_of": "--as-of", "age_by": "--age-by", "bucket_days": "--buckets", "credits": "--credits",
        "currency": "--currency", "customers": "--customers", "kind": "--kind", "entry_currency": "--entry-currency",
        "department": "--department", "project": "--project", "status": "--status",
        "credit_balance": "--credit-balance", "search": "--search", "paid_after": "--paid-after",
    },
)  # fmt: skip
PAGE = Words(
    names={
        "as_of": "per", "age_by": "alder", "bucket_days": "intervaller", "credits": "kreditposter",
        "currency": "valuta", "customers": "kunde", "kind": "art", "entry_currency": "valutakode",
        "department": "avdeling", "project": "prosjekt", "column": "kolonne", "status": "status",
        "credit_balance": "kreditsaldo", "search": "sok", "paid_after": "innbetalt", "shown": "kolonner",
    },
    ages={"forfall": AgeBy.DUE_DATE, "bilagsdato": AgeBy.ENTRY_DATE},
    credit_ways={"egen": Credits.SEPARATE, "aldersfordelt": Credits.AGED},
    currencies={"regnskap": Currency.BASE, "original": Currency.ORIGINAL},
    kinds={
        "faktura": Kind.INVOICE, "kreditnota": Kind.CREDIT_NOTE, "innbetaling": Kind.PAYMENT,
        "inngaende-saldo": Kind.OPENING_BALANCE, "tilbakebetaling": Kind.REFUND, "purregebyr": Kind.REMINDER_FEE,
        "inkassosalar": Kind.COLLECTION_FEE, "renter": Kind.INTEREST, "tap": Kind.WRITE_OFF,
        "valutadifferanse": Kind.EXCHANGE_DIFFERENCE, "avrunding": Kind.ROUNDING, "kontantrabatt": Kind.CASH_DISCOUNT,
        "bankgebyr": Kind.BANK_FEE, "bilag": Kind.JOURNAL,
    },
    statuses={
        "ikke-forfalt": Status.NOT_DUE, "forfalt": Status.OVERDUE, "delbetalt": Status.PARTLY_PAID,
        "omtvistet": Status.DISPUTED, "inkasso": Status.IN_COLLECTION, "purret": Status.REMINDED,
        "utsatt": Status.POSTPONED, "kreditpost": Status.CREDIT,
    },
    yes="ja",
)  # fmt: skip
# A figure of the aged report is narrowed to on the page of open items.
AGED_PAGE = PAGE.without("column", "shown")
PAGE_DEFAULTS = {
    "alder": "forfall",
    "intervaller": ",".join(map(str, DEFAULT_BUCKETS)),
    "kreditposter": "egen",
    "valuta": "regnskap",
}


def parse(values: Mapping[str, str | None], words: Words, *, today: date | None = None) -> Options:
    """The options that `values` say by these words; what is absent or empty takes its default, the date `today`.

    Raises OptionErrors with a message for each field that is wrong; without `today` a missing date is wrong too.
    """
    reader = _Reader(values, words)
    as_of = reader.read("as_of", _date, today)
    if as_of is None:
        reader.errors.setdefault(words.name("as_of"), _DATE_WANTED)
    options = Options(
        as_of=as_of or date.min,
        age_by=reader.read("age_by", _one_of(words.ages), AgeBy.DUE_DATE),
        bucket_days=reader.read("bucket_days", _bucket_days, DEFAULT_BUCKETS),
        credits=reader.read("credits", _one_of(words.credit_ways), Credits.SEPARATE),
        currency=reader.read("currency", _one_of(words.currencies), Currency.BASE),
        paid_after=reader.read("paid_after", _yes(words), False),
        shown=reader.read("shown", _columns, ()),
        only=Filter(
            customers=reader.read("customers", _text, ""),
            kind=reader.read("kind", _one_of(words.kinds), ""),
            entry_currency=reader.read("entry_currency", _currency_code, ""),
            department=reader.read("department", _text, ""),
            project=reader.read("project", _text, ""),
            status=reader.read("status", _one_of(words.statuses), None),
            credit_balance=reader.read("credit_balance", _yes(words), False),
            search=reader.read("search", _text, ""),
        ),
    )
    column = reader.read("column", _one_of({name: name for name in options.columns}), "")
    if reader.errors:
        raise OptionErrors(reader.errors)
    return replace(options, only=replace(options.only, column=column))


def as_parameters(options: Options) -> dict[str, str]:
    """The query parameters of an address that asks for these options; defaults are left out, the date never is."""
    only = options.only
    said = {
        "as_of": options.as_of.isoformat(),
        "age_by": _word(PAGE.ages, options.age_by),
        "bucket_days": ",".join(map(str, options.bucket_days)),
        "credits": _word(PAGE.credit_ways, options.credits),
        "currency": _word(PAGE.currencies, options.currency),
        "customers": only.customers,
        "kind": _word(PAGE.kinds, only.kind),
        "entry_currency": only.entry_currency,
        "department": only.department,
        "project": only.project,
        "column": only.column,
        "status": _word(PAGE.statuses, only.status),
        "credit_balance": PAGE.yes if only.credit_balance else "",
        "search": only.search,
        "paid_after": PAGE.yes if options.paid_after else "",
        "shown": ",".join(options.shown),
    }
    named = {PAGE.name(option): text for option, text in said.items()}
    return {name: text for name, text in named.items() if text and text != PAGE_DEFAULTS.get(name)}


class _Wrong(ValueError):
    def __init__(self, message: str | Promise) -> None:
        super().__init__(str(message))
        self.message = message


class _Reader:
    """Reads one option after the other by the surface's names and keeps what was wrong."""

    def __init__(self, values: Mapping[str, str | None], words: Words) -> None:
        self.values, self.words, self.errors = values, words, dict[str, str | Promise]()

    def read(self, option: str, understand: Callable[[str], _Value], default: _Default) -> _Value | _Default:
        name = self.words.name(option)
        text = (self.values.get(name) or "").strip() if name else ""
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


def _text(text: str) -> str:
    if "\x00" in text or len(text) > MOST_TEXT:  # PostgreSQL knows no such character
        raise _Wrong(_TEXT_WANTED)
    return text


def _currency_code(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        raise _Wrong(_("Write a currency as three letters, for example EUR."))
    return text.upper()


def _columns(text: str) -> tuple[ItemColumn, ...]:
    try:
        return read_columns(text)
    except ValueError:
        raise _Wrong(format_lazy(_WORD_WANTED, words=", ".join(ItemColumn))) from None


def _one_of(words: Mapping[str, _Value]) -> Callable[[str], _Value]:
    def understand(text: str) -> _Value:
        if text not in words:
            raise _Wrong(format_lazy(_WORD_WANTED, words=", ".join(words)))
        return words[text]

    return understand


def _yes(words: Words) -> Callable[[str], bool]:
    return _one_of({words.yes: True})


def _word(words: Mapping[str, Any], value: Any) -> str:
    return next((word for word, meaning in words.items() if meaning == value), "") if value else ""
