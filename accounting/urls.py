"""Addresses of the receivables reports."""

from django.urls import path

from accounting import export_views, sign_off_views, views

urlpatterns = [
    path("klient/<str:organisation_number>/rapporter/apne-poster/", views.open_items_page, name="report_open_items"),
    path(
        "klient/<str:organisation_number>/rapporter/aldersfordelt/",
        views.aged_receivables_page,
        name="report_aged_receivables",
    ),
    path(
        "klient/<str:organisation_number>/rapporter/avstemming/",
        sign_off_views.reconciliation_page,
        name="reconciliation",
    ),
    path("klient/<str:organisation_number>/rapporter/avstemming/avstem", sign_off_views.sign_off_now, name="sign_off"),
    path(
        "klient/<str:organisation_number>/rapporter/avstemming/<int:key>.pdf",
        sign_off_views.kept_report,
        name="sign_off_report",
    ),
    path(
        "klient/<str:organisation_number>/fakturaer/ubetalte/",
        views.unpaid_invoices_page,
        name="report_unpaid_invoices",
    ),
    path("klient/<str:organisation_number>/eksporter/", export_views.exports_page, name="exports"),
    path("klient/<str:organisation_number>/eksporter/<uuid:key>/", export_views.export_file, name="export_file"),
    path("klient/<str:organisation_number>/visninger/", export_views.save_view_page, name="save_view"),
    path(
        "klient/<str:organisation_number>/visninger/<int:pk>/slett", export_views.remove_view_page, name="remove_view"
    ),
]
