"""The addresses of financing, for people and for the bank."""

from django.urls import path

from financing import views
from financing.api.tokens import Token
from financing.api.views import Company, Receivables

client = "klient/<str:organisation_number>/"

urlpatterns = [
    path(client + "fakturafinansiering/", views.financing, name="financing"),
    path(client + "fakturafinansiering/start", views.financing_start, name="financing_start"),
    path(client + "fakturafinansiering/status", views.financing_status, name="financing_status"),
    path(client + "fakturafinansiering/lenke", views.financing_link, name="financing_link"),
    path(client + "fakturafinansiering/avbryt", views.financing_cancel, name="financing_cancel"),
    path(client + "fakturafinansiering/administrer", views.financing_manage, name="financing_manage"),
    path(client + "innstillinger/fakturafinansiering/", views.financing_settings, name="financing_settings"),
    path("fakturafinansiering/retur", views.financing_return, name="financing_return"),
    path("oauth/token", Token.as_view(), name="token"),
    path("api/v1/company", Company.as_view(), name="api_company"),
    path("api/v1/receivables", Receivables.as_view(), name="api_receivables"),
]
