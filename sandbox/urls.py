"""The bank's addresses."""

from django.urls import path
from django.views.generic import RedirectView

from sandbox.api import agreements, onboardings
from sandbox.api.tokens import token as partner_token
from sandbox.idp import authorize
from sandbox.idp import tokens as bankid
from sandbox.pages import account, application, console
from sandbox.pages.bankid import follow_link

handler400 = "sandbox.pages.errors.bad_request"
handler404 = "sandbox.pages.errors.not_found"
handler500 = "sandbox.pages.errors.failed"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="bank_console")),
    path("inn/<str:secret>", follow_link, name="bank_link"),
    path("soknad/<str:id>/", application.show, name="bank_application"),
    path("soknad/<str:id>/godta", application.accept, name="bank_accept"),
    path("soknad/<str:id>/avsla", application.decline, name="bank_decline"),
    path("vilkar", application.terms, name="bank_terms"),
    path("konto/<str:id>/", account.show, name="bank_account"),
    path("konto/<str:id>/trekk", account.draw, name="bank_draw"),
    path("konto/<str:id>/tilbakebetal", account.repay, name="bank_repay"),
    path("konto/<str:id>/si-opp", account.terminate, name="bank_terminate"),
    path("console/", console.show, name="bank_console"),
    path("console/dato", console.move_date, name="bank_move_date"),
    path("console/feil", console.order_fault, name="bank_order_fault"),
    path("console/feil/ingen", console.clear_faults, name="bank_clear_faults"),
    path("console/foretak", console.find_company, name="bank_find_company"),
    path("console/foretak/<str:number>/", console.company, name="bank_company"),
    path("console/foretak/<str:number>/fakta", console.set_facts, name="bank_set_facts"),
    path("console/<str:id>/<str:deed>", console.act, name="bank_deed"),
    path(".well-known/openid-configuration", bankid.discovery),
    path("oidc/jwks", bankid.jwks),
    path("oidc/authorize", authorize.authorize),
    path("oidc/sign-in", authorize.sign_in, name="oidc_sign_in"),
    path("oidc/token", bankid.token),
    path("oidc/userinfo", bankid.userinfo),
    path("oidc/end-session", bankid.end_session),
    path("oauth/token", partner_token),
    path("v1/onboardings", onboardings.collection),
    path("v1/onboardings/<str:id>", onboardings.item),
    path("v1/onboardings/<str:id>/links", onboardings.new_link),
    path("v1/onboardings/<str:id>/grant", onboardings.grant),
    path("v1/onboardings/<str:id>/cancel", onboardings.cancel),
    path("v1/agreements", agreements.collection),
    path("v1/agreements/<str:id>", agreements.item),
    path("v1/agreements/<str:id>/manage-links", agreements.manage_link),
    path("v1/agreements/<str:id>/receivables-changed", agreements.receivables_changed),
    path("v1/agreements/<str:id>/grant", agreements.grant),
    path("v1/agreements/<str:id>/disconnect", agreements.disconnect),
    path("v1/agreements/<str:id>/transactions", agreements.transactions),
    path("v1/analyses/<str:id>/lines", agreements.lines),
]
