"""Roles and members in the admin site: an administrator sees and changes her own companies', the operator all."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from access.admin_site import site
from access.models import Membership, Role
from access.privileges import PRIVILEGES, ROLES, Level
from access.services import change_role

LEVELS = {Level.NONE: _("No access"), Level.READ: _("Read access"), Level.FULL: _("Full access")}


def field_name(privilege: str) -> str:
    """The form field of a privilege: dots are no part of a field's name."""
    return "level_" + privilege.replace(".", "_")


def own_companies(request: HttpRequest) -> QuerySet[Membership]:
    """The memberships that make her administrator."""
    return Membership.objects.filter(user=request.user, role__is_administrator=True)  # type: ignore[misc]


class RoleForm(forms.ModelForm):
    """One choice per privilege, by the levels that it knows. The name is shown, not changed."""

    class Meta:
        model = Role
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = self.instance.levels() if self.instance.pk else {}
        for name, privilege in PRIVILEGES.items():
            self.fields[field_name(name)] = forms.TypedChoiceField(
                label=privilege.label,  # type: ignore[arg-type]
                help_text=privilege.explanation,  # type: ignore[arg-type]
                choices=[(level.value, LEVELS[level]) for level in privilege.levels],
                coerce=int,
                initial=int(levels.get(name, Level.NONE)),
                # That of deciding over roles comes with the administrator's role only; here it is shown, not given.
                disabled=self.instance.is_administrator or name == ROLES,
            )

    def levels(self) -> dict[str, Level]:
        """What was chosen, by privilege."""
        return {name: Level(self.cleaned_data[field_name(name)]) for name in PRIVILEGES}


class Scoped(admin.ModelAdmin):
    """Everything that lists, filters, opens or changes goes through `get_queryset`, which knows the companies."""

    actions = None
    list_filter = (("client", admin.RelatedOnlyFieldListFilter),)  # those of get_queryset

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request).select_related("client")
        if request.user.is_superuser:
            return found
        return found.filter(client__in=own_companies(request).values("client"))

    def _hers(self, request: HttpRequest, obj: Any) -> bool:
        if not request.user.is_active:
            return False
        if request.user.is_superuser or obj is None:
            return request.user.is_staff
        return own_companies(request).filter(client=obj.client_id).exists()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._hers(request, None)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._hers(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Role, site=site)
class RoleAdmin(Scoped):
    """What each role may do."""

    form = RoleForm
    list_display = ("name", "client")
    ordering = ("client__name", "pk")

    def has_change_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        return self._hers(request, obj) and not (obj and obj.is_administrator)

    def get_fieldsets(self, request: HttpRequest, obj: Role | None = None) -> Any:
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": ["name", "client", "everything"]})]
        shown: dict[str, list[str]] = {}
        for name, privilege in PRIVILEGES.items():
            shown.setdefault(str(privilege.category), []).append(field_name(name))
        return [
            (None, {"fields": ["name", "client"]}),  # the company too: two may look alike
            *((category, {"fields": fields}) for category, fields in shown.items()),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> tuple[str, ...]:
        return ("name", "client", "everything")

    @admin.display(description=_("Rights"))
    def everything(self, role: Role) -> str:
        """Said of the role that cannot be edited."""
        return str(_("Everything. This role cannot be changed."))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # Django would look for model fields of the names in get_fieldsets; the form makes its own.
        return RoleForm

    def save_model(self, request: HttpRequest, obj: Role, form: Any, change: bool) -> None:
        change_role(role=obj, levels=form.levels(), actor=request.user)  # type: ignore[arg-type]


@admin.register(Membership, site=site)
class MembershipAdmin(Scoped):
    """Who belongs to the company, in which role; changed by `add_member` for now."""

    list_display = ("user", "role", "client")
    ordering = ("client__name", "pk")
    fields = ("user", "role", "client", "created_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user", "role")
