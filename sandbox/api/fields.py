"""Reads request bodies as the contract says; what does not fit is a 422 that names the field."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sandbox.api.problems import Problem

_NETLOC = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
_ORGANISATION = re.compile(r"\d{9}", re.ASCII)
_ACCOUNT = re.compile(r"\d{11}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def text(body: dict[str, Any], field: str, *, least: int = 1, most: int = 2000) -> str:
    """A text of a length within the bounds."""
    value = body.get(field)
    if not isinstance(value, str) or not least <= len(value) <= most or "\x00" in value:
        raise Problem(422, f"{field}: a text of {least} to {most} characters")
    return value


def organisation_number(body: dict[str, Any]) -> str:
    """Nine digits."""
    value = text(body, "organisation_number")
    if not _ORGANISATION.fullmatch(value):
        raise Problem(422, "organisation_number: nine digits")
    return value


def payout_account(body: dict[str, Any]) -> str:
    """Eleven digits; empty where it is absent or null."""
    value = body.get("payout_account")
    if value is None:
        return ""
    if not isinstance(value, str) or not _ACCOUNT.fullmatch(value):
        raise Problem(422, "payout_account: eleven digits, or null")
    return value


def address(body: dict[str, Any], field: str) -> str:
    """An address that the bank or the browser may go to: https, or http on loopback (this is a test bank)."""
    value = text(body, field)
    if any(ord(sign) <= 32 or ord(sign) == 127 for sign in value) or "\\" in value:
        raise Problem(422, f"{field}: not an address")
    try:
        parts = urlsplit(value)
        fits = bool(_NETLOC.fullmatch(parts.netloc)) and not parts.fragment
    except ValueError:
        fits = False
    if not fits:
        raise Problem(422, f"{field}: not an address")
    loopback = parts.netloc.rsplit(":", 1)[0] in LOOPBACK or parts.netloc in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise Problem(422, f"{field}: https is required (http on loopback only)")
    return value


def instant(body: dict[str, Any], field: str) -> datetime:
    """An RFC 3339 time, given back in UTC."""
    value = text(body, field)
    try:
        if not _INSTANT.fullmatch(value):
            raise ValueError(value)
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(422, f"{field}: not a time with its zone") from None


def grant(value: Any) -> dict[str, Any]:
    """Contract: Grant. {code, expires_at, token_url, api_base_url}"""
    if not isinstance(value, dict):
        raise Problem(422, "grant: an object")
    return {
        "code": text(value, "code"),
        "expires_at": instant(value, "expires_at"),
        "token_url": address(value, "token_url"),
        "api_base_url": address(value, "api_base_url").rstrip("/"),
    }
