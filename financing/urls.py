"""The addresses of financing, for people and for the bank."""

from django.urls import path

from financing.api.tokens import Token
from financing.api.views import Company, Receivables
from financing.views import agreement, begin, follow, history

client = "klient/<str:organisation_number>/"

urlpatterns = [
    path(client + "fakturafinansiering/", begin.financing, name="financing"),
    path(client + "fakturafinansiering/start", begin.financing_start, name="financing_start"),
    path(client + "fakturafinansiering/status", follow.financing_status, name="financing_status"),
    path(client + "fakturafinansiering/lenke", follow.financing_link, name="financing_link"),
    path(client + "fakturafinansiering/avbryt", follow.financing_cancel, name="financing_cancel"),
    path(client + "fakturafinansiering/administrer", agreement.financing_manage, name="financing_manage"),
    path(client + "fakturafinansiering/oppdater", agreement.financing_refresh, name="financing_refresh"),
    path(client + "fakturafinansiering/legg-bort", agreement.financing_put_away, name="financing_put_away"),
    path(client + "innstillinger/fakturafinansiering/", agreement.financing_settings, name="financing_settings"),
    path(client + "innstillinger/fakturafinansiering/historikk", history.financing_history, name="financing_history"),
    path(client + "innstillinger/fakturafinansiering/poster", history.financing_lines, name="financing_lines"),
    path("fakturafinansiering/retur", follow.financing_return, name="financing_return"),
    path("oauth/token", Token.as_view(), name="token"),
    path("api/v1/company", Company.as_view(), name="api_company"),
    path("api/v1/receivables", Receivables.as_view(), name="api_receivables"),
]
