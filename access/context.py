"""What the frame of every page knows: the client, the person and what she may do."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from access.privileges import PRIVILEGES


def frame(request: HttpRequest) -> dict[str, Any]:
    """Template context: client, rights (the set of privilege names), person, environment_banner, and clients.

    `clients`, how many companies the person belongs to, is known where the gate was passed, at no further query.
    `administration`: whether it is a page of the admin site, which has a menu of its own.
    """
    rights = getattr(request, "rights", None)
    user = getattr(request, "user", None)
    return {
        "client": getattr(request, "client", None),
        "rights": {name for name in PRIVILEGES if rights and name in rights},
        "person": user if user is not None and user.is_authenticated else None,
        "administration": getattr(request, "administration", False),
        "clients": getattr(rights.membership, "clients", 0) if rights else 0,
        "environment_banner": settings.ENVIRONMENT_BANNER,
    }
