"""The inbox in the admin site, for the operator: what came, where it stands; what was given up can be put back to waiting."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from access.admin_site import site
from financing.models import ProviderEvent
from financing.services.events import replay_events


@admin.register(ProviderEvent, site=site)
class ProviderEventAdmin(admin.ModelAdmin):
    """Read only. The body is encrypted and not shown: it may be about any company."""

    list_display = (
        "received_at",
        "provider",
        "kind",
        "object_id",
        "state",
        "attempts",
        "deliveries",
        "outcome",
        "event_id",
    )
    list_filter = ("state", "provider", "kind")
    ordering = ("-id",)
    fields = (
        "provider", "event_id", "kind", "object_kind", "object_id", "state", "outcome", "attempts", "deliveries",
        "received_at", "next_at", "handled_at", "body_sha256",
    )  # fmt: skip
    readonly_fields = fields
    actions = ("put_back",)
    show_full_result_count = False

    @admin.action(description=_("Put those given up back to waiting"))
    def put_back(self, request: HttpRequest, queryset: QuerySet[ProviderEvent]) -> None:
        """Nothing else happens: the next drain reads the object again."""
        found = replay_events(events=list(queryset.values_list("pk", flat=True)), actor=request.user)  # type: ignore[arg-type]
        told = ngettext("%(count)d event was put back to waiting.", "%(count)d events were put back to waiting.", found)
        self.message_user(request, told % {"count": found}, messages.SUCCESS)

    def _operator(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._operator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
