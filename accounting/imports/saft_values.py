"""Reads texts, amounts, dates and numbers out of SAF-T elements, whatever their namespace, or says what is wrong with them."""

import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from accounting.imports.refusal import ImportRefused

ORE = Decimal("0.01")
LARGEST = Decimal(10) ** 14  # sums of many still fit the database's sixteen digits before the point
# Outside stand the empty dates of other systems (0001-01-01, 9999-12-31).
FIRST_YEAR, LAST_YEAR = 1900, 2199
# What Python would take beside these (1_000, other scripts' digits, 2026-W01-1) is more likely a fault than a number.
# The exponent is that of a floating number as programs write it; its value is exact all the same.
_AMOUNT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)([T+\-Z].{0,40})?", re.ASCII | re.DOTALL)
_WHOLE = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_MOST_LINES = 65_535  # libxml2 counts an element's own line no further


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def local(element: Any) -> str:
    """The element's name without namespace."""
    tag = element.tag
    return _local(tag) if isinstance(tag, str) else ""


def line_of(element: Any) -> int:
    """The line of the file on which the element begins; in its parent's stead where libxml2 has lost its own."""
    line = element.sourceline or 1
    if line < _MOST_LINES:
        return int(line)
    while line == _MOST_LINES and (above := element.getparent()) is not None and above.sourceline >= _MOST_LINES:
        element, line = above, above.sourceline
    # Beyond, it gives the line on which the element's first text ends.
    while not element.text and len(element):
        element = element[0]
    return max(line - (element.text or "").count("\n"), _MOST_LINES)


def child(element: Any, name: str) -> Any:
    """The first child of that name, or None."""
    return element.find(f"{{*}}{name}")


def children(element: Any, name: str) -> list[Any]:
    """All children of that name."""
    return element.findall(f"{{*}}{name}")


def content(element: Any) -> str:
    """An element's text, without the space around it; empty for None."""
    return (element.text or "").strip() if element is not None else ""


def text(element: Any, name: str) -> str:
    """The text of the child of that name; empty where there is none."""
    return content(child(element, name))


def amount_in(element: Any) -> Decimal | None:
    """The element's own text as an amount, to the øre, half up, once. None where it is absent or empty."""
    value = exact_amount_in(element)
    return None if value is None else value.quantize(ORE, ROUND_HALF_UP)


def exact_amount_in(element: Any) -> Decimal | None:
    """The element's own text as an amount, with all its decimals. None where it is absent or empty."""
    written = content(element)
    if not written:
        return None
    value: Decimal = parsed(written, _AMOUNT, Decimal, element, "write it as 1234.50")
    if abs(value) >= LARGEST:
        told = f"{local(element)} is {written[:40]!r}, more than can be kept: correct it"
        raise ImportRefused(told, line_of(element))
    return value


def rate_in(element: Any) -> Decimal | None:
    """The element's own text as a rate of exchange, more than 0, as exact as it is written. None where it is absent."""
    written = content(element)
    if not written:
        return None
    value: Decimal = parsed(written, _AMOUNT, Decimal, element, "write it as 11.7425")
    if not 0 < value < LARGEST:
        raise ImportRefused(f"{local(element)} is {written[:40]!r}, no rate of exchange: correct it", line_of(element))
    return value


def day_in(element: Any) -> date | None:
    """The element's own text as a date; a time or zone after it is left out. None where it is absent or an empty date."""
    written = content(element)
    if not written:
        return None
    found: date = parsed(written, _DAY, _day, element, "write a date as 2026-01-31")
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def _day(written: str) -> date:
    return date.fromisoformat(written[:10])


def whole(element: Any, name: str, default: int | None = None, *, least: int = 0, most: int = 9999) -> int:
    """A whole number between `least` and `most`; refused where it is absent and there is no default."""
    found = child(element, name)
    if not content(found):
        if default is not None:
            return default
        raise ImportRefused(f"{name} is missing in {local(element)}: fill it in", line_of(element))
    value = whole_in(found)
    if not least <= value <= most:
        raise ImportRefused(f"{name} is {value}, not a number from {least} to {most}: correct it", line_of(found))
    return value


def whole_in(element: Any) -> int:
    """The element's own text as a whole number."""
    return int(parsed(content(element), _WHOLE, int, element, "write a whole number"))


def parsed(written: str, form: re.Pattern[str], read: Callable[[str], Any], element: Any, remedy: str) -> Any:
    """What `read` makes of a text of that form; refused, naming the element, where it is not of it or makes no sense."""
    try:
        if form.fullmatch(written):
            return read(written)
    except (ValueError, InvalidOperation):
        pass
    told = f"{local(element)} is {written[:40]!r}, which cannot be read: {remedy}"
    raise ImportRefused(told, line_of(element))
