"""The addresses of access."""

from django.urls import path
from django.views.i18n import set_language

from access import audit_views, views
from access.oidc import Callback, Start

urlpatterns = [
    path("innlogging/", Start.as_view(), name="oidc_authentication_init"),
    path("innlogging/mislyktes", views.sign_in_failed, name="sign_in_failed"),
    path("oidc/callback/", Callback.as_view(), name="oidc_authentication_callback"),
    path("sprak", set_language, name="set_language"),
    path("logg-ut", views.sign_out, name="sign_out"),
    path("utlogget", views.signed_out, name="signed_out"),
    path("klient/<str:organisation_number>/innstillinger/logg/", audit_views.audit_log, name="audit_log"),
    path("klient/<str:organisation_number>/innstillinger/logg/fil", audit_views.audit_log_file, name="audit_log_file"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
