"""Keeps bytes in the database so that only this installation can read them: Fernet, with keys from SECRET_KEY.

SECRET_KEY_FALLBACKS open what an older key has closed.
"""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotOpen(Exception):
    """None of the keys of this installation has closed it."""


def seal(content: bytes) -> str:
    """The content, encrypted and authenticated, as text."""
    return _box().encrypt(content).decode()


def unseal(sealed: str) -> bytes:
    """What was sealed. Raises CannotOpen."""
    try:
        return _box().decrypt(sealed.encode())
    except InvalidToken as error:
        raise CannotOpen from error


def _box() -> MultiFernet:
    return _of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _of(secrets: tuple[str, ...]) -> MultiFernet:
    # A key of its own for this purpose; SECRET_KEY is long and random, so there is nothing to stretch.
    keys = [hashlib.sha256(b"financing.sealing\x00" + one.encode()).digest() for one in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
