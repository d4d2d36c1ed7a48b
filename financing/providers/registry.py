"""The providers there are: one folder and one line each."""

from financing.providers.base import Provider
from financing.providers.buffer import buffer

DEFAULT = "buffer"
_BUILDERS = {"buffer": buffer}


def provider(name: str = DEFAULT) -> Provider:
    """The provider of that name. Raises KeyError for one that is not there."""
    return _BUILDERS[name]()
