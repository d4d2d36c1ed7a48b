"""What was just matched or undone, shown once, with the way back; and how an entry is called."""

from typing import Any

from django import template

from accounting import match_words
from accounting.models import LedgerEntry

register = template.Library()
TOLD = "match_told"  # in the session: {"text", "act", "refused"}


@register.inclusion_tag("matching/_told.html", takes_context=True)
def match_told(context: Any) -> dict[str, Any]:
    """The message of the last match or undo, once; nothing where there is none."""
    request = context["request"]
    told = request.session.pop(TOLD, None) if TOLD in request.session else None
    return {"told": told, "client": context["client"], "request": request, "csrf_token": context.get("csrf_token")}


@register.filter
def named(entry: LedgerEntry) -> str:
    """«Faktura 4252»."""
    return match_words.named(entry)
