"""Buffer, a credit account by Sparebanken Vest: the adapter to its partner API."""

from functools import lru_cache

from django.conf import settings

from financing.providers.buffer.adapter import Buffer
from financing.providers.buffer.door import Door


@lru_cache(maxsize=4)
def _built(base_url: str, client_id: str, client_secret: str) -> Buffer:
    return Buffer(Door(base_url, client_id, client_secret))


def buffer() -> Buffer:
    """The adapter by the settings; one per process, so that its token and connections are kept."""
    return _built(settings.BUFFER_BASE_URL, settings.BUFFER_CLIENT_ID, settings.BUFFER_CLIENT_SECRET)
