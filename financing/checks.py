"""Start-up checks: production speaks to a bank out there, and a demo to the stand-in on its own machine."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, register

from financing.providers.wire import is_loopback, is_public


@register(Tags.security)
def bank_fits_the_settings(**options: Any) -> list[Error]:
    """An error where BUFFER_BASE_URL is not of the kind that these settings are for. What has a banner is no production."""
    parts = urlsplit(settings.BUFFER_BASE_URL)
    if settings.ENVIRONMENT_BANNER:
        if parts.scheme == "http" and _on_this_machine(parts.hostname or ""):
            return []
        return [
            Error("BUFFER_BASE_URL is not on this machine, and the banner says that no money moves.", id="financing.E002",
                  hint="Use the settings of production for a real bank.")
        ]  # fmt: skip
    if parts.scheme == "https" and parts.hostname and "@" not in parts.netloc and not _inside(parts.hostname):
        return []
    return [
        Error("BUFFER_BASE_URL is no address of a bank.", id="financing.E001",
              hint="Give the https address of the bank's API; not this machine, and nothing inside.")
    ]  # fmt: skip


def _on_this_machine(host: str) -> bool:
    try:
        return is_loopback(host)
    except ValueError:
        return host == "localhost"


def _inside(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:  # a name: where it leads is looked at when it is spoken to
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
