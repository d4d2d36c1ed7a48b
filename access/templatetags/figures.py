"""How figures, shares, numbers and times are written on every page."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

register = template.Library()

THIN, HARD, MINUS, DASH = "\u2009", "\u00a0", "\u2212", "\u2013"
AGE_CLASSES = {
    "not_due": "age-not-due", "1-30": "age-1", "31-60": "age-2", "61-90": "age-3", "91+": "age-4",
    "no_due_date": "age-none", "unallocated": "age-credit",
}  # fmt: skip


@register.filter
def money(value: Decimal | int | str | None) -> str:
    """Two decimals, a comma, thin spaces between thousands, a true minus: `1 234,50`. Nothing for None."""
    return "" if value is None else _written(Decimal(value), 2)


@register.filter
def percent(value: Decimal | int | str | None) -> str:
    """A share that is percent already, also as a text: `22,9 %`; a whole number stays whole."""
    if value is None:
        return ""
    number = Decimal(value)
    return _written(number, 0 if number.as_tuple().exponent == 0 else 1) + HARD + "%"


@register.filter
def number(value: Decimal) -> str:
    """A number with one decimal, or none where it is whole: `12,5`, `30`."""
    return _written(value, 0 if value == value.to_integral_value() else 1)


@register.filter
def share_of(part: Decimal, whole: Decimal) -> Decimal | None:
    """Percent with one decimal; None where there is nothing to be a share of."""
    return (part * 100 / whole).quantize(Decimal("0.1"), ROUND_HALF_UP) if whole > 0 else None


@register.filter
def organisation_number(value: object) -> str:
    """`310 000 000`, with hard spaces; anything that has not nine digits stays as it is."""
    text = str(value or "")
    return HARD.join((text[:3], text[3:6], text[6:])) if len(text) == 9 and text.isdigit() else text


@register.filter
def ago(value: datetime | None, now: datetime | None = None) -> str:
    """How long ago in words: «for 4 minutter siden»."""
    if value is None:
        return ""
    minutes = max(int(((now or timezone.now()) - value).total_seconds()) // 60, 0)
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes) % {"count": minutes}
    if minutes < 24 * 60:
        hours = minutes // 60
        return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
    days = minutes // (24 * 60)
    return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}


@register.simple_tag
def ago_words() -> str:
    """The words of `ago` as JSON, for the script that keeps them true: of one and of several, `%(count)d` in them."""

    def both(one: str, several: str) -> list[str]:
        return [ngettext(one, several, 1), ngettext(one, several, 2)]

    return json.dumps(
        {
            "now": gettext("just now"),
            "minutes": both("%(count)d minute ago", "%(count)d minutes ago"),
            "hours": both("%(count)d hour ago", "%(count)d hours ago"),
            "days": both("%(count)d day ago", "%(count)d days ago"),
        }
    )


@register.filter
def initials(name: object) -> str:
    """Of the first and the last name, for the round mark in the top bar."""
    words = str(name or "").split()
    return "".join(word[0].upper() for word in (words[:1] + words[-1:] if len(words) > 1 else words))


@register.filter
def zipped(left: Iterable[Any], right: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Two rows of a report side by side."""
    return list(zip(left, right, strict=True))


@register.filter
def overdue_in(report: Any, code: str) -> Decimal | None:
    """What an aged report says is overdue in one currency."""
    return report.overdue(code)


@register.filter
def count(value: int) -> str:
    """A whole number with a thin space between thousands."""
    return _written(Decimal(value), 0)


@register.filter
def age_class(column: str) -> str:
    """The colour's class of a column of the default report."""
    return AGE_CLASSES.get(column, "age-none")


@register.filter
def dashed(column: str) -> str:
    """The days of a column as people write them: `31–60`."""
    return column.replace("-", DASH)


@register.simple_tag
def figure(value: Decimal | int | None, url: str | None = None) -> SafeString:
    """An amount in a table: a link to what it is made of, red where negative, a pale dash for zero or nothing."""
    if value is None:
        return format_html('<span class="figure zero">{}</span>', DASH)
    if not value:
        return format_html(
            '<span class="figure zero"><span aria-hidden="true">{}</span><span class="ds-sr-only">0,00</span></span>',
            DASH,
        )
    css, text = "figure negative" if value < 0 else "figure", money(value)
    if url:
        return format_html('<a class="{}" href="{}">{}</a>', css, url, text)
    return format_html('<span class="{}">{}</span>', css, text)


def _written(number: Decimal, decimals: int) -> str:
    rounded = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{abs(rounded):,f}".replace(",", THIN).replace(".", ",")
    return MINUS + text if rounded < 0 else text
