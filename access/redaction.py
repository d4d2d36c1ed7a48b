"""What must not be written down: national identity numbers anywhere, and in logs secrets, codes and tokens as well."""

import copy
import logging
import re
from collections.abc import Iterable
from functools import cache

from django.conf import settings
from stdnum.no import fodselsnummer

HIDDEN = "***"

# As people write it: 01010112345, 010101 12345, 01.01.01 12345.
IDENTITY_NUMBER = r"[0-9]{2}[ .]?[0-9]{2}[ .]?[0-9]{2}[ .:-]?[0-9]{5}"
_IDENTITY_NUMBER = re.compile(rf"(?<![0-9]){IDENTITY_NUMBER}(?![0-9])")


def holds_identity_number(text: str) -> bool:
    """Whether a Norwegian national identity number (or D-number), check digits right, stands anywhere in the text."""
    return any(_is_one(found[0]) for found in _IDENTITY_NUMBER.finditer(text))


def without_identity_numbers(text: str) -> str:
    """The text with HIDDEN in place of each: personopplysningsloven § 12 asks for a need to keep one, and there is none."""
    return _IDENTITY_NUMBER.sub(lambda found: HIDDEN if _is_one(found[0]) else found[0], text)


def _is_one(written: str) -> bool:
    return bool(fodselsnummer.is_valid(re.sub("[^0-9]", "", written)))


# Names whose values are secret wherever they stand: a query, a form, JSON, a dictionary that somebody printed.
_NAMES = (
    "code|state|nonce|token|access_token|refresh_token|id_token|code_verifier|client_secret|client_assertion|secret|"
    "password|passwd|csrfmiddlewaretoken|csrftoken|sessionid|(?:__host-)?(?:sessionid|csrftoken)"
)
_HEADERS = r"(?:http_|http-)?(?:proxy[-_])?authorization|(?:http_)?(?:set-)?cookie|x-csrftoken|x-api-key"
_RULES = [
    # A header, to the end of its value; of a printed dictionary to its quotation mark.
    (re.compile(rf"(?i)\b({_HEADERS})(['\"]?\s*[:=]\s*)(?:'[^'\r\n]*'?|\"[^\"\r\n]*\"?|[^\r\n]+)"), rf"\1\2{HIDDEN}"),
    (re.compile(rf"(?i)(['\"])({_NAMES})\1(\s*[:=]\s*)[\[(]?b?(?:'[^'\r\n]*'?|\"(?:[^\"\\\r\n]|\\.)*\"?)"), rf"\1\2\1\3{HIDDEN}"),
    # Short values are words: «exit code=1».
    (re.compile(rf"(?i)(?:(?<![\w-])|(?<=%3f)|(?<=%26))({_NAMES})(=|%3d)(?!\*)[^&\s'\"<>;,)]{{8,}}"), rf"\1\2{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), HIDDEN),  # a JWT
    (re.compile(r"\bwhsec_[\w+/=-]+"), HIDDEN),
    # What we and the token endpoint generate, wherever it turns up: 32 bytes as base64, and 30 letters and digits.
    (re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*[0-9])(?:[\w-]{43}|[A-Za-z0-9]{30})(?![\w-])"), HIDDEN),
]  # fmt: skip
_CONTROLS = {
    number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160), 0x2028, 0x2029) if number not in (9, 10)
}


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """The text as it may stand in a log: `secrets` themselves, what the rules know, and identity numbers hidden."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for rule, instead in _RULES:
        text = rule.sub(instead, text)
    return without_identity_numbers(text)


class Redacting(logging.Formatter):
    """Formats a record so that it holds no secret, and so that nothing in it can pass for another record.

    Every line after the first is indented, control characters are written out. What a request was refused for (4xx) stands
    in one line: a traceback of our own refusal says nothing.
    """

    def format(self, record: logging.LogRecord) -> str:
        if 400 <= getattr(record, "status_code", 0) < 500:
            record = copy.copy(record)
            record.exc_info = record.exc_text = record.stack_info = None
        text = redacted(super().format(record).replace("\r\n", "\n"), _secrets())
        return "\n\t".join(text.translate(_CONTROLS).split("\n"))


@cache
def _secrets() -> tuple[str, ...]:
    """The values of the settings that are secret; none before there are settings."""
    if not settings.configured:
        return ()
    found = {part for name in settings.SECRET_SETTINGS for part in str(getattr(settings, name, "")).split()}
    databases = [settings.DATABASES["default"], settings.DATABASE_OWNER or {}]
    found |= {str(one.get("PASSWORD") or "") for one in databases}
    return tuple(sorted((one for one in found if len(one) >= 8), key=len, reverse=True))
