"""Addresses of the receivables reports."""

from django.urls import path

from accounting import import_views, views

urlpatterns = [
    path("klient/<str:organisation_number>/rapporter/apne-poster/", views.open_items_page, name="report_open_items"),
    path(
        "klient/<str:organisation_number>/rapporter/aldersfordelt/",
        views.aged_receivables_page,
        name="report_aged_receivables",
    ),
    path("klient/<str:organisation_number>/rapporter/avstemming/", views.reconciliation_page, name="reconciliation"),
    path(
        "klient/<str:organisation_number>/fakturaer/ubetalte/",
        views.unpaid_invoices_page,
        name="report_unpaid_invoices",
    ),
    path("klient/<str:organisation_number>/import/", import_views.import_page, name="import"),
    path("klient/<str:organisation_number>/import/<int:run_id>/", import_views.import_run_page, name="import_run"),
]
