"""The admin site: opened by OpenID Connect only, for the operator and for administrators of a company.

A company's own pages (access/administration) stand under its number; what else is registered is the operator's alone.
"""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from access.administration.company import choose
from access.views import sign_out

# There are no passwords; and the way to an object's page loads any model by a number, past every admin's own rules.
CLOSED = {"password_change", "password_change_done", "view_on_site"}


class CompanyAdminSite(AdminSite):
    """Django's admin without its password form, and with the pages of one company before its own."""

    site_header = site_title = _("Administration")
    index_title = _("Users and roles")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return user.is_authenticated and user.is_active and user.is_staff

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # Django's last address takes whatever is left, so that these come first.
        ours = path("klient/<str:organisation_number>/", include("access.administration.urls"))
        return [ours, *(one for one in super().get_urls() if getattr(one, "name", None) not in CLOSED)]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The choice of company, and for the operator what is about none."""
        return choose(request, self.get_app_list(request))

    # Public, or the way back from sign-in would be this page, which refuses whoever is signed in.
    @method_decorator([never_cache, login_not_required])
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Anonymous: to sign-in and back. Signed in without the right: 403, not a password form."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        wanted = request.GET.get("next") or reverse("admin:index")
        return redirect(reverse("oidc_authentication_init") + "?" + urlencode({"next": wanted}))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """As on every other page."""
        return sign_out(request)


site = CompanyAdminSite()
