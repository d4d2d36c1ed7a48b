"""The providers there are: one folder and one line each."""

from collections.abc import Callable
from contextlib import nullcontext

from financing.providers.base import Gate, Provider
from financing.providers.buffer import buffer

DEFAULT = "buffer"
_BUILDERS: dict[str, Callable[[Gate], Provider]] = {"buffer": buffer}


def provider(name: str = DEFAULT, gate: Gate = nullcontext) -> Provider:
    """The provider of that name, every request of it through `gate`. Raises KeyError for one that is not there."""
    return _BUILDERS[name](gate)
