"""The company's first page."""

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from access.decorators import ClientRequest, requires
from access.models import Client
from dashboard.widgets import widgets_for


@require_GET
@requires(None, read_only=True)
def dashboard(request: ClientRequest, client: Client) -> HttpResponse:
    """The widgets that this person may see."""
    now = timezone.localtime()
    context = {
        "widgets": widgets_for(client, request.rights, now.date(), now),
        "greeting": _greeting(now.hour, request.user.given_name),
        "today": now.date(),
    }
    return TemplateResponse(request, "dashboard/dashboard.html", context)


def _greeting(hour: int, name: str) -> str:
    if hour < 10:
        return _("Good morning, %(name)s") % {"name": name}
    if hour < 18:
        return _("Good day, %(name)s") % {"name": name}
    return _("Good evening, %(name)s") % {"name": name}
