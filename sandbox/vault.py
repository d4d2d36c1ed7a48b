"""Secrets of the bank: random tokens, what is stored of them, and sealing of what must be read again."""

import base64
import hashlib
import secrets
from functools import lru_cache

from cryptography.fernet import Fernet
from django.conf import settings


def new_token() -> str:
    """256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def new_id(prefix: str) -> str:
    """An identity that cannot be guessed, e.g. onb_1f0c…"""
    return f"{prefix}_{secrets.token_hex(12)}"


def digest(token: str) -> str:
    """What is stored of a token that only has to be recognised."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(given: str, right: str) -> bool:
    """Compared in constant time, whatever the lengths and signs."""
    return secrets.compare_digest(digest(given), digest(right))


@lru_cache(maxsize=1)
def _fernet() -> Fernet:
    key = hashlib.sha256(b"bank vault" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def seal(text: str) -> str:
    """Encrypted for the database; empty stays empty."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """What was sealed."""
    return _fernet().decrypt(sealed.encode()).decode() if sealed else ""
