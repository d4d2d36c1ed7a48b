"""The one way from the services to a provider."""

from financing.providers.base import Provider
from financing.providers.registry import provider


def bank(name: str) -> Provider:
    """The provider of that name. Raises KeyError for one that is not there."""
    return provider(name)
