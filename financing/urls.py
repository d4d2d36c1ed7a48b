"""The addresses of financing, for people and for the bank."""

from django.urls import path

from financing.api.tokens import Token
from financing.api.views import Company, Receivables, Schema
from financing.api.webhooks import buffer_webhook
from financing.metrics import metrics
from financing.views import accesses, agreement, begin, consents, follow, history

client = "klient/<str:organisation_number>/"
settings = client + "innstillinger/fakturafinansiering/"

urlpatterns = [
    path(client + "fakturafinansiering/", begin.financing, name="financing"),
    path(client + "fakturafinansiering/start", begin.financing_start, name="financing_start"),
    path(client + "fakturafinansiering/status", follow.financing_status, name="financing_status"),
    path(client + "fakturafinansiering/lenke", follow.financing_link, name="financing_link"),
    path(client + "fakturafinansiering/avbryt", follow.financing_cancel, name="financing_cancel"),
    path(client + "fakturafinansiering/administrer", agreement.financing_manage, name="financing_manage"),
    path(client + "fakturafinansiering/oppdater", agreement.financing_refresh, name="financing_refresh"),
    path(client + "fakturafinansiering/legg-bort", agreement.financing_put_away, name="financing_put_away"),
    path(settings, agreement.financing_settings, name="financing_settings"),
    path(settings + "historikk", history.financing_history, name="financing_history"),
    path(settings + "poster", history.financing_lines, name="financing_lines"),
    path(settings + "samtykker/", consents.financing_consents, name="financing_consents"),
    path(settings + "samtykker/trekk-tilbake", consents.financing_withdraw, name="financing_withdraw"),
    path(settings + "samtykker/pa-nytt", consents.financing_consent_renew, name="financing_consent_renew"),
    path(settings + "samtykker/<uuid:consent_id>/", consents.financing_consent, name="financing_consent"),
    path(settings + "lest/", accesses.financing_accesses, name="financing_accesses"),
    path(settings + "lest/<str:day>/", accesses.financing_accesses_day, name="financing_accesses_day"),
    path(settings + "lest/les/<int:access_id>/", accesses.financing_access, name="financing_access"),
    path("fakturafinansiering/retur", follow.financing_return, name="financing_return"),
    path("oauth/token", Token.as_view(), name="token"),
    path("webhooks/buffer", buffer_webhook, name="webhook"),
    path("api/v1/company", Company.as_view(), name="api_company"),
    path("api/v1/receivables", Receivables.as_view(), name="api_receivables"),
    path("api/v1/schema", Schema.as_view(), name="api_schema"),
    path("metrics", metrics, name="metrics"),
]
