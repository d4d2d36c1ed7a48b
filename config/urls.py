"""Every address of the product."""

from django.urls import URLPattern, URLResolver, include, path

from access.admin_site import site

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", site.urls),
    path("", include("access.urls")),
    path("", include("accounting.urls")),
    path("", include("financing.urls")),
    path("", include("dashboard.urls")),
]

handler400 = "access.errors.bad_request"
handler403 = "access.errors.forbidden"
handler500 = "access.errors.server_error"
