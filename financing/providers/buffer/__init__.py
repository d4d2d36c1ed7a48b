"""Buffer, a credit account by Sparebanken Vest: the adapter to its partner API."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from financing.providers.base import Gate
from financing.providers.buffer.adapter import Buffer
from financing.providers.door import Door


@lru_cache(maxsize=8)
def _built(base_url: str, client_id: str, gate: Gate) -> Buffer:
    return Buffer(Door(base_url, client_id, _secrets, gate))


def _secrets() -> list[str]:
    """The secrets to try, the newer first; from its file anew each time, so that a rotation needs no restart."""
    file = settings.BUFFER_CLIENT_SECRET_FILE
    return (Path(file).read_text(encoding="utf-8") if file else settings.BUFFER_CLIENT_SECRET).split()


def buffer(gate: Gate) -> Buffer:
    """The adapter by the settings; one per process, so that its token and connections are kept."""
    return _built(settings.BUFFER_BASE_URL, settings.BUFFER_CLIENT_ID, gate)
