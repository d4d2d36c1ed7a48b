"""Where forms of one page may end, beside our own pages."""

from django.http import HttpResponse


def forms_may_end_at(response: HttpResponse, origin: str) -> None:
    """Name one more origin in this answer's `form-action`; what csp.decorators.csp_update does, but for one answer."""
    response._csp_update = {"form-action": [origin]}  # type: ignore[attr-defined]
