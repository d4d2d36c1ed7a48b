"""KID: the customer identification that a payer writes, and its check digit (Nets, «KID: kundeidentifikasjon»); pure."""

import re

_KID = re.compile(r"[0-9]{2,25}|[0-9]{1,24}-", re.ASCII)  # mod 11 writes the check digit 10 as a dash


def is_kid(text: str, *, check: str = "", length: int | None = None) -> bool:
    """Whether the text can be a KID by the company's agreement: `check` is "10", "11" or empty, `length` in digits."""
    if not _KID.fullmatch(text) or (length and len(text) != length):
        return False
    if check == "10":
        return text[-1] == mod10(text[:-1])
    if check == "11":
        return text[-1] == mod11(text[:-1])
    return True


def mod10(body: str) -> str:
    """The check digit by Luhn: from the right every other digit doubled, its digits added."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def mod11(body: str) -> str:
    """The check digit by weights 2 to 7 from the right; a dash for 10."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(body)))
    rest = -total % 11
    return "-" if rest == 10 else str(rest)


def reference_key(reference: str) -> str:
    """A reference of payment as it is compared: banks leave out the zeros in front of a KID, or do not."""
    return reference.lstrip("0") if reference.rstrip("-").isdigit() else reference
