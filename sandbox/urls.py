"""The bank's addresses."""

from django.urls import path

from sandbox import idp, pages
from sandbox.api import views as api
from sandbox.api.door import issue_token

urlpatterns = [
    path("", pages.front),
    path("o/<str:token>", pages.follow_link, name="bank_link"),
    path("tilbud/", pages.onboarding_page, name="bank_onboarding"),
    path("tilbud/svar/<str:answer>", pages.answer_offer, name="bank_answer"),
    path("tilbud/tilbake", pages.leave, name="bank_leave"),
    path("konto/", pages.account_page, name="bank_account"),
    path("vilkar", pages.terms, name="bank_terms"),
    path("console/", pages.console, name="bank_console"),
    path(".well-known/openid-configuration", idp.discovery),
    path("oidc/jwks", idp.jwks),
    path("oidc/authorize", idp.authorize, name="oidc_authorize"),
    path("oidc/token", idp.token),
    path("oidc/userinfo", idp.userinfo),
    path("oauth/token", issue_token),
    path("v1/onboardings", api.onboardings),
    path("v1/onboardings/<str:pk>", api.onboarding),
    path("v1/onboardings/<str:pk>/links", api.onboarding_links),
    path("v1/onboardings/<str:pk>/grant", api.onboarding_grant),
    path("v1/onboardings/<str:pk>/cancel", api.onboarding_cancel),
    path("v1/agreements", api.agreements),
    path("v1/agreements/<str:pk>", api.agreement),
    path("v1/agreements/<str:pk>/manage-links", api.manage_links),
    path("v1/agreements/<str:pk>/receivables-changed", api.receivables_changed),
    path("v1/agreements/<str:pk>/grant", api.agreement_grant),
    path("v1/agreements/<str:pk>/disconnect", api.disconnect),
    path("v1/agreements/<str:pk>/transactions", api.transactions),
    path("v1/analyses/<str:pk>/lines", api.analysis_lines),
]
