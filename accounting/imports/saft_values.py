"""Reads texts, amounts, dates and numbers out of SAF-T elements, whatever their namespace, or says what is wrong with them."""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from accounting.imports.refusal import ImportRefused

ORE = Decimal("0.01")
LARGEST = Decimal(10) ** 14  # sums of many still fit the database's sixteen digits before the point
# Outside stand the empty dates of other systems (0001-01-01, 9999-12-31).
FIRST_YEAR, LAST_YEAR = 1900, 2199


def local(element: Any) -> str:
    """The element's name without namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


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


def amount(element: Any, name: str) -> Decimal | None:
    """To the øre, half up, once. None where it is absent."""
    found = child(element, name)
    return amount_in(found) if found is not None else None


def amount_in(element: Any) -> Decimal | None:
    """The element's own text as an amount, to the øre, half up, once. None where it is empty."""
    written = content(element)
    if not written:
        return None
    value = parsed(written, Decimal, element)
    if not value.is_finite() or abs(value) >= LARGEST:
        raise ImportRefused(f"{local(element)} is {written[:40]!r}, which is no amount: correct it", element.sourceline)
    return value.quantize(ORE, ROUND_HALF_UP)


def day(element: Any, name: str) -> date | None:
    """The date of the child of that name; a time after it is left out. None where it is absent or an empty date."""
    return day_in(child(element, name))


def day_in(element: Any) -> date | None:
    """The element's own text as a date."""
    written = content(element)
    if not written:
        return None
    found = parsed(written[:10], date.fromisoformat, element)
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def whole(element: Any, name: str, default: int | None = None, *, least: int = 0, most: int = 9999) -> int:
    """A whole number between `least` and `most`; refused where it is absent and there is no default."""
    found = child(element, name)
    if not content(found):
        if default is not None:
            return default
        raise ImportRefused(f"{name} is missing in {local(element)}: fill it in", element.sourceline)
    value = parsed(content(found), int, found)
    if not least <= value <= most:
        raise ImportRefused(f"{name} is {value}, not a number from {least} to {most}: correct it", found.sourceline)
    return value


def parsed(written: str, read: Callable[[str], Any], element: Any) -> Any:
    """What `read` makes of it; refused, naming the element, where it cannot."""
    try:
        return read(written)
    except (ValueError, InvalidOperation):
        message = f"{local(element)} is {written[:40]!r}, which cannot be read: correct it"
        raise ImportRefused(message, element.sourceline) from None
