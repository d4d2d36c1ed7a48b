"""Reads an amount as people write it in a field."""

import re
from decimal import Decimal

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")
_AMOUNT = re.compile(r"[0-9]{1,13}([.,][0-9]{1,2})?", re.ASCII)
_GROUPED = re.compile(r"[0-9]{1,3}(\.[0-9]{3})+(,[0-9]{1,2})?", re.ASCII)


class NotAnAmount(ValueError):
    """The text is no amount of at most two decimals."""


def read_amount(text: str) -> Decimal:
    """`1 234,50`, `1.234,50` and `1234.50` alike, with two decimals, never negative. Raises NotAnAmount."""
    bare = _SPACES.sub("", text)
    if _GROUPED.fullmatch(bare) and not re.fullmatch(r"[0-9]+\.[0-9]{1,2}", bare):
        bare = bare.replace(".", "")
    if not _AMOUNT.fullmatch(bare):
        raise NotAnAmount(text)
    return Decimal(bare.replace(",", ".")).quantize(Decimal("0.01"))
